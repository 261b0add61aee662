"""A stream of bytes → Package, at flat memory, every dialect.

Tolerant by design: what can be understood is read and the oddity told; only what would make two
readers understand different things, or nothing, is a fault. Nothing here is believed yet: the walk
goes on in `edxml.validation` (the rules) and `trust` (who signed).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from lxml import etree

from gateway.edxml import names
from gateway.edxml.document_header import read_document_header
from gateway.edxml.enclosures import read_attachments
from gateway.edxml.faults import Findings
from gateway.edxml.parts import Part, read_tree
from gateway.edxml.status_header import read_status_header
from gateway.edxml.xml import DEFAULT_LIMITS, Limits, Outline, parse_outline, scan_package
from gateway.errors import Fault
from gateway.model.code_lists import Business, Kind
from gateway.model.identifiers import Digest
from gateway.model.package import Attachment, Envelope, Package, StatusReport


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPackage:
    """What was read, understood or not.

    Shape: package is None only when there are faults; element is the outline's root, of lxml; root the same
    out of its dialect.
    """

    outline: Outline
    package: Package | None
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    element: etree._Element = field(compare=False, repr=False)
    root: Part = field(compare=False, repr=False)

    @property
    def raw(self) -> Mapping[str, tuple[str, ...]]:
        """Map the path of each header element to the texts that stood there, trimmed."""
        found: dict[str, list[str]] = {}
        for path, text in self.root.texts():
            if not path.startswith(names.ENCLOSURES):
                found.setdefault(path, []).append(text)
        return {path: tuple(texts) for path, texts in found.items()}


def read_package(
    source: BinaryIO, *, limits: Limits = DEFAULT_LIMITS, digest: Digest | None = None
) -> ReadPackage:
    """Read one package, gathering every fault and every oddity.

    Shape: source is seekable and read from its beginning; files stay in it, named by offsets. digest is
    that of the whole, where it is known.
    Errors: Refusal when it is not XML we are willing to read, or not edXML at all.
    """
    return read_outline(scan_package(source, limits=limits, digest=digest), limits=limits)


def read_outline(outline: Outline, *, limits: Limits = DEFAULT_LIMITS) -> ReadPackage:
    """Read one package that was scanned, as `read_package` does."""
    element = parse_outline(outline)
    findings = Findings()
    root = read_tree(element, findings, depth=limits.depth)
    if names.split_tag(str(element.tag))[1] != names.ROOT:
        findings.warn("root-spelling")
    # A second header, wherever it hides, would leave open which one a signature or a seal belongs to.
    headers_count = sum(1 for _ in element.iter(f"{{*}}{names.HEADER}"))
    if headers_count > 1:
        findings.fault("repeated-part", names.HEADER, count=headers_count)
    messages_count = sum(1 for name in names.MESSAGE_HEADERS for _ in element.iter(f"{{*}}{name}"))
    if messages_count > 1:
        findings.fault("repeated-part", names.MESSAGE_HEADERS[0], count=messages_count)
    package = _understand(root, outline, findings)
    return ReadPackage(
        outline=outline,
        package=package,
        faults=tuple(findings.faults),
        warnings=tuple(findings.warnings),
        element=element,
        root=root,
    )


def _understand(root: Part, outline: Outline, findings: Findings) -> Package | None:
    envelope_part = _envelope_part(root, findings)
    envelope_part.check_once(findings, names.BODY)
    header = envelope_part.first(names.HEADER)
    message = _message(header, findings)
    if message is None:
        return None
    body = envelope_part.first(names.BODY)
    if any(part.text for part in message.all("StatusCode")):
        return _status_package(message, outline, findings)
    if message.value("Subject") or message.all("To"):
        return _document_package(root, header, message, body, outline, findings)
    findings.fault("kind-unknown", message.path)
    return None


def _envelope_part(root: Part, findings: Findings) -> Part:
    """Return the envelope, which in some packages is the root itself."""
    root.check_once(findings, names.ENVELOPE, names.ENCLOSURES)
    return root.first(names.ENVELOPE) if root.all(names.ENVELOPE) else root


def _message(header: Part, findings: Findings) -> Part | None:
    found = [part for name in names.MESSAGE_HEADERS for part in header.all(name)]
    if len(found) == 1:
        if found[0].path.rpartition("/")[2] != names.MESSAGE_HEADERS[0]:
            findings.warn("header-spelling", found[0].path)
        return found[0]
    where = f"{names.HEADER}/{names.MESSAGE_HEADERS[0]}"
    if found:
        findings.fault("repeated-part", where, count=len(found))
    else:
        findings.fault("header-missing", where)
    return None


def _status_package(message: Part, outline: Outline, findings: Findings) -> Package | None:
    status = read_status_header(message, findings)
    if outline.payloads:
        findings.warn("attachments-ignored", names.ENCLOSURES)
    return None if status is None else _package(outline, findings, status=status)


def _document_package(
    root: Part, header: Part, message: Part, body: Part, outline: Outline, findings: Findings
) -> Package | None:
    envelope = read_document_header(header, message, findings)
    # A recall needs no file, so a missing or broken one does not stop it.
    needed = envelope is None or envelope.amendment.business is not Business.RECALL
    enclosures = _enclosures(root)
    attachments = read_attachments(body, enclosures, outline, findings, needed=needed)
    if envelope is None:
        return None
    return _package(outline, findings, envelope=envelope, attachments=attachments)


def _enclosures(root: Part) -> Part:
    """Return AttachmentEncoded, which stands beside the envelope and in some packages within it."""
    beside = root.first(names.ENCLOSURES)
    return beside if root.all(names.ENCLOSURES) else root.first(names.ENVELOPE).first(names.ENCLOSURES)


def _package(
    outline: Outline,
    findings: Findings,
    *,
    envelope: Envelope | None = None,
    status: StatusReport | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> Package:
    return Package(
        kind=Kind.STATUS if status else Kind.DOCUMENT,
        digest=outline.digest,
        size_bytes=outline.size_bytes,
        envelope=envelope,
        status=status,
        attachments=attachments,
        warnings=tuple(findings.warnings),
    )
