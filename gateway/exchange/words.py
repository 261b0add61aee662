"""What the closed lists are called in front of people, in Vietnamese and English."""

import re

from gateway.edxml.faults import RULES
from gateway.evidence.checkpoint import Verdict
from gateway.model.agency import SystemKind
from gateway.model.code_lists import STATUS_NAMES, Business, Priority, StatusCode
from gateway.model.dispatch import Destination, State
from gateway.model.evidence import EVIDENCE_NAMES, EvidenceType
from gateway.model.log import LogKind
from gateway.model.people import UserRole
from gateway.model.report import Words
from gateway.model.signature import Grade, SignaturePolicy
from gateway.store.packages import Direction

KINDS: dict[SystemKind, Words] = {
    SystemKind.DMS: ("quản lý văn bản", "dms"),
    SystemKind.GATEWAY: ("cổng liên thông", "gateway"),
    SystemKind.AXIS: ("trục", "axis"),
}

ROLES: dict[UserRole, Words] = {
    UserRole.CLERK: ("văn thư", "clerk"),
    UserRole.OPERATOR: ("vận hành", "operator"),
    UserRole.ADMINISTRATOR: ("quản trị", "administrator"),
    UserRole.AUDITOR: ("kiểm toán", "auditor"),
    UserRole.VIEWER: ("người xem", "viewer"),
}

POLICIES: dict[SignaturePolicy, Words] = {
    SignaturePolicy.REQUIRE: ("bắt buộc", "require"),
    SignaturePolicy.WARN: ("cảnh báo", "warn"),
    SignaturePolicy.OFF: ("không xét", "off"),
}

GRADES: dict[Grade, Words] = {
    Grade.VALID: ("hợp lệ", "valid"),
    Grade.UNTRUSTED: ("đúng, nhưng chưa tin được người ký", "valid, but its holder is not trusted"),
    Grade.INVALID: ("sai", "invalid"),
    Grade.NOT_VERIFIABLE: ("không kiểm tra được", "not verifiable"),
    Grade.ABSENT: ("không có", "absent"),
}

GRADE_STYLES: dict[Grade, str] = {
    Grade.VALID: "green",
    Grade.UNTRUSTED: "yellow",
    Grade.INVALID: "bold red",
    Grade.NOT_VERIFIABLE: "yellow",
    Grade.ABSENT: "yellow",
}

STATES: dict[tuple[Destination, State], Words] = {
    (Destination.MAILBOX, State.WAITING): ("chờ lấy", "waiting to be collected"),
    (Destination.MAILBOX, State.CLAIMED): ("đã lấy, chờ xác nhận", "collected, not confirmed"),
    (Destination.MAILBOX, State.DELIVERED): ("đã nhận", "received"),
    (Destination.MAILBOX, State.REFUSED): ("bên nhận từ chối", "refused by the receiver"),
    (Destination.MAILBOX, State.EXPIRED): ("hết hạn", "expired"),
    (Destination.AXIS, State.WAITING): ("chờ gửi lên trục", "waiting for the axis"),
    (Destination.AXIS, State.CLAIMED): ("đang gửi lên trục", "being sent"),
    (Destination.AXIS, State.DELIVERED): ("đã chuyển lên trục", "handed to the axis"),
    (Destination.AXIS, State.REFUSED): ("trục từ chối", "refused by the axis"),
    (Destination.AXIS, State.EXPIRED): ("hết hạn gửi", "given up"),
}

STATE_STYLES: dict[State, str] = {
    State.WAITING: "yellow",
    State.CLAIMED: "yellow",
    State.DELIVERED: "green",
    State.REFUSED: "red",
    State.EXPIRED: "red",
}

DIRECTIONS: dict[Direction, Words] = {
    Direction.OUTBOUND: ("đi", "outbound"),
    Direction.INBOUND: ("đến", "inbound"),
    Direction.OWN: ("cổng tự báo", "own"),
}

EVENTS: dict[LogKind, Words] = {
    LogKind.ACCEPTED: ("nhận vào", "accepted"),
    LogKind.REFUSED: ("không chấp nhận", "refused"),
    LogKind.REPEATED: ("gửi lặp", "repeated"),
    LogKind.DEFERRED: ("tạm hoãn", "deferred"),
    LogKind.DELIVERED: ("đã chuyển", "delivered"),
    LogKind.TURNED_AWAY: ("bị trả lại", "turned-away"),
    LogKind.EXPIRED: ("hết hạn chuyển", "expired"),
    LogKind.COLLECTED: ("đã lấy", "collected"),
    LogKind.CONFIRMED: ("đã xác nhận", "confirmed"),
    LogKind.EVIDENCED: ("bằng chứng từ trục", "evidenced"),
    LogKind.OVERDUE: ("quá hạn biên nhận", "overdue"),
    LogKind.ANSWERED: ("báo trạng thái", "answered"),
    LogKind.UNMATCHED: ("chưa khớp", "unmatched"),
    LogKind.AMENDED: ("thay đổi", "amended"),
    LogKind.DISTRUSTED: ("không tin", "distrusted"),
    LogKind.ADMINISTERED: ("quản trị", "administered"),
    LogKind.SIGNED_IN: ("đăng nhập", "signed-in"),
    LogKind.SIGNED_OUT: ("đăng xuất", "signed-out"),
    LogKind.CONTRADICTED: ("mâu thuẫn", "contradicted"),
    LogKind.ERASED: ("đã xóa nội dung", "erased"),
    LogKind.OBLIGED: ("việc phải làm", "obliged"),
    LogKind.REMINDED: ("nhắc việc", "reminded"),
}

EVENT_STYLES: dict[LogKind, str] = {
    LogKind.REFUSED: "red",
    LogKind.TURNED_AWAY: "red",
    LogKind.EXPIRED: "red",
    LogKind.DISTRUSTED: "red",
    LogKind.CONTRADICTED: "bold red",
    LogKind.DEFERRED: "yellow",
    LogKind.UNMATCHED: "yellow",
    LogKind.OVERDUE: "yellow",
    LogKind.EVIDENCED: "green",
    LogKind.ERASED: "yellow",
    LogKind.ACCEPTED: "green",
    LogKind.DELIVERED: "green",
    LogKind.CONFIRMED: "green",
}

CHANGES: dict[str, Words] = {
    "recall": ("chờ trả lời thu hồi", "owes an answer to a recall"),
    "update": ("chờ trả lời cập nhật", "owes an answer to an update"),
}

VERDICTS: dict[Verdict, Words] = {
    Verdict.SAME: ("không đổi", "same"),
    Verdict.EXTENDS: ("nối tiếp", "extends"),
    Verdict.FORK: ("rẽ nhánh", "fork"),
    Verdict.ROLLBACK: ("lùi lại", "rollback"),
}

# Why an attempt ended without a result, by the code of the delay.
_DELAYS: dict[str, Words] = {
    "axis-away": ("không liên lạc được với trục", "the axis could not be reached"),
    "axis-failed": ("trục gặp lỗi", "the axis failed"),
    "axis-busy": ("trục đang bận", "the axis was busy"),
    "outcome-unknown": ("trục chưa trả lời; chưa rõ đã nhận chưa", "no answer; the axis may have it"),
    "answer-unreadable": ("không đọc được trả lời của trục", "the axis's answer could not be read"),
    "claim-lost": ("lần thử trước bị dừng giữa chừng", "an earlier attempt was interrupted"),
}

# Why a caller was not believed, by the code that pages and operators know it by.
_DISTRUSTS: dict[str, Words] = {
    "unknown-system": ("không có hệ thống này", "there is no such system"),
    "system-disabled": ("hệ thống đã bị ngắt", "the system is disabled"),
    "bad-signature": ("sai chữ ký, tức sai khóa bí mật", "a wrong signature, so a wrong secret"),
    "header-missing": ("thiếu phần đầu đã ký", "signed headers are missing"),
    "bad-headers": ("phần đầu sai dạng", "its headers are malformed"),
    "token-malformed": ("không có mã truy cập, hoặc mã sai dạng", "there is no token, or it is malformed"),
    "token-unknown": ("không có mã truy cập này", "there is no such token"),
    "token-disabled": ("mã truy cập đã bị ngắt", "the token is disabled"),
    "unknown-user": ("không có người dùng này", "there is no such user"),
    "bound-to-another": ("tài khoản ở đây gắn với người khác", "the account here is bound to somebody else"),
    "id-token-refused": (
        "trả lời của hệ thống đăng nhập một lần không khớp",
        "what the identity provider answered does not fit",
    ),
    "user-disabled": ("tài khoản đã bị khóa", "the account is disabled"),
    "wrong-password": ("sai mật khẩu", "the password is wrong"),
    "wrong-code": ("sai mã xác thực", "the code is wrong"),
}

# What acceptance itself notices (docs/log-events.md); any other warning is a rule of the package's form.
_REMARKS: dict[str, Words] = {
    "same-document-other-content": (
        "văn bản này đã đến trước đó với nội dung khác",
        "the document came before with other content",
    ),
    "recalled-before-it-came": (
        "văn bản đã bị thu hồi trước khi đến",
        "the document was recalled before it came",
    ),
    "recall-of-unknown-document": ("chưa thấy văn bản bị thu hồi", "the document it recalls is not here"),
    "update-of-unknown-document": ("chưa thấy văn bản được cập nhật", "the document it updates is not here"),
    "replaced-document-unknown": ("chưa thấy văn bản bị thay thế", "the document it replaces is not here"),
}
_NUMBER = re.compile(r"\{(?:number|count|limit|line|at|today|found|expected)\}")

_PRIORITY_EN = ("normal", "urgent", "very urgent", "express", "express at the hour")
_BUSINESS_EN = ("new document", "recall", "update", "replacement")


def business_words(business: int | None) -> Words:
    """Name what a package does to its thread; None is a new document."""
    business = business or 0
    return Business(business).vi, _BUSINESS_EN[business]


def priority_words(priority: Priority) -> Words:
    """Name how urgent a document is."""
    return priority.vi, _PRIORITY_EN[priority]


def status_words(status: str) -> Words:
    """Name a status code; one that is in no list is shown as it is."""
    return STATUS_NAMES[StatusCode(status)] if status in STATUS_NAMES else ("?", "unknown")


def rung_words(name: str) -> str:
    """Name a rung of the ladder of receipts, in Vietnamese and as the standard does; others as they are."""
    return f"{EvidenceType(name).vi} · {name}" if name in EVIDENCE_NAMES else name


def name_rung(name: str) -> Words:
    """Name a rung of the ladder of receipts; others as they are."""
    return EVIDENCE_NAMES[EvidenceType(name)] if name in EVIDENCE_NAMES else (name, name)


def delay_words(code: str | None) -> Words:
    """Say why an attempt was put off, by the delay's code."""
    return _DELAYS.get(code or "", (code or "?", code or "?"))


def distrust_words(code: str) -> Words:
    """Say why a caller was not believed, with the code that it is looked up by."""
    if code not in _DISTRUSTS:
        return code, code
    vi, en = _DISTRUSTS[code]
    return f"{vi} ({code})", f"{en} ({code})"


def warning_words(rule: str) -> Words:
    """Say what was odd about a package, without the numbers that only its fault had."""
    words = _REMARKS.get(rule) or RULES.get(rule, (rule, rule))
    vi, en = (_NUMBER.sub("…", each) for each in words)
    return vi, en
