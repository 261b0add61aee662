"""Receipts as an auditor's page shows them: the far side's unfolded, and what a signature is worth."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from gateway.evidence.receipts import Receipt, verify_receipt
from gateway.exchange.testimony import read_testimony
from gateway.model.agency import Names
from gateway.model.log import LogKind
from gateway.model.people import Language
from gateway.model.report import Words
from gateway.trust.keys import fingerprint_of
from gateway.web.console.entries import lay_out, tell_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a receipt is worth, as far as this node can tell.

    Shape: certificate is None when none of those that were given signed it.
    """

    algorithm: str
    fingerprint: str
    certificate: x509.Certificate | None
    is_valid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FarReceipt:
    """A receipt as it was given, and as far as it is of our form what it states.

    Shape: text is JSON, indented; facts are rows of `lay_out`; of another's form only the text is there.
    was_verified is what the entry itself says of the signature.
    """

    text: str
    sentence: Words | None = None
    facts: Sequence[tuple[str, str, str]] = ()
    judgement: Judgement | None = None
    was_verified: bool = False


def judge(receipt: Receipt, certificates: Sequence[x509.Certificate]) -> Judgement:
    """Judge a receipt by certificates."""
    by = next((one for one in certificates if fingerprint_of(one) == receipt.certificate_sha256), None)
    return Judgement(
        algorithm=receipt.algorithm,
        fingerprint=receipt.certificate_sha256,
        certificate=by,
        is_valid=by is not None and verify_receipt(receipt, by),
    )


def unfold(
    facts: Mapping[str, Any], certificates: Sequence[x509.Certificate], names: Names, language: Language
) -> FarReceipt | None:
    """Unfold the receipt that an entry of ours keeps word for word, if it keeps one."""
    given = facts.get("far_receipt")
    if not isinstance(given, str):
        return None
    testimony = read_testimony(given)
    if testimony is None:
        return FarReceipt(text=_indent(given))
    event = testimony.facts.get("event")
    return FarReceipt(
        text=_indent(given),
        sentence=tell_facts(LogKind(event), testimony.facts, names) if event in set(LogKind) else None,
        facts=lay_out(testimony.facts, language),
        judgement=judge(testimony.receipt, certificates),
        was_verified=facts.get("verified") is True,
    )


def _indent(text: str) -> str:
    """Indent JSON; what is none stays as it is."""
    try:
        given = json.loads(text)
    except ValueError:
        return text
    return json.dumps(given, ensure_ascii=False, indent=2)
