"""The far side's receipt in an entry of ours, unfolded: what it states, and what its signature is worth."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.exchange.narration import Names
from gateway.exchange.testimony import read_testimony
from gateway.exchange.words import Words
from gateway.model.log import LogKind
from gateway.model.people import Language
from gateway.web.console.entries import lay_out, tell_facts

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FarReceipt:
    """A receipt as it was given, and as far as it is of our form what it states.

    Shape: text is JSON, indented; facts are rows of `lay_out`, none when the form is another's; is_verified
    is None when nobody looked at the signature.
    """

    text: str
    sentence: Words | None
    facts: Sequence[tuple[str, str, str]]
    algorithm: str
    fingerprint: str
    is_verified: bool | None


def unfold(facts: Facts, names: Names, language: Language) -> FarReceipt | None:
    """Unfold the receipt that an entry of ours keeps word for word, if it keeps one."""
    given = facts.get("far_receipt")
    if not isinstance(given, str):
        return None
    verified = facts.get("verified")
    is_verified = verified if isinstance(verified, bool) else None
    testimony = read_testimony(given)
    if testimony is None:
        return FarReceipt(
            text=_indent(given),
            sentence=None,
            facts=(),
            algorithm="",
            fingerprint="",
            is_verified=is_verified,
        )
    event = testimony.facts.get("event")
    return FarReceipt(
        text=_indent(given),
        sentence=tell_facts(LogKind(event), testimony.facts, names) if event in set(LogKind) else None,
        facts=lay_out(testimony.facts, language),
        algorithm=testimony.receipt.algorithm,
        fingerprint=testimony.receipt.certificate_sha256,
        is_verified=is_verified,
    )


def _indent(text: str) -> str:
    """Indent JSON, a statement in it, too; what is none stays as it is."""
    try:
        given = json.loads(text)
    except ValueError:
        return text
    return json.dumps(given, ensure_ascii=False, indent=2)
