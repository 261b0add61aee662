"""Receipts between nodes: another's, kept word for word in an entry of ours; ours, as they leave."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import Refusal
from gateway.evidence.receipts import JSON, Receipt, keep_text, read_receipt, read_statement
from gateway.exchange.notary import Notary
from gateway.log_lines import log
from gateway.model.agency import System
from gateway.model.evidence import told_evidence, told_reasons
from gateway.model.identifiers import AgencyCode, DispatchId, PackageId, ThreadId
from gateway.model.log import LogEntry, LogKind
from gateway.store.receipts import KeptReceipt, statements_about
from gateway.store.tables import Tables
from gateway.vxp.receipts import ReceiptItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Testimony:
    """One such receipt: as it came, read, and what it states. What was signed counts, nothing beside it."""

    text: str
    receipt: Receipt
    facts: Mapping[str, JSON]

    @property
    def far_id(self) -> str | None:
        """Return what the other node calls the package, if it is a name that can be looked for."""
        name = self.facts.get("package")
        return name if isinstance(name, str) and name.isprintable() else None

    @property
    def whom(self) -> frozenset[AgencyCode]:
        """Name the recipients it is about; of an acceptance, those with a mailbox there."""
        named = self.facts.get("consigned") or self.facts.get("recipient") or self.facts.get("recipients")
        listed = named if isinstance(named, (list, tuple)) else [named]
        return frozenset(AgencyCode(code) for code in listed if isinstance(code, str))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The dispatch a testimony is about."""

    package_id: PackageId
    dispatch_id: DispatchId
    thread_id: ThreadId | None


def read_testimony(given: Mapping[str, object] | str | None) -> Testimony | None:
    """Read what another node gave as a receipt; None when it is none of our form."""
    text = given if isinstance(given, str) else keep_text(given) or ""
    try:
        receipt = read_receipt(text.encode())
    except (Refusal, UnicodeEncodeError):
        log.warning("receipt unreadable")
        return None
    return Testimony(text=text, receipt=receipt, facts=read_statement(receipt.statement))


def is_on_record(connection: Tables, subject: Subject, testimony: Testimony) -> bool:
    """Tell whether our log holds it: the receipt of a handing over came with the axis's answer."""
    said = statements_about(connection, subject.package_id, subject.dispatch_id)
    return any(read_statement(statement).get("far_receipt") == testimony.text for statement in said)


def put_on_record(
    notary: Notary,
    subject: Subject,
    testimony: Testimony,
    *,
    at: datetime,
    verified: bool,
    by: System | None = None,
) -> LogEntry:
    """Write the entry. by is the gateway that told it, None when it is the axis's own."""
    facts = testimony.facts
    return notary.entry(
        LogKind.EVIDENCED,
        at=at,
        package_id=subject.package_id,
        dispatch_id=subject.dispatch_id,
        thread_id=subject.thread_id,
        system_id=None if by is None else by.id,
        far_id=testimony.far_id,
        far_event=facts.get("event"),
        recipients=facts.get("recipients"),
        recipient=facts.get("recipient"),
        consigned=facts.get("consigned"),
        evidence=list(told_evidence(facts)),
        reasons=list(told_reasons(facts)),
        far_receipt=testimony.text,
        verified=verified,
    )


def receipt_item(kept: KeptReceipt) -> ReceiptItem:
    """Show a receipt of ours to whoever it is for, with what it says read out."""
    facts = json.loads(kept.statement)
    return ReceiptItem(
        entry=kept.seq,
        event=kept.kind.value,
        receipt=json.loads(kept.receipt),
        at=kept.at,
        sender_doc_id=kept.package_id,
        receiver_doc_id=kept.dispatch_id,
        recipients=tuple(facts.get("recipients") or filter(None, [facts.get("recipient")])),
        evidence=tuple(facts.get("evidence", ())),
        reasons=tuple(facts.get("reasons", ())),
    )
