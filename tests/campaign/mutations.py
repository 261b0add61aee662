"""Faults planted in the product on purpose: a campaign that does not find them proves nothing.

Each is a small change from the outside of the kind that slips through a review; ``python -m tests.campaign
--mutations`` plants one after the other and demands that the campaign cries out.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.exchange import acceptance, inbound
from gateway.exchange.delivery import Delivery
from gateway.exchange.inbound import Inbound
from gateway.store import audit_log, database, dispatches, folder, sqlite
from gateway.vxp.requests import Confirmation


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One planted fault."""

    words: str
    apply: Callable[[], None]


def _promise_before_the_commit() -> None:
    honest = database.Database.write

    async def write(self: database.Database, act: Callable[[Any], Any]) -> Any:
        loop = asyncio.get_running_loop()
        said: asyncio.Future[Any] = loop.create_future()

        def say(result: Any) -> None:
            if not said.done():
                said.set_result(result)

        def saying(tables: Any) -> Any:
            result = act(tables)
            loop.call_soon_threadsafe(say, result)
            return result

        committed = asyncio.ensure_future(honest(self, saying))
        await asyncio.wait([said, committed], return_when=asyncio.FIRST_COMPLETED)
        return said.result() if said.done() else await committed

    database.Database.write = write  # type: ignore[method-assign]


def _refuse_what_we_hold() -> None:
    honest = Inbound._take

    async def take(self: Inbound, axis: Any, item: Any, *rest: Any) -> Any:
        taken = await inbound.was_taken(self.database, self.peer.id, inbound._arrival(item))
        return (Confirmation.FAIL, "held") if taken else await honest(self, axis, item, *rest)

    Inbound._take = take  # type: ignore[method-assign]


def _forget_submissions() -> None:
    honest = acceptance.find_submission

    def forget(connection: sqlite3.Connection, submission: str) -> Any:
        known = honest(connection, submission)
        if known is not None:
            acceptance.free_submission(connection, known)

    acceptance.find_submission = forget


def _forget_arrivals() -> None:
    async def forget(*_: Any) -> None:
        return None

    inbound.was_taken = forget
    _forget_submissions()


def _resend_without_asking() -> None:
    async def presume(*_: Any) -> None:
        return None

    Delivery._reconcile = presume  # type: ignore[method-assign]


def _confirm_before_recording() -> None:
    honest = Inbound._fetch

    async def fetch(self: Inbound, axis: Any, item: Any, *rest: Any) -> None:
        await axis.confirm(item.doc_id, Confirmation.DONE, description=None)
        await asyncio.sleep(0.02)
        await honest(self, axis, item, *rest)

    Inbound._fetch = fetch  # type: ignore[method-assign]


def _end_without_an_entry() -> None:
    honest = audit_log.append_entry

    def forget(connection: sqlite3.Connection, entry: Any) -> int:
        return 0 if entry.kind == "delivered" else honest(connection, entry)

    from gateway.exchange import delivery

    delivery.append_entry = forget


def _leave_claims() -> None:
    dispatches.release_lost_claims = lambda *_, **__: []


def _no_fsync_of_files() -> None:
    os.fsync = lambda _: None


def _no_fsync_of_the_database() -> None:
    honest = sqlite._connect

    def connect(path: Any) -> sqlite3.Connection:
        connection = honest(path)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    sqlite._connect = connect


def _publish_without_its_folder() -> None:
    folder.sync_directory = lambda _: None


def _forget_what_was_fetched() -> None:
    honest = Inbound.fetch_waiting

    async def fetch(self: Inbound, *rest: Any, **named: Any) -> int:
        return await honest(self, *rest, **named | {"window": None})

    Inbound.fetch_waiting = fetch  # type: ignore[method-assign]


MUTATIONS = {
    "promise-before-commit": Mutation(
        words="the answer leaves before the commit", apply=_promise_before_the_commit
    ),
    "fail-for-duplicate": Mutation(words="what we hold is confirmed as failed", apply=_refuse_what_we_hold),
    "no-dedupe-key": Mutation(words="a repeated package is taken for new", apply=_forget_submissions),
    "no-arrival-key": Mutation(words="a repeated delivery is taken for new", apply=_forget_arrivals),
    "no-reconciliation": Mutation(words="sent again without asking", apply=_resend_without_asking),
    "confirm-before-record": Mutation(
        words="the axis is told before we have it", apply=_confirm_before_recording
    ),
    "no-log-entry": Mutation(words="a delivery without its entry", apply=_end_without_an_entry),
    "claims-left": Mutation(words="claims of the dead are never released", apply=_leave_claims),
}
# What only a power cut shows: kill -9 never loses what the kernel has.
DISK_MUTATIONS = {
    "no-file-fsync": Mutation(words="large packages are not synced", apply=_no_fsync_of_files),
    "no-database-fsync": Mutation(words="commits are not synced", apply=_no_fsync_of_the_database),
    "no-folder-fsync": Mutation(
        words="names of large packages are not synced", apply=_publish_without_its_folder
    ),
}
# What only a restored node shows.
LOSS_MUTATIONS = {
    "no-fetch-after-restore": Mutation(
        words="a restored node does not fetch again what it had", apply=_forget_what_was_fetched
    ),
}
MUTATIONS |= DISK_MUTATIONS | LOSS_MUTATIONS
