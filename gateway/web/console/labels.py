"""What states, answers and directions look like: a tone, an icon and words. Never a colour alone."""

from dataclasses import dataclass

from gateway.model.code_lists import STATUS_NAMES, StatusCode
from gateway.model.dispatch import Destination, State
from gateway.model.people import UserRole, Way
from gateway.store.packages import Direction


@dataclass(frozen=True, slots=True)
class Label:
    """What a chip shows.

    Shape: tone is ``good``, ``wait``, ``bad``, ``calm`` or ``note``; icon is a symbol of static/icons.svg.
    """

    tone: str
    icon: str
    words: tuple[str, str]


_STATES: dict[State, tuple[str, str]] = {
    State.WAITING: ("wait", "clock"),
    State.CLAIMED: ("note", "moving"),
    State.DELIVERED: ("good", "check"),
    State.REFUSED: ("bad", "cross"),
    State.EXPIRED: ("bad", "hourglass"),
}

_STATE_WORDS: dict[tuple[Destination, State], tuple[str, str]] = {
    (Destination.MAILBOX, State.WAITING): ("Chờ lấy", "Waiting to be collected"),
    (Destination.MAILBOX, State.CLAIMED): ("Đã lấy, chờ xác nhận", "Collected, not confirmed"),
    (Destination.MAILBOX, State.DELIVERED): ("Đã nhận", "Received"),
    (Destination.MAILBOX, State.REFUSED): ("Bên nhận từ chối", "Refused by the receiver"),
    (Destination.MAILBOX, State.EXPIRED): ("Hết hạn", "Expired"),
    (Destination.AXIS, State.WAITING): ("Chờ gửi lên trục", "Waiting for the axis"),
    (Destination.AXIS, State.CLAIMED): ("Đang gửi lên trục", "Being sent"),
    (Destination.AXIS, State.DELIVERED): ("Đã chuyển lên trục", "Handed to the axis"),
    (Destination.AXIS, State.REFUSED): ("Trục từ chối", "Refused by the axis"),
    (Destination.AXIS, State.EXPIRED): ("Hết hạn gửi", "Given up"),
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

ROLES: dict[UserRole, tuple[str, str]] = {
    UserRole.CLERK: ("Văn thư", "Clerk"),
    UserRole.OPERATOR: ("Vận hành", "Operator"),
    UserRole.ADMINISTRATOR: ("Quản trị", "Administrator"),
    UserRole.AUDITOR: ("Kiểm toán", "Auditor"),
    UserRole.VIEWER: ("Người xem", "Viewer"),
}

DUTIES: dict[UserRole, tuple[str, str]] = {
    UserRole.CLERK: ("xem, soạn, trả lời, thu hồi văn bản", "reads, composes, answers, recalls"),
    UserRole.OPERATOR: ("xem văn bản, gửi lại, trông hệ thống", "reads, sends again, runs the node"),
    UserRole.ADMINISTRATOR: (
        "trông hệ thống và người dùng, không xem văn bản",
        "runs node and people, reads nothing",
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


def state_label(destination: Destination | str, state: State | str) -> Label:
    """Label where a dispatch stands."""
    state = State(state)
    return Label(*_STATES[state], _STATE_WORDS[Destination(destination), state])


def status_label(code: str | None) -> Label:
    """Label an agency's answer; one that is in no list is shown as it is, none as nothing said yet."""
    if code is None:
        return Label("calm", "clock", ("Chưa trả lời", "No answer yet"))
    if code not in STATUS_NAMES:
        return Label("calm", "question", (f"Mã {code}", f"Code {code}"))
    vi, en = STATUS_NAMES[StatusCode(code)]
    return Label(*_STATUSES[StatusCode(code)], (vi[:1].upper() + vi[1:], en[:1].upper() + en[1:]))


def direction_label(direction: Direction | str) -> Label:
    """Label where a package came from."""
    return _DIRECTIONS[Direction(direction)]
