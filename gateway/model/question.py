"""What somebody looks for among the documents: typed words, filters, an order."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from gateway.model.code_lists import Business, Priority
from gateway.model.identifiers import AgencyCode
from gateway.model.signature import Grade
from gateway.model.text import fold, normalise, words_of

# More words than anybody types; each costs a look into the index.
_MOST_WORDS = 24
_LONGEST_TYPED = 400
# Shorter beginnings fit half of all syllables.
_SHORTEST_BEGINNING = 3
_PIECES = re.compile(r'"([^"]*)"|([^\s"]+)')
# What joins the words of a title; who remembers a title roughly does not remember these.
_LINKING = frozenset({"về", "ve", "của", "cua", "và", "các", "những"})


class Standing(StrEnum):
    """Where a document stands with a recipient; the migration 0010_search.sql derives them."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    WORKING = "working"
    DONE = "done"
    DECLINED = "declined"
    FAILED = "failed"
    RECALLED = "recalled"


OPEN_STANDINGS = (Standing.WAITING, Standing.DELIVERED, Standing.WORKING)
"""With these something is still to be done, and may be overdue."""


class Way(StrEnum):
    """Which way a document goes, seen from the agencies of whoever asks."""

    OUT = "out"
    IN = "in"


class Side(StrEnum):
    """What an agency is to a document."""

    ANY = "any"
    SENDER = "sender"
    RECIPIENT = "recipient"


class Order(StrEnum):
    """How findings are listed."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    NUMBER = "number"


class Period(StrEnum):
    """A stretch of days that ends today or in the past."""

    TODAY = "today"
    THIS_WEEK = "this-week"
    THIS_MONTH = "this-month"
    LAST_MONTH = "last-month"
    THIS_QUARTER = "this-quarter"
    THIS_YEAR = "this-year"

    def days(self, today: date) -> "Days":
        """Tell which days it is made of; weeks begin on Monday."""
        first_of_month = today.replace(day=1)
        if self is Period.LAST_MONTH:
            last = first_of_month - timedelta(days=1)
            return Days(first=last.replace(day=1), last=last)
        first = {
            Period.TODAY: today,
            Period.THIS_WEEK: today - timedelta(days=today.weekday()),
            Period.THIS_MONTH: first_of_month,
            Period.THIS_QUARTER: today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1),
            Period.THIS_YEAR: today.replace(month=1, day=1),
        }[self]
        return Days(first=first, last=today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """From one day to another, both included; None is as far as there are documents."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Typed words, understood.

    Shape: each phrase is words that stand next to each other; last_is_beginning says that the last word of
    the last phrase may go on.
    """

    phrases: tuple[tuple[str, ...], ...] = ()
    last_is_beginning: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """All the words in their order."""
        return tuple(word for phrase in self.phrases for word in phrase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for. Everything given must hold.

    Shape: agencies are the codes that the agency one looks for goes by, empty for any; type is a name from
    `edxml.document_types`; with overdue a recipient has not finished by the document's due date.
    """

    terms: Terms = Terms()
    way: Way | None = None
    agencies: frozenset[AgencyCode] = frozenset()
    side: Side = Side.ANY
    type: str | None = None
    business: Business | None = None
    standing: Standing | None = None
    overdue: bool = False
    promulgated: Days | None = None
    accepted: Days | None = None
    urgency: Priority | None = None
    grade: Grade | None = None
    order: Order = Order.NEWEST


def read_terms(typed: str) -> Terms:
    """Understand what somebody typed into the one box: words with or without accents, numbers, "phrases".

    ``412/SYT-VP`` and ``H57.12`` are phrases without being told. The last word may be unfinished as long as
    nothing follows it; a number is whole.
    """
    typed = typed[:_LONGEST_TYPED]
    phrases: list[tuple[str, ...]] = []
    linking: list[tuple[str, ...]] = []
    ends_quoted = False
    for quoted, plain in _PIECES.findall(typed):
        phrase = tuple(words_of(quoted or plain))
        if phrase:
            ends_quoted = bool(quoted)
            (linking if plain.lower() in _LINKING else phrases).append(phrase)
    kept = _first_words(phrases or linking)
    is_beginning = (
        bool(kept)
        and not ends_quoted
        and typed == typed.rstrip()
        and len(kept[-1][-1]) >= _SHORTEST_BEGINNING
        and not kept[-1][-1].isdecimal()
    )
    return Terms(phrases=kept, last_is_beginning=is_beginning)


def _first_words(phrases: list[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    kept: list[tuple[str, ...]] = []
    room = _MOST_WORDS
    for phrase in phrases:
        if room > 0:
            kept.append(phrase[:room])
            room -= len(phrase)
    return tuple(kept)


def found_in(terms: Terms, text: str) -> list[tuple[str, bool]]:
    """Cut a text into pieces and tell of each whether it is one of the words looked for, accents aside."""
    wanted = set(terms.words)
    beginning = terms.words[-1] if terms.last_is_beginning else None
    pieces: list[tuple[str, bool]] = []
    for piece in re.findall(r"[^\W_]+|[\W_]+", normalise(text)):
        folded = fold(piece)
        folded = folded.lstrip("0") or "0" if folded.isdecimal() else folded
        hit = folded in wanted or (beginning is not None and folded.startswith(beginning))
        pieces.append((piece, hit))
    return pieces
