"""Requests: what a system asks, as typed values.

Each operation has a value, a ``write_`` for the asking side (the arguments to sign) and a ``read_`` for the
answering side (from arguments whose signature was verified). Arguments an operation does not use are left
over from the caller's earlier calls and are never looked at.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from gateway.errors import Refusal
from gateway.model.code_lists import Kind
from gateway.model.identifiers import AgencyCode, Digest, normalise_code
from gateway.model.text import one_line
from gateway.vxp.operations import Operation
from gateway.vxp.signing import VIETNAM, SignedArguments, unpadded_hex

EDOC = "eDoc"
MESSAGE_TYPES: dict[Kind, str] = {Kind.DOCUMENT: "edoc", Kind.STATUS: "status"}

_LONGEST_MEMBER = 500
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: (\d{1,2}):(\d{2}):(\d{2}))?")


class Confirmation(StrEnum):
    """What a system says about the collection of one package; not an agency's word about a document."""

    DONE = "done"
    FAIL = "fail"
    PROCESSING = "processing"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """``sendEdoc``, its body apart.

    Shape: to is None when the package itself must say who receives it; hash_file in the SDK's unpadded
    form or in full, see `vxp.signing.hash_matches`.
    """

    from_code: AgencyCode
    to: tuple[AgencyCode, ...] | None
    kind: Kind
    hash_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """``getReceivedEdocList`` and ``getSentEdocList``.

    Shape: kind is None when both are wanted; the instants are inclusive, aware, UTC;
    the wire knows whole seconds.
    """

    kind: Kind | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRequest:
    """``getEdoc`` and ``downloadEdoc``."""

    doc_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmRequest:
    """``updateStatus``."""

    doc_id: str
    confirmation: Confirmation
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRequest:
    """``deleteAgency``."""

    code: AgencyCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The body of ``registerAgency``. It lies under no signature: TLS alone protects it."""

    code: AgencyCode
    name: str
    mail: str | None = None
    id: str | None = None
    parent: str | None = None
    mobile: str | None = None
    fax: str | None = None


def write_send(
    *, sender: AgencyCode, recipients: tuple[AgencyCode, ...] | None, kind: Kind, digest: Digest
) -> dict[str, str]:
    """Write the arguments of ``sendEdoc``; the hash goes unpadded, as the axis is known to get it."""
    arguments = {
        "servicetype": EDOC,
        "messagetype": MESSAGE_TYPES[kind],
        "hash-file": unpadded_hex(digest),
        "from": str(sender),
    }
    if recipients is not None:
        arguments["to"] = json.dumps(recipients, separators=(",", ":"))
    return arguments


def read_send(arguments: SignedArguments) -> SendRequest:
    """Read ``sendEdoc``.

    Errors: Refusal when an argument is missing or says nothing known.
    """
    served = arguments.one("servicetype")
    if served is not None and served.lower() != EDOC.lower():
        raise unreadable_argument("servicetype", EDOC)
    return SendRequest(
        from_code=normalise_code(arguments.required("from")),
        to=_read_recipients(arguments.one("to")),
        kind=_read_kind(arguments.required("messagetype")),
        hash_file=arguments.required("hash-file"),
    )


def write_list(request: ListRequest) -> dict[str, str]:
    """Write the arguments of a list."""
    arguments = {"servicetype": EDOC}
    if request.kind is not None:
        arguments["messagetype"] = MESSAGE_TYPES[request.kind]
    for name, at in (("fromDate", request.from_at), ("toDate", request.to_at)):
        if at is not None:
            arguments[name] = f"{at.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S}"
    return arguments


def read_list(arguments: SignedArguments) -> ListRequest:
    """Read a list's arguments; ``status``, ``from`` and ``docId`` may be left over and filter nothing.

    Errors: Refusal when a kind or date cannot be read.
    """
    kind = arguments.one("messagetype")
    return ListRequest(
        kind=None if kind is None else _read_kind(kind),
        from_at=_read_instant(arguments, "fromDate", until=False),
        to_at=_read_instant(arguments, "toDate", until=True),
    )


def write_document(request: DocumentRequest) -> dict[str, str]:
    """Write the arguments of ``getEdoc`` or ``downloadEdoc``."""
    return {"docId": request.doc_id}


def read_document(arguments: SignedArguments) -> DocumentRequest:
    """Read ``getEdoc`` or ``downloadEdoc``; ``filePath`` is a folder of the caller's and no business of ours.

    Errors: Refusal when no document is named.
    """
    return DocumentRequest(doc_id=arguments.document_id_for(Operation.GET))


def write_confirm(request: ConfirmRequest) -> dict[str, str]:
    """Write the arguments of ``updateStatus``."""
    arguments = {"docId": request.doc_id, "status": request.confirmation.value}
    if request.description:
        arguments["description"] = request.description
    return arguments


def read_confirm(arguments: SignedArguments) -> ConfirmRequest:
    """Read ``updateStatus``.

    Errors: Refusal ``status-unknown`` for another word than done, fail, processing; Refusal when an
    argument is missing.
    """
    word = arguments.required("status")
    try:
        confirmation = Confirmation(word.lower())
    except ValueError as error:
        raise Refusal.because(
            "status-unknown",
            vi="Trạng thái phải là done, fail hoặc processing.",
            en="The status must be done, fail or processing.",
            where="status",
        ) from error
    return ConfirmRequest(
        doc_id=arguments.document_id_for(Operation.CONFIRM),
        confirmation=confirmation,
        description=arguments.one("description"),
    )


def write_delete(request: DeleteRequest) -> dict[str, str]:
    """Write the arguments of ``deleteAgency``."""
    return {"AgencyCode": str(request.code)}


def read_delete(arguments: SignedArguments) -> DeleteRequest:
    """Read ``deleteAgency``.

    Errors: Refusal when no agency is named.
    """
    return DeleteRequest(code=normalise_code(arguments.required("AgencyCode")))


def write_registration(registration: Registration) -> bytes:
    """Write the body of ``registerAgency``."""
    members = {
        "id": registration.id,
        "pcode": registration.parent,
        "code": registration.code,
        "name": registration.name,
        "mail": registration.mail,
        "mobile": registration.mobile,
        "fax": registration.fax,
    }
    present = {name: value for name, value in members.items() if value is not None}
    return json.dumps(present, ensure_ascii=False, separators=(",", ":")).encode()


def read_registration(body: bytes) -> Registration:
    """Read the body of ``registerAgency``.

    Shape: one JSON object, UTF-8, of texts or numbers; the parent is called pcode, pCode or pid.
    Errors: Refusal ``registration-unreadable``, or ``member-missing`` naming code or name.
    """
    try:
        members = json.loads(body.decode("utf-8-sig"), parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise _bad_registration() from error
    if not isinstance(members, dict):
        raise _bad_registration()
    said = {name: value for name, value in members.items() if isinstance(value, str)}
    if any("\ud800" <= char <= "\udfff" for value in said.values() for char in value):
        raise _bad_registration()
    # A name stands in every list, and must not look like another's.
    texts = {name: one_line(value)[:_LONGEST_MEMBER] for name, value in said.items()}
    for name in ("code", "name"):
        if not texts.get(name):
            raise Refusal.because(
                "member-missing", vi=f"Thiếu {name}.", en=f"Member {name} is missing.", where=name
            )
    return Registration(
        code=normalise_code(texts["code"]),
        name=texts["name"],
        mail=texts.get("mail") or None,
        id=texts.get("id") or None,
        parent=texts.get("pcode") or texts.get("pCode") or texts.get("pid") or None,
        mobile=texts.get("mobile") or None,
        fax=texts.get("fax") or None,
    )


def _read_recipients(text: str | None) -> tuple[AgencyCode, ...] | None:
    if text is None:
        return None
    try:
        # An enterprise's code is ten digits: bare, it looks like a number and must stay a text.
        value = json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        value = text
    listed = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(code, str) for code in listed):
        raise unreadable_argument("to", '["H57.1","H57.2"]')
    codes = dict.fromkeys(normalise_code(code) for code in listed)
    codes.pop(AgencyCode(""), None)
    return tuple(codes) or None


def _read_kind(text: str) -> Kind:
    for kind, word in MESSAGE_TYPES.items():
        if text.lower() == word:
            return kind
    raise unreadable_argument("messagetype", "edoc, status")


def _read_instant(arguments: SignedArguments, name: str, *, until: bool) -> datetime | None:
    text = arguments.one(name)
    if text is None:
        return None
    found = _DAY.fullmatch(text)
    if found is None:
        raise unreadable_argument(name, "dd/MM/yyyy HH:mm:ss")
    day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=VIETNAM)
        if until:  # inclusive: up to the last instant of the day or second that was written
            local += timedelta(days=1) if found.group(4) is None else timedelta(seconds=1)
            local -= timedelta(microseconds=1)
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise unreadable_argument(name, "dd/MM/yyyy HH:mm:ss") from error


def unreadable_argument(name: str, expected: str) -> Refusal:
    """Make the error for an argument that is there and says nothing known."""
    return Refusal.because(
        "argument-unreadable",
        vi=f"Không đọc được tham số {name}; cần có dạng {expected}.",
        en=f"Argument {name} cannot be read; expected {expected}.",
        where=name,
    )


def _bad_registration() -> Refusal:
    return Refusal.because(
        "registration-unreadable",
        vi="Nội dung đăng ký phải là một đối tượng JSON, UTF-8.",
        en="The registration must be one JSON object in UTF-8.",
    )
