"""Examines a data directory: does what was done agree with what is on record, and with what is on disk?

Reads only, and may run beside a serving process. What it finds are values, with their meaning and what to do
about them in both languages; cli/doctor.py shows them.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509

from gateway.deadlines.announced import wanted_year
from gateway.errors import Delay, Refusal
from gateway.evidence.merkle import hash_leaf
from gateway.evidence.receipts import Receipt, read_receipt, verify_receipt, write_entry
from gateway.model.formats import local_day
from gateway.model.identifiers import Digest
from gateway.model.log import SIGNED_KINDS
from gateway.store.calendar import days_of_year
from gateway.store.consistency import bytes_wrong, disagreements, log_rows
from gateway.store.database import engine_of, from_micros, looking
from gateway.store.shelf import Shelf, Stray
from gateway.store.tables import Row, Source, Tables
from gateway.trust.keys import fingerprint_of

_EXAMPLES = 10
# Younger than this, a file may belong to a walk that is just being recorded.
_YOUNG = timedelta(minutes=15)
_SEAL_ENDS_SOON = timedelta(days=30)
_CLOCK_OFF = timedelta(minutes=5)


class Severity(StrEnum):
    """How bad it is: an error is a broken promise, a remark something to know."""

    ERROR = "error"
    REMARK = "remark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a finding means and what to do, in Vietnamese and English."""

    vi: str
    en: str
    severity: Severity = Severity.ERROR


_DAMAGE = "Khôi phục từ bản sao lưu gần nhất.", "Restore the last backup."
_TAMPERED = (
    "Dữ liệu bị sửa ngoài chương trình: giữ nguyên tệp, báo người phụ trách kiểm toán.",
    "The data was changed from outside: keep the files as they are, tell the auditor.",
)
_OURS = (
    "Lỗi của chương trình: giữ bản sao và báo nhà phát triển.",
    "A fault of the program: keep a copy, report it.",
)


def _error(vi: str, en: str, advice: tuple[str, str]) -> Meaning:
    return Meaning(vi=f"{vi} {advice[0]}", en=f"{en} {advice[1]}")


def _remark(vi: str, en: str) -> Meaning:
    return Meaning(vi=vi, en=en, severity=Severity.REMARK)


# docs/operations.md has the same list; a test keeps the two equal.
MEANINGS: dict[str, Meaning] = {
    "database-damaged": _error("Cơ sở dữ liệu hỏng.", "The database is damaged.", _DAMAGE),
    "schema-unknown": _remark(
        "Lược đồ của phiên bản khác; chạy `lienthong serve` một lần để nâng cấp.",
        "The schema is another version's; run `lienthong serve` once to bring it up.",
    ),
    "reference-broken": _error(
        "Dòng trỏ tới dòng không có.", "A row points at one that is not there.", _DAMAGE
    ),
    "log-unguarded": _error(
        "Nhật ký mất khóa chống sửa.", "The log has lost its guard against change.", _TAMPERED
    ),
    "entry-missing": _error("Nhật ký thiếu mục.", "An entry of the log is missing.", _TAMPERED),
    "entry-mislabelled": _error("Cột khác lời xác nhận.", "Columns differ from the statement.", _TAMPERED),
    "leaf-wrong": _error("Lá Merkle không khớp.", "The leaf is not the entry's.", _TAMPERED),
    "receipt-wrong": _error("Chữ ký biên nhận sai.", "A receipt's signature is wrong.", _TAMPERED),
    "receipt-missing": _error("Thiếu biên nhận.", "A receipt is missing.", _TAMPERED),
    "receipt-of-another-seal": _remark(
        "Biên nhận ký bằng chứng thư không còn ở đây (con dấu đã thay); giữ chứng thư cũ để kiểm chứng.",
        "Receipts signed under a certificate that is not here any more; keep old ones to verify them.",
    ),
    "package-unrecorded": _error("Gói tin không có mục nhật ký.", "A package without its entry.", _TAMPERED),
    "own-word-unrecorded": _error(
        "Trạng thái tự gửi không có mục.", "An own word without its entry.", _TAMPERED
    ),
    "record-without-package": _error("Mục nhật ký mất gói tin.", "An entry without its package.", _TAMPERED),
    "package-differs": _error("Gói tin khác mục nhật ký.", "A package differs from its entry.", _TAMPERED),
    "end-unrecorded": _error(
        "Lượt chuyển kết thúc không có mục.", "A dispatch ended without an entry.", _OURS
    ),
    "record-without-end": _error(
        "Mục kết thúc mà lượt chuyển chưa.", "An end on record that was none.", _OURS
    ),
    "collection-unrecorded": _error("Lấy gói tin mà không có mục.", "A collection without its entry.", _OURS),
    "record-without-collection": _error("Mục lấy gói tin mà chưa lấy.", "A collection that was none.", _OURS),
    "answer-unrecorded": _error("Trả lời không có mục nhật ký.", "An answer without its entry.", _OURS),
    "recall-unrecorded": _error("Thu hồi không có mục nhật ký.", "A recall without its entry.", _OURS),
    "status-unfounded": _error("Trạng thái không do ai báo.", "A status that nobody reported.", _OURS),
    "dispatch-contradicts-itself": _error(
        "Lượt chuyển tự mâu thuẫn.", "A dispatch contradicts itself.", _OURS
    ),
    "stretch-wrong": _error(
        "Thời gian của một đoạn nhật ký ghi sai.", "The times of a stretch of the log are wrong.", _OURS
    ),
    "queue-miscounted": _error("Số đếm hàng chờ sai.", "A queue is miscounted.", _OURS),
    "agency-served-unknown": _error("Phục vụ đơn vị không có.", "An agency served that is not known.", _OURS),
    "erasure-unrecorded": _error(
        "Nội dung bị xóa không có mục nhật ký.", "Content erased without an entry.", _TAMPERED
    ),
    "record-without-erasure": _error(
        "Mục xóa nội dung mà chưa xóa.", "An erasure on record that was none.", _OURS
    ),
    "hold-ignored": _error("Xóa nội dung đang tạm giữ.", "Content erased that was under a hold.", _TAMPERED),
    "obligation-contradicts-steps": _error(
        "Việc phải làm không khớp các bước của nó.", "An obligation contradicts its steps.", _OURS
    ),
    "step-unrecorded": _error(
        "Bước của việc phải làm không có trong nhật ký.", "A step of an obligation has no entry.", _OURS
    ),
    "record-without-step": _error(
        "Nhật ký có bước mà việc phải làm không có.", "An entry tells a step that no obligation has.", _OURS
    ),
    "register-miscounted": _error("Số liệu sổ văn bản sai.", "The register is miscounted.", _OURS),
    "document-not-findable": _error(
        "Văn bản không tìm thấy được bằng tra cứu.", "No search finds a document.", _OURS
    ),
    "document-unregistered": _error(
        "Văn bản đi không có trong sổ.", "A document that was sent is not in the register.", _OURS
    ),
    "bytes-missing": _error("Mất nội dung gói tin.", "A package's bytes are missing.", _DAMAGE),
    "bytes-damaged": _error("Nội dung gói tin hỏng.", "A package's bytes are damaged.", _DAMAGE),
    "bytes-unused": _remark("Nội dung không thuộc gói tin nào.", "Bytes that belong to no package."),
    "shelf-unreachable": _error(
        "Không hỏi được nơi giữ gói tin lớn.",
        "Where large packages stand cannot be asked.",
        ("Sửa kết nối tới kho đối tượng rồi khám lại.", "Mend the way to the object store, examine again."),
    ),
    "file-astray": _remark(
        "Tệp hay đối tượng không thuộc gói tin nào; `lienthong doctor --mend` dọn được.",
        "Files or objects that belong to no package; `lienthong doctor --mend` removes them.",
    ),
    "spool-left": _remark(
        "Tệp tạm còn lại; lần chạy sau sẽ dọn.", "Leftovers in the spool; the next start clears them."
    ),
    "file-exposed": _remark(
        "Người khác trên máy đọc được tệp bí mật; chạy chmod 600.",
        "Others on this machine can read a secret file; chmod 600.",
    ),
    "seal-invalid-now": _error(
        "Con dấu số không còn hiệu lực.",
        "The seal's certificate is not valid now.",
        ("Thay con dấu (docs/operations.md).", "Replace it (docs/operations.md)."),
    ),
    "seal-ends-soon": _remark("Con dấu số sắp hết hạn.", "The seal's certificate ends within 30 days."),
    "calendar-missing": _remark(
        "Lịch làm việc năm sau chưa có hoặc còn dự kiến; nhập lịch khi có công bố.",
        "The next year's working calendar is missing or not announced; import it.",
    ),
    "clock-behind": _error(
        "Đồng hồ chậm hơn mục nhật ký cuối.",
        "The clock is behind the newest entry.",
        ("Chỉnh đồng hồ máy.", "Set the machine's clock."),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One kind of disagreement: how often it was met, and where first."""

    code: str
    count: int
    examples: tuple[str, ...]

    @property
    def meaning(self) -> Meaning:
        """Say what it means and what to do."""
        return MEANINGS[self.code]

    @property
    def is_error(self) -> bool:
        """Tell whether something is wrong."""
        return self.meaning.severity is Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What is examined: the files of one data directory, and the certificates it seals under.

    Shape: secret_files are those nobody else may read; the next year's calendar is wanted within a time
    before it begins.
    """

    source: Source
    shelves: tuple[Shelf, ...]
    spool_folder: Path
    certificates: tuple[x509.Certificate, ...]
    secret_files: tuple[Path, ...]
    calendar_missing_within: timedelta


@dataclass(slots=True)
class _Notes:
    """Gathers findings, keeping the first examples of each."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def note(self, code: str, where: str) -> None:
        self.counts[code] = self.counts.get(code, 0) + 1
        first = self.examples.setdefault(code, [])
        if len(first) < _EXAMPLES:
            first.append(where)

    def note_all(self, found: Iterable[tuple[str, str]]) -> None:
        for code, where in found:
            self.note(code, where)

    def findings(self) -> list[Finding]:
        """Give them in the order of the list, errors first."""
        codes = sorted(self.counts, key=lambda code: (MEANINGS[code].severity, list(MEANINGS).index(code)))
        return [
            Finding(code=code, count=self.counts[code], examples=tuple(self.examples[code])) for code in codes
        ]


def examine(house: House, *, at: datetime, thorough: bool = True) -> list[Finding]:
    """Examine a data directory, served or not. Blocks: to be run in a thread where there is a loop.

    Shape: thorough recomputes every leaf and verifies every signature and digest; else only what is
    there is counted.
    """
    notes = _Notes()
    with looking(house.source) as connection:
        notes.note_all(disagreements(connection, engine_of(house.source).dialect))
        if "schema-unknown" not in notes.counts:
            if thorough:
                notes.note_all(_judge_log(log_rows(connection), house))
            try:
                notes.note_all(bytes_wrong(connection, house.shelves, thorough=thorough))
                notes.note_all(("file-astray", stray.name) for stray in _strays(connection, house, at))
            except Delay as delay:
                notes.note("shelf-unreachable", str(delay))
            notes.note_all(_judge_calendar(connection, house.calendar_missing_within, at))
            notes.note_all(_judge_clock(connection.execute("SELECT max(at) FROM log").fetchone()[0], at))
    notes.note_all(("spool-left", path.name) for path in _old(_files_below(house.spool_folder), at))
    notes.note_all(
        ("file-exposed", path.name) for path in house.secret_files if path.is_file() and _is_exposed(path)
    )
    notes.note_all(_judge_seal(house.certificates[0], at))
    return notes.findings()


def _is_exposed(path: Path) -> bool:
    """Tell whether others may read a file. A group may be how we ourselves read what is not ours."""
    stands = path.stat()
    return bool(stands.st_mode & (0o077 if stands.st_uid == os.geteuid() else 0o007))


def mend(house: House, *, at: datetime) -> list[str]:
    """Remove the files and objects that are nobody's; only while no server runs. Return what was removed."""
    with looking(house.source) as connection:
        astray = list(_strays(connection, house, at))
    for stray in astray:
        stray.remove()
    return [stray.name for stray in astray]


def _strays(connection: Tables, house: House, at: datetime) -> Iterator[Stray]:
    for shelf in house.shelves:
        yield from shelf.strays(connection, before=at - _YOUNG)


def _judge_log(rows: Iterable[Row], house: House) -> Iterator[tuple[str, str]]:
    certificates = {fingerprint_of(certificate): certificate for certificate in house.certificates}
    signed = {kind.value for kind in SIGNED_KINDS}
    for row in rows:
        seq, statement = str(row["seq"]), row["statement"]
        try:
            receipt = None if row["receipt"] is None else read_receipt(row["receipt"])
            is_its_leaf = hash_leaf(write_entry(statement, receipt)) == row["leaf"]
        except (Refusal, ValueError):  # no receipt at all, or one of another statement
            yield "receipt-wrong", seq
            continue
        if not is_its_leaf:
            yield "leaf-wrong", seq
        if receipt is not None:
            yield from _judge_receipt(receipt, certificates, seq)
        elif row["kind"] in signed:
            yield "receipt-missing", seq


def _judge_receipt(
    receipt: Receipt, certificates: Mapping[Digest, x509.Certificate], seq: str
) -> Iterator[tuple[str, str]]:
    certificate = certificates.get(receipt.certificate_sha256)
    if certificate is None:
        yield "receipt-of-another-seal", seq
    elif not verify_receipt(receipt, certificate):
        yield "receipt-wrong", seq


def _judge_clock(newest: int | None, at: datetime) -> Iterator[tuple[str, str]]:
    if newest is not None and from_micros(newest) > at + _CLOCK_OFF:
        yield "clock-behind", from_micros(newest).isoformat()


def _judge_calendar(connection: Tables, within: timedelta, at: datetime) -> Iterator[tuple[str, str]]:
    today = local_day(at)
    coming = {today.year + 1: days_of_year(connection, today.year + 1)}
    if (year := wanted_year(coming, today, within)) is not None:
        yield "calendar-missing", str(year)


def _judge_seal(certificate: x509.Certificate, at: datetime) -> Iterator[tuple[str, str]]:
    until = certificate.not_valid_after_utc
    if not certificate.not_valid_before_utc <= at <= until:
        yield "seal-invalid-now", until.isoformat()
    elif until - at < _SEAL_ENDS_SOON:
        yield "seal-ends-soon", until.isoformat()


def _files_below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _old(paths: Iterable[Path], at: datetime) -> Iterator[Path]:
    """Leave out the young files, and those that a running server has removed meanwhile."""
    newest = (at - _YOUNG).timestamp()
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < newest:
                yield path
