"""Entries of the audit log as pages show them: a sentence, fact by fact, receipt and proof to take."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from gateway.errors import Refusal
from gateway.evidence.receipts import read_statement
from gateway.exchange.checkpoints import prove_entry
from gateway.exchange.narration import narrate, rungs_of
from gateway.exchange.words import EVENTS, GRADES, business_words, name_rung, rung_words, status_words
from gateway.model.agency import Names
from gateway.model.formats import write_instant
from gateway.model.log import LogKind
from gateway.model.people import Language
from gateway.model.report import Words
from gateway.model.signature import Grade
from gateway.store.audit_log import LogRow
from gateway.store.database import Database
from gateway.web.console.downloads import send_away
from gateway.web.console.wording import write_size

_TONES: dict[LogKind, tuple[str, str]] = {
    LogKind.ACCEPTED: ("good", "check"),
    LogKind.REFUSED: ("bad", "cross"),
    LogKind.REPEATED: ("calm", "moving"),
    LogKind.DEFERRED: ("wait", "clock"),
    LogKind.DELIVERED: ("good", "out"),
    LogKind.TURNED_AWAY: ("bad", "cross"),
    LogKind.EXPIRED: ("bad", "hourglass"),
    LogKind.COLLECTED: ("note", "inbox"),
    LogKind.CONFIRMED: ("good", "check"),
    LogKind.EVIDENCED: ("good", "seal"),
    LogKind.OVERDUE: ("wait", "hourglass"),
    LogKind.ANSWERED: ("note", "person"),
    LogKind.UNMATCHED: ("wait", "question"),
    LogKind.AMENDED: ("wait", "pen"),
    LogKind.DISTRUSTED: ("bad", "lock"),
    LogKind.ADMINISTERED: ("calm", "sliders"),
    LogKind.SIGNED_IN: ("calm", "person"),
    LogKind.SIGNED_OUT: ("calm", "leave"),
    LogKind.CONTRADICTED: ("bad", "alert"),
    LogKind.ERASED: ("wait", "hourglass"),
    LogKind.OBLIGED: ("note", "clock"),
    LogKind.REMINDED: ("note", "bell"),
}

# A login is quoted as it is, small letters and all.
_BEGIN_WITH_A_LOGIN = frozenset({LogKind.ADMINISTERED, LogKind.SIGNED_IN, LogKind.SIGNED_OUT})

# What the members of a statement are called (docs/log-events.md); one that is not here keeps its own name.
_MEMBERS: dict[str, Words] = {
    "at": ("Lúc", "At"),
    "gateway": ("Cổng", "Gateway"),
    "event": ("Việc", "Event"),
    "package": ("Gói tin", "Package"),
    "dispatch": ("Lượt chuyển", "Dispatch"),
    "system": ("Hệ thống", "System"),
    "peer": ("Loại hệ thống", "Kind of system"),
    "sender": ("Cơ quan gửi", "Sender"),
    "recipients": ("Nơi nhận", "Recipients"),
    "recipient": ("Nơi nhận", "Recipient"),
    "consigned": ("Đã vào hộp thư", "In the mailbox of"),
    "direction": ("Chiều", "Direction"),
    "carries": ("Mang", "Carries"),
    "business": ("Nghiệp vụ", "Business"),
    "status": ("Trạng thái", "Status"),
    "sha256": ("SHA-256", "SHA-256"),
    "bytes": ("Cỡ", "Size"),
    "document": ("Mã văn bản", "Document id"),
    "signature": ("Chữ ký số", "Signature"),
    "warnings": ("Cảnh báo", "Warnings"),
    "evidence": ("Bậc bằng chứng", "Rungs of evidence"),
    "reasons": ("Nguyên nhân", "Reasons"),
    "expected": ("Chờ bằng chứng", "Expected"),
    "since": ("Từ", "Since"),
    "far_id": ("Mã ở phía kia", "Far side's id"),
    "far_event": ("Việc ở phía kia", "Far side's event"),
    "verified": ("Đã kiểm chữ ký", "Signature verified"),
    "code": ("Mã lỗi", "Code"),
    "faults": ("Lỗi", "Faults"),
    "attempt": ("Lần thử", "Attempt"),
    "reason": ("Lý do", "Reason"),
    "repeated": ("Báo lặp", "Said before"),
    "target": ("Về văn bản", "Target"),
    "replaced": ("Thay cho", "Replaces"),
    "claimed": ("Tự xưng", "Claims to be"),
    "operation": ("Yêu cầu", "Asked for"),
    "address": ("Từ địa chỉ", "From address"),
    "act": ("Việc", "Act"),
    "by": ("Người làm", "By"),
    "user": ("Người dùng", "User"),
    "session": ("Phiên", "Session"),
    "way": ("Cách", "Way"),
    "agency": ("Cơ quan", "Agency"),
    "name": ("Tên", "Name"),
    "log": ("Nhật ký", "Log"),
    "verdict": ("Kết luận", "Verdict"),
    "rule": ("Quy tắc lưu", "Rule of retention"),
    "kept_days": ("Số ngày lưu", "Days kept"),
    "hold": ("Số tạm giữ", "Hold"),
    "count": ("Số lượng", "Count"),
    "size": ("Số mục", "Entries"),
    "outcome": ("Kết quả", "Outcome"),
    "until": ("Đến", "Until"),
    "kind": ("Loại", "Kind"),
    "policy": ("Mức xét chữ ký", "Policy on signatures"),
    "serves": ("Phục vụ", "Serves"),
    "console": ("Phục vụ tại đây", "Served in the console"),
    "role": ("Vai trò", "Role"),
    "agencies": ("Các cơ quan", "Agencies"),
    "successor": ("Kế thừa", "Successor"),
    "version": ("Phiên bản", "Version"),
    "root": ("Gốc", "Root"),
    "checkpoints": ("Điểm chốt", "Checkpoints"),
    "again": ("Lượt thay", "Followed by"),
    "form": ("Dạng", "Form"),
    "obligation": ("Mã việc", "Obligation"),
    "owes": ("Loại việc", "What is owed"),
    "assigned_by": ("Bên giao", "Assigned by"),
    "reference": ("Tên gọi", "Called"),
    "due_on": ("Hạn", "Due"),
    "counts_on": ("Tính từ ngày", "Counts for"),
    "obligations": ("Việc phải làm", "Owed"),
    "escalated": ("Việc đã giao", "Assigned to others"),
    "ways": ("Cách nhắc", "Ways"),
    "day": ("Ngày", "Day"),
    "span": ("Kỳ báo cáo", "Span"),
    "addressee": ("Nơi nhận", "Addressee"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An entry of the log, in words. rungs are what it proves: the standard's name, and ours."""

    row: LogRow
    title: Words
    tone: str
    icon: str
    sentence: Words
    rungs: Sequence[tuple[str, Words]]


def tell_entry(row: LogRow, names: Names) -> Told:
    """Tell an entry; names says what an agency is called."""
    tone, icon = _TONES.get(row.kind, ("calm", "log"))
    title = name_event(row.kind)
    facts = facts_of(row)
    if row.kind is LogKind.ANSWERED:
        said = status_words(str(facts.get("status")))
        title = (f"{title[0]}: {said[0]}", f"{title[1]}: {said[1]}")
    return Told(
        row=row,
        title=title,
        tone=tone,
        icon=icon,
        sentence=tell_facts(row.kind, facts, names),
        rungs=[(rung, name_rung(rung)) for rung in rungs_of(facts)],
    )


def facts_of(row: LogRow) -> Mapping[str, Any]:
    """Read what an entry says; of one that was altered beyond reading, nothing."""
    try:
        return read_statement(row.statement)
    except (Refusal, ValueError):
        return {}


def tell_facts(kind: LogKind, facts: Mapping[str, Any], names: Names) -> Words:
    """Tell facts in a sentence. What somebody altered must not keep an auditor from seeing the rest."""
    try:
        vi, en = narrate(kind, facts, names)
    except (LookupError, ValueError, TypeError, AttributeError):
        return "Lời xác nhận không đọc được.", "The statement cannot be read."
    if kind in _BEGIN_WITH_A_LOGIN:
        return f"{vi.rstrip('. ')}.", f"{en.rstrip('. ')}."
    return end_sentence(vi), end_sentence(en)


def end_sentence(told: str) -> str:
    """Make what was told a sentence: a capital, and one stop."""
    return f"{told[:1].upper()}{told[1:].rstrip('. ')}."


def name_event(kind: LogKind) -> Words:
    """Name an event, as a heading."""
    vi, en = EVENTS[kind]
    return vi[:1].upper() + vi[1:], en[:1].upper() + en[1:].replace("-", " ")


def lay_out(facts: Mapping[str, Any], language: Language) -> list[tuple[str, str, str]]:
    """Lay a statement out, one fact on a row: the member's name, what it is called, what it says.

    The far side's receipt has facts of its own: far_receipts.py.
    """
    told = {name: fact for name, fact in facts.items() if name != "far_receipt"}
    return list(_rows(told, language, ""))


def _rows(facts: Mapping[str, Any], language: Language, before: str) -> Iterator[tuple[str, str, str]]:
    for name, fact in facts.items():
        if isinstance(fact, dict):
            yield from _rows(fact, language, f"{before}{name}.")
        else:
            label = _MEMBERS.get(name, (name, name))[language is Language.ENGLISH]
            yield f"{before}{name}", label, _say(name, fact, language)


def _say(name: str, fact: Any, language: Language) -> str:
    place = language is Language.ENGLISH
    if name == "faults" and isinstance(fact, list):
        return "; ".join(f"{one['rule']}: {one[('vi', 'en')[place]]}" for one in fact)
    if isinstance(fact, list):
        return ", ".join(_say(name, one, language) for one in fact)
    if isinstance(fact, bool):
        return (("không", "có"), ("no", "yes"))[place][fact]
    if name in ("at", "since", "last_at", "backup_at") and "T" in str(fact):
        return write_instant(datetime.fromisoformat(fact), language)
    if name == "bytes":
        return write_size(fact, language)
    if name in ("evidence", "expected"):
        return rung_words(fact)
    if name == "business":
        return business_words(fact)[place]
    if name == "status":
        return f"{fact} {status_words(fact)[place]}"
    if name == "signature":
        return GRADES[Grade(fact)][place]
    return str(fact)


async def send_receipt(request: web.Request, row: LogRow) -> web.StreamResponse:
    """Send an entry's signed receipt."""
    if row.receipt is None:
        raise not_here("Mục này không có biên nhận.", "This entry has no receipt.")
    return await send_away(
        request, one_piece(row.receipt), name=f"bien-nhan-{row.seq}.json", media_type="application/json"
    )


async def send_proof(
    request: web.Request, database: Database, row: LogRow, *, size: int | None = None
) -> web.StreamResponse:
    """Send the proof that an entry is in the log: under the checkpoint of a size, or the newest."""
    proof = await prove_entry(database, row.seq, size=size)
    if proof is None:
        raise not_here("Chưa có điểm chốt nào sau mục này.", "No checkpoint covers this entry yet.")
    return await send_away(
        request, one_piece(proof), name=f"bang-chung-{row.seq}.tlog-proof", media_type="text/plain"
    )


async def one_piece(content: bytes) -> AsyncIterator[bytes]:
    """Give a small file as its only piece."""
    yield content


def not_here(vi: str, en: str) -> Refusal:
    """Make the error for what is asked for and is not there."""
    return Refusal.because("not-found", vi=vi, en=en)
