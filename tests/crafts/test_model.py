"""The nouns: codes that are equal, lives that follow their table."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.answer import MAY_FOLLOW, PROGRESS, goes_further, may_say
from gateway.model.code_lists import StatusCode
from gateway.model.dispatch import MOVES, Event, State
from gateway.model.identifiers import (
    AgencyCode,
    is_above,
    is_agency_code,
    is_centre_code,
    normalise_code,
    normalise_document_id,
    normalise_notation,
    structural_alias,
    time_ordered_id,
)
from gateway.model.text import normalise, visible


@pytest.mark.parametrize(
    ("raw", "code"),
    [(" 000.00.12.h57 ", "000.00.12.H57"), ("Ｈ５７.1", "H57.1"), ("H57 . 1 . 2", "H57.1.2")],
)
def test_codes_typed_differently_are_one_code(raw: str, code: str) -> None:
    """Spaces, small letters and full-width forms are typing, not identity."""
    assert normalise_code(raw) == code


@pytest.mark.parametrize(
    "code", ["000.00.12.H57", "H57", "H57.1.2", "H37.DN.001", "00.53.W00", "0312345678-001"]
)
def test_every_form_in_use_is_an_agency_code(code: str) -> None:
    """Old, QĐ 20, centre and enterprise codes live side by side."""
    assert is_agency_code(code)


@pytest.mark.parametrize("code", ["", "H", "57", "000.00.12", "STC-BCTC", "H57/1", "H57..1"])
def test_other_text_is_not(code: str) -> None:
    """A notation or half a code is no agency."""
    assert not is_agency_code(code)


def test_a_centre_relays_and_is_nobodys_recipient() -> None:
    """W00 and the short form; a ward whose code begins with W is not one."""
    assert is_centre_code("00.53.W00")
    assert is_centre_code("01.19.H44")
    assert is_centre_code("H57.W01")
    assert not is_centre_code("H57.WARD")


def test_only_the_first_level_has_two_names_by_its_structure() -> None:
    """Lower levels are known to directories alone."""
    assert structural_alias(AgencyCode("000.00.00.H57")) == "H57"
    assert structural_alias(AgencyCode("H57")) == "000.00.00.H57"
    assert structural_alias(AgencyCode("000.00.12.H57")) is None
    assert structural_alias(AgencyCode("H57.1")) is None


@pytest.mark.parametrize(
    ("upper", "lower", "above"),
    [
        ("H57", "H57.1.2", True),
        ("H57", "000.00.12.H57", True),
        ("000.00.00.H57", "H57.1", True),
        ("000.00.12.H57", "007.00.12.H57", True),
        ("000.00.12.H57", "000.00.13.H57", False),
        ("000.00.12.H57", "000.00.00.H57", False),
        ("H57.1", "H57.10", False),
        ("H5", "H57", False),
        ("H57", "H57", False),
    ],
)
def test_who_stands_above_whom_shows_in_the_codes(upper: str, lower: str, above: bool) -> None:
    """A province above its departments, a department above its units, nobody above itself."""
    assert is_above(AgencyCode(upper), AgencyCode(lower)) is above


def test_a_documents_identifier_is_opaque_but_for_spaces_and_unicode_form() -> None:
    """Letter case counts; the spaces around commas do not."""
    assert normalise_document_id(" H57 , 2026/04/12 ,1/UBND-VX ") == "H57,2026/04/12,1/UBND-VX"
    assert normalise_document_id("Đ") == normalise_document_id("Đ")
    assert normalise_document_id("a") != normalise_document_id("A")


@pytest.mark.parametrize("raw", ["0412/SYT-VP", "412 / syt – vp", "412/SYT—VP", "412/Syt-Vp"])
def test_one_number_written_in_many_ways_is_matched(raw: str) -> None:
    """Zeros in front, spaces, dashes and case differ between systems."""
    assert normalise_notation(raw) == "412/SYT-VP"


@given(st.lists(st.tuples(st.integers(0, 2**47), st.integers(0, 2**74 - 1)), min_size=2, max_size=20))
def test_ids_sort_as_their_instants_do(made: list[tuple[int, int]]) -> None:
    """As text, too, which is how the tables compare them."""
    assert [time_ordered_id(*pair) for pair in sorted(made)] == sorted(
        time_ordered_id(*pair) for pair in made
    )


def test_a_dispatch_that_has_ended_stays_ended() -> None:
    """Delivered, refused and expired lead nowhere; everything else can still end."""
    ends = set(State) - {state for state, _ in MOVES.values()}
    assert ends == {State.DELIVERED, State.REFUSED, State.EXPIRED}
    assert MOVES[Event.DEFER] == (State.CLAIMED, State.WAITING)


def test_no_answer_takes_a_document_back() -> None:
    """Whatever follows whatever, progress never falls."""
    for current in PROGRESS:
        for following in StatusCode:
            if goes_further(current, following):
                assert PROGRESS[following] > PROGRESS[current]


def test_the_last_word_may_always_be_repeated_and_a_change_answered_only_when_pending() -> None:
    """15 and 16 are owed, never volunteered."""
    for current in MAY_FOLLOW:
        assert current is None or may_say(current, current, change_pending=False)
        assert not may_say(current, StatusCode.CHANGE_ACCEPTED, change_pending=False)
        assert may_say(current, StatusCode.CHANGE_DECLINED, change_pending=True)
    assert not may_say(StatusCode.DECLINED, StatusCode.COMPLETED, change_pending=False)


def test_what_nobody_sees_is_no_part_of_a_text() -> None:
    """A space that does not break is a space; what turns the direction or shows nothing is left out."""
    assert visible("V/v báo cáo") == "V/v báo cáo"
    assert visible("Số\u00a012\tngày\u200b\u202e 5\x00\x07\nDòng hai") == "Số 12 ngày 5\nDòng hai"


def test_a_text_of_nothing_but_marks_is_normalised_in_no_time() -> None:
    """Thirty combining marks are kept, as Unicode's stream-safe form has it; a longer run is cut."""
    zalgo = "a" + "\u0301\u0323" * 500_000
    assert len(normalise(zalgo)) <= 31
    assert normalise("Đề nghị" + "\u0301" * 3) == unicodedata.normalize("NFC", "Đề nghị" + "\u0301" * 3)
