"""Writes what happened as log entries, signed where somebody may later hold them against somebody.

A statement names its event, its instant, this gateway, what the event is about and what it is evidence of,
and never document content. What each event says is listed in docs/log-events.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.errors import LienthongError
from gateway.evidence.merkle import hash_leaf
from gateway.evidence.receipts import JSON, sign_statement, write_entry, write_receipt, write_statement
from gateway.model.evidence import evidence_of, reasons_of
from gateway.model.identifiers import AgencyCode, DispatchId, PackageId, SystemId, ThreadId
from gateway.model.log import SIGNED_KINDS, LogEntry, LogKind
from gateway.trust.keys import Seal

_FAULTS_TOLD = 50
_SAID = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Notary:
    """Makes the entries of one gateway's audit log."""

    gateway: AgencyCode
    seal: Seal

    def entry(
        self,
        kind: LogKind,
        *,
        at: datetime,
        package_id: PackageId | None = None,
        dispatch_id: DispatchId | None = None,
        thread_id: ThreadId | None = None,
        system_id: SystemId | None = None,
        **facts: JSON,
    ) -> LogEntry:
        """Write one entry. Facts that are None or empty are left out of the statement."""
        about: dict[str, JSON] = {"package": package_id, "dispatch": dispatch_id, "system": system_id}
        told = _present({**about, **facts})
        proved: dict[str, JSON] = {
            "evidence": list(evidence_of(kind, told)),
            "reasons": list(reasons_of(kind, told)),
        }
        statement = write_statement(
            {
                "version": 1,
                "event": kind.value,
                "at": write_instant(at),
                "gateway": self.gateway,
                **told,
                **_present(proved),
            }
        )
        receipt = sign_statement(statement, self.seal) if kind in SIGNED_KINDS else None
        return LogEntry(
            kind=kind,
            at=at,
            statement=statement,
            receipt=None if receipt is None else write_receipt(receipt),
            leaf=hash_leaf(write_entry(statement, receipt)),
            package_id=package_id,
            dispatch_id=dispatch_id,
            thread_id=thread_id,
            system_id=system_id,
        )


def _present(facts: Mapping[str, JSON]) -> dict[str, JSON]:
    return {name: fact for name, fact in facts.items() if fact not in (None, "", [], ())}


def write_instant(at: datetime) -> str:
    """Write an instant as statements have it: UTC, microseconds, ``Z``."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def tell_faults(error: LienthongError) -> list[JSON]:
    """Write an error's faults as a statement has them: enough to see why, not as many as a stranger likes."""
    return [
        {"rule": fault.rule, "where": fault.where, "vi": fault.vi[:_SAID], "en": fault.en[:_SAID]}
        for fault in error.faults[:_FAULTS_TOLD]
    ]
