"""What a restored database does not know, as far as the axis does: which sendings of ours it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.model.code_lists import Kind
from gateway.model.identifiers import AgencyCode, DispatchId
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSending:
    """One line of the axis's sent list that this database knows nothing of."""

    far_id: str
    recipient: AgencyCode
    sender: AgencyCode
    kind: Kind
    notation: str
    sent_at: datetime


def mark_restored(connection: Tables, *, at: datetime, backup_at: datetime) -> None:
    """Note a restore. What waits for the axis may have arrived since the backup: it is asked first."""
    connection.execute("INSERT INTO restorations VALUES (?, ?, NULL)", (to_micros(at), to_micros(backup_at)))
    connection.execute(
        "UPDATE dispatches SET unknown = 1 WHERE destination = 'axis' AND state IN ('waiting', 'claimed')"
    )


def is_noted(connection: Tables, *, backup_at: datetime) -> bool:
    """Tell whether the restore of this backup is noted, and no other after it."""
    row = connection.execute(
        "SELECT backup_at FROM restorations ORDER BY restored_at DESC LIMIT 1"
    ).fetchone()
    return row is not None and row["backup_at"] == to_micros(backup_at)


async def open_since(database: Database) -> datetime | None:
    """Tell since when this database may not know what happened; None when all is found out."""
    row = await database.fetch_one(
        "SELECT min(backup_at) AS since FROM restorations WHERE settled_at IS NULL"
    )
    return None if row is None or row["since"] is None else from_micros(row["since"])


def keep_found(connection: Tables, found: FoundSending) -> bool:
    """Keep one line, unless it is known; tell whether it is new."""
    known = connection.execute("SELECT 1 FROM dispatches WHERE far_id = ?", (found.far_id,)).fetchone()
    if known is not None:
        return False
    cursor = connection.execute(
        "INSERT INTO found_sendings VALUES (?, ?, ?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING",
        (found.far_id, found.recipient, found.sender, found.kind, found.notation, to_micros(found.sent_at)),
    )
    return cursor.rowcount > 0


def settle(connection: Tables, *, at: datetime) -> None:
    """Note that everything the axis could tell was asked."""
    connection.execute("UPDATE restorations SET settled_at = ? WHERE settled_at IS NULL", (to_micros(at),))


def is_any_unmatched(connection: Tables) -> bool:
    """Tell whether a dispatch may still turn out to have left before a restore."""
    row = connection.execute("SELECT 1 FROM found_sendings WHERE dispatch_id IS NULL LIMIT 1").fetchone()
    return row is not None


def was_restored_after(connection: Tables, accepted_at: datetime) -> bool:
    """Tell whether what was accepted then stood in a backup that was restored."""
    row = connection.execute(
        "SELECT 1 FROM restorations WHERE backup_at >= ?", (to_micros(accepted_at),)
    ).fetchone()
    return row is not None


def match_found(
    connection: Tables,
    dispatch_id: DispatchId,
    *,
    sender: AgencyCode,
    kind: Kind,
    notation: str,
    recipients: Sequence[AgencyCode],
) -> str | None:
    """Find the earliest sending that went to all these recipients, and let the dispatch be it, for good."""
    rows = connection.execute(
        "SELECT far_id, recipient FROM found_sendings WHERE (dispatch_id IS NULL OR dispatch_id = ?)"
        " AND sender = ? AND kind = ? AND notation = ? ORDER BY dispatch_id IS NULL, sent_at, far_id",
        (dispatch_id, sender, kind, notation),
    ).fetchall()
    reached: dict[str, set[str]] = {}
    for row in rows:
        reached.setdefault(row["far_id"], set()).add(row["recipient"])
    far_id = next((far_id for far_id, codes in reached.items() if codes >= set(recipients)), None)
    if far_id is not None:
        connection.execute(
            "UPDATE found_sendings SET dispatch_id = ? WHERE far_id = ?", (dispatch_id, far_id)
        )
    return far_id
