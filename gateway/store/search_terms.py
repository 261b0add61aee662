"""A question in the language of the index: terms that a document must have, and what its row must say.

Terms of a document (gathered in blocks.py): its words and marks as they are; ``+a b`` for two words that
stand together; both with ``=`` before them once more for the title; ``#`` before the words of the number; one
for each bit of the number, by which an order is read off, and of the day when something is due; and how it
stands with some recipient. No word has one of these signs: nothing that is typed is ever read as another.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from itertools import pairwise
from operator import and_
from typing import Any

from gateway.model.identifiers import AgencyCode
from gateway.model.marks import (
    agency_mark,
    business_mark,
    grade_mark,
    marks_between,
    type_mark,
    urgency_mark,
    way_mark,
)
from gateway.model.question import OPEN_STANDINGS, Question, Side, Standing, Way
from gateway.store.tables import Row

NUMBER_BITS = tuple(f"~{place}" for place in range(60))
"""The terms that tell a number's bits, the lowest first."""
DUE_BITS = tuple(f"^{place}" for place in range(22))
"""The terms that tell the bits of the day by which something is due."""

_DUE = "q_due"
STANDING_TERMS = (_DUE, *(f"q_{standing.value}" for standing in Standing))
"""The terms that tell how a document stands with some recipient, and whether something is due of one."""

_OWN_SIDES = {None: Side.ANY, Way.IN: Side.RECIPIENT, Way.OUT: Side.SENDER}
_LAST_SIGN = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition in SQL and its parameters."""

    sql: str
    parameters: tuple[Any, ...] = ()

    def __and__(self, other: "Clause") -> "Clause":
        return Clause(f"{self.sql} AND {other.sql}", (*self.parameters, *other.parameters))


ALWAYS = Clause("1 = 1")


@dataclass(frozen=True, slots=True)
class Need:
    """One term of several that a document must have.

    Shape: terms, or else everything from one term up to, not with, another.
    """

    terms: tuple[str, ...] = ()
    beginning: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a document must have.

    Shape: every document that is wanted has all needs; doubts are what its row must say beside, empty when
    the needs say it all; row says everything again of a row alone. Rows are those of documents and
    document_words.
    """

    needs: tuple[Need, ...] = ()
    doubts: tuple[Clause, ...] = ()
    row: Clause = ALWAYS

    def __and__(self, other: "Wanted") -> "Wanted":
        return Wanted(
            tuple(dict.fromkeys((*self.needs, *other.needs))),
            (*self.doubts, *other.doubts),
            self.row & other.row,
        )


def terms_of(row: Row) -> set[str]:
    """Name the terms of a document.

    Shape: row has figure, number, subject, rest and marks.
    """
    number, subject, rest = row["number"].split(), row["subject"].split(), row["rest"].split()
    terms = {*number, *subject, *rest, *row["marks"].split()}
    terms.update(f"#{word}" for word in number)
    terms.update(f"={word}" for word in subject)
    together = _pairs(subject)
    terms.update(f"={pair}" for pair in together)
    terms.update(together, _pairs(number), _pairs(rest))
    terms.update(_bits_of(row["figure"], NUMBER_BITS))
    if row["due_on"] is not None:
        terms.update(_bits_of(date.fromisoformat(row["due_on"]).toordinal(), DUE_BITS))
    return terms


def _bits_of(number: int, names: Sequence[str]) -> Iterator[str]:
    return (names[place] for place in range(number.bit_length()) if number >> place & 1)


def standing_terms(standing: str, *, is_due: bool) -> Iterator[str]:
    """Name the terms of how a document stands with one recipient."""
    yield f"q_{standing}"
    if is_due and standing in OPEN_STANDINGS:
        yield _DUE


def standing_needs(question: Question) -> tuple[Need, ...]:
    """Say how some recipient stands with a document; who may know it is for its row to say."""
    standing = () if question.standing is None else (Need((f"q_{question.standing.value}",)),)
    return (*standing, Need((_DUE,))) if question.overdue else standing


def _pairs(words: Sequence[str]) -> list[str]:
    # Figures stand beside anything: their pairs would be as many as there are documents.
    return [f"+{a} {b}" for a, b in pairwise(words) if not a.isdecimal() and not b.isdecimal()]


def wanted_by(question: Question, scope: frozenset[AgencyCode] | None) -> Wanted:
    """Say what is asked for, but for where a document stands with somebody."""
    wanted = Wanted()
    # Documents come day by day: most blocks have none of these days, and are not read for the rest.
    if question.promulgated is not None:
        days = question.promulgated
        row = Clause(
            "documents.promulgated_on BETWEEN ? AND ?", (str(days.first or ""), str(days.last or "9"))
        )
        wanted = Wanted((Need(tuple(marks_between(days))),), (), row)
    for phrase, is_beginning in _phrases(question):
        wanted &= _have(phrase, is_beginning=is_beginning)
    for marks in _needed_marks(question, scope):
        row = Clause(
            f"({' OR '.join(_contains('marks') for _ in marks)})",
            tuple(f" {mark} " for mark in marks),
        )
        wanted &= Wanted((Need(tuple(marks)),), (), row)
    return wanted


def tiers_of(question: Question) -> list[Wanted]:
    """Say in which way a document has the words, the most exact first; the last has room for all.

    In the number; in the title, each beside the next; all of them in the title; all of them anywhere. Bits
    alone tell it: else, where one way ends, every row would be looked at for whether it is of the next.
    """
    terms = question.terms
    tiers = []
    if any(word.isdecimal() for word in terms.words):
        tiers.append(_near(terms.words, "number", is_beginning=terms.last_is_beginning))
    if terms.words:
        tiers.append(_near(terms.words, "subject", is_beginning=terms.last_is_beginning))
    if len(terms.phrases) > 1:
        titled = Wanted()
        for phrase, is_beginning in _phrases(question):
            titled &= _near(phrase, "subject", is_beginning=is_beginning)
        tiers.append(titled)
    return [*tiers, Wanted()]


# A column's end is nobody's next word.
_COLUMNS = {
    "text": "' ' || document_words.number || ' | ' || document_words.subject || ' | ' || rest || ' '",
    "number": "' ' || document_words.number || ' '",
    "subject": "' ' || document_words.subject || ' '",
    "marks": "' ' || marks || ' '",
}


def _contains(column: str) -> str:
    return f"instr({_COLUMNS[column]}, ?) > 0"


_SIGNS = {"text": "", "number": "#", "subject": "="}


def _phrases(question: Question) -> Iterator[tuple[tuple[str, ...], bool]]:
    terms = question.terms
    last = len(terms.phrases) - 1
    for place, phrase in enumerate(terms.phrases):
        yield phrase, terms.last_is_beginning and place == last


def _have(words: Sequence[str], *, is_beginning: bool) -> Wanted:
    """Want words next to each other; bits know it of two."""
    near = _near(words, "text", is_beginning=is_beginning)
    if len(near.needs) == 1:
        return near
    row = Clause(_contains("text"), (f" {' '.join(words)}{'' if is_beginning else ' '}",))
    return Wanted(near.needs, (row,), row)


def _near(words: Sequence[str], column: str, *, is_beginning: bool) -> Wanted:
    """Want words in a column, each beside the next as far as bits know it."""
    sign = _SIGNS[column]
    plain = [(word, is_beginning and place == len(words) - 1) for place, word in enumerate(words)]
    pairs = (
        []
        if column == "number"
        else [
            (f"{a} {b}", b_is_beginning)
            for (a, _), (b, b_is_beginning) in pairwise(plain)
            if not a.isdecimal() and not b.isdecimal()
        ]
    )
    covered = {word for pair, _ in pairs for word in pair.split()}
    kept = [(word, may_go_on) for word, may_go_on in plain if word not in covered]
    needs = [_need(sign + word, may_go_on=may_go_on) for word, may_go_on in kept]
    needs += [_need(f"{sign}+{pair}", may_go_on=may_go_on) for pair, may_go_on in pairs]
    rows = [
        Clause(_contains(column), (f" {text}{'' if may_go_on else ' '}",))
        for text, may_go_on in (*kept, *pairs)
    ]
    return Wanted(tuple(needs), (), reduce(and_, rows))


def _need(term: str, *, may_go_on: bool) -> Need:
    return Need(beginning=term) if may_go_on else Need((term,))


def after_all(beginning: str) -> str:
    """Return what comes behind every term of a beginning."""
    return beginning + _LAST_SIGN


def _needed_marks(question: Question, scope: frozenset[AgencyCode] | None) -> Iterable[list[str]]:
    # In and out are the visitor's own: between two neighbours here a document goes out, and comes in.
    own_way = question.way is not None and scope is not None
    if scope is not None:
        side = _OWN_SIDES[question.way]
        yield [agency_mark(code, side) for code in sorted(scope)] or ["v_nobody"]
    if question.agencies:
        yield [agency_mark(code, question.side) for code in sorted(question.agencies)]
    if question.way is not None and not own_way:
        yield [way_mark(question.way)]
    if question.type is not None:
        yield [type_mark(question.type)]
    if question.business is not None:
        yield [business_mark(question.business)]
    if question.urgency is not None:
        yield [urgency_mark(question.urgency)]
    if question.grade is not None:
        yield [grade_mark(question.grade)]
