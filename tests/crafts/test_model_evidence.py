"""The ladder of receipts: each kind of entry is decided, and each row of the table holds."""

import pytest

from gateway.model.agency import SystemKind
from gateway.model.code_lists import StatusCode
from gateway.model.evidence import (
    CORROBORATES,
    EVIDENCE_NAMES,
    REASONS,
    RUNGS,
    EvidenceType,
    Facts,
    Reason,
    evidence_of,
    reasons_of,
    told_evidence,
)
from gateway.model.log import SIGNED_KINDS, LogKind
from gateway.web.problems import VXP_CODES

DMS, GATEWAY, AXIS = ({"peer": kind.value} for kind in (SystemKind.DMS, SystemKind.GATEWAY, SystemKind.AXIS))
BYTES = {"sha256": "00" * 32}

# What an entry says, and what it proves and why the package stopped.
LADDER: list[tuple[LogKind, Facts, list[str], list[str]]] = [
    (LogKind.ACCEPTED, DMS, ["SubmissionAcceptance"], []),
    (LogKind.ACCEPTED, {**DMS, "consigned": ["H57"]}, ["SubmissionAcceptance", "ContentConsignment"], []),
    (LogKind.ACCEPTED, GATEWAY, ["RelayAcceptance"], []),
    (LogKind.ACCEPTED, {**GATEWAY, "consigned": ["G22"]}, ["RelayAcceptance", "ContentConsignment"], []),
    (LogKind.ACCEPTED, {**AXIS, "consigned": ["H57"]}, ["RelayAcceptance", "ContentConsignment"], []),
    (
        LogKind.REFUSED,
        {**DMS, **BYTES, "code": "package-refused"},
        ["SubmissionRejection"],
        ["InvalidMessageFormat"],
    ),
    (
        LogKind.REFUSED,
        {**DMS, **BYTES, "code": "signature-refused"},
        ["SubmissionRejection"],
        ["InvalidUserSignature"],
    ),
    (
        LogKind.REFUSED,
        {**GATEWAY, **BYTES, "code": "unknown-agency"},
        ["RelayRejection"],
        ["UnknownRecipient"],
    ),
    (
        LogKind.REFUSED,
        {**AXIS, **BYTES, "code": "sender-served-here"},
        ["RelayRejection"],
        ["PolicyViolation"],
    ),
    (
        LogKind.REFUSED,
        {**AXIS, "far_id": "7c1e", "code": "package-too-large"},
        ["RelayRejection"],
        ["PolicyViolation"],
    ),
    (LogKind.REFUSED, {**DMS, "operation": "getEdoc", "code": "not-in-mailbox"}, [], []),
    (LogKind.REPEATED, {**DMS, **BYTES}, [], []),
    (LogKind.DEFERRED, {"code": "axis-away"}, [], []),
    (LogKind.DELIVERED, {**BYTES, "far_id": "7c1e"}, ["RelayAcceptance"], []),
    (LogKind.TURNED_AWAY, {"code": "axis-refused"}, ["RelayRejection"], ["Other"]),
    (LogKind.TURNED_AWAY, {**DMS, "system": "STC"}, ["ContentHandoverFailure"], ["RecipientRejection"]),
    (LogKind.TURNED_AWAY, {**GATEWAY, "system": "TINH"}, ["RelayRejection"], ["RecipientRejection"]),
    (LogKind.EXPIRED, {"code": "delivery-expired"}, ["RelayFailure"], ["R_REMMD_Unreachable"]),
    (LogKind.COLLECTED, {**DMS, **BYTES}, ["ContentAccessTracking"], []),
    (LogKind.COLLECTED, {**GATEWAY, **BYTES}, [], []),
    (LogKind.CONFIRMED, {**DMS, **BYTES}, ["ContentHandover"], []),
    (LogKind.CONFIRMED, {**GATEWAY, **BYTES}, ["RelayAcceptance"], []),
    (
        LogKind.EVIDENCED,
        {"evidence": ["ContentHandoverFailure", "Invented"], "reasons": ["RecipientRejection", "Invented"]},
        ["ContentHandoverFailure"],
        ["RecipientRejection"],
    ),
    (LogKind.EVIDENCED, {"far_event": "overdue"}, [], []),
    (LogKind.OVERDUE, {"expected": "ContentHandover"}, [], []),
    (LogKind.ANSWERED, {"status": "01", **BYTES}, [], []),
    (LogKind.UNMATCHED, {"status": "03"}, [], []),
    (LogKind.AMENDED, {"business": 1}, [], []),
    (LogKind.DISTRUSTED, {"claimed": "SYT"}, [], []),
    (LogKind.ADMINISTERED, {"act": "agency-written"}, [], []),
    (LogKind.CONTRADICTED, {"log": "000.00.00.G22/log", "verdict": "fork"}, [], []),
    (LogKind.ERASED, {"package": "p"}, [], []),
    (LogKind.OBLIGED, {"package": "p", "act": "open"}, [], []),
    (LogKind.REMINDED, {"package": "p", "agency": "H57"}, [], []),
    (LogKind.ACCEPTED, {"direction": "own", "consigned": ["H57"], **BYTES}, ["ContentConsignment"], []),
    (LogKind.SIGNED_IN, {"user": "auditor"}, [], []),
    (LogKind.SIGNED_OUT, {"user": "auditor"}, [], []),
]


@pytest.mark.parametrize(("kind", "facts", "evidence", "reasons"), LADDER)
def test_an_entry_proves_what_its_row_says(
    kind: LogKind, facts: Facts, evidence: list[str], reasons: list[str]
) -> None:
    """Who gave the package or took it decides between submitting, relaying and handing over."""
    assert list(evidence_of(kind, facts)) == evidence
    assert list(reasons_of(kind, facts)) == reasons


def test_every_kind_of_entry_is_decided_and_tried() -> None:
    """None is forgotten, in the table or here."""
    assert set(RUNGS) == set(LogKind) == {kind for kind, *_ in LADDER}


def test_whatever_proves_something_is_signed() -> None:
    """A rung without a receipt could be shown to nobody."""
    assert {kind for kind, _, evidence, _ in LADDER if evidence} <= SIGNED_KINDS


def test_every_stop_has_its_reason_and_no_step_up_has_one() -> None:
    """Rejections and failures say why."""
    stops = {rung for rung in EvidenceType if rung.endswith(("Rejection", "Failure"))}
    for kind, facts, evidence, reasons in LADDER:
        if kind is not LogKind.EVIDENCED:
            assert bool(stops & set(evidence)) == bool(reasons), (kind, facts)


def test_every_rung_and_every_status_has_its_place() -> None:
    """Named in both languages; each agency's word makes at most one rung likely."""
    assert set(EVIDENCE_NAMES) == set(EvidenceType)
    assert set(CORROBORATES) == set(StatusCode)
    assert all(rung.vi and rung.en for rung in EvidenceType)


def test_every_refusal_of_a_sender_or_recipient_has_a_reason_of_its_own() -> None:
    """Whatever the wire answers with 5, 6, 8 or 9 about a package is not a fault of its form."""
    about_no_package = {"agency-not-yours", "status-unknown"}
    told = {code for code, number in VXP_CODES.items() if number in ("5", "6", "8", "9")} - about_no_package
    assert told <= {code for code, reason in REASONS.items() if reason is not Reason.INVALID_MESSAGE_FORMAT}


def test_a_strangers_statement_gives_no_rung_it_does_not_name() -> None:
    """Whatever stands there instead of a list of names."""
    for told in (None, "ContentHandover", 7, [["ContentHandover"]], {"ContentHandover": 1}):
        assert told_evidence({"evidence": told}) == ()
