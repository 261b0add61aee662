"""The life of an obligation, told: what happened, when, why, and by what document or whom."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gateway.deadlines.calendar import end_of_day
from gateway.exchange.directory import Snapshot
from gateway.exchange.sentences import MOVED_BECAUSE
from gateway.exchange.words import status_words
from gateway.model.code_lists import Kind
from gateway.model.formats import local_day
from gateway.model.obligation import Act, Step
from gateway.model.report import Words
from gateway.store.packages import StoredPackage
from gateway.web.console.documents import name_of

# What each act is called, its tone and its icon.
_LOOKS: dict[Act, tuple[Words, str, str]] = {
    Act.OPEN: (("Giao việc", "Assigned"), "note", "tasks"),
    Act.EXTEND: (("Gia hạn", "Extended"), "wait", "clock"),
    Act.FINISH: (("Hoàn thành", "Finished"), "good", "check"),
    Act.PASS_ON: (("Chuyển nơi khác", "Passed on"), "calm", "out"),
    Act.GUIDE: (("Hướng dẫn", "Guidance given"), "calm", "question"),
    Act.REOPEN: (("Mở lại", "Reopened"), "wait", "back"),
    Act.CANCEL: (("Hủy", "Cancelled"), "calm", "cross"),
}
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldStep:
    """One step in words.

    Shape: at is None where only the day was said; reason is as somebody wrote it, or in words of ours; source
    is the document or answer that did it; thread_id leads there, for who may read it.
    """

    title: Words
    tone: str
    icon: str
    day: date
    at: datetime | None
    due_on: date | None
    reason: Words | None
    source: Words | None
    thread_id: str | None
    by: str | None


def tell_step(step: Step, package: StoredPackage | None, directory: Snapshot, *, may_read: bool) -> ToldStep:
    """Tell a step; package is what did it."""
    title, tone, icon = _LOOKS[step.act]
    day = local_day(step.at)
    return ToldStep(
        title=title,
        tone=tone,
        icon=icon,
        day=day,
        at=None if step.at == end_of_day(day) - _INSTANT else step.at,
        due_on=step.due_on,
        reason=None if step.reason is None else _say_why(step.reason, is_ours=step.by is None),
        source=None if package is None else _name(package, directory),
        thread_id=package.thread_id if package is not None and may_read else None,
        by=step.by,
    )


def _say_why(reason: str, *, is_ours: bool) -> Words:
    return MOVED_BECAUSE.get(reason, (reason, reason)) if is_ours else (reason, reason)


def _name(package: StoredPackage, directory: Snapshot) -> Words:
    sender, notation = name_of(directory, package.sender), package.notation or package.id
    if package.kind is Kind.DOCUMENT:
        return f"văn bản {notation} của {sender}", f"document {notation} of {sender}"
    vi, en = status_words(package.status or "")
    return f"trạng thái “{vi}” của {sender}", f"status “{en}” of {sender}"
