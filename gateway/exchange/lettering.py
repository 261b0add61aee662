"""A letter as its author filled it in → the envelope it is sent under, every fault of it told at once. Pure.

A fault's `where` is the name of the field in the form, so that it can be shown beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from gateway.errors import Fault, Refusal
from gateway.exchange.desk import organization_of
from gateway.exchange.directory import Snapshot
from gateway.exchange.routing import plan_route
from gateway.model.code_lists import Business
from gateway.model.identifiers import AgencyCode, DocumentId, normalise_document_id
from gateway.model.letter import DraftFile, Letter
from gateway.model.package import (
    Amendment,
    DocumentCode,
    DocumentType,
    Envelope,
    ReceiverChange,
    Replaced,
    Reply,
    Signer,
)

_LONGEST = {"number": 50, "notation": 100, "subject": 2000, "reason": 500, "place": 150, "to_places": 2000}
_AMENDING = (Business.UPDATE, Business.REPLACE)
NOTHING = Letter()


def document_id_of(sender: AgencyCode, letter: Letter) -> DocumentId:
    """Make the identifier of a new document.

    Source: QCVN 102:2016; SĐ1:2022, 6.2: code, day and number, with commas between.
    """
    day = letter.day or date.min
    return normalise_document_id(f"{sender},{day:%Y/%m/%d},{letter.number}/{letter.notation}")


def check_letter(
    sender: AgencyCode,
    letter: Letter,
    files: Sequence[DraftFile],
    directory: Snapshot,
    *,
    axis_is_open: bool,
    today: date,
) -> None:
    """Insist that a letter can be sent.

    Errors: Refusal ``letter-incomplete`` with every fault.
    """
    faults = [
        *_missing(letter, files),
        *_too_long(letter),
        *_wrong_days(letter, today),
        *_wrong_recipients(sender, letter, directory, axis_is_open=axis_is_open),
    ]
    if faults:
        raise Refusal("letter-incomplete", faults)


def write_envelope(
    sender: AgencyCode,
    letter: Letter,
    directory: Snapshot,
    *,
    answers: Reply | None = None,
    amends: Envelope | None = None,
) -> Envelope:
    """Write the envelope of a letter that was checked.

    Shape: answers names the document replied to; amends is the envelope of the one updated or replaced.
    """
    assert letter.day is not None  # noqa: S101 - checked
    document_id = document_id_of(directory.canonical(sender), letter)
    return Envelope(
        sender=organization_of(sender, directory),
        recipients=tuple(organization_of(code, directory) for code in letter.recipients),
        document_id=amends.document_id if amends and letter.business is Business.UPDATE else document_id,
        code=DocumentCode(number=letter.number, notation=letter.notation),
        promulgated_on=letter.day,
        place=letter.place or None,
        subject=letter.subject,
        document_type=DocumentType(name=letter.type_name or None),
        signer=Signer(
            competence=letter.signer_competence or None,
            position=letter.signer_position or None,
            full_name=letter.signer_name or None,
        ),
        due_on=letter.due_on,
        to_places=tuple(line.strip() for line in letter.to_places.splitlines() if line.strip()),
        priority=letter.priority,
        replies=() if answers is None else (answers,),
        steering=letter.steering,
        amendment=_amendment(letter, directory, amends),
    )


def write_recall(
    envelope: Envelope, recipients: Sequence[AgencyCode], directory: Snapshot, reason: str
) -> Envelope:
    """Write the envelope that takes a document back from those who hold it.

    They are named as they were when it was sent, so that the same recall makes the same bytes.
    """
    named = {directory.canonical(recipient.code): recipient for recipient in envelope.recipients}
    return replace(
        envelope,
        recipients=tuple(named.get(code) or organization_of(code, directory) for code in recipients),
        amendment=Amendment(business=Business.RECALL, reason=reason, target=envelope.document_id),
    )


def letter_of(envelope: Envelope, business: Business) -> Letter:
    """Fill in a letter from what was sent before, so that an update or a replacement begins with it."""
    signer = envelope.signer
    letter = Letter(
        recipients=tuple(recipient.code for recipient in envelope.recipients),
        number=envelope.code.number,
        notation=envelope.code.notation,
        day=envelope.promulgated_on,
        place=envelope.place or "",
        type_name=envelope.document_type.name or NOTHING.type_name,
        subject=envelope.subject,
        priority=envelope.priority,
        due_on=envelope.due_on,
        steering=envelope.steering or 0,
        signer_competence=signer.competence or "",
        signer_position=signer.position or "",
        signer_name=signer.full_name or "",
        to_places="\n".join(envelope.to_places),
        business=business,
    )
    return letter if business is Business.UPDATE else replace(letter, number="", day=None)


def _amendment(letter: Letter, directory: Snapshot, amends: Envelope | None) -> Amendment:
    if amends is None or letter.business not in _AMENDING:
        return Amendment()
    before = {directory.canonical(recipient.code) for recipient in amends.recipients}
    now = {directory.canonical(code) for code in letter.recipients}
    if letter.business is Business.REPLACE:
        old = Replaced(document_id=amends.document_id, holders=tuple(sorted(before)))
        return Amendment(business=Business.REPLACE, reason=letter.reason, replaced=(old,))
    changes = [ReceiverChange(code=code, added=code in now) for code in sorted(before ^ now)]
    return Amendment(
        business=Business.UPDATE,
        reason=letter.reason,
        target=amends.document_id,
        content_changed=True,
        receivers_changed=bool(changes),
        receiver_changes=tuple(changes),
    )


def _missing(letter: Letter, files: Sequence[DraftFile]) -> Iterator[Fault]:
    wanted: list[tuple[str, object, str, str]] = [
        ("recipients", letter.recipients, "Chưa chọn nơi nhận.", "No recipient is chosen."),
        ("number", letter.number, "Chưa ghi số văn bản.", "The number is missing."),
        ("notation", letter.notation, "Chưa ghi ký hiệu văn bản.", "The notation is missing."),
        ("day", letter.day, "Chưa ghi ngày ban hành.", "The date of issue is missing."),
        ("subject", letter.subject, "Chưa ghi trích yếu.", "The abstract is missing."),
        ("files", files, "Chưa đính kèm tệp văn bản.", "No file is attached."),
    ]
    if letter.business in _AMENDING:
        wanted.append(("reason", letter.reason, "Chưa nêu lý do.", "A reason is owed."))
    for where, value, vi, en in wanted:
        if not value:
            yield Fault(rule="field-missing", where=where, vi=vi, en=en)


def _too_long(letter: Letter) -> Iterator[Fault]:
    for name, limit in _LONGEST.items():
        if len(getattr(letter, name)) > limit:
            yield Fault(
                rule="field-too-long",
                where=name,
                vi=f"Dài quá {limit} ký tự.",
                en=f"Longer than {limit} characters.",
            )


def _wrong_days(letter: Letter, today: date) -> Iterator[Fault]:
    if letter.day is not None and letter.day > today:
        yield Fault(
            rule="date-in-future",
            where="day",
            vi="Ngày ban hành không được sau hôm nay.",
            en="The date of issue must not lie in the future.",
        )
    if letter.due_on is not None and letter.day is not None and letter.due_on < letter.day:
        yield Fault(
            rule="due-before-issue",
            where="due_on",
            vi="Hạn xử lý không được trước ngày ban hành.",
            en="The due date must not lie before the date of issue.",
        )


def _wrong_recipients(
    sender: AgencyCode, letter: Letter, directory: Snapshot, *, axis_is_open: bool
) -> Iterator[Fault]:
    codes = [directory.successor(code) for code in letter.recipients]
    if directory.canonical(sender) in codes:
        yield Fault(
            rule="recipient-is-sender",
            where="recipients",
            vi="Cơ quan không gửi văn bản cho chính mình.",
            en="An agency does not write to itself.",
        )
    if len(set(codes)) < len(codes):
        yield Fault(
            rule="recipient-repeated",
            where="recipients",
            vi="Có nơi nhận được ghi hai lần.",
            en="A recipient stands there twice.",
        )
    if not letter.recipients:
        return
    try:
        plan_route(letter.recipients, directory, axis_is_open=axis_is_open, is_answer=False)
    except Refusal as refusal:
        yield from (replace(fault, where="recipients") for fault in refusal.faults)
