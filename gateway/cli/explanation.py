"""An inspected package, explained to people: what it is, who to whom, what is attached, what is wrong."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gateway.cli.inspection import FoundFile, Inspection, Outcome
from gateway.cli.terminal import both, card, grid, heading, local, plain, size, words
from gateway.errors import Fault
from gateway.exchange.words import GRADE_STYLES, GRADES, business_words, status_words
from gateway.model.code_lists import Business, Priority
from gateway.model.package import Amendment, Envelope, Organization, Package, Reply, StatusReport
from gateway.model.signature import Grade, Verdict

if TYPE_CHECKING:
    from rich.console import RenderableType

Row: TypeAlias = tuple[str, str, "str | Text | None"]

_OUTCOMES = {
    Outcome.ACCEPTED: ("✓", "Chấp nhận", "accepted", "green"),
    Outcome.WARNED: ("✓", "Chấp nhận, có cảnh báo", "accepted with warnings", "yellow"),
    Outcome.REFUSED: ("✗", "Không chấp nhận", "refused", "red"),
}
_SENTENCES = {
    Business.NEW: ("Văn bản mới", "new document"),
    Business.RECALL: ("Thu hồi văn bản", "recall of document"),
    Business.UPDATE: ("Cập nhật văn bản", "update of document"),
    Business.REPLACE: ("Văn bản thay thế", "replacing document"),
}
# The eight checks of trust/xml_verification.py, in its order.
_CHECKS = (
    ("đúng một chữ ký, đúng chỗ", "exactly one signature, in its place"),
    ("đủ các phần, đọc được chứng thư", "its parts are there, its certificates readable"),
    ("thuật toán được chấp nhận", "its algorithms are on the list"),
    ("ký trọn văn bản", "it covers the whole document"),
    ("giá trị băm khớp", "the digest matches"),
    ("giá trị chữ ký khớp khóa", "the value matches the key"),
    ("chứng thư dẫn đến gốc tin cậy", "the chain reaches an anchor"),
    ("người ký là bên gửi hoặc cấp trên", "its holder speaks for the sender"),
)
_RAW_ROWS = 60
_RAW_SIGNS = 300


def explain(name: str, inspection: Inspection, *, anchored: bool) -> "Iterator[RenderableType]":
    """Explain a package, part by part. Shape: anchored says that there were anchors to believe."""
    yield _outcome(name, inspection)
    yield from _findings(inspection.faults, "Lỗi", "faults", ("✗", "bold red"))
    package = inspection.package
    if package is None:
        yield from _raw(inspection)
    else:
        yield heading("Gói tin", "package")
        yield card(_rows(package))
    if inspection.files:
        yield heading("Tệp đính kèm", "attachments")
        yield _files(inspection.files)
    if inspection.verdict is not None:
        yield heading("Chữ ký số", "signature")
        fault = inspection.verdict.fault
        listed = fault in inspection.faults or fault in inspection.warnings
        yield _signature(inspection.verdict, anchored=anchored, listed=listed)
    yield from _findings(inspection.warnings, "Cảnh báo", "warnings", ("!", "bold yellow"))


def _outcome(name: str, inspection: Inspection) -> Panel:
    mark, vi, en, style = _OUTCOMES[inspection.outcome]
    return Panel(
        Text.assemble(
            (f"{mark} {vi}", f"bold {style}"),
            (f" · {en}\n", "dim"),
            both(*_sentence(inspection.package)),
            (f"\n{plain(name)}, {size(inspection.size_bytes)}\n", "dim"),
            (f"SHA-256 {inspection.digest}", "dim"),
        ),
        border_style=style,
        padding=(0, 1),
    )


def _sentence(package: Package | None) -> tuple[str, str]:
    """Say in one line what the package is."""
    if package is None:
        return "Không hiểu được gói tin", "the package could not be understood"
    if package.status is not None:
        vi, en = status_words(package.status.status)
        code = package.status.status
        return f"Trạng thái {code}: {vi}", f"status {code}, {en}"
    assert package.envelope is not None  # noqa: S101 - the reader sets one of the two
    envelope = package.envelope
    vi, en = _SENTENCES[envelope.amendment.business]
    day = _day(envelope.promulgated_on)
    return f"{vi} số {envelope.code} ngày {day}", f"{en} no. {envelope.code}"


def _rows(package: Package) -> Iterator[Row]:
    if package.envelope is not None:
        yield from _envelope_rows(package.envelope)
    if package.status is not None:
        yield from _status_rows(package.status)


def _envelope_rows(envelope: Envelope) -> Iterator[Row]:
    urgent = envelope.priority is not Priority.NORMAL
    yield "Bên gửi", "from", _organization(envelope.sender)
    yield "Nơi nhận", "to", _organizations(envelope.recipients)
    yield "Số, ký hiệu", "number", str(envelope.code)
    yield (
        "Ngày ban hành",
        "promulgated",
        ", ".join(filter(None, (envelope.place, _day(envelope.promulgated_on)))),
    )
    yield "Loại", "type", envelope.document_type.name
    yield "Trích yếu", "subject", envelope.subject
    yield "Nội dung", "content", envelope.content if envelope.content != envelope.subject else None
    yield "Độ khẩn", "priority", words((envelope.priority.vi, "bold red")) if urgent else None
    yield "Hạn trả lời", "due", _day(envelope.due_on)
    yield "Người ký", "signed by", _join(envelope.signer.position, envelope.signer.full_name)
    yield "Mã văn bản", "document id", envelope.document_id
    yield "Phúc đáp", "answers", "\n".join(map(_reply, envelope.replies)) or None
    yield "Lưu, gửi giấy", "other places", ", ".join(envelope.to_places) or None
    yield "Phụ lục", "appendixes", ", ".join(envelope.appendixes) or None
    yield from _amendment_rows(envelope.amendment)
    yield (
        "Vết xử lý",
        "trace",
        "\n".join(_join(hop.code, local(hop.at)) or "" for hop in envelope.trace) or None,
    )


def _amendment_rows(amendment: Amendment) -> Iterator[Row]:
    if amendment.business is Business.NEW:
        return
    changed = [
        word
        for word, is_so in (
            ("nội dung", amendment.content_changed),
            ("nơi nhận", amendment.receivers_changed),
        )
        if is_so
    ]
    signs = [f"{'+' if change.added else '−'} {change.code}" for change in amendment.receiver_changes]
    yield "Nghiệp vụ", "business", both(*business_words(amendment.business))
    yield "Văn bản đích", "target", amendment.target
    yield "Thay đổi", "changes", ", ".join(changed) or None
    yield "Nơi nhận đổi", "recipients", "\n".join(signs) or None
    yield "Thay cho", "replaces", "\n".join(item.document_id for item in amendment.replaced) or None
    yield "Lý do", "reason", amendment.reason


def _status_rows(report: StatusReport) -> Iterator[Row]:
    yield "Bên báo", "from", _organization(report.sender)
    yield "Về văn bản", "about", _reply(report.reply)
    yield (
        "Trạng thái",
        "status",
        both(f"{report.status} {status_words(report.status)[0]}", status_words(report.status)[1]),
    )
    yield "Diễn giải", "description", report.description
    yield "Cán bộ", "officer", _join(report.staff.name, report.staff.department) if report.staff else None
    yield "Lúc", "at", local(report.at) or None


def _raw(inspection: Inspection) -> "Iterator[RenderableType]":
    """Show what could be read of a package that could not be understood."""
    if not inspection.raw:
        return
    yield heading("Những gì đọc được", "what could be read")
    rows = [(path, text[:_RAW_SIGNS]) for path, texts in inspection.raw.items() for text in texts]
    yield grid(("Vị trí", "place"), ("Giá trị", "value"), rows=rows[:_RAW_ROWS])
    if len(rows) > _RAW_ROWS:
        yield both(f"  … còn {len(rows) - _RAW_ROWS} giá trị, xem --json", "more with --json")


def _files(files: Sequence[FoundFile]) -> "RenderableType":
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", min_width=3)
    table.add_column(overflow="fold")
    for number, found in enumerate(files, 1):
        table.add_row(str(number), _file(found))
    return table


def _file(found: FoundFile) -> Text:
    file, attachment = found.file, found.attachment
    if file is None:
        return Text.assemble(
            (plain(attachment.name or "?"), "bold"),
            (f"  {size(attachment.decoded_bytes)}, ", ""),
            ("không giải nén được · cannot be unpacked", "red"),
            (f"\n{attachment.digest}", "dim"),
        )
    return Text.assemble(
        (plain(file.name), "bold"),
        f"  {size(file.size_bytes)}, {file.media_type}",
        (", đã gỡ vỏ zip · unwrapped" if file.wrapped else "", "dim"),
        (f"\n{file.digest}", "dim"),
    )


def _signature(verdict: Verdict, *, anchored: bool, listed: bool) -> "RenderableType":
    """Tell the verdict. Shape: listed says that its fault stands among the faults or warnings anyway."""
    grade, fault = verdict.grade, verdict.fault
    because = Text.assemble(plain(fault.vi), (f"\n{plain(fault.en)}", "dim")) if fault else None
    hint = both("chưa nêu gốc tin cậy nào: thêm --anchors DIR", "no anchors were given")
    rows: list[Row] = [
        ("Kết quả", "verdict", both(*GRADES[grade], GRADE_STYLES[grade])),
        ("Các bước", "checks", _steps(verdict) if verdict.step else None),
        ("Người ký", "holder", verdict.holder),
        ("Chứng thư", "certificate", verdict.subject),
        ("SHA-256", "fingerprint", verdict.certificate_sha256),
        ("Vì", "because", None if listed else because),
        ("Gợi ý", "hint", hint if grade is Grade.UNTRUSTED and not anchored else None),
    ]
    return card(rows)


def _steps(verdict: Verdict) -> Text:
    """Tick the checks that held and cross the one that decided."""
    if verdict.grade is Grade.VALID:
        return both(f"✓ cả {verdict.step} bước", f"all {verdict.step} hold", "green")
    held = " ".join(str(number) for number in range(1, verdict.step))
    vi, en = _CHECKS[verdict.step - 1]
    return Text.assemble(
        (f"✓ {held}  " if held else "", "green"), (f"✗ {verdict.step} ", "bold red"), both(vi, en)
    )


def _findings(faults: Sequence[Fault], vi: str, en: str, mark: tuple[str, str]) -> "Iterator[RenderableType]":
    if not faults:
        return
    yield heading(f"{vi} ({len(faults)})", en)
    table = Table.grid(padding=(0, 1))
    table.add_column(min_width=3, justify="right")
    table.add_column(overflow="fold")
    for fault in faults:
        place = f"  {plain(fault.where)}" if fault.where else ""
        said = Text.assemble((fault.rule, "bold"), (place, "cyan"), f"\n{plain(fault.vi)}")
        table.add_row(Text.assemble(mark), said.append(f"\n{plain(fault.en)}", "dim"))
    yield table


def _organization(agency: Organization) -> Text:
    return words((agency.name or "?", "bold"), f" ({agency.code})")


def _organizations(agencies: Sequence[Organization]) -> Text:
    return Text("\n").join(_organization(agency) for agency in agencies)


def _reply(reply: Reply) -> str:
    parts = (reply.code, _day(reply.promulgated_on), reply.organ, reply.document_id)
    return ", ".join(str(part) for part in parts if part)


def _join(*parts: str | None) -> str | None:
    return ", ".join(part for part in parts if part) or None


def _day(day: date | None) -> str | None:
    return None if day is None else f"{day:%d/%m/%Y}"
