"""What was written before the demo's story begins: two months of letters, invented like everybody in it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.model.code_lists import StatusCode
from gateway.sandbox.agencies import (
    EDUCATION,
    FINANCE,
    HEALTH,
    HOME_AFFAIRS,
    MINISTRY,
    PROVINCE,
    Member,
)
from gateway.sandbox.documents import Letter
from gateway.sandbox.old_topics import STEERING, TOPICS, Topic

DAYS_COUNT = 60
# For so long nobody has seen anything of the home affairs department's DMS.
_BROKEN_DAYS = 6
_SECTIONS = {MINISTRY: "VP", PROVINCE: "VP", HEALTH: "NVY", EDUCATION: "KHTC", FINANCE: "QLNS"}
_FIRST_NUMBERS = {MINISTRY: 1010, PROVINCE: 2310, HEALTH: 318, EDUCATION: 760, FINANCE: 540}
REASONS = (
    "Không thuộc thẩm quyền giải quyết của cơ quan; đề nghị gửi cơ quan chủ trì.",
    "Văn bản thiếu phụ lục kèm theo; đề nghị gửi lại đầy đủ.",
    "Gửi nhầm cơ quan nhận.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OldLetter:
    """A letter sent some time ago; last_word is its recipients' newest, None when they said nothing."""

    letter: Letter
    last_word: StatusCode | None


def old_letters(today: date, count: int, *, together: int) -> list[OldLetter]:
    """Write so many letters of the days before, the oldest first, some of each day together."""
    days = _working_days(today)
    numbers = defaultdict(int, _FIRST_NUMBERS)
    written = []
    for index in range(count):
        day = days[index // together * together * (len(days) - 1) // max(count - together, 1)]
        letter = _write(TOPICS[index % len(TOPICS)], numbers, day, today)
        written.append(OldLetter(letter=letter, last_word=_last_word(index, (today - day).days)))
    return written


def _working_days(today: date) -> list[date]:
    days = (today - timedelta(days=ago) for ago in range(DAYS_COUNT, 0, -1))
    return [day for day in days if day.weekday() < 5]


def _write(topic: Topic, numbers: "defaultdict[Member, int]", day: date, today: date) -> Letter:
    numbers[topic.sender] += 3
    month = (day.replace(day=1) - timedelta(days=1)).strftime("%m/%Y")
    in_reach = [one for one in topic.recipients if one is not HOME_AFFAIRS or _is_recent(day, today)]
    due_on = day + timedelta(days=topic.answer_days) if topic.answer_days else None
    return Letter(
        sender=topic.sender,
        recipients=tuple(in_reach),
        number=numbers[topic.sender],
        section=_SECTIONS[topic.sender] if topic.type_name == "Công văn" else "",
        day=day,
        subject=topic.subject.format(month=month),
        paragraphs=(topic.text.format(month=month),),
        type_name=topic.type_name,
        priority=topic.priority,
        annex_pages_count=topic.annex_pages_count,
        # Something is due today: what was asked for in the last fortnight and has a few days left.
        due_on=today if due_on and today < due_on <= today + timedelta(days=3) else due_on,
        # What those above ask for by a day is a task; a dossier or petition is one by what it is.
        steering=int(bool(due_on and topic.sender in STEERING and topic.application is None)),
        application_type=topic.application,
    )


def _is_recent(day: date, today: date) -> bool:
    return (today - day).days <= _BROKEN_DAYS


def _last_word(index: int, age_days: int) -> StatusCode | None:
    if index % 9 == 4:
        return StatusCode.DECLINED
    words: Sequence[StatusCode | None]
    if age_days > 20:
        words = (StatusCode.COMPLETED,) * 10 + (StatusCode.PROCESSING,)
    elif age_days > 6:
        words = (StatusCode.COMPLETED, StatusCode.PROCESSING, StatusCode.ASSIGNED, StatusCode.RECEIVED)
    else:
        words = (StatusCode.RECEIVED, None, StatusCode.PROCESSING)
    return words[index % len(words)]
