"""Many faults of one rule told as one: what is wrong, how often, and where, as ranges."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.errors import Fault
from gateway.model.report import Words

_NUMBERED = re.compile(r"(?P<vi>.+) (?P<number>\d+) · (?P<en>.+) (?P=number)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultGroup:
    """Faults of one rule in the same words. places names where, and is empty when the whole is meant."""

    rule: str
    words: Words
    places: Words
    count: int


def group_faults(faults: Iterable[Fault]) -> list[FaultGroup]:
    """Put faults of one rule and the same words together, in the order in which they were first met."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for fault in faults:
        groups.setdefault((fault.rule, fault.vi, fault.en), []).append(fault.where)
    return [
        FaultGroup(rule=rule, words=(vi, en), places=_name_places(wheres), count=len(wheres))
        for (rule, vi, en), wheres in groups.items()
    ]


def _name_places(wheres: Sequence[str]) -> Words:
    """Name places: those with numbers as ranges under one name, others one by one."""
    numbers: dict[Words, list[int]] = {}
    others: list[str] = []
    for where in dict.fromkeys(wheres):
        if found := _NUMBERED.fullmatch(where):
            numbers.setdefault((found["vi"], found["en"]), []).append(int(found["number"]))
        elif where:
            others.append(where)
    named = [(words, write_ranges(found)) for words, found in numbers.items()]
    vi, en = (
        "; ".join([*(f"{words[place]} {ranges}" for words, ranges in named), *others]) for place in (0, 1)
    )
    return vi, en


def write_ranges(numbers: Iterable[int]) -> str:
    """Write 3–7, 9, 12–13."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in ranges)
