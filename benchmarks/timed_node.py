"""A node on PostgreSQL that tells, at its end, how long it held the lock of all writers.

``python -m benchmarks.timed_node DIR`` serves DIR as `lienthong serve` does; ``DIR/held.json`` has the sums.
"""

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from gateway.cli.serve import serve
from gateway.store.batch import Batch
from gateway.store.postgresql import _Fitted as _FITTED
from gateway.store.postgresql import _PostgresqlWriter as _WRITER

_sums: Counter[str] = Counter()


def _watch() -> None:
    """Put a clock around each batch, from the lock to the end of its commit."""
    begin, commit, begin_act, execute = (
        _WRITER.begin,
        _WRITER.commit,
        Batch.begin_act,
        _FITTED.execute,
    )
    held_since = worked_since = 0.0

    def timed_begin(self: Any) -> None:
        nonlocal held_since, worked_since
        asked = time.perf_counter()
        begin(self)
        held_since, worked_since = time.perf_counter(), time.thread_time()
        _sums["waiting"] += held_since - asked  # type: ignore[assignment]

    def timed_commit(self: Any) -> bool:
        done = time.perf_counter()
        _sums["acts"] += done - held_since  # type: ignore[assignment]
        taken = commit(self)
        _sums["commits"] += time.perf_counter() - done  # type: ignore[assignment]
        _sums["worked"] += time.thread_time() - worked_since  # type: ignore[assignment]
        _sums["batches"] += 1
        return taken

    def counted_act(self: Any) -> None:
        _sums["turns"] += 1
        begin_act(self)

    def counted_execute(self: Any, sql: str, *more: Any) -> Any:
        _sums["statements"] += 1
        return execute(self, sql, *more)

    _WRITER.begin, _WRITER.commit, Batch.begin_act = timed_begin, timed_commit, counted_act  # type: ignore[method-assign]
    _FITTED.execute = counted_execute  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    _watch()
    try:
        serve(sys.argv[1:], standalone_mode=False)
    finally:
        Path(sys.argv[1], "held.json").write_text(json.dumps(_sums))
