"""Instants and sizes as people here read them."""

from datetime import datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))


def local(at: datetime | None) -> str:
    """Write an instant as people here read it: Vietnamese time, to the second."""
    return "" if at is None else f"{at.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S}"


def size(count: int) -> str:
    """Write a count of bytes so that it can be compared at a glance."""
    amount = float(count)
    for unit in ("byte", "KiB", "MiB"):
        if amount < 1024:
            return f"{count} byte" if unit == "byte" else f"{amount:.1f} {unit}".replace(".", ",")
        amount /= 1024
    return f"{amount:.1f} GiB".replace(".", ",")
