"""The ladder of receipts: what each event of the exchange proves, in the words of registered delivery.

Whoever gives us a package or takes one is either a user's system (a DMS) or another node of the exchange (a
gateway, a hub, the national axis). From a system a package is submitted and to it it is handed over; between
nodes it is relayed. docs/evidence.md is the same ladder for people.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar

from gateway.model.agency import SystemKind
from gateway.model.code_lists import StatusCode
from gateway.model.log import LogKind

Facts = Mapping[str, object]
Code = TypeVar("Code", bound=StrEnum)


class EvidenceType(StrEnum):
    """What a receipt is evidence of, bottom rung first.

    Source: ETSI EN 319 522-1, clause 6.2; the names are the last parts of the URIs
    ``http://uri.etsi.org/19522/Event/…`` of EN 319 522-3.
    """

    SUBMISSION_ACCEPTANCE = "SubmissionAcceptance"
    SUBMISSION_REJECTION = "SubmissionRejection"
    RELAY_ACCEPTANCE = "RelayAcceptance"
    RELAY_REJECTION = "RelayRejection"
    RELAY_FAILURE = "RelayFailure"
    CONTENT_CONSIGNMENT = "ContentConsignment"
    CONTENT_CONSIGNMENT_FAILURE = "ContentConsignmentFailure"
    """Only ever another's: here a mailbox is filled by what accepts the package, or nothing is accepted."""
    CONTENT_ACCESS_TRACKING = "ContentAccessTracking"
    CONTENT_HANDOVER = "ContentHandover"
    CONTENT_HANDOVER_FAILURE = "ContentHandoverFailure"

    @property
    def vi(self) -> str:
        """Name it for a Vietnamese reader."""
        return EVIDENCE_NAMES[self][0]

    @property
    def en(self) -> str:
        """Name it for an English reader."""
        return EVIDENCE_NAMES[self][1]


EVIDENCE_NAMES: dict[EvidenceType, tuple[str, str]] = {
    EvidenceType.SUBMISSION_ACCEPTANCE: ("tiếp nhận gói tin gửi", "submission accepted"),
    EvidenceType.SUBMISSION_REJECTION: ("từ chối gói tin gửi", "submission rejected"),
    EvidenceType.RELAY_ACCEPTANCE: ("nút kế tiếp đã nhận", "relay accepted"),
    EvidenceType.RELAY_REJECTION: ("nút kế tiếp từ chối", "relay rejected"),
    EvidenceType.RELAY_FAILURE: ("không tới được nút kế tiếp", "relay failed"),
    EvidenceType.CONTENT_CONSIGNMENT: ("đã vào hộp chờ nhận", "consigned to the recipient's mailbox"),
    EvidenceType.CONTENT_CONSIGNMENT_FAILURE: ("không vào được hộp chờ nhận", "consignment failed"),
    EvidenceType.CONTENT_ACCESS_TRACKING: ("bên nhận đã mở lấy", "opened by the recipient"),
    EvidenceType.CONTENT_HANDOVER: ("đã bàn giao cho bên nhận", "handed over to the recipient"),
    EvidenceType.CONTENT_HANDOVER_FAILURE: ("không bàn giao được", "handover failed"),
}

REACHED = frozenset(
    {
        EvidenceType.CONTENT_CONSIGNMENT,
        EvidenceType.CONTENT_ACCESS_TRACKING,
        EvidenceType.CONTENT_HANDOVER,
    }
)
"""Any of these says that a document has come as far as its recipient."""


class Reason(StrEnum):
    """Why a package stopped: the codes that are true of something here.

    Source: ETSI TS 102 640-2 V2.1.1, annex D; there a node is an "REM-MD".
    """

    INVALID_MESSAGE_FORMAT = "InvalidMessageFormat"
    INVALID_USER_SIGNATURE = "InvalidUserSignature"
    POLICY_VIOLATION = "PolicyViolation"
    NODE_UNREACHABLE = "R_REMMD_Unreachable"
    UNKNOWN_RECIPIENT = "UnknownRecipient"
    RECIPIENT_REJECTION = "RecipientRejection"
    OTHER = "Other"


# Our errors' codes; any other is a rule of the package's form. An axis's numbers have no public meaning.
REASONS: dict[str, Reason] = {
    "signature-refused": Reason.INVALID_USER_SIGNATURE,
    "sender-not-served": Reason.POLICY_VIOLATION,
    "sender-mismatch": Reason.POLICY_VIOLATION,
    "sender-served-here": Reason.POLICY_VIOLATION,
    "not-your-document": Reason.POLICY_VIOLATION,
    "status-out-of-order": Reason.POLICY_VIOLATION,
    "reason-missing": Reason.POLICY_VIOLATION,
    "package-too-large": Reason.POLICY_VIOLATION,
    "operation-not-for-axis": Reason.POLICY_VIOLATION,
    "unknown-agency": Reason.UNKNOWN_RECIPIENT,
    "recipient-not-in-package": Reason.UNKNOWN_RECIPIENT,
    "misrouted": Reason.UNKNOWN_RECIPIENT,
    "delivery-expired": Reason.NODE_UNREACHABLE,
    "axis-refused": Reason.OTHER,
}


def _from_a_system(facts: Facts) -> bool:
    return facts.get("peer") == SystemKind.DMS


def _from_a_node(facts: Facts) -> bool:
    return facts.get("peer") in (SystemKind.GATEWAY, SystemKind.AXIS)


def _is_package(facts: Facts) -> bool:
    # A refused listing or confirmation is no package; one refused unread has only the axis's name for it.
    return "sha256" in facts or "far_id" in facts


def _always(facts: Facts) -> bool:
    return True


def _is_told(rung: EvidenceType) -> Callable[[Facts], bool]:
    return lambda facts: rung in told_evidence(facts)


# Every kind of entry is decided here. One entry may stand on two rungs: what comes from a node into the
# mailbox of a system here is relayed and consigned by one act.
RUNGS: dict[LogKind, tuple[tuple[EvidenceType, Callable[[Facts], bool]], ...]] = {
    LogKind.ACCEPTED: (
        (EvidenceType.SUBMISSION_ACCEPTANCE, _from_a_system),
        (EvidenceType.RELAY_ACCEPTANCE, _from_a_node),
        (EvidenceType.CONTENT_CONSIGNMENT, lambda facts: "consigned" in facts),
    ),
    LogKind.REFUSED: (
        (EvidenceType.SUBMISSION_REJECTION, lambda facts: _is_package(facts) and _from_a_system(facts)),
        (EvidenceType.RELAY_REJECTION, lambda facts: _is_package(facts) and _from_a_node(facts)),
    ),
    LogKind.REPEATED: (),  # the first receipt stands
    LogKind.DEFERRED: (),
    LogKind.DELIVERED: ((EvidenceType.RELAY_ACCEPTANCE, _always),),
    LogKind.TURNED_AWAY: (
        (EvidenceType.CONTENT_HANDOVER_FAILURE, _from_a_system),
        (EvidenceType.RELAY_REJECTION, lambda facts: not _from_a_system(facts)),
    ),
    LogKind.EXPIRED: ((EvidenceType.RELAY_FAILURE, _always),),
    # Recorded before the first byte leaves: the recipient opened it; that it has it all, only it can say.
    LogKind.COLLECTED: ((EvidenceType.CONTENT_ACCESS_TRACKING, _from_a_system),),
    LogKind.CONFIRMED: (
        (EvidenceType.CONTENT_HANDOVER, _from_a_system),
        (EvidenceType.RELAY_ACCEPTANCE, _from_a_node),
    ),
    LogKind.ANSWERED: (),  # an agency's word, see CORROBORATES
    LogKind.UNMATCHED: (),
    LogKind.AMENDED: (),
    LogKind.DISTRUSTED: (),
    LogKind.ADMINISTERED: (),
    LogKind.CONTRADICTED: (),  # about a log, no package
    LogKind.ERASED: (),
    LogKind.OBLIGED: (),  # what is owed is no event of delivery
    LogKind.REMINDED: (),
    LogKind.SIGNED_IN: (),
    LogKind.SIGNED_OUT: (),
    # What the far side's receipt says; whether it may be believed is another member.
    LogKind.EVIDENCED: tuple((rung, _is_told(rung)) for rung in EvidenceType),
    LogKind.OVERDUE: (),  # that something was not seen is evidence of nothing having happened
}

_STOPPED_BY: dict[LogKind, Callable[[Facts], Reason]] = {
    LogKind.REFUSED: lambda facts: REASONS.get(str(facts.get("code")), Reason.INVALID_MESSAGE_FORMAT),
    LogKind.TURNED_AWAY: lambda facts: Reason.RECIPIENT_REJECTION if "system" in facts else Reason.OTHER,
    LogKind.EXPIRED: lambda facts: REASONS.get(str(facts.get("code")), Reason.OTHER),
}

# An agency's status is a person's word, no receipt. But who says so has it: each makes this rung likely.
CORROBORATES: dict[StatusCode, EvidenceType | None] = {
    StatusCode.ARRIVED: EvidenceType.CONTENT_CONSIGNMENT,
    StatusCode.DECLINED: EvidenceType.CONTENT_HANDOVER,
    StatusCode.RECEIVED: EvidenceType.CONTENT_HANDOVER,
    StatusCode.ASSIGNED: EvidenceType.CONTENT_HANDOVER,
    StatusCode.PROCESSING: EvidenceType.CONTENT_HANDOVER,
    StatusCode.COMPLETED: EvidenceType.CONTENT_HANDOVER,
    StatusCode.TAKE_BACK: None,  # the sender's own
    StatusCode.CHANGE_ACCEPTED: EvidenceType.CONTENT_HANDOVER,
    StatusCode.CHANGE_DECLINED: EvidenceType.CONTENT_HANDOVER,
}


def evidence_of(kind: LogKind, facts: Facts) -> tuple[EvidenceType, ...]:
    """Tell what an entry proves; nothing when it is about no package, or nobody is held to it.

    Shape: facts are the members of its statement, those that are empty left out.
    """
    return tuple(rung for rung, stands in RUNGS[kind] if stands(facts))


def reasons_of(kind: LogKind, facts: Facts) -> tuple[Reason, ...]:
    """Tell why a package stopped, where an entry proves that it did."""
    if kind is LogKind.EVIDENCED:
        return told_reasons(facts)
    stopped = kind in _STOPPED_BY and bool(evidence_of(kind, facts))
    return (_STOPPED_BY[kind](facts),) if stopped else ()


def told_evidence(facts: Facts) -> tuple[EvidenceType, ...]:
    """Read what a statement says that it proves; names nobody here knows are left out."""
    return _known(facts, "evidence", EvidenceType)


def told_reasons(facts: Facts) -> tuple[Reason, ...]:
    """Read why a statement says that a package stopped, in the same way."""
    return _known(facts, "reasons", Reason)


def _known(facts: Facts, member: str, codes: type[Code]) -> tuple[Code, ...]:
    told = facts.get(member)
    return tuple(code for code in codes if code in told) if isinstance(told, (list, tuple)) else ()
