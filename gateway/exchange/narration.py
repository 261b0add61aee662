"""Log entries told in sentences: what happened, to what, who did it, from the signed statement alone.

The sentences are those of sentences.py. A fact that is missing is a question mark, not an error.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from gateway.deadlines.calendar import DAY_KINDS
from gateway.evidence.checkpoint import Verdict
from gateway.exchange.sentences import (
    ACTS,
    AMENDS,
    BOOKS,
    CARRIED,
    CHOSEN,
    MOVED_BECAUSE,
    MOVES,
    REMINDING_WAYS,
    RIGHTS,
    SENTENCES,
    WAYS,
)
from gateway.exchange.words import (
    GRADES,
    ROLES,
    VERDICTS,
    business_words,
    delay_words,
    distrust_words,
    name_rung,
    rung_words,
    status_words,
    warning_words,
)
from gateway.model.agency import Names
from gateway.model.formats import counted, local, size, write_day, write_instant
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind, cause_in
from gateway.model.obligation import OBLIGATION_NAMES
from gateway.model.people import Language, UserRole
from gateway.model.report import Words
from gateway.model.signature import Grade
from gateway.model.span import SPAN_NAMES

Facts = Mapping[str, Any]

_AGENCIES = frozenset(
    {
        "addressee",
        "agency",
        "agencies",
        "recipient",
        "recipients",
        "sender",
        "serves",
        "successor",
    }
)
_SOME = 3


def when(facts: Facts) -> str | None:
    """Tell when a statement says that it happened."""
    return local(datetime.fromisoformat(facts["at"])) if "at" in facts else None


def narrate(kind: LogKind, facts: Facts, names: Names = str) -> Words:
    """Tell one entry in a sentence without its stop, in Vietnamese and English.

    Shape: names says what an agency is called; without it agencies are told by their codes.
    """
    told = _Telling(facts={**facts, **facts.get("details", {})}, names=names, place=0)
    vi, en = SENTENCES[kind]
    return vi.format_map(told), en.format_map(replace(told, place=1))


def narrate_proof(kind: LogKind, facts: Facts, names: Names = str) -> Words:
    """Tell one entry as `narrate` does, and which rungs of the ladder of receipts it stands on."""
    rungs = ", ".join(map(rung_words, rungs_of(facts)))
    vi, en = narrate(kind, facts, names)
    return (f"{vi} [{rungs}]", f"{en} [{rungs}]") if rungs else (vi, en)


def rungs_of(facts: Facts, member: str = "evidence") -> Sequence[str]:
    """List the rungs that a statement names, by the names of the standard."""
    told = facts.get(member, ())
    return (told,) if isinstance(told, str) else told


@dataclass(frozen=True, slots=True, kw_only=True)
class _Telling:
    """The facts of one entry, in words of one language: place says which, as in `Words`."""

    facts: Facts
    names: Names
    place: int

    def __getitem__(self, field: str) -> str:
        """Tell a field; behind the name of a count may stand what it counts: ``{size entry}``."""
        if field in _FIELDS:
            return _FIELDS[field](self)
        name, _, noun = field.partition(" ")
        fact = self.facts.get(name)
        if fact is None or fact == "":
            return "?"
        if noun and isinstance(fact, int):
            return counted(fact, noun)
        if isinstance(fact, list):
            return self._some(field, fact)
        return self._one(field, fact)

    def say(self, words: Words) -> str:
        return words[self.place]

    def _one(self, field: str, fact: object) -> str:
        return self.names(AgencyCode(str(fact))) if field in _AGENCIES else str(fact)

    def _some(self, field: str, facts: Sequence[object]) -> str:
        """Name a few, count many."""
        named = ", ".join(self._one(field, fact) for fact in facts[:_SOME])
        more = len(facts) - _SOME
        others = (f" và {more} nơi khác", f" and {counted(more, 'other')}")
        return named + self.say(others) if more > 0 else named


def _to(told: _Telling) -> str:
    return told["recipient" if "recipient" in told.facts else "recipients"]


def _what(told: _Telling) -> str:
    if (status := told.facts.get("status")) is None:
        return told.say(business_words(told.facts.get("business")))
    return told.say(("trả lời “{}”", "answer “{}”")).format(told.say(status_words(status)))


def _from(told: _Telling) -> str:
    if told.facts.get("direction") == "inbound":
        return told.say((", đến từ trục", ", come from the axis"))
    if told.facts.get("direction") == "own":
        return told.say((", do nút này tự viết", ", written by this node itself"))
    return told.say((", từ ", ", from ")) + _caller(told) if "system" in told.facts else ""


def _caller(told: _Telling) -> str:
    """Name the system that did it, and who did it in the console, if somebody did."""
    system = told.facts.get("system", "axis")
    named = told.say(("trục", "the axis") if system == "axis" else (f"hệ thống {system}", f"system {system}"))
    return f"{named} ({told.facts['by']})" if "by" in told.facts else named


def _signature(told: _Telling) -> str:
    grade = Grade(told.facts.get("signature", Grade.ABSENT))
    if grade is Grade.ABSENT and "status" in told.facts:
        return ""
    return told.say(("; chữ ký số: ", "; signature: ")) + told.say(GRADES[grade])


def _warnings(told: _Telling) -> str:
    """Tell what was odd about a package; what its signature lacks has been told by its grade."""
    rules = [rule for rule in told.facts.get("warnings", ()) if not rule.startswith("signature-")]
    said = "; ".join(told.say(warning_words(rule)) for rule in rules[:_SOME])
    more = len(rules) - _SOME
    said += told.say((f"; và {more} điều khác", f"; and {more} more")) if more > 0 else ""
    return told.say(("; lưu ý: ", "; note: ")) + said if said else ""


def _why(told: _Telling) -> str:
    cause = cause_in(told.facts)
    if cause is None:
        return str(told.facts.get("code") or told.say(("không nêu lý do", "no reason was given")))
    more = len(told.facts.get("faults", ())) - 1
    said = told.say(cause).rstrip(". ")
    return said + told.say((f" (và {more} lỗi khác)", f" (and {more} more)")) if more > 0 else said


def _after(told: _Telling) -> str:
    attempt = told.facts.get("attempt", 1)
    return told.say((f", ở lần thử {attempt}", f", at attempt {attempt}")) if attempt > 1 else ""


def _instant(told: _Telling, member: str) -> str:
    at = told.facts.get(member)
    return "?" if at is None else write_instant(datetime.fromisoformat(at), tuple(Language)[told.place])


def _role(told: _Telling) -> str:
    return told.say(ROLES[UserRole(told.facts["role"])]) if "role" in told.facts else "?"


def _agencies(told: _Telling) -> str:
    agencies = told.facts.get("agencies", ())
    if agencies == "all":
        return told.say(("tất cả", "all"))
    return told._some("agencies", agencies) if isinstance(agencies, list) else "?"


def _outcome(told: _Telling) -> str:
    if told.facts.get("outcome") == "holds":
        return told.say(("đúng", "it holds"))
    return told.say((f"SAI, {told['faults']} lỗi", f"WRONG, {told['faults fault']}"))


def _deed(told: _Telling) -> str:
    act = str(told.facts.get("act", "?"))
    return told.say(ACTS[act]).format_map(told) if act in ACTS else act


def _chosen(told: _Telling) -> str:
    return "".join(told.say(words) + told[name] for name, words in CHOSEN.items() if name in told.facts)


def _bytes(told: _Telling) -> str:
    written = size(told.facts.get("bytes", 0))
    return written if told.place == 0 else written.replace(",", ".")


def _named(table: Mapping[Any, Words], member: str) -> Callable[["_Telling"], str]:
    """Make the field that says a fact by a closed list."""
    return lambda told: told.say(table.get(told.facts.get(member, ""), ("?", "?")))


def _due(told: _Telling) -> str:
    due_on = told.facts.get("due_on")
    if due_on is None:
        return ""
    day = write_day(date.fromisoformat(due_on), tuple(Language)[told.place])
    return told.say((f", hạn {day}", f", due on {day}"))


def _moved_because(told: _Telling) -> str:
    reason = told.facts.get("reason")
    return f" ({told.say(MOVED_BECAUSE.get(reason, (reason, reason)))})" if reason else ""


def _reminded_of(told: _Telling) -> str:
    """Count what the agency owes, and what it gave to others."""
    own, given = (len(told.facts.get(member, ())) for member in ("obligations", "escalated"))
    parts = [told.say((f"{own} việc phải làm", counted(own, "obligation")))] if own else []
    if given:
        parts.append(told.say((f"{given} việc đã giao bị quá hạn", f"{given} overdue that it assigned")))
    return ", ".join(parts) or "?"


def _by_ways(told: _Telling) -> str:
    return (
        ", ".join(told.say(REMINDING_WAYS.get(way, (way, way))) for way in told.facts.get("ways", ())) or "?"
    )


_FIELDS: dict[str, Callable[[_Telling], str]] = {
    "to": _to,
    "what": _what,
    "from": _from,
    "of_sender": lambda told: told.say((" của ", " of ")) + told["sender"] if "sender" in told.facts else "",
    "caller": _caller,
    "signature": _signature,
    "warnings": _warnings,
    "why": _why,
    "delay": lambda told: told.say(delay_words(told.facts.get("code"))),
    "after": _after,
    "verified": lambda told: told.say(
        ("chữ ký đúng", "its signature is right")
        if told.facts.get("verified")
        else ("chữ ký chưa kiểm tra được", "its signature could not be verified")
    ),
    "expected": lambda told: ", ".join(
        told.say(name_rung(rung)) for rung in rungs_of(told.facts, "expected")
    ),
    "since": lambda told: _instant(told, "since"),
    "backup_at": lambda told: _instant(told, "backup_at"),
    "status": lambda told: told.say(status_words(str(told.facts.get("status")))),
    "amends": _named(AMENDS, "business"),
    "distrusted": lambda told: told.say(distrust_words(str(told.facts.get("code", "?")))),
    "from_address": lambda told: (
        told.say((", từ ", ", from ")) + told["address"] if "address" in told.facts else ""
    ),
    "deed": _deed,
    "for_reason": lambda told: f": {told['reason']}" if told.facts.get("reason") else "",
    "its_code": lambda told: str(told.facts.get("agency", "?")),
    "held": lambda told: told["document" if "document" in told.facts else "agency"],
    "role": _role,
    "agencies": _agencies,
    "outcome": _outcome,
    "chosen": _chosen,
    "rights": _named(RIGHTS, "rights"),
    "book": _named(BOOKS, "book"),
    "way": _named(WAYS, "way"),
    "verdict": lambda told: told.say(VERDICTS[Verdict(told.facts["verdict"])]),
    "carried": _named(CARRIED, "carries"),
    "moves": _named(MOVES, "act"),
    "owes": _named({kind.value: words for kind, words in OBLIGATION_NAMES.items()}, "owes"),
    "due": _due,
    "moved_because": _moved_because,
    "reminded_of": _reminded_of,
    "day_kind": _named({kind.value: words for kind, words in DAY_KINDS.items()}, "day_kind"),
    "span": _named({span.value: words for span, words in SPAN_NAMES.items()}, "span"),
    "by_ways": _by_ways,
    "bytes": _bytes,
}
