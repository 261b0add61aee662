"""Counts again, by the rules of docs/figures.md read anew: nothing here calls what a gateway counts with.

The form of what comes out is that of `lienthong figures --json`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any

from gateway.sandbox.nation.holidays import read_holidays
from tests.recount.raw import VIETNAM, Raw

_KINDS = {"MCDT_DT": "dossiers", "DON_THU": "petitions", "PAHT": "field_reports"}
_COUNTS = ("done_in_time", "done_late", "open_in_time", "open_overdue")


@dataclass(kw_only=True)
class Owed:
    """What one agency owes. end empty: it is open."""

    kind: str
    agency: str
    assigner: str
    code: str
    on: date
    due: date | None
    end: str = ""
    ended: date | None = None

    def stop(self, end: str, day: date) -> None:
        """End it, if it is open."""
        if not self.end:
            self.end, self.ended = end, day

    def resume(self) -> None:
        """Open it again."""
        self.end, self.ended = "", None

    def place(self, today: date) -> str:
        """Which of the four counts it is in."""
        late = self.due is not None and (self.ended or today) > self.due
        return ("done_" if self.end else "open_") + (
            ("late" if self.end else "overdue") if late else "in_time"
        )


@dataclass(kw_only=True)
class Entry:
    """One document in an agency's book of what went or came."""

    agency: str
    out: bool
    type: str
    legal: bool
    day: date
    at: datetime
    deliveries: int = 1
    in_time: bool | None = None
    declined: bool = False


@dataclass(kw_only=True)
class Recount:
    """The books as they follow from the packages of one gateway, entered one by one.

    Shape: served are the agencies whose mailboxes are there; mergers tell who went where, and when.
    """

    served: frozenset[str]
    mergers: dict[str, tuple[str, datetime]]
    owed: defaultdict[str, list[Owed]] = field(default_factory=lambda: defaultdict(list))
    entries: dict[tuple[str, str, bool], Entry] = field(default_factory=dict)
    said: defaultdict[tuple[str, str], dict[str, datetime]] = field(default_factory=lambda: defaultdict(dict))
    last: dict[tuple[str, str], str] = field(default_factory=dict)
    holders: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def now(self, code: str, at: datetime) -> str:
        """Who answers for an agency at an instant."""
        into, merged_at = self.mergers.get(code, (code, at))
        return into if merged_at <= at else code

    def enter(self, raw: Raw) -> None:
        """Enter one package."""
        if raw.status:
            self._hear(raw)
            return
        recipients = list(dict.fromkeys(self.now(code, raw.at) for code in raw.recipients))
        if raw.business == 1:
            for one in self.owed[raw.document]:
                one.stop("recalled", raw.day)
            return
        self._register(raw, recipients)
        if raw.business == 2 and (due := _day(raw.text("DueDate"))):
            for one in self.owed[raw.document]:
                if not one.end and self.now(one.agency, raw.at) in recipients:
                    one.due = due
        elif raw.business != 2:
            for replaced in raw.texts("ReplacementInfo", "DocumentId") if raw.business == 3 else ():
                for one in self.owed[replaced]:
                    one.stop("replaced", raw.day)
            self._settle(raw, recipients)
            self._impose(raw, recipients)

    # -- what is owed ----------------------------------------------------------------------------------

    def _impose(self, raw: Raw, recipients: list[str]) -> None:
        codes, due = raw.texts("TaskCode"), _day(raw.text("DueDate"))
        kind = _KINDS.get(raw.text("ApplicationType"), "")
        if not kind and raw.text("SteeringType") == "1" and (due or codes):
            kind = "tasks"
        if not kind or self.owed[raw.document]:
            return
        for agency in recipients:
            for code in (codes if kind == "tasks" else []) or [""]:
                self.owed[raw.document].append(
                    Owed(kind=kind, agency=agency, assigner=raw.sender, code=code, on=raw.day, due=due)
                )

    def _settle(self, raw: Raw, recipients: list[str]) -> None:
        report = raw.text("SteeringType") == "2" or raw.text("TypeName") == "Báo cáo"
        for one in self._answered(raw):
            assigner = self.now(one.assigner, raw.at)
            citizens = one.kind in ("petitions", "field_reports")
            if report and assigner in recipients:
                one.stop("done", raw.day)
            elif citizens and raw.text("TypeName") == "Hướng dẫn" and assigner in recipients:
                one.stop("guided", raw.day)
            elif citizens and raw.text("TypeName") == "Phiếu chuyển" and set(recipients) - {assigner}:
                one.stop("passed_on", raw.day)

    def _answered(self, raw: Raw) -> Iterator[Owed]:
        named, codes = raw.texts("ResponseFor", "DocumentId"), set(raw.texts("TaskCode")) - {""}
        for document, owed in self.owed.items():
            for one in owed:
                is_meant = document in named or (one.code in codes and document != raw.document)
                if is_meant and raw.sender in (one.agency, self.now(one.agency, raw.at)):
                    yield one

    def _hear(self, raw: Raw) -> None:
        holder = self._holder(raw)
        self.said[raw.document, holder].setdefault(raw.status, raw.at)
        before = self.last.get((raw.document, holder))
        if raw.status not in ("15", "16"):
            self.last[raw.document, holder] = raw.status
        if raw.status in ("02", "03"):
            self._judge(raw, holder)
        for one in self.owed[raw.document]:
            if raw.sender not in (one.agency, self.now(one.agency, raw.at)):
                continue
            if raw.status == "06":
                one.stop("done", raw.day)
            elif raw.status == "02":
                one.stop("declined", raw.day)
            elif (raw.status, before, one.end) == ("05", "06", "done") or (
                (raw.status, one.end) == ("16", "recalled")
            ):
                one.resume()

    def _holder(self, raw: Raw) -> str:
        """For whom somebody speaks: himself if he got the document, else who was merged into him."""
        holders = self.holders[raw.document]
        if raw.sender in holders:
            return raw.sender
        return next((code for code in holders if self.now(code, raw.at) == raw.sender), raw.sender)

    # -- the register ----------------------------------------------------------------------------------

    def _register(self, raw: Raw, recipients: list[str]) -> None:
        new = [code for code in recipients if code not in self.holders[raw.document]]
        self.holders[raw.document].update(new)
        promulgated = _day(raw.text("PromulgationDate"))
        assert promulgated is not None
        is_legal = raw.text("DocumentType", "Type") == "1"
        common: dict[str, Any] = {"type": raw.text("TypeName"), "legal": is_legal, "at": raw.at}
        if not raw.came_in and (went := self.entries.get((raw.document, raw.sender, True))):
            went.deliveries += len(new)
        elif not raw.came_in:
            noon = datetime.combine(_next_worked(promulgated), time(12), VIETNAM)
            self.entries[raw.document, raw.sender, True] = Entry(
                agency=raw.sender,
                out=True,
                day=promulgated,
                deliveries=len(new),
                in_time=raw.at < noon,
                **common,
            )
        for code in self.served.intersection(new):
            self.entries[raw.document, code, False] = Entry(agency=code, out=False, day=raw.day, **common)

    def _judge(self, raw: Raw, holder: str) -> None:
        entry = self.entries.get((raw.document, holder, False))
        if entry is None:
            return
        entry.declined = raw.status == "02"
        if entry.in_time is None:
            day = entry.day if read_holidays().is_worked(entry.day) else _next_worked(entry.day)
            entry.in_time = raw.day <= day

    # -- figures ---------------------------------------------------------------------------------------

    def figures(self, first: date, last: date) -> dict[str, Any]:
        """All figures of a period that ends when the packages do."""
        end = datetime.combine(last, time.max, VIETNAM)
        entries = [
            one for one in self.entries.values() if one.agency in self.served and first <= one.day <= last
        ]
        by_agency: defaultdict[str, list[Entry]] = defaultdict(list)
        by_type: defaultdict[tuple[str, bool], list[Entry]] = defaultdict(list)
        for entry in entries:
            by_agency[self.now(entry.agency, end)].append(entry)
            by_type[entry.type, entry.legal].append(entry)
        owed: defaultdict[str, list[Owed]] = defaultdict(list)
        for one in (one for all_of in self.owed.values() for one in all_of):
            if one.agency in self.served and one.end not in ("recalled", "replaced", "declined"):
                owed[self.now(one.agency, end)].append(one)
        return {
            "agencies": {
                code: {
                    "tasks": _tasks([one for one in owed[code] if one.kind == "tasks"], first, last),
                    **{
                        kind: _resolved([one for one in owed[code] if one.kind == kind], first, last)
                        for kind in ("dossiers", "field_reports")
                    },
                    "petitions": _became([one for one in owed[code] if one.kind == "petitions"], first),
                    "documents": _flow(by_agency[code]),
                }
                for code in sorted({*by_agency, *owed})
            },
            "types": {(name, legal): _flow(found) for (name, legal), found in by_type.items()},
            "pace": {
                "hours_to_arrived": self._pace(entries, "01"),
                "hours_to_received": self._pace(entries, "03"),
            },
        }

    def _pace(self, entries: list[Entry], status: str) -> float | None:
        sent = {
            document: entry for (document, _, out), entry in self.entries.items() if out and entry in entries
        }
        spans = [
            (words[status] - sent[document].at).total_seconds() / 3600
            for (document, _), words in self.said.items()
            if document in sent and status in words
        ]
        return int(median(spans) * 10 + 0.5) / 10 if spans else None


def _tasks(owed: list[Owed], first: date, last: date) -> dict[str, Any]:
    given = [one for one in owed if one.on >= first]
    brought = [one for one in owed if one.on < first and (one.ended is None or one.ended >= first)]
    found = {}
    for name, some in (("assigned", given), ("carried_over", brought)):
        places = Counter(one.place(last) for one in some)
        found[name] = {"all": len(some), **{place: places[place] for place in _COUNTS}}
    return found


def _resolved(owed: list[Owed], first: date, last: date) -> dict[str, Any]:
    ended = [one for one in owed if one.ended is not None and one.ended >= first]
    early = sum(one.due is None or one.ended < one.due for one in ended if one.ended)
    on_the_day = sum(one.ended == one.due for one in ended)
    places = Counter(one.place(last) for one in owed if not one.end)
    return {
        "received": sum(one.on >= first for one in owed),
        "resolved": len(ended),
        "early": early,
        "on_the_day": on_the_day,
        "late": len(ended) - early - on_the_day,
        "open_in_time": places["open_in_time"],
        "open_overdue": places["open_overdue"],
        "on_time_rate": _share(early + on_the_day, len(ended)),
        "strict_rate": _share(early + on_the_day, len(ended) + places["open_overdue"]),
    }


def _became(owed: list[Owed], first: date) -> dict[str, int]:
    fates = Counter(one.end or "open" for one in owed if one.on >= first)
    return {
        "received": fates.total(),
        "resolved": fates["done"],
        **{name: fates[name] for name in ("passed_on", "guided", "open")},
    }


def _flow(entries: list[Entry]) -> dict[str, Any]:
    out, came = [one for one in entries if one.out], [one for one in entries if not one.out]
    return {
        "outgoing": len(out),
        "deliveries": sum(one.deliveries for one in out),
        "incoming": sum(not one.declined for one in came),
        "declined": sum(one.declined for one in came),
        "sent_in_time": _punctual(out),
        "received_in_time": _punctual(came),
    }


def _punctual(entries: list[Entry]) -> dict[str, Any]:
    judged = [one.in_time for one in entries if one.in_time is not None]
    return {"count": sum(judged), "of": len(judged), "rate": _share(sum(judged), len(judged))}


def _share(part: int, whole: int) -> float | None:
    return None if not whole else (part * 20_000 + whole) // (2 * whole) / 100


def _day(text: str) -> date | None:
    return date.fromisoformat(text[:10].replace("/", "-")) if text else None


def _next_worked(day: date) -> date:
    return read_holidays().worked_between(day + timedelta(days=1), day + timedelta(days=30))[0]
