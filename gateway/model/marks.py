"""Marks: words that no text has, put beside a document's own, so that a filter is one more word to look for.

Every mark has an underscore, which words never have (`text.words_of`), and two agencies never share one.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from hashlib import sha256

from gateway.model.code_lists import Business, Priority
from gateway.model.identifiers import AgencyCode
from gateway.model.question import Days, Side, Way
from gateway.model.signature import Grade
from gateway.model.text import words_of

_USUAL_CODE = re.compile(r"[0-9A-Z.]+")
# No earlier day is read (edxml/dates.py).
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(2099, 12, 31)
_SIDES = {Side.ANY: "v", Side.SENDER: "s", Side.RECIPIENT: "r"}


def agency_mark(code: AgencyCode, side: Side = Side.ANY) -> str:
    """Mark a document for an agency that sent it, got it, or either."""
    if _USUAL_CODE.fullmatch(code):
        return f"{_SIDES[side]}_{code.lower().replace('.', '_')}"
    return f"{_SIDES[side]}x_{sha256(code.encode('utf-8', 'replace')).hexdigest()[:32]}"


def type_mark(name: str) -> str:
    """Mark a document of a type."""
    return f"k_{'_'.join(words_of(name))}"


def way_mark(way: Way) -> str:
    """Mark a document that goes a way."""
    return f"d_{way.value}"


def business_mark(business: Business) -> str:
    """Mark a document to which this was done."""
    return f"b_{business.value}"


def urgency_mark(urgency: Priority) -> str:
    """Mark how urgent a document is."""
    return f"u_{urgency.value}"


def grade_mark(grade: Grade) -> str:
    """Mark what came of a document's signature."""
    return f"g_{grade.value.replace('-', '_')}"


def day_marks(day: date) -> tuple[str, str, str]:
    """Mark a document's day, month and year."""
    return f"p_{day:%Y%m%d}", f"p_{day:%Y%m}", f"p_{day:%Y}"


def marks_between(days: Days) -> list[str]:
    """Name the fewest marks of which a document of those days has one: years, months, then days."""
    day = max(days.first or _FIRST_DAY, _FIRST_DAY)
    last = min(days.last or _LAST_DAY, _LAST_DAY)
    marks = []
    while day <= last:
        of_day, of_month, of_year = day_marks(day)
        month_end = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        year_end = day.replace(month=12, day=31)
        if (day.month, day.day) == (1, 1) and year_end <= last:
            mark, end = of_year, year_end
        elif day.day == 1 and month_end <= last:
            mark, end = of_month, month_end
        else:
            mark, end = of_day, day
        marks.append(mark)
        day = end + timedelta(days=1)
    return marks or ["p_never"]


def only_once(marks: Iterable[str]) -> str:
    """Write marks in one line, each once."""
    return " ".join(dict.fromkeys(marks))
