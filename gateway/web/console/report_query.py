"""The address of a report: a year and which part of it, or two days, and whose it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from gateway.deadlines.counts import Period
from gateway.deadlines.periods import read_instant, read_period, write_period
from gateway.errors import Fault, Refusal
from gateway.web.console.address import Address
from gateway.web.console.forms import Form, read_day

SPAN = "span"
FIELDS = ("year", "part", "from", "to", "agency", "as_of")
# Value and words of each part of a year.
PARTS: Mapping[str, tuple[str, str]] = {
    "": ("Cả năm", "The whole year"),
    "H1": ("6 tháng đầu năm", "First six months"),
    "9M": ("9 tháng đầu năm", "First nine months"),
    "H2": ("6 tháng cuối năm", "Last six months"),
    **{f"Q{n}": (f"Quý {roman}", f"Quarter {n}") for n, roman in enumerate(("I", "II", "III", "IV"), 1)},
    **{f"{n:02}": (f"Tháng {n}", f"Month {n}") for n in range(1, 13)},
    SPAN: ("Từ ngày … đến ngày …", "From a day to a day"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery(Address):
    """Which report is wanted, as it stands in an address.

    Shape: a period or day that is not understood is a fault, and the year is shown; as_of None is the end of
    the period, or now while it lasts.
    """

    NAMES = FIELDS

    period: Period
    as_of: datetime | None = None
    faults: Sequence[Fault] = ()

    @classmethod
    def on(cls, form: Form, today: date) -> "ReportQuery":
        """Read an address; without a word about the time it is this year."""
        fields = {"year": str(today.year)} | cls.read(form)
        faults: Sequence[Fault] = _missing_days(fields)
        try:
            if not faults:
                return cls(fields=fields, period=read_period(_name(fields)), as_of=_as_of(fields))
        except Refusal as refusal:
            faults = refusal.faults
        return cls(fields=fields, period=read_period(str(today.year)), faults=faults)

    @property
    def name(self) -> str:
        """Name the period as it stands in a file's name."""
        return write_period(self.period).replace("..", "_")


def _as_of(fields: Mapping[str, str]) -> datetime | None:
    try:
        return read_instant(fields["as_of"]) if "as_of" in fields else None
    except Refusal as refusal:
        raise Refusal(refusal.code, [replace(fault, where="as_of") for fault in refusal.faults]) from refusal


def _missing_days(fields: Mapping[str, str]) -> list[Fault]:
    names = ("from", "to") if fields.get("part") == SPAN else ()
    return [
        Fault(rule="day-missing", where=name, vi="Chưa ghi ngày này.", en="This day is missing.")
        for name in names
        if read_day(fields.get(name, "")) is None
    ]


def _name(fields: Mapping[str, str]) -> str:
    part = fields.get("part", "")
    if part == SPAN:
        return f"{fields.get('from', '')}..{fields.get('to', '')}"
    return f"{fields['year']}-{part}" if part else fields["year"]
