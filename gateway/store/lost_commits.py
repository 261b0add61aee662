"""What became of a transaction whose commit was not answered: PostgreSQL tells, by the transaction's number.

A server that crashed forgets what it had not made durable, numbers included: the next to write bears the
same one, and its commit would pass for ours. So a server is believed only in the life that gave the number.
"""

import contextlib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg

# How long it is asked after.
_SOUGHT = timedelta(seconds=15)
_SEEK_AGAIN_AFTER = 0.2
# The second is another one when the server recovered from a crash without being started anew.
_LIFE = "SELECT pg_postmaster_start_time(), stats_reset FROM pg_stat_bgwriter"


def life_of(connection: psycopg.Connection[Any]) -> tuple[Any, ...]:
    """Tell which life of a server it is: every start, crash or failover begins another."""
    return tuple(connection.execute(_LIFE).fetchone() or ())


def was_committed(
    connect: Callable[[], psycopg.Connection[Any]], transaction: str, *, life: tuple[Any, ...]
) -> bool:
    """Ask, over new connections, whether a transaction was committed; False, too, where nobody can tell.

    What stands although it was not promised harms nobody: whoever asks again gets the answer that stands.
    """
    until = time.monotonic() + _SOUGHT.total_seconds()
    while True:
        try:
            with contextlib.closing(connect()) as connection:
                if life_of(connection) != life:
                    return False
                row = connection.execute("SELECT pg_xact_status(%s::xid8)", (transaction,)).fetchone()
            if row is not None and row[0] != "in progress":
                return bool(row[0] == "committed")
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
        if time.monotonic() > until:
            return False
        time.sleep(_SEEK_AGAIN_AFTER)
