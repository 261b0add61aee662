"""Days, instants and sizes as people here read them."""

from datetime import date, datetime, timedelta, timezone

from gateway.model.people import Language

VIETNAM = timezone(timedelta(hours=7))
_SIGNS = str.maketrans(",.", ".,")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def local(at: datetime | None) -> str:
    """Write an instant as people here read it: Vietnamese time, to the second."""
    return "" if at is None else f"{at.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S}"


def local_day(at: datetime) -> date:
    """Tell which day it is in Vietnam."""
    return at.astimezone(VIETNAM).date()


def write_day(day: date, language: Language) -> str:
    """Write 26/11/2026, or 26 Nov 2026. An instant counts as its day in Vietnam."""
    day = local_day(day) if isinstance(day, datetime) else day
    if language is Language.VIETNAMESE:
        return f"{day:%d/%m/%Y}"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def write_month(day: date, language: Language) -> str:
    """Write 11/2026, or Nov 2026."""
    return f"{day:%m/%Y}" if language is Language.VIETNAMESE else f"{_MONTHS[day.month - 1]} {day.year}"


def write_instant(at: datetime, language: Language) -> str:
    """Write 26/11/2026 14:05, or 26 Nov 2026 14:05."""
    return f"{write_day(at, language)} {at.astimezone(VIETNAM):%H:%M}"


def localise(figure: str, language: Language) -> str:
    """Turn 1,234.5 into 1.234,5 for a Vietnamese reader."""
    return figure if language is Language.ENGLISH else figure.translate(_SIGNS)


def write_number(number: float, language: Language, decimals: int = 0) -> str:
    """Write 44.375,5 in Vietnamese, 44,375.5 in English."""
    return localise(f"{number:,.{decimals}f}", language)


def counted(count: int, noun: str) -> str:
    """Write how many there are, in English: 1 entry, 1,204 entries. The noun is given in the singular."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def size(count: int) -> str:
    """Write a count of bytes so that it can be compared at a glance."""
    amount = float(count)
    for unit in ("byte", "KiB", "MiB"):
        if amount < 1024:
            return f"{count} byte" if unit == "byte" else f"{amount:.1f} {unit}".replace(".", ",")
        amount /= 1024
    return f"{amount:.1f} GiB".replace(".", ",")
