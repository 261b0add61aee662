"""Log entries told in sentences: what happened, to what, who did it, from the signed statement alone."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from gateway.evidence.checkpoint import Verdict
from gateway.exchange.words import (
    GRADES,
    ROLES,
    VERDICTS,
    package_words,
    rung_words,
    status_words,
)
from gateway.model.formats import local, size
from gateway.model.log import LogKind
from gateway.model.people import UserRole
from gateway.model.signature import Grade

Facts = Mapping[str, Any]

# What was done to the directory; the details are named as exchange/registry.py names them.
_ACTS: dict[str, str] = {
    "agency-written": "ghi cơ quan {agency} {name}",
    "agency-closed": "đóng cơ quan {agency}",
    "agency-merged": "sáp nhập cơ quan {agency} vào {successor}",
    "agency-served": "giao cơ quan {agency} cho hệ thống {system} phục vụ",
    "agency-registered": "đăng ký cơ quan {agency} {name}",
    "system-connected": "kết nối hệ thống {system} ({kind}), phục vụ {serves}",
    "secret-rotated": "đổi khóa bí mật của hệ thống {system}",
    "policy-changed": "mức xét chữ ký của hệ thống {system}: {policy}",
    "system-disabled": "ngắt hệ thống {system}",
    "directory-renewed": "cập nhật {count} cơ quan từ trục",
    "search-exported": "xuất danh sách {count} văn bản ({form})",
    "node-restored": "khôi phục từ bản sao lưu lúc {backup_at}, nhật ký khi đó {log_size} mục",
    "user-added": "thêm người dùng {user} ({name}), vai trò {role}, cơ quan {agencies}",
    "user-edited": "sửa người dùng {user} ({name}), vai trò {role}, cơ quan {agencies}",
    "user-disabled": "khóa tài khoản {user}",
    "user-enabled": "mở lại tài khoản {user}",
    "password-reset": "cấp mật khẩu dùng một lần cho {user}",
    "password-changed": "đổi mật khẩu của {user}",
    "second-factor-added": "bật xác thực hai lớp của {user}",
    "second-factor-removed": "tắt xác thực hai lớp của {user}",
    "second-factor-reset": "gỡ xác thực hai lớp của {user}",
    "recovery-renewed": "cấp lại mã khôi phục của {user}",
    "session-ended": "kết thúc phiên {session} của {user}",
    "sessions-ended": "kết thúc {count} phiên của {user}",
    "provider-bound": "gắn {user} với tài khoản đăng nhập một lần",
    "provider-unbound": "gỡ {user} khỏi tài khoản đăng nhập một lần",
    "witness-forgot": "bỏ điểm chốt đã thấy của nhật ký {log}, {size} mục",
    "sending-found": "trục đã có {notation} của {sender} gửi {recipient} (mã {far_id}), gửi sau bản sao lưu",
    "dispatch-resent": "gửi lại cho {recipients}: lượt {dispatch} → {again}. {reason}",
    "dispatch-hastened": "cho thử ngay lượt {dispatch} gửi {recipients}",
    "dispatch-cancelled": "hủy lượt {dispatch} gửi {recipients}: {reason}",
    "failure-dismissed": "để yên lượt {dispatch} đã thất bại, gửi {recipients}: {reason}",
    "arrival-asked-again": "yêu cầu trục gửi lại gói {far_id}. {reason}",
    "hold-placed": "tạm giữ số {hold}, {held}: {reason}",
    "hold-released": "bỏ tạm giữ số {hold}, {held}: {reason}",
    "log-verified": "kiểm tra toàn bộ nhật ký, {size} mục, {checkpoints} điểm chốt: {outcome}",
    "evidence-exported": "lập hồ sơ bằng chứng{chosen}: {count} văn bản",
    "archive-made": "lập bản lưu trữ {archive}: mục {first_seq} đến {last_seq}, {count} gói tin",
    "archive-imported": "đưa {count} gói tin từ bản lưu trữ {archive} trở lại",
}

# What a bundle was made of, as far as it was said.
_CHOSEN = {"document": "về", "since": "từ", "until": "đến", "agency": "của cơ quan"}
_CARRIED = {"document": "văn bản", "status": "trạng thái"}


_WAYS: dict[str, str] = {
    "password": "bằng mật khẩu",
    "code": "bằng mật khẩu và mã",
    "recovery": "bằng mật khẩu và mã khôi phục",
    "provider": "đăng nhập một lần",
}


def when(facts: Facts) -> str | None:
    """Tell when a statement says that it happened."""
    return local(datetime.fromisoformat(facts["at"])) if "at" in facts else None


def narrate(kind: LogKind, facts: Facts) -> str:
    """Tell one entry in one sentence, and which rungs of the ladder of receipts it stands on."""
    rungs = _rungs(facts, "evidence")
    return f"{_TELLERS[kind](facts)}{f' [{rungs}]' if rungs else ''}"


def _accepted(facts: Facts) -> str:
    grade = GRADES[Grade(facts["signature"])][0] if "signature" in facts else "?"
    warnings = facts.get("warnings", ())
    parts = [
        f"{_what(facts)} của {facts.get('sender', '?')} gửi {_list(facts.get('recipients', ()))}",
        f"{_from(facts)}{size(facts.get('bytes', 0))}",
        f"chữ ký: {grade}",
        f"cảnh báo: {', '.join(warnings)}" if warnings else "",
    ]
    return "; ".join(part for part in parts if part)


def _what(facts: Facts) -> str:
    return package_words(facts.get("business"), facts.get("status"))[0]


def _from(facts: Facts) -> str:
    if facts.get("direction") == "inbound":
        return "từ trục, "
    return f"từ hệ thống {facts['system']}{_person(facts)}, " if "system" in facts else ""


def _person(facts: Facts) -> str:
    """Name who did it in the console, if somebody did."""
    return f" ({facts['by']})" if "by" in facts else ""


def _list(codes: Sequence[str]) -> str:
    """Name a few recipients, count many."""
    named = ", ".join(codes[:3]) or "không ai"
    return named if len(codes) <= 3 else f"{named} và {len(codes) - 3} nơi khác"


def _because(facts: Facts) -> str:
    faults = facts.get("faults", ())
    if not faults:
        return facts.get("reason") or facts.get("code") or "không nêu lý do"
    more = f" (và {len(faults) - 1} lỗi khác)" if len(faults) > 1 else ""
    return f"{faults[0]['rule']}: {faults[0]['vi']}{more}"


def _refused(facts: Facts) -> str:
    sender = f" của {facts['sender']}" if "sender" in facts else ""
    return f"gói tin{sender} từ {facts.get('system', '?')}: {_because(facts)}"


def _turned_away(facts: Facts) -> str:
    who = f"{facts['system']} trả lại" if "system" in facts else "trục từ chối"
    whom = facts.get("recipient") or _list(facts.get("recipients", ()))
    return f"{who} gói tin cho {whom}: {_because(facts)}"


def _administered(facts: Facts) -> str:
    details = {**facts, **facts.get("details", {})}
    details["held"] = details.get("document") or details.get("agency")
    told = {name: _list(fact) if isinstance(fact, list) else str(fact) for name, fact in details.items()}
    if "role" in told:
        told["role"] = ROLES[UserRole(told["role"])][0]
    if told.get("agencies") == "all":
        told["agencies"] = "tất cả"
    if "outcome" in told:
        told["outcome"] = "đúng" if told["outcome"] == "holds" else f"SAI, {told.get('faults', '?')} lỗi"
    told["chosen"] = "".join(f" {words} {told[name]}" for name, words in _CHOSEN.items() if name in told)
    sentence = _ACTS.get(told.get("act", ""), "{act}")
    return f"{told.get('by', '?')}: {sentence.format_map(_Known(told))}"


def _evidenced(facts: Facts) -> str:
    verified = "chữ ký đúng" if facts.get("verified") else "chữ ký chưa kiểm tra được"
    whom = facts.get("recipient") or _list(facts.get("recipients", ()))
    return f"biên nhận của trục về gói tin {facts.get('far_id', '?')} cho {whom}; {verified}"


def _instant(text: str | None) -> str:
    return "?" if text is None else local(datetime.fromisoformat(text))


def _rungs(facts: Facts, member: str) -> str:
    """Name rungs of the ladder of receipts."""
    told = facts.get(member, ())
    return ", ".join(map(rung_words, [told] if isinstance(told, str) else told))


class _Known(dict[str, str]):
    """Facts by name; one that is missing is a question mark, not an error."""

    def __missing__(self, name: str) -> str:
        return "?"


_TELLERS: dict[LogKind, Callable[[Facts], str]] = {
    LogKind.ACCEPTED: _accepted,
    LogKind.REFUSED: _refused,
    LogKind.REPEATED: lambda facts: f"{facts.get('system', '?')} gửi lại gói tin đã có; trả biên nhận cũ",
    LogKind.DEFERRED: lambda facts: (
        f"lần {facts.get('attempt', '?')} chưa chuyển được: {facts.get('code', '?')}"
    ),
    LogKind.DELIVERED: lambda facts: (
        f"lên trục cho {_list(facts.get('recipients', ()))}, lần {facts.get('attempt', 1)};"
        f" trục đặt mã {facts.get('far_id', '?')}"
    ),
    LogKind.TURNED_AWAY: _turned_away,
    LogKind.EXPIRED: lambda facts: f"gói tin cho {_list(facts.get('recipients', ()))}: {_because(facts)}",
    LogKind.COLLECTED: lambda facts: (
        f"{facts.get('system', '?')}{_person(facts)} lấy gói tin cho {facts.get('recipient', '?')}"
    ),
    LogKind.CONFIRMED: lambda facts: (
        f"{facts.get('system', '?')}{_person(facts)} đã nhận gói tin cho {facts.get('recipient', '?')}"
    ),
    LogKind.EVIDENCED: _evidenced,
    LogKind.OVERDUE: lambda facts: (
        f"chưa thấy “{_rungs(facts, 'expected')}” của {_list(facts.get('recipients', ()))}"
        f" từ {_instant(facts.get('since'))}"
    ),
    LogKind.ANSWERED: lambda facts: (
        f"{facts.get('sender', '?')}: {_status(facts)} về {facts.get('document', '?')}"
    ),
    LogKind.UNMATCHED: lambda facts: f"{facts.get('sender', '?')}: {_status(facts)}, chưa thấy văn bản",
    LogKind.AMENDED: lambda facts: (
        f"{package_words(facts.get('business'), None)[0]}"
        f" {facts.get('target') or _list(facts.get('replaced', ()))}"
    ),
    LogKind.DISTRUSTED: lambda facts: (
        f"gọi {facts.get('operation', '?')} xưng là {facts.get('claimed') or '?'}: {facts.get('code', '?')}"
        + (f", từ {facts['address']}" if "address" in facts else "")
    ),
    LogKind.ADMINISTERED: _administered,
    LogKind.SIGNED_IN: lambda facts: (
        f"{facts.get('user', '?')} từ {facts.get('address', '?')}, {_WAYS.get(facts.get('way', ''), '?')}"
    ),
    LogKind.SIGNED_OUT: lambda facts: f"{facts.get('user', '?')}",
    LogKind.CONTRADICTED: lambda facts: (
        f"nhật ký {facts.get('log', '?')} {VERDICTS[Verdict(facts['verdict'])][0]}: đã thấy"
        f" {facts.get('seen_size', '?')} mục, nay đưa ra {facts.get('shown_size', '?')} mục không nối tiếp"
    ),
    LogKind.ERASED: lambda facts: (
        f"{_CARRIED.get(facts.get('carries', ''), '?')} của {facts.get('sender', '?')}"
        f" {size(facts.get('bytes', 0))}, hết {facts.get('kept_days', '?')} ngày (quy tắc"
        f" {facts.get('rule', '?')}); giá trị băm và nhật ký vẫn còn"
    ),
}


def _status(facts: Facts) -> str:
    status = str(facts.get("status", "?"))
    return f"{status} {status_words(status)[0]}"
