"""Entries of the audit log: what happened, said once, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.model.identifiers import DispatchId, PackageId, SystemId, ThreadId


class LogKind(StrEnum):
    """Everything the audit log can say. docs/log-events.md explains each; a test keeps the two equal."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    REPEATED = "repeated"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    TURNED_AWAY = "turned-away"
    EXPIRED = "expired"
    COLLECTED = "collected"
    CONFIRMED = "confirmed"
    EVIDENCED = "evidenced"
    OVERDUE = "overdue"
    ANSWERED = "answered"
    UNMATCHED = "unmatched"
    AMENDED = "amended"
    DISTRUSTED = "distrusted"
    ADMINISTERED = "administered"
    SIGNED_IN = "signed-in"
    SIGNED_OUT = "signed-out"
    CONTRADICTED = "contradicted"
    ERASED = "erased"
    OBLIGED = "obliged"
    REMINDED = "reminded"


# A signed receipt is kept with these: somebody may later hold them against us or we against somebody.
SIGNED_KINDS = frozenset(
    {
        LogKind.ACCEPTED,
        LogKind.REFUSED,
        LogKind.DELIVERED,
        LogKind.TURNED_AWAY,
        LogKind.EXPIRED,
        LogKind.COLLECTED,
        LogKind.CONFIRMED,
        LogKind.EVIDENCED,
        LogKind.OVERDUE,
        LogKind.CONTRADICTED,
        LogKind.ERASED,
    }
)

ENDED_BADLY = frozenset({LogKind.TURNED_AWAY, LogKind.EXPIRED})
"""With these a dispatch ends without having been delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One event, ready to be appended.

    Shape: statement is canonical JSON (`evidence.receipts.write_statement`); receipt is the signed
    form that can be handed out, or None; leaf is the entry's Merkle leaf hash, 32 bytes; the ids say
    what the entry is found by.
    """

    kind: LogKind
    at: datetime
    statement: bytes
    receipt: bytes | None
    leaf: bytes
    package_id: PackageId | None = None
    dispatch_id: DispatchId | None = None
    thread_id: ThreadId | None = None
    system_id: SystemId | None = None


def cause_in(statement: Mapping[str, Any]) -> tuple[str, str] | None:
    """Read why out of an entry, in Vietnamese and English: its first fault, or what a system said."""
    for fault in statement.get("faults", ()):
        return fault["vi"], fault["en"]
    said = statement.get("reason")
    return None if said is None else (said, said)
