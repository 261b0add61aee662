"""Numbers, sizes and spans as people write them, in Vietnamese and in English; the templates' filters."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from gateway.model.formats import counted, write_day, write_instant, write_month, write_number
from gateway.model.people import Language
from gateway.model.report import Cell, Unit

_NARROW = "\N{NO-BREAK SPACE}"
_STEPS = (
    (timedelta(days=365), "năm", "year"),
    (timedelta(days=30), "tháng", "month"),
    (timedelta(days=1), "ngày", "day"),
    (timedelta(hours=1), "giờ", "hour"),
    (timedelta(minutes=1), "phút", "minute"),
)


def write_counted(count: int, vi: str, en: str, language: Language) -> str:
    """Write 1.204 mục, 1,204 entries or 1 entry, from "mục" and "entry"."""
    return f"{write_number(count, language)} {vi}" if language is Language.VIETNAMESE else counted(count, en)


def write_percent(share: float, language: Language, decimals: int = 1) -> str:
    """Write a share of 1 as 95,7 % or 95.7%."""
    written = write_number(share * 100, language, decimals)
    return f"{written}{_NARROW}%" if language is Language.VIETNAMESE else f"{written}%"


def write_cell(cell: Cell, unit: Unit, language: Language) -> str:
    """Write what stands in a table of figures: 44.375, 95,70 %, 26/11/2026; a dash for what is not known."""
    match cell:
        case None:
            return "–"
        case vi, en:
            return vi if language is Language.VIETNAMESE else en
        case date():
            return write_day(cell, language)
        case int() | Decimal() if unit == Unit.SHARE:
            return write_percent(float(cell) / 100, language, 2)
        case int() | Decimal():
            return write_number(float(cell), language, 1 if unit == Unit.HOURS else 0)
    return cell


def write_size(size_bytes: int, language: Language) -> str:
    """Write 512 B, 1,5 KiB, 22 MiB."""
    size, unit = float(size_bytes), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{write_number(size, language, 1 if unit != 'B' and size < 10 else 0)}{_NARROW}{unit}"


def write_span(span: timedelta, language: Language) -> str:
    """Write a length of time by its largest unit: 3 ngày, or 3 days."""
    vietnamese = language is Language.VIETNAMESE
    for step, vi, en in _STEPS:
        if (count := span // step) >= 1:
            return f"{count} {vi}" if vietnamese else counted(count, en)
    return "chưa đầy 1 phút" if vietnamese else "less than a minute"


def write_ago(at: datetime, language: Language, now: datetime) -> str:
    """Write how long ago, or in how long."""
    vietnamese, span = language is Language.VIETNAMESE, abs(now - at)
    if span < timedelta(minutes=1):
        return "vừa xong" if vietnamese else "just now"
    written = write_span(span, language)
    if at > now:
        return f"còn {written}" if vietnamese else f"in {written}"
    return f"{written} trước" if vietnamese else f"{written} ago"


def filters_in(language: Language) -> Mapping[str, Callable[..., Any]]:
    """Return the template filters of a language.

    Shape: each takes its value, then further arguments: ``{{ at|ago(now) }}``, ``{{ share|percent(0) }}``.
    """
    return {
        "instant": lambda at: write_instant(at, language),
        "day": lambda day: write_day(day, language),
        "month": lambda day: write_month(day, language),
        "number": lambda number, decimals=0: write_number(number, language, decimals),
        "counted": lambda count, vi, en: write_counted(count, vi, en, language),
        "percent": lambda share, decimals=1: write_percent(share, language, decimals),
        "cell": lambda cell, unit: write_cell(cell, unit, language),
        "size": lambda size: write_size(size, language),
        "span": lambda span: write_span(span, language),
        "ago": lambda at, now: write_ago(at, language, now),
    }
