"""The address of a report: a year and which part of it, or two days, and whose it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from gateway.deadlines.counts import Period
from gateway.deadlines.periods import read_period, write_period
from gateway.errors import Fault, Refusal
from gateway.web.console.forms import Form, read_day

SPAN = "span"
FIELDS = ("year", "part", "from", "to", "agency")
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
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """What stands in an address; a period that is not understood is a fault, and the year is shown."""

    fields: Mapping[str, str]
    period: Period
    faults: Sequence[Fault] = ()

    @classmethod
    def of(cls, form: Form, today: date) -> "ReportQuery":
        """Read an address; without a word about the time it is this year."""
        fields = {name: form.text(name)[:_LONGEST] for name in FIELDS}
        fields = {name: text for name, text in fields.items() if text}
        fields.setdefault("year", str(today.year))
        faults: Sequence[Fault] = _missing_days(fields)
        try:
            if not faults:
                return cls(fields=fields, period=read_period(_name(fields)))
        except Refusal as refusal:
            faults = refusal.faults
        return cls(fields=fields, period=read_period(str(today.year)), faults=faults)

    def text(self, name: str) -> str:
        """Return a field; empty when it is not there."""
        return self.fields.get(name, "")

    def write(self, **changed: str) -> str:
        """Write it as the query of an address, some fields changed."""
        fields = {**self.fields, **changed}
        return urlencode([(name, fields[name]) for name in FIELDS if fields.get(name)])

    @property
    def name(self) -> str:
        """Name the period as it stands in a file's name."""
        return write_period(self.period).replace("..", "_")


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
