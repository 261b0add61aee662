"""What an agency is reminded of, in words: one report, whichever way it travels."""

from datetime import datetime

from gateway.deadlines.reminders import Audience, Digest, Reminder
from gateway.model.agency import Names
from gateway.model.formats import counted, write_day
from gateway.model.people import Language
from gateway.model.report import Cell, Column, Report, Table, Unit, Words

# A part of a digest: as it is counted, and the heading of its table.
_OVERDUE = (("việc quá hạn", "overdue"), ("Đã quá hạn", "Overdue"))
_LAST_DAY = (("việc đến hạn", "due now"), ("Đến hạn", "Due now"))
_SOON = (("việc sắp đến hạn", "due soon"), ("Sắp đến hạn", "Due soon"))
_ESCALATED = (
    ("việc đã giao, để quá hạn lâu", "assigned to others and long overdue"),
    ("Đã giao cho cơ quan khác, để quá hạn lâu", "Assigned to others, long overdue"),
)
_LEFT = Column(title=("Còn (ngày làm việc)", "Working days left"), unit=Unit.COUNT)
_LATE = Column(title=("Quá (ngày làm việc)", "Working days overdue"), unit=Unit.COUNT)
_ASSIGNED_BY = Column(title=("Bên giao", "Assigned by"), unit=Unit.TEXT)
_OWED_BY = Column(title=("Cơ quan thực hiện", "Owed by"), unit=Unit.TEXT)


def title_of(digest: Digest) -> Words:
    """Say in a line what there is: Nhắc việc: 2 việc quá hạn, 1 việc sắp đến hạn."""
    parts = [(len(reminders), words) for (words, _), reminders in _parts(digest) if reminders]
    vi = ", ".join(f"{count} {words[0]}" for count, words in parts)
    en = ", ".join(f"{count} {words[1]}" for count, words in parts)
    return f"Nhắc việc: {vi}", f"Reminder: {en}"


def report_of(digest: Digest, *, issuer: str, names: Names, as_of: datetime) -> Report:
    """Write a digest as a report of the node to the agency."""
    return Report(
        title=title_of(digest),
        period=(
            f"Ngày {write_day(digest.day, Language.VIETNAMESE)}",
            write_day(digest.day, Language.ENGLISH),
        ),
        issuer=issuer,
        made_on=digest.day,
        as_of=as_of,
        summary=_summary(digest, names),
        tables=tuple(
            _table(heading, reminders, names) for (_, heading), reminders in _parts(digest) if reminders
        ),
        recipients=(names(digest.agency),),
    )


def _parts(digest: Digest) -> list[tuple[tuple[Words, Words], tuple[Reminder, ...]]]:
    return [
        (_OVERDUE, digest.overdue),
        (_LAST_DAY, digest.last_day),
        (_SOON, digest.soon),
        (_ESCALATED, digest.escalated),
    ]


def _summary(digest: Digest, names: Names) -> tuple[Words, ...]:
    agency, others = names(digest.agency), digest.overdue_count - len(digest.overdue)
    told: list[Words] = [(f"Kính gửi: {agency}.", f"To: {agency}.")]
    if others > 0:
        told.append(
            (
                f"Ngoài các việc dưới đây còn {others} việc khác đã quá hạn.",
                f"Overdue beside what stands below: {counted(others, 'other')}.",
            )
        )
    return tuple(told)


def _table(heading: Words, reminders: tuple[Reminder, ...], names: Names) -> Table:
    """Write one part; in a part all are overdue or none is, and all are somebody's own or nobody's."""
    first = reminders[0]
    return Table(
        title=heading,
        columns=(
            Column(title=("Số, ký hiệu, mã", "Reference"), unit=Unit.TEXT),
            Column(title=("Nội dung", "Subject"), unit=Unit.TEXT),
            Column(title=("Loại việc", "Kind"), unit=Unit.TEXT),
            _ASSIGNED_BY if first.audience is Audience.OWING else _OWED_BY,
            Column(title=("Hạn", "Due"), unit=Unit.DAY),
            _LATE if first.position > 0 else _LEFT,
        ),
        rows=tuple(_row(each, names) for each in reminders),
    )


def _row(reminder: Reminder, names: Names) -> tuple[Cell, ...]:
    owed = reminder.obligation
    other = owed.assigned_by if reminder.audience is Audience.OWING else owed.agency
    return (
        owed.reference,
        owed.subject,
        owed.kind.vi,
        "–" if other is None else names(other),
        owed.due_on,
        abs(reminder.position),
    )
