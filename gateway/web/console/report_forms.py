"""The files in which a report or a register leaves: which there are is said by wiring."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from gateway.exchange.facts import figure_facts
from gateway.exchange.reporting import Told
from gateway.model.agency import Names
from gateway.model.people import Language
from gateway.model.report import Words
from gateway.store.register import RegisterRow, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportForm:
    """A form in which a report is written.

    Shape: ending is that of the file's name, and what the form is called in addresses and in the log; write
    takes a while and is called off the loop.
    """

    ending: str
    media_type: str
    write: Callable[[Told, Language], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterHead:
    """What stands above the lines of a register."""

    side: Side
    issuer: str
    over: str
    period: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterForm:
    """A form in which a register is written into a file, line by line as they come; called off the loop."""

    ending: str
    media_type: str
    write: Callable[[RegisterHead, Iterator[RegisterRow], Names, IO[bytes], Language], object]


def write_figures(told: Told, language: Language) -> bytes:
    """Write the figures of a report for programs, as the API and the command line give them."""
    return json.dumps(figure_facts(told.figures, told.names), ensure_ascii=False, indent=2).encode()


JSON_FORM = ReportForm(ending="json", media_type="application/json", write=write_figures)
