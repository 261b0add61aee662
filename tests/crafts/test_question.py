"""What somebody types becomes words, phrases and marks."""

import re
from datetime import date

import pytest

from gateway.model.identifiers import AgencyCode
from gateway.model.marks import agency_mark, day_marks, marks_between
from gateway.model.question import Days, Period, Question, found_in, read_terms
from gateway.model.text import fold, words_of
from gateway.store.search_terms import tiers_of, wanted_by


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Đề nghị Sở Y tế", ["de", "nghi", "so", "y", "te"]),
        ("0412/SYT–VP", ["412", "syt", "vp"]),
        ("H57.12", ["h57", "12"]),
        ("Báo_cáo(1).pdf", ["bao", "cao", "1", "pdf"]),
        ("ＢÁＯ", ["bao"]),
        ("tiê\u0301m", ["tiem"]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_words_without_accents(text: str, words: list[str]) -> None:
    """Accents, đ, capitals, leading zeros and the form of Unicode do not count."""
    assert words_of(text) == words


def test_folding_is_the_same_however_a_text_was_typed() -> None:
    """Composed and decomposed, capitals and small letters meet."""
    assert fold("ĐƯỜNG  Nguyễn") == fold("đường nguye\u0302\u0303n") == "duong nguyen"


def test_numbers_and_quotes_are_phrases_and_linking_words_are_dropped() -> None:
    """What stands together stays together; về and của find nothing by themselves."""
    terms = read_terms('báo cáo về "tiêm chủng mở rộng" của 412/SYT-VP')
    assert terms.phrases == (
        *(("bao",), ("cao",)),
        ("tiem", "chung", "mo", "rong"),
        ("412", "syt", "vp"),
    )
    assert read_terms("về").phrases == (("ve",),)


def test_the_last_word_is_a_beginning_until_something_follows_it() -> None:
    """tiem chun finds tiêm chủng; two letters, a blank or a quote end the word."""
    assert read_terms("tiem chun").last_is_beginning
    assert not read_terms("so te").last_is_beginning
    assert not read_terms("tiem chung ").last_is_beginning
    assert not read_terms('"tiem chung"').last_is_beginning


def test_nothing_typed_is_ever_read_as_a_part_of_the_language() -> None:
    """Operators, quotes and signs of the index arrive as plain words, as values and never in a statement."""
    typed = 'a" OR marks : "v_x" =b #1 ~2 +c d NOT q_done * {e} -f + (g \' ; DROP'
    wanted = wanted_by(Question(terms=read_terms(typed)), frozenset({AgencyCode("H57")}))
    *words, scope = wanted.needs
    assert scope.terms == ("v_h57",)
    assert all(re.fullmatch(r"[+]?[a-z0-9 ]+", need.beginning or need.terms[0]) for need in words)
    assert not set(re.findall(r"[a-z]+", wanted.row.sql)) & {"done", "drop", "a", "b"}


def test_tiers_go_from_the_number_itself_to_the_words_anywhere() -> None:
    """Bits alone tell the tiers apart: no row is looked at for it."""
    number, together, in_title, anywhere = tiers_of(Question(terms=read_terms("412 tiem chung ")))
    assert [need.terms[0] for need in number.needs] == ["#412", "#tiem", "#chung"]
    assert [need.terms[0] for need in together.needs] == ["=412", "=+tiem chung"]
    assert [need.terms[0] for need in in_title.needs] == ["=412", "=tiem", "=chung"]
    assert not anywhere.needs
    assert not any(tier.doubts for tier in (number, together, in_title, anywhere))


def test_two_agencies_never_share_a_mark() -> None:
    """Not even those whose codes are of no known form."""
    codes = ["H57.12", "H57-12", "H57_12", "H5712", "H57.1.2", "H57:12"]
    assert len({agency_mark(AgencyCode(code)) for code in codes}) == len(codes)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (Period.TODAY, date(2026, 11, 26), date(2026, 11, 26)),
        (Period.THIS_WEEK, date(2026, 11, 23), date(2026, 11, 26)),
        (Period.THIS_MONTH, date(2026, 11, 1), date(2026, 11, 26)),
        (Period.LAST_MONTH, date(2026, 10, 1), date(2026, 10, 31)),
        (Period.THIS_QUARTER, date(2026, 10, 1), date(2026, 11, 26)),
        (Period.THIS_YEAR, date(2026, 1, 1), date(2026, 11, 26)),
    ],
)
def test_a_period_is_days(period: Period, first: date, last: date) -> None:
    """As people mean them on a Thursday in November."""
    assert period.days(date(2026, 11, 26)) == Days(first=first, last=last)


def test_last_month_in_january_is_december() -> None:
    """Of the year before."""
    assert Period.LAST_MONTH.days(date(2027, 1, 5)) == Days(first=date(2026, 12, 1), last=date(2026, 12, 31))


def test_every_day_of_a_stretch_has_exactly_one_of_its_marks() -> None:
    """And no day outside has any."""
    marks = set(marks_between(Days(first=date(2024, 11, 29), last=date(2026, 2, 2))))
    assert len(marks) == 2 + 1 + 1 + 1 + 2  # two days, December, 2025, January, two days
    for day in (date(2024, 11, 29), date(2024, 12, 1), date(2025, 7, 7), date(2026, 1, 31), date(2026, 2, 2)):
        assert len(marks & set(day_marks(day))) == 1
    for day in (date(2024, 11, 28), date(2026, 2, 3)):
        assert not marks & set(day_marks(day))


def test_days_without_an_end_are_of_all_documents_there_can_be() -> None:
    """From the first year that is read as one."""
    assert set(day_marks(date(1900, 1, 1))) & set(marks_between(Days(last=date(1950, 1, 1))))


def test_what_was_looked_for_is_marked_in_the_text_as_it_was_written() -> None:
    """With its accents, and unfinished words too."""
    pieces = found_in(read_terms("tiem chu"), "Báo cáo tiêm chủng")
    assert [piece for piece, is_hit in pieces if is_hit] == ["tiêm", "chủng"]
    assert "".join(piece for piece, _ in pieces) == "Báo cáo tiêm chủng"
