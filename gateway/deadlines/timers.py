"""The timers T1 to T8: until when a document is sent, received, assigned, answered for.

Each tells the first instant that is too late. What no law puts a number on is a setting, see `TimerRules`.
Who looks at them, and what becomes of who is late, is for the corridor; docs/figures.md has them as a table.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from gateway.deadlines.calendar import WorkingCalendar, end_of_day
from gateway.model.formats import local_day

_ARRIVAL_GRACE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerRules:
    """What the law leaves open, as the operator set it.

    Shape: polled_every is the pause between two looks at the axis; received_until None is the end of the day;
    stuck_after nothing is never.
    """

    urgent_within: timedelta = timedelta(minutes=15)
    polled_every: timedelta = timedelta(minutes=1)
    received_until: time | None = None
    recall_answered_within_working_days: int = 1
    stuck_after: timedelta = timedelta(hours=1)


def send_by(promulgated_on: date, calendar: WorkingCalendar) -> datetime:
    """Tell until when a document is sent: the morning of the working day after its promulgation (T1).

    Source: QĐ 28/2018/QĐ-TTg, Article 6; stricter than NĐ 30/2020/NĐ-CP, Article 18.
    """
    return calendar.end_of_next_morning(promulgated_on)


def send_urgent_by(signed_at: datetime, rules: TimerRules) -> datetime:
    """Tell until when an urgent document is sent: right after it was signed (T2).

    Source: QĐ 28/2018/QĐ-TTg, Article 6; how soon is right after is a setting.
    """
    return signed_at + rules.urgent_within


def tell_arrival_by(created_at: datetime, rules: TimerRules) -> datetime:
    """Tell until when status 01 (đã đến) is here, of what the axis took at an instant (T3).

    Source: QĐ 28/2018/QĐ-TTg, Article 6: states are told by machine; a poll and a minute are inferred.
    """
    return created_at + rules.polled_every + _ARRIVAL_GRACE


def receive_by(arrived_at: datetime, calendar: WorkingCalendar, rules: TimerRules) -> datetime:
    """Tell until when a document is received or declined, and its sender told: the day it arrived (T4).

    What arrives when nobody works, or works any more, counts as arriving on the next working day.
    Source: NĐ 30/2020/NĐ-CP, Article 21(2); Civil Code 2015, Article 148(5), for days without work.
    """
    day = local_day(arrived_at)
    closes_at = calendar.closes_by(day, rules.received_until)
    if calendar.is_working(day) and arrived_at < closes_at:
        return closes_at
    return calendar.closes_by(calendar.next_working_day(day), rules.received_until)


def assign_by(
    received_at: datetime, calendar: WorkingCalendar, rules: TimerRules, *, urgent: bool
) -> datetime:
    """Tell until when a received document is submitted and assigned (T5).

    That day, at the latest the next working day; an urgent one at once.
    Source: NĐ 30/2020/NĐ-CP, Article 23.
    """
    if urgent:
        return received_at + rules.urgent_within
    return end_of_day(calendar.next_working_day(local_day(received_at)))


def finish_by(due_on: date) -> datetime:
    """Tell until when something is done that is due on a day: until that day's end, working day or not (T6).

    Source: the document, or who assigned it.
    """
    return end_of_day(due_on)


def answer_recall_by(arrived_at: datetime, calendar: WorkingCalendar, rules: TimerRules) -> datetime:
    """Tell until when a recall is answered: the next working day (T7).

    Source: inferred; QĐ 28/2018/QĐ-TTg, Article 9, and NĐ 30/2020/NĐ-CP, Article 18, name no time.
    """
    days = rules.recall_answered_within_working_days
    return end_of_day(calendar.after(local_day(arrived_at), days))


def tell_status_by(written_at: datetime, rules: TimerRules) -> datetime | None:
    """Tell until when a status leaves that somebody wrote; what has not is for the operator (T8).

    Source: practice; the first five or six attempts fall into the hour that is usual here.
    """
    return written_at + rules.stuck_after if rules.stuck_after else None
