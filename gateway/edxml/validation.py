"""The rules a package must keep, all faults at once; and our own strict form's schema.

Who may send for whom, and whether an amendment's target belongs to its sender, is not asked here: the
walk goes on in `trust.policy` and in the corridor.
"""

import io
from datetime import date
from functools import lru_cache
from pathlib import Path

from lxml import etree

from gateway.edxml import names
from gateway.edxml.faults import make_fault
from gateway.edxml.reader import ReadPackage
from gateway.edxml.xml import parse_outline, scan_package
from gateway.errors import Fault, Refusal
from gateway.model.package import Package

_DOCUMENT_SCHEMA = "edxml-document.xsd"
_STATUS_SCHEMA = "edxml-status.xsd"


def check_package(read: ReadPackage, *, today: date) -> Package:
    """Return the package when it keeps every rule; its warnings travel with it.

    Shape: today is the date in Vietnam.
    Errors: Refusal ``package-refused`` with every fault at once.
    Source: QCVN 102:2016; QĐ 28/2018, article 9: what does not conform is turned away with its reason.
    """
    faults = [*read.faults, *_check_dates(read.package, today)]
    if faults:
        raise Refusal("package-refused", faults)
    assert read.package is not None  # noqa: S101 - it is missing only where there are faults
    return read.package


def check_strict(xml: bytes) -> tuple[Fault, ...]:
    """Check a package against the schema of the one form we write ourselves.

    Shape: xml is a whole package; its payloads are checked as base64, the rest by the schema.
    Errors: Refusal when it is not XML we are willing to read.
    Source: schemas/edxml-document.xsd, schemas/edxml-status.xsd.
    """
    outline = scan_package(io.BytesIO(xml))
    root = parse_outline(outline)
    is_status = next(root.iter("{*}StatusCode"), None) is not None
    schema = _load_schema(_STATUS_SCHEMA if is_status else _DOCUMENT_SCHEMA)
    schema.validate(root)
    broken = [payload.fault for payload in outline.payloads if payload.fault is not None]
    return (*(_as_fault(entry, root) for entry in schema.error_log), *broken)


def _check_dates(package: Package | None, today: date) -> list[Fault]:
    if package is None or package.envelope is None or package.envelope.promulgated_on <= today:
        return []
    where = "edXMLHeader/MessageHeader/PromulgationInfo/PromulgationDate"
    return [make_fault("date-in-future", where, today=today.isoformat())]


@lru_cache(maxsize=2)
def _load_schema(name: str) -> etree.XMLSchema:
    """Load a schema: in the wheel it lies beside this room, in the repository beside the house."""
    here = Path(__file__).resolve()
    beside, above = here.parent / "schemas" / name, here.parents[2] / "schemas" / name
    return etree.XMLSchema(file=str(beside if beside.exists() else above))


def _as_fault(entry: etree._LogEntry, root: etree._Element) -> Fault:
    # libxml2's own words quote the document, so only the place is passed on.
    return make_fault("schema", _name_place(entry.path or "", root), line=entry.line)


def _name_place(path: str, root: etree._Element) -> str:
    """Turn libxml2's path, where unprefixed elements are stars, into one of names."""
    prefixes = {prefix: uri for element in root.iter() for prefix, uri in element.nsmap.items() if prefix}
    found = root.xpath(path, namespaces=prefixes) if path else []
    if not isinstance(found, list) or not found or not isinstance(found[0], etree._Element):
        return ""
    steps = [found[0], *found[0].iterancestors()]
    return "/".join(names.split_tag(str(step.tag))[1] for step in reversed(steps))
