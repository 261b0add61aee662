"""What a package says, as plain values: what the numbered cases are compared by."""

import io
from datetime import date
from enum import Enum

from gateway.edxml.attachments import describe_attachment
from gateway.edxml.reader import read_package
from gateway.edxml.validation import check_package
from gateway.errors import Fault, Refusal
from gateway.model.package import Attachment, Envelope, Package, StatusReport

TODAY = date(2026, 4, 13)


def tell(content: bytes) -> dict[str, object]:
    """Read and check a package; say what it says, or why it is refused."""
    try:
        package = check_package(read_package(io.BytesIO(content)), today=TODAY)
    except Refusal as refusal:
        return {"refused": refusal.code, "faults": _rules(refusal.faults)}
    said = _tell_envelope(package.envelope) if package.envelope else _tell_status(package.status)
    return {
        "kind": package.kind.value,
        "warnings": _rules(package.warnings),
        **said,
        "files": [_tell_file(content, attachment) for attachment in package.attachments],
    }


def read_checked(content: bytes) -> Package:
    """Read and check a package that should be accepted."""
    return check_package(read_package(io.BytesIO(content)), today=TODAY)


def _rules(faults: tuple[Fault, ...]) -> list[str]:
    return sorted(f"{fault.rule} {fault.where}".strip() for fault in faults)


def _tell_envelope(envelope: Envelope) -> dict[str, object]:
    amendment = envelope.amendment
    return _without_nothing(
        {
            "sender": [envelope.sender.code, envelope.sender.name],
            "recipients": [recipient.code for recipient in envelope.recipients],
            "document_id": envelope.document_id,
            "code": str(envelope.code),
            "promulgated_on": envelope.promulgated_on,
            "due_on": envelope.due_on,
            "type": envelope.document_type.name,
            "subject": envelope.subject,
            "priority": envelope.priority.name,
            "signer": envelope.signer.full_name,
            "replies": [reply.document_id or reply.code for reply in envelope.replies],
            "tasks": list(envelope.task_codes),
            "trace": [[hop.code, hop.at and hop.at.isoformat()] for hop in envelope.trace],
            "business": amendment.business.name,
            "target": amendment.target,
            "content_changed": amendment.content_changed,
            "receiver_changes": [[change.code, change.added] for change in amendment.receiver_changes],
            "replaced": [[item.document_id, list(item.holders)] for item in amendment.replaced],
            "staff": amendment.staff and amendment.staff.name,
        }
    )


def _tell_status(status: StatusReport | None) -> dict[str, object]:
    assert status is not None
    reply = status.reply
    return _without_nothing(
        {
            "sender": [status.sender.code, status.sender.name],
            "status": status.status,
            "about": [reply.organ, reply.code, reply.promulgated_on, reply.document_id],
            "description": status.description,
            "staff": status.staff and status.staff.name,
            "at": status.at and status.at.isoformat(),
        }
    )


def _tell_file(content: bytes, attachment: Attachment) -> dict[str, object]:
    try:
        named = describe_attachment(io.BytesIO(content), attachment, scratch=io.BytesIO())
    except Refusal as refusal:
        return {"unreadable": refusal.code}
    return {
        "name": named.name,
        "type": named.media_type,
        "size_bytes": named.size_bytes,
        "sha256": named.digest,
        "wrapped": named.wrapped,
    }


def _without_nothing(said: dict[str, object]) -> dict[str, object]:
    """Leave out what is not said; dates and enumerations become text."""
    return {key: _as_json(value) for key, value in said.items() if value not in (None, [], False)}


def _as_json(value: object) -> object:
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    if isinstance(value, Enum):
        return value.name
    return value.isoformat() if isinstance(value, date) else value
