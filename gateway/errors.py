"""The one error tree, branched by who must act next.

Permanence is the type, never a flag: a Refusal is never retried, a Delay always is, a
Misconfiguration stops the start. Anything else that is raised is a bug.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One broken rule, said so that its reader can mend it.

    Shape: rule is a stable kebab-case code; where is the path of the offending part
    (``edXMLHeader/MessageHeader/Subject``) or empty when the whole is meant; vi and en say what was
    expected and what was found, and never quote document content, keys or file paths.
    """

    rule: str
    where: str = ""
    vi: str
    en: str


class LienthongError(Exception):
    """What every error of ours has: a stable code and all its faults.

    Shape: code is kebab-case; faults holds at least one fault.
    """

    def __init__(self, code: str, faults: Sequence[Fault]) -> None:
        super().__init__(code, tuple(faults))
        self.code = code
        self.faults = tuple(faults)

    @classmethod
    def because(cls, code: str, *, vi: str, en: str, where: str = "") -> Self:
        """Make an error with the single fault that explains it."""
        return cls(code, [Fault(rule=code, where=where, vi=vi, en=en)])

    def __str__(self) -> str:
        said = "; ".join(f"{fault.where}: {fault.en}" if fault.where else fault.en for fault in self.faults)
        return f"{self.code}: {said}"


class Refusal(LienthongError):
    """The sender must change something; asking again brings the same answer.

    Shape: receipt is the signed statement of the refusal, once it is recorded.
    """

    receipt: bytes = b""


class Delay(LienthongError):
    """Nobody must change anything; the same request may succeed later.

    Shape: after is how long asking again is of no use, as far as we know.
    """

    after: timedelta = timedelta(seconds=30)

    def again_in(self, after: timedelta) -> Self:
        """Say when asking again may be of use."""
        self.after = after
        return self


class Misconfiguration(LienthongError):
    """The operator must change the configuration; raised at start, all faults in one message."""
