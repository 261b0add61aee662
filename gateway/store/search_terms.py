"""A question in the language of the index (FTS5): words, phrases and marks, all of them needed.

Only folded words (letters and digits) and marks get into an expression, each quoted, so that nothing that
somebody types is ever read as a part of the language.
"""

from collections.abc import Iterable

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
from gateway.model.question import Question, Side, Terms, Way

# A column's end is nobody's next word.
_TEXTS = {
    "text": "' ' || number || ' | ' || subject || ' | ' || rest || ' '",
    "marks": "' ' || marks || ' '",
}
_OWN_SIDES = {None: Side.ANY, Way.IN: Side.RECIPIENT, Way.OUT: Side.SENDER}


def match_of(question: Question, scope: frozenset[AgencyCode] | None) -> str | None:
    """Write what a document must have; None when everything will do."""
    needed = _needed_marks(question, scope)
    if question.promulgated is not None:
        needed.append(marks_between(question.promulgated))
    marks = (_any_of(marks) for marks in needed)
    return " AND ".join([*_words(question.terms), *marks]) or None


def tiers_of(question: Question, scope: frozenset[AgencyCode] | None) -> list[str | None]:
    """Write the same in tiers, the most exact first, none of which has a document of another.

    The number itself; the words as they stand, in the title; all of them in the title; all of them anywhere.
    """
    terms = question.terms
    together = _phrase(terms.words, is_beginning=terms.last_is_beginning)
    exact = []
    if any(word.isdecimal() for word in terms.words):
        exact.append(f"number : {together}")
    if terms.words:
        exact.append(f"subject : {together}")
    if len(terms.phrases) > 1:
        exact.append(f"subject : ({' AND '.join(_words(terms))})")
    needed = match_of(question, scope)
    tiers: list[str | None] = []
    for number, tier in enumerate(exact):
        before = exact[:number]
        tiers.append(_except(f"({tier}) AND {needed}", before))
    return [*tiers, _except(needed, exact)]


def _except(expression: str | None, before: list[str]) -> str | None:
    if expression is None or not before:
        return expression
    return f"({expression}) NOT ({' OR '.join(f'({tier})' for tier in before)})"


def _words(terms: Terms) -> list[str]:
    last = len(terms.phrases) - 1
    return [
        _phrase(phrase, is_beginning=terms.last_is_beginning and place == last)
        for place, phrase in enumerate(terms.phrases)
    ]


def _phrase(words: Iterable[str], *, is_beginning: bool = False) -> str:
    return f'"{" ".join(words)}"{" *" if is_beginning else ""}'


def _needed_marks(question: Question, scope: frozenset[AgencyCode] | None) -> list[list[str]]:
    needed: list[list[str]] = []
    # In and out are the visitor's own: between two neighbours here a document goes out, and comes in.
    own_way = question.way is not None and scope is not None
    if scope is not None:
        side = _OWN_SIDES[question.way]
        needed.append([agency_mark(code, side) for code in sorted(scope)] or ["v_nobody"])
    if question.agencies:
        needed.append([agency_mark(code, question.side) for code in sorted(question.agencies)])
    single = [
        None if question.way is None or own_way else way_mark(question.way),
        None if question.type is None else type_mark(question.type),
        None if question.business is None else business_mark(question.business),
        None if question.urgency is None else urgency_mark(question.urgency),
        None if question.grade is None else grade_mark(question.grade),
    ]
    return [*needed, *([mark] for mark in single if mark is not None)]


def _any_of(marks: list[str]) -> str:
    return f"({' OR '.join(_phrase([mark]) for mark in marks)})"


def spelled_out(question: Question, scope: frozenset[AgencyCode] | None) -> tuple[str, tuple[str, ...]]:
    """Say the same as `match_of` of one row of document_words, for whoever goes from row to row anyway.

    Shape: an SQL condition and its parameters; documents is the row beside it.
    """
    terms = question.terms
    last = len(terms.phrases) - 1
    wanted: list[list[tuple[str, str]]] = [
        [("text", f" {' '.join(phrase)}{'' if terms.last_is_beginning and place == last else ' '}")]
        for place, phrase in enumerate(terms.phrases)
    ]
    wanted += [[("marks", f" {mark} ") for mark in marks] for marks in _needed_marks(question, scope)]
    condition = " AND ".join(
        f"({' OR '.join(f'instr({_TEXTS[column]}, ?)' for column, _ in one)})" for one in wanted
    )
    parameters = [piece for one in wanted for _, piece in one]
    if question.promulgated is not None:
        condition = f"{condition or 'TRUE'} AND documents.promulgated_on BETWEEN ? AND ?"
        parameters += [str(question.promulgated.first or ""), str(question.promulgated.last or "9")]
    return condition or "TRUE", tuple(parameters)
