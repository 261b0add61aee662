"""The letters of the two months before the demo's story."""

from collections import defaultdict
from datetime import date, timedelta

from gateway.model.code_lists import StatusCode
from gateway.model.identifiers import AgencyCode
from gateway.sandbox.agencies import HOME_AFFAIRS
from gateway.sandbox.old_letters import OldLetter, old_letters

TODAY = date(2026, 11, 26)
LETTERS = old_letters(TODAY, 84, together=4)


def test_they_were_written_on_working_days_of_the_two_months_before() -> None:
    """None today, none on a Saturday or Sunday, the oldest first, no more than four a day."""
    days = [old.letter.day for old in LETTERS]
    assert days == sorted(days)
    assert TODAY - timedelta(days=60) <= days[0]
    assert days[-1] < TODAY
    assert {day.weekday() for day in days} <= {0, 1, 2, 3, 4}
    assert max(map(days.count, days)) == 4


def test_no_two_bear_the_same_number() -> None:
    """Each agency counts upwards, so that an identifier names one document."""
    numbers: dict[AgencyCode, list[int]] = defaultdict(list)
    for old in LETTERS:
        numbers[old.letter.sender.code].append(old.letter.number)
    assert len(numbers) == 5
    assert all(counted == sorted(set(counted)) for counted in numbers.values())


def test_every_state_a_clerk_may_meet_is_there() -> None:
    """Done, in work, assigned, received, declined, without a word; something overdue, something due today."""
    words = {old.last_word for old in LETTERS}
    assert words == {
        None,
        StatusCode.DECLINED,
        StatusCode.RECEIVED,
        StatusCode.ASSIGNED,
        StatusCode.PROCESSING,
        StatusCode.COMPLETED,
    }
    assert any(_is_open(old) and old.letter.due_on == TODAY for old in LETTERS)
    assert any(_is_open(old) and old.letter.due_on and old.letter.due_on < TODAY for old in LETTERS)


def test_what_has_a_type_bears_it_in_its_number() -> None:
    """``375/BC-SYT`` for a report, a section's letters for a plain official letter."""
    notations = {old.letter.type_name: old.letter.code.notation for old in LETTERS}
    assert notations["Báo cáo"].startswith("BC-")
    assert notations["Tờ trình"].startswith("TTr-")
    assert "-" in notations["Công văn"]


def test_the_broken_system_is_written_to_in_the_last_days_only() -> None:
    """What its DMS has not collected is some days old, not two months."""
    days = [old.letter.day for old in LETTERS if HOME_AFFAIRS in old.letter.recipients]
    assert days
    assert min(days) >= TODAY - timedelta(days=6)


def test_nobody_is_written_to_by_nobody() -> None:
    """Everything has a recipient, also what went to the broken system alone."""
    assert all(old.letter.recipients for old in old_letters(TODAY, 200, together=4))


def _is_open(old: OldLetter) -> bool:
    return old.last_word is not StatusCode.COMPLETED
