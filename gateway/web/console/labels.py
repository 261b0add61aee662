"""What states, answers and directions look like: a tone, an icon and words. Never a colour alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.exchange import words
from gateway.model.code_lists import STATUS_NAMES, Business, Priority, StatusCode
from gateway.model.dispatch import Destination, State
from gateway.model.people import UserRole, Way
from gateway.model.question import Standing
from gateway.model.signature import Grade
from gateway.store.packages import Direction


@dataclass(frozen=True, slots=True)
class Label:
    """What a chip shows.

    Shape: tone is ``good``, ``wait``, ``bad``, ``calm`` or ``note``; icon is a symbol of static/icons.svg.
    """

    tone: str
    icon: str
    words: tuple[str, str]


def begin_line(pair: tuple[str, str]) -> tuple[str, str]:
    """Write words as they begin a line."""
    vi, en = pair
    return vi[:1].upper() + vi[1:], en[:1].upper() + en[1:]


_STATES: dict[State, tuple[str, str]] = {
    State.WAITING: ("wait", "clock"),
    State.CLAIMED: ("note", "moving"),
    State.DELIVERED: ("good", "check"),
    State.REFUSED: ("bad", "cross"),
    State.EXPIRED: ("bad", "hourglass"),
}

_STATUSES: dict[StatusCode, tuple[str, str]] = {
    StatusCode.ARRIVED: ("calm", "inbox"),
    StatusCode.DECLINED: ("bad", "cross"),
    StatusCode.RECEIVED: ("note", "check"),
    StatusCode.ASSIGNED: ("note", "person"),
    StatusCode.PROCESSING: ("wait", "moving"),
    StatusCode.COMPLETED: ("good", "check"),
    StatusCode.TAKE_BACK: ("wait", "back"),
    StatusCode.CHANGE_ACCEPTED: ("good", "check"),
    StatusCode.CHANGE_DECLINED: ("bad", "cross"),
}

_DIRECTIONS: dict[Direction, Label] = {
    Direction.OUTBOUND: Label("calm", "out", ("Văn bản đi", "Outbound")),
    Direction.INBOUND: Label("calm", "in", ("Văn bản đến", "Inbound")),
    Direction.OWN: Label("calm", "seal", ("Cổng tự báo", "Own word")),
}

_STANDINGS: dict[Standing, Label] = {
    Standing.WAITING: Label("wait", "clock", ("Chờ chuyển", "Waiting")),
    Standing.DELIVERED: Label("calm", "inbox", ("Đã đến", "Delivered")),
    Standing.WORKING: Label("note", "moving", ("Đang xử lý", "In work")),
    Standing.DONE: Label("good", "check", ("Hoàn thành", "Done")),
    Standing.DECLINED: Label("bad", "cross", ("Bị từ chối", "Declined")),
    Standing.FAILED: Label("bad", "alert", ("Không chuyển được", "Not delivered")),
    Standing.RECALLED: Label("wait", "back", ("Thu hồi", "Recalled")),
}
OVERDUE = Label("bad", "hourglass", ("Quá hạn", "Overdue"))

_GRADES: dict[Grade, Label] = {
    Grade.VALID: Label("good", "seal", ("Chữ ký số hợp lệ", "Valid signature")),
    Grade.UNTRUSTED: Label(
        "wait", "seal", ("Chữ ký đúng, chưa tin được người ký", "Valid, holder not trusted")
    ),
    Grade.INVALID: Label("bad", "alert", ("Chữ ký sai", "Wrong signature")),
    Grade.NOT_VERIFIABLE: Label("wait", "question", ("Chữ ký không kiểm tra được", "Not verifiable")),
    Grade.ABSENT: Label("calm", "question", ("Không ký số", "Not signed")),
}

ROLES: Mapping[UserRole, tuple[str, str]] = {role: begin_line(words.ROLES[role]) for role in UserRole}

DUTIES: dict[UserRole, tuple[str, str]] = {
    UserRole.CLERK: (
        "xem, soạn, trả lời, thu hồi văn bản, giao việc",
        "reads, composes, answers, recalls, assigns",
    ),
    UserRole.OPERATOR: (
        "xem văn bản, gửi lại, giao việc, trông hệ thống",
        "reads, sends again, assigns, runs the node",
    ),
    UserRole.ADMINISTRATOR: (
        "trông hệ thống và người dùng, giao việc, không xem văn bản",
        "runs node and people, assigns, reads no documents",
    ),
    UserRole.AUDITOR: ("xem văn bản, nhật ký và chứng cứ", "reads documents, log and evidence"),
    UserRole.VIEWER: ("chỉ xem văn bản", "reads documents"),
}

WAYS: dict[Way, tuple[str, str]] = {
    Way.PASSWORD: ("Mật khẩu", "Password"),
    Way.CODE: ("Mật khẩu và mã", "Password and code"),
    Way.RECOVERY: ("Mật khẩu và mã khôi phục", "Password and recovery code"),
    Way.PROVIDER: ("Đăng nhập một lần", "Single sign-on"),
}

URGENCIES: dict[Priority, tuple[str, str]] = {
    each: begin_line(words.priority_words(each)) for each in Priority
}

BUSINESSES: dict[Business, tuple[str, str]] = {
    each: begin_line(words.business_words(each)) for each in Business
}

# What the sender asks for (loại chỉ đạo); 0 is nothing.
STEERING: dict[int, tuple[str, str]] = {1: ("Chỉ đạo", "Steering"), 2: ("Báo cáo", "Report")}


def state_label(destination: Destination | str, state: State | str) -> Label:
    """Label where a dispatch stands."""
    state = State(state)
    return Label(*_STATES[state], begin_line(words.STATES[Destination(destination), state]))


def status_label(code: str | None) -> Label:
    """Label an agency's answer; one that is in no list is shown as it is, none as nothing said yet."""
    if code is None:
        return Label("calm", "clock", ("Chưa trả lời", "No answer yet"))
    if code not in STATUS_NAMES:
        return Label("calm", "question", (f"Mã {code}", f"Code {code}"))
    return Label(*_STATUSES[StatusCode(code)], begin_line(STATUS_NAMES[StatusCode(code)]))


def delay_words(fault: str | None) -> tuple[str, str]:
    """Say why an attempt was put off; fault begins with the delay's code."""
    return begin_line(words.delay_words((fault or "").partition(":")[0]))


def direction_label(direction: Direction | str) -> Label:
    """Label where a package came from."""
    return _DIRECTIONS[Direction(direction)]


def standing_label(standing: Standing | str) -> Label:
    """Label where a document stands with a recipient."""
    return _STANDINGS[Standing(standing)]


def grade_label(grade: Grade | str) -> Label:
    """Label what came of a package's signature."""
    return _GRADES[Grade(grade)]
