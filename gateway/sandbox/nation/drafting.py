"""Documents on their way into a plan: they get their numbers last, in the order in which they are sent.

Whoever plans notes what happens at which moment; `fair_copy` writes it out as acts.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

from gateway.model.code_lists import Business, Priority, StatusCode
from gateway.model.package import Amendment, ReceiverChange
from gateway.sandbox.agencies import Member
from gateway.sandbox.documents import Letter, recall_of, replacement_of
from gateway.sandbox.nation.acts import Act, Merging, Saying, Sending
from gateway.sandbox.nation.timetable import Timetable

OFFICIAL_LETTER = "Công văn"
_SECTION = "VP"
_REASONS = {
    StatusCode.DECLINED: "Văn bản không thuộc thẩm quyền giải quyết của cơ quan",
    StatusCode.CHANGE_DECLINED: "Đã triển khai thực hiện, đề nghị giữ hiệu lực",
}


@dataclass(eq=False, slots=True, kw_only=True)
class Draft:
    """A document that will be sent at a moment.

    Shape: day is on it when it is not that of its sending; answers and replaces are documents sent before.
    """

    sender: Member
    recipients: tuple[Member, ...]
    moment: int
    type_name: str = OFFICIAL_LETTER
    subject: str = "Phối hợp thực hiện nhiệm vụ"
    day: date | None = None
    priority: Priority = Priority.NORMAL
    due_on: date | None = None
    steering: int = 0
    task_codes: tuple[str, ...] = ()
    application_type: str | None = None
    answers: "Draft | None" = None
    replaces: "Draft | None" = None


@dataclass(slots=True)
class _Written:
    """What has been written so far: the letter each draft became, and the last number of each agency."""

    letters: dict[Draft, Letter] = field(default_factory=dict)
    numbers: Counter[Member] = field(default_factory=Counter)


@dataclass(slots=True)
class Pad:
    """Notes of what will happen."""

    timetable: Timetable
    drafts: list[Draft] = field(default_factory=list)
    _notes: list[tuple[float, Callable[[_Written], Act]]] = field(default_factory=list)

    def send(self, draft: Draft) -> Draft:
        """Note that a document is sent."""
        self.drafts.append(draft)
        self._note(draft.moment, partial(self._write, draft))
        return draft

    def say(self, draft: Draft, by: Member, status: StatusCode, moment: int) -> None:
        """Note that a recipient says something about a document."""

        def write(written: _Written) -> Act:
            letter, reason = written.letters[draft], _REASONS.get(status)
            return Saying(at=self.timetable.at(moment), letter=letter, by=by, status=status, reason=reason)

        self._note(moment, write)

    def recall(self, draft: Draft, moment: int) -> None:
        """Note that a document is taken back from everybody."""

        def write(written: _Written) -> Act:
            letter = written.letters[draft]
            amendment = recall_of(letter, "Ban hành nhầm bản chưa thẩm định")
            return Sending(at=self.timetable.at(moment), letter=letter, amendment=amendment)

        self._note(moment, write)

    def update(
        self, draft: Draft, moment: int, *, due_on: date | None = None, added: Member | None = None
    ) -> None:
        """Note that a document is sent again with another day it is due on, or to one more recipient."""

        def write(written: _Written) -> Act:
            letter = written.letters[draft]
            recipients = letter.recipients + ((added,) if added else ())
            letter = replace(letter, due_on=due_on or letter.due_on, recipients=recipients)
            written.letters[draft] = letter
            amendment = Amendment(
                business=Business.UPDATE,
                reason="Điều chỉnh thời hạn" if due_on else "Bổ sung nơi nhận",
                target=letter.document_id,
                content_changed=due_on is not None,
                receivers_changed=added is not None,
                receiver_changes=(ReceiverChange(code=added.code, added=True),) if added else (),
            )
            return Sending(at=self.timetable.at(moment), letter=letter, amendment=amendment)

        self._note(moment, write)

    def merge(self, agency: Member, into: Member, moment: int) -> None:
        """Note that an agency is merged into another when the day of a moment begins."""
        act = Merging(at=self.timetable.opening(moment), agency=agency, by=into)
        self._note(moment - 0.5, lambda _: act)

    def fair_copy(self) -> tuple[Act, ...]:
        """Write everything out, in the order of time."""
        written = _Written()
        # Sorted by moment alone: of one moment in the order in which it was noted.
        return tuple(write(written) for _, write in sorted(self._notes, key=lambda note: note[0]))

    def _note(self, moment: float, write: Callable[[_Written], Act]) -> None:
        self._notes.append((moment, write))

    def _write(self, draft: Draft, written: _Written) -> Act:
        written.numbers[draft.sender] += 1
        letter = Letter(
            sender=draft.sender,
            recipients=draft.recipients,
            number=written.numbers[draft.sender],
            section=_SECTION if draft.type_name == OFFICIAL_LETTER else "",
            day=draft.day or self.timetable.day(draft.moment),
            subject=draft.subject,
            paragraphs=(),
            type_name=draft.type_name,
            priority=draft.priority,
            due_on=draft.due_on,
            steering=draft.steering,
            task_codes=draft.task_codes,
            application_type=draft.application_type,
            replies=(written.letters[draft.answers].reply,) if draft.answers else (),
        )
        written.letters[draft] = letter
        replaced = written.letters[draft.replaces] if draft.replaces else None
        return Sending(
            at=self.timetable.at(draft.moment),
            letter=letter,
            amendment=replacement_of(replaced, "Thay thế văn bản trước") if replaced else None,
        )
