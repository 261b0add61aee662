"""What does not go well beside the exchange, and since when: for tonight's operator, and no reason to stop.

In memory: a process that starts finds out anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.errors import LienthongError
from gateway.log_lines import cause_of, log


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that does not go well. error is what was met last."""

    since: datetime
    error: LienthongError


@dataclass(slots=True)
class Troubles:
    """Troubles by what they are about, told to the operating log when they begin, change and end."""

    _open: dict[str, Trouble] = field(default_factory=dict)

    @property
    def open(self) -> Mapping[str, Trouble]:
        """The troubles there are."""
        return self._open

    def begin(self, about: str, error: LienthongError, *, at: datetime) -> None:
        """Say what was met. Met again it is the same trouble, and no news unless its code is another."""
        known = self._open.get(about)
        self._open[about] = Trouble(since=known.since if known else at, error=error)
        if known is None or known.error.code != error.code:
            said, cause = error.faults[0].en, cause_of(error)
            log.warning("trouble", about=about, reason=error.code, said=said, cause=cause)

    def end(self, about: str, *, at: datetime) -> None:
        """Say that it goes well."""
        known = self._open.pop(about, None)
        if known is not None:
            log.info("trouble over", about=about, reason=known.error.code, lasted=str(at - known.since))
