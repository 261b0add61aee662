"""The whole log verified at somebody's word, while the node goes on: one at a time, its outcome on record."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from gateway.errors import Fault, LienthongError
from gateway.evidence.receipts import JSON
from gateway.evidence.replay import Replayed
from gateway.exchange.auditing import StampsFound, list_faults, verify_log, verify_stamps
from gateway.exchange.notary import Notary
from gateway.model.log import LogEntry, LogKind
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.tree import count_entries
from gateway.store.whole_log import read_tokens
from gateway.trust.certificates import Anchors


class _StoppedError(Exception):
    """The node stops: the rest of the log need not be read."""


@dataclass(slots=True, kw_only=True)
class Run:
    """One verification: how far it is, then what it found.

    Shape: size is the log's as it began; stamps is None when no roots are known to hold them against;
    trouble is what kept it from its end.
    """

    by: str
    began_at: datetime
    size: int
    reached: int = 0
    ended_at: datetime | None = None
    seconds: float = 0.0
    found: Replayed | None = None
    stamps: StampsFound | None = None
    faults: Sequence[Fault] = ()
    trouble: LienthongError | None = None

    @property
    def speed(self) -> int:
        """Tell how many entries were read in a second."""
        return 0 if self.found is None else int(self.found.size / max(self.seconds, 1e-6))


@dataclass(slots=True, kw_only=True)
class Verifying:
    """Verifies one gateway's log. The last run is remembered until the process ends.

    Shape: certificates are read anew for each run: those of every seal the log was ever signed with; anchors
    are the roots of the timestamping authority.
    """

    database: Database
    notary: Notary
    origin: str
    certificates: Callable[[], Sequence[x509.Certificate]]
    anchors: Anchors | None
    clock: Callable[[], datetime]
    last: Run | None = None
    _task: "asyncio.Task[None] | None" = None
    _is_stopping: bool = False

    @property
    def is_running(self) -> bool:
        """Tell whether one is under way."""
        return self._task is not None and not self._task.done()

    async def start(self, *, by: str) -> bool:
        """Begin a verification; False when one is under way."""
        size = await count_entries(self.database)
        if self.is_running:
            return False
        self.last = Run(by=by, began_at=self.clock(), size=size)
        self._task = asyncio.create_task(self._make(self.last))
        return True

    async def settle(self, *, seconds: float) -> None:
        """Wait a little for the end: a small log needs no second look."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=seconds)

    async def stop(self) -> None:
        """End what is under way, soon."""
        self._is_stopping = True
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _make(self, run: Run) -> None:
        began = time.monotonic()

        def on_way(count: int) -> None:
            run.reached = count
            if self._is_stopping:
                raise _StoppedError

        try:
            found = await verify_log(
                self.database, origin=self.origin, certificates=self.certificates(), on_way=on_way
            )
            run.stamps = await asyncio.to_thread(self._look_at_stamps)
            run.seconds = time.monotonic() - began
            run.faults = list_faults(found, run.stamps)
            await self._record(run, found)
            run.found = found
        except _StoppedError:
            return
        except LienthongError as error:
            run.trouble = error
        finally:
            run.ended_at = self.clock()

    def _look_at_stamps(self) -> StampsFound | None:
        if self.anchors is None:
            return None
        return verify_stamps(read_tokens(self.database.source), self.anchors)

    async def _record(self, run: Run, found: Replayed) -> None:
        faults_count = len(run.faults) - len(found.faults) + found.faults_count
        entry = self._entry(
            "log-verified",
            by=run.by,
            at=self.clock(),
            outcome="wrong" if run.faults else "holds",
            size=found.size,
            root=found.root.hex(),
            checkpoints=found.checkpoints_count,
            faults=faults_count,
        )
        await self.database.write(lambda tables: append_entry(tables, entry))
        passed(Point.VERIFICATION_RECORDED)

    def _entry(self, act: str, *, by: str, at: datetime, **details: JSON) -> LogEntry:
        return self.notary.entry(LogKind.ADMINISTERED, at=at, act=act, by=by, details=details)
