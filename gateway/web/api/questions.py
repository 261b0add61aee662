"""What a program asks with, read out of an address or a body: everything wrong with it is told at once."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from aiohttp import web

from gateway.deadlines.counts import Period
from gateway.deadlines.periods import read_instant, read_period
from gateway.errors import Fault, Refusal
from gateway.exchange.duty_reading import read_day
from gateway.web.bodies import read_small_body

Choice = TypeVar("Choice", bound=StrEnum)
Read = TypeVar("Read")

_BODY_BYTES = 64 << 10
_DAYS = frozenset({"on", "due_on", "assigned_on"})


@dataclass(slots=True, kw_only=True)
class Question:
    """The parameters of an address, taken out one by one.

    Shape: those that may be said several times may also be separated by commas.
    """

    request: web.Request
    faults: list[Fault] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)

    def one(self, name: str) -> str | None:
        """Take a parameter that is said once at most."""
        said = self._take(name)
        if len(said) > 1:
            self.faults.append(_fault("parameter-repeated", name, "Chỉ ghi một lần.", "Say it once."))
        return said[0] if said else None

    def many(self, name: str) -> list[str]:
        """Take a parameter that may be said several times."""
        return [each.strip() for part in self._take(name) for each in part.split(",")]

    def _take(self, name: str) -> list[str]:
        self._taken.add(name)
        said = self.request.query.getall(name, [])
        if not all(part.strip() for each in said for part in each.split(",")):
            # Else a script that forgot to fill it in would be told of everybody.
            self.faults.append(_fault("missing", name, "Chưa ghi.", "Nothing is said."))
        if any("\0" in each for each in said):
            # Nothing has it in it, and PostgreSQL cannot be asked for it.
            self.faults.append(_fault("zero-byte", name, "Có byte 0.", "There is a zero byte in it."))
        return [each.replace("\0", "") for each in said]

    def choices(self, name: str, choices: type[Choice]) -> tuple[Choice, ...] | None:
        """Take some of a closed list; None when nothing is said."""
        found, known = list[Choice](), {choice.value: choice for choice in choices}
        for said in self.many(name):
            if said in known:
                found.append(known[said])
            elif said:
                self.faults.append(_unknown_choice(name, known))
        return tuple(found) or None

    def day(self, name: str) -> date | None:
        """Take a day."""
        return read_day(self.one(name) or "", name, self.faults)

    def period(self, name: str = "period") -> Period | None:
        """Take a period, which must be there; None when it is wrong, and told."""
        said = self.one(name)
        if said is None:
            self.faults.append(_fault("missing", name, "Chưa ghi.", "It is missing."))
        return None if not said else self._reading(lambda: read_period(said))

    def instant(self, name: str) -> datetime | None:
        """Take an instant."""
        said = self.one(name)
        return None if not said else self._reading(lambda: read_instant(said))

    def number(self, name: str, *, usual: int, most: int) -> int:
        """Take a number from 1 to the most there may be."""
        said = self.one(name)
        if not said:
            return usual
        if said.isascii() and said.isdecimal() and len(said) < 10 and 1 <= int(said) <= most:
            return int(said)
        vi, en = f"Phải là số từ 1 đến {most}.", f"It must be a number from 1 to {most}."
        self.faults.append(_fault("number-wrong", name, vi, en))
        return usual

    def settle(self) -> None:
        """Refuse the question when anything about it is wrong.

        Errors: Refusal ``question-wrong`` with all faults.
        """
        for name in dict.fromkeys(self.request.query):
            if name not in self._taken:
                known = ", ".join(sorted(self._taken)) or "–"
                vi, en = (
                    f"Không có tham số này; có: {known}.",
                    f"There is no such parameter; there are {known}.",
                )
                self.faults.append(_fault("parameter-unknown", name[:100], vi, en))
        if self.faults:
            raise Refusal("question-wrong", self.faults)

    def _reading(self, read: Callable[[], Read]) -> Read | None:
        try:
            return read()
        except Refusal as refusal:
            self.faults += refusal.faults
            return None


async def read_words(
    request: web.Request, *, members: Sequence[str], faults: list[Fault]
) -> Mapping[str, str]:
    """Read a body: an object of JSON whose members are texts; those that are null are as if not there.

    Errors: Refusal ``media-type-unknown``, ``package-too-large``, ``body-not-json``; Delay when it trickles.
    What is wrong with its members is added to faults.
    """
    if request.content_type != "application/json":
        vi, en = "Nội dung phải là application/json.", "The body must be application/json."
        raise Refusal.because("media-type-unknown", where="Content-Type", vi=vi, en=en)
    try:
        said: Any = json.loads(await read_small_body(request, limit=_BODY_BYTES))
    except (ValueError, RecursionError) as error:
        raise _not_json() from error
    if not isinstance(said, dict):
        raise _not_json()
    return {name: text for name, text in said.items() if _is_good(name, text, members, faults)}


def _is_good(name: str, text: object, members: Sequence[str], faults: list[Fault]) -> bool:
    if name not in members:
        known = ", ".join(members)
        vi, en = f"Không có phần này; có: {known}.", f"There is no such member; there are {known}."
        faults.append(_fault("member-unknown", name[:100], vi, en))
        return False
    if text is not None and not isinstance(text, str):
        faults.append(_fault("member-form", name, "Phải là chuỗi ký tự.", "It must be a text."))
    if text == "" and name in _DAYS:
        faults.append(_fault("missing", name, "Chưa ghi ngày.", "It is no day; say null, or nothing."))
    return isinstance(text, str)


def _unknown_choice(name: str, known: Mapping[str, object]) -> Fault:
    there = ", ".join(known)
    return _fault("choice-unknown", name, f"Phải là một trong: {there}.", f"It must be one of: {there}.")


def _not_json() -> Refusal:
    vi, en = "Nội dung phải là một đối tượng JSON.", "The body must be an object of JSON."
    return Refusal.because("body-not-json", vi=vi, en=en)


def _fault(rule: str, where: str, vi: str, en: str) -> Fault:
    return Fault(rule=rule, where=where, vi=vi, en=en)
