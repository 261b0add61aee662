"""The identifiers of the field and what makes two of them equal.

Codes of agencies live in two forms at once (QCVN 102 and QĐ 20/2020); what a lower level is called in
the other form is known to directories only, so nothing here derives it by arithmetic.
"""

import re
from typing import NewType
from uuid import UUID

from gateway.model.text import normalise

AgencyCode = NewType("AgencyCode", str)
"""An agency's identifier code, normalised by `normalise_code`: ``000.00.12.H57``, ``H57.1.2``."""

DocumentId = NewType("DocumentId", str)
"""A document's identifier, opaque: ``000.00.12.H57,2026/04/12,412/SYT-VP``."""

SystemId = NewType("SystemId", str)
"""What a connected system calls itself on the wire."""

PackageId = NewType("PackageId", str)
"""Our id of a package, given to its sender as DocId: letters, digits and ``-``."""

DispatchId = NewType("DispatchId", str)
"""Our id of a dispatch, given to the collecting system as docId: letters, digits and ``-``."""

ThreadId = NewType("ThreadId", str)
"""Our id of a document's history."""

Digest = NewType("Digest", str)
"""SHA-256 as 64 lower-case hex digits."""

_OLD_FORM = re.compile(r"^\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}$")
_QD20_FORM = re.compile(r"^(?=.{3,35}$)[A-Z]\d{2}(?:\.[0-9A-Z]+)*$")
_CENTRE_FORM = re.compile(r"^\d{2}\.\d{2}\.[A-Z]\d{2}$")
_CENTRE_LEVEL = re.compile(r"(?:^|\.)W\d{2}$")
_ENTERPRISE_FORM = re.compile(r"^\d{10}(?:-?\d{3})?$")
# Codes have at most 35 characters; what is longer is none, and is cut so that nobody has to carry it.
_LONGEST_CODE = 64
_MAIL_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")
_HYPHENS = re.compile("[\u2010-\u2015\u2212\uff0d]")


def time_ordered_id(milliseconds: int, tail: int) -> str:
    """Make an id that sorts by its instant, so that indexes grow at their end.

    Shape: tail is 74 bits that tell ids of one millisecond apart; 36 characters come back.
    Units: milliseconds since 1970-01-01 UTC.
    Source: RFC 9562, section 5.7 (UUID version 7).
    """
    value = milliseconds << 80 | 0x7 << 76 | (tail >> 62 & 0xFFF) << 64 | 0b10 << 62 | tail & (1 << 62) - 1
    return str(UUID(int=value))


def milliseconds_of(text: str) -> int | None:
    """Read the instant out of an id of the form of ours; None when it is of another form.

    Units: milliseconds since 1970-01-01 UTC.
    """
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value.int >> 80 if value.version == 7 and str(value) == text else None


def normalise_code(raw: str) -> AgencyCode:
    """Bring an agency code to the form in which equal codes are equal strings.

    Source: QĐ 20/2020: digits, capital letters and the point; full-width forms and spaces are typing.
    """
    typed = raw[:_LONGEST_CODE].encode("utf-8", "replace").decode()  # a lone surrogate can be written nowhere
    return AgencyCode("".join(normalise(typed, "NFKC").split()).upper())


def is_agency_code(code: str) -> bool:
    """Tell whether a normalised code has one of the four known forms.

    Source: QCVN 102:2016 (old form, centres), QĐ 20/2020, business registration codes.
    """
    return any(form.match(code) for form in (_OLD_FORM, _QD20_FORM, _CENTRE_FORM, _ENTERPRISE_FORM))


def is_mail_address(text: str) -> bool:
    """Tell whether a text is one mail address, in ASCII, without a name beside it."""
    return bool(_MAIL_ADDRESS.fullmatch(text))


def is_centre_code(code: str) -> bool:
    """Tell whether a code names a centre (``00.53.W00``), which relays but is never offered as recipient."""
    return bool(_CENTRE_FORM.match(code)) or bool(_CENTRE_LEVEL.search(code))


def structural_alias(code: AgencyCode) -> AgencyCode | None:
    """Return the other form of a level-1 code: ``000.00.00.H57`` and ``H57`` are one agency.

    Lower levels have no such alias: their numbers differ between the two schemes.
    """
    if code.startswith("000.00.00.") and _OLD_FORM.match(code):
        return AgencyCode(code.removeprefix("000.00.00."))
    if _QD20_FORM.match(code) and "." not in code:
        return AgencyCode("000.00.00." + code)
    return None


def is_above(upper: AgencyCode, lower: AgencyCode) -> bool:
    """Tell whether one code is a level of the hierarchy above another, in either form.

    ``H57`` and ``000.00.00.H57`` are above ``H57.1.2`` and ``000.00.12.H57``; in the old form every
    non-zero group of the upper code must stand in the lower one: ``000.00.12.H57``, ``007.05.12.H57``.
    """
    if upper == lower:
        return False
    root = upper.removeprefix("000.00.00.") if _OLD_FORM.match(upper) else upper
    if "." not in root:
        old = _OLD_FORM.match(lower) is not None and lower.endswith("." + root)
        return old or lower.startswith(root + ".") or lower == structural_alias(upper)
    if _OLD_FORM.match(upper) and _OLD_FORM.match(lower):
        pairs = list(zip(upper.split("."), lower.split("."), strict=True))
        return all(int(high) == 0 or high == low for high, low in pairs[:3]) and pairs[3][0] == pairs[3][1]
    return _QD20_FORM.match(upper) is not None and lower.startswith(upper + ".")


def normalise_document_id(raw: str) -> DocumentId:
    """Bring a document's identifier to the form in which equal ones are equal strings.

    The identifier stays opaque: letter case and every other character count.
    Source: QCVN 102:2016; variants met in the field differ in Unicode form and spaces around commas.
    """
    text = normalise(raw).strip()
    return DocumentId(re.sub(r"\s*,\s*", ",", text))


def normalise_notation(raw: str) -> str:
    """Bring number and notation (``0412 / SYT–VP``) to the form used for matching (``412/SYT-VP``)."""
    text = _HYPHENS.sub("-", normalise(raw)).upper().strip()
    text = re.sub(r"\s*([/-])\s*", r"\1", text)
    return re.sub(r"^0+(?=\d)", "", text)
