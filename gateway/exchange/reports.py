"""Reports put together from figures: which tables stand in them, and what their columns say. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from gateway.deadlines.counts import Account, Became, Counts, Resolved
from gateway.deadlines.figures import Figures, Flow
from gateway.deadlines.periods import name_period
from gateway.edxml.document_types import TYPE_NAMES
from gateway.model.agency import Names
from gateway.model.formats import counted, local, write_number
from gateway.model.identifiers import AgencyCode
from gateway.model.people import Language
from gateway.model.report import Cell, Column, Report, Table, Unit, Words

Counted = TypeVar("Counted")

_TOTAL: Words = ("Tổng cộng", "Total")
_AGENCY = Column(title=("Cơ quan", "Agency"), unit=Unit.TEXT)
_PLACES = {name: place for place, name in enumerate(TYPE_NAMES)}
_OTHER: Words = ("Loại khác", "Other")
_LEGAL: Words = ("văn bản quy phạm pháp luật", "legal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What stands around the tables. Shape: lines as in `model.report.Report`."""

    issuer: str
    over: str = ""
    place: str = ""
    notation: str = "BC"
    recipients: tuple[str, ...] = ("Lưu: VT.",)
    competence: str = ""
    position: str = ""
    signer: str = ""


def write_report(figures: Figures, letterhead: Letterhead, names: Names, *, made_on: date) -> Report:
    """Put a report together."""
    return Report(
        title=(
            "Báo cáo tình hình trao đổi văn bản và thực hiện nhiệm vụ",
            "Report on documents exchanged and tasks carried out",
        ),
        period=name_period(figures.period),
        issuer=letterhead.issuer,
        over=letterhead.over,
        place=letterhead.place,
        notation=letterhead.notation,
        made_on=made_on,
        as_of=figures.as_of,
        summary=tuple(summarise(figures)),
        tables=tables_of(figures, names),
        recipients=letterhead.recipients,
        competence=letterhead.competence,
        position=letterhead.position,
        signer=letterhead.signer,
    )


def tables_of(figures: Figures, names: Names) -> tuple[Table, ...]:
    """List the tables of figures; documents of a single agency are not listed by agency."""
    several = len({*figures.tasks, *figures.dossiers, *figures.by_agency}) > 1
    return (
        task_table(figures, names),
        dossier_table(figures, names),
        petition_table(figures, names),
        field_report_table(figures, names),
        type_table(figures),
        *([agency_table(figures, names)] if several else []),
    )


def summarise(figures: Figures) -> Iterable[Words]:
    """Say the figures that people ask for first."""
    tasks, dossiers = figures.all_tasks.assigned, figures.all_dossiers
    petitions, documents, connections = figures.all_petitions, figures.all_documents, figures.connections
    yield (
        f"Nhiệm vụ được giao: {_n(tasks.assigned)}; hoàn thành đúng hạn {_n(tasks.done_in_time)},"
        f" hoàn thành quá hạn {_n(tasks.done_late)}, đang thực hiện trong hạn {_n(tasks.open_in_time)},"
        f" đang thực hiện quá hạn {_n(tasks.open_overdue)}.",
        f"Tasks assigned: {tasks.assigned:,}; {tasks.done_in_time:,} done in time, {tasks.done_late:,} late,"
        f" {tasks.open_in_time:,} in progress in time, {tasks.open_overdue:,} overdue.",
    )
    rate = dossiers.on_time_rate
    yield (
        f"Hồ sơ: tiếp nhận {_n(dossiers.received)}, giải quyết {_n(dossiers.resolved)}, đúng hạn "
        + ("không có số liệu." if rate is None else f"{rate}%.".replace(".", ",", 1)),
        f"Dossiers: {dossiers.received:,} received, {dossiers.resolved:,} resolved, in time "
        + ("no data." if rate is None else f"{rate}%."),
    )
    yield (
        f"Đơn thư: tiếp nhận {_n(petitions.received)}, đã giải quyết {_n(petitions.resolved)},"
        f" chuyển {_n(petitions.passed_on)}, hướng dẫn {_n(petitions.guided)}.",
        f"Petitions: {petitions.received:,} received, {petitions.resolved:,} resolved,"
        f" {petitions.passed_on:,} passed on, {petitions.guided:,} guided.",
    )
    yield (
        f"Văn bản: đến {_n(documents.incoming)}, đi {_n(documents.outgoing)} ({_n(documents.deliveries)} lượt"
        f" gửi). Kết nối: {connections.connected}/{connections.total} cơ quan,"
        f" {connections.on_own_server} máy chủ riêng, {connections.on_shared_server} dùng chung.",
        f"Documents: {documents.incoming:,} in, {documents.outgoing:,} out"
        f" ({counted(documents.deliveries, 'delivery')}). Connected: {connections.connected} of"
        f" {counted(connections.total, 'agency')},"
        f" {connections.on_own_server} on servers of their own,"
        f" {connections.on_shared_server} on a shared one.",
    )


def _n(count: int) -> str:
    return write_number(count, Language.VIETNAMESE)


def task_table(figures: Figures, names: Names) -> Table:
    """List the five counts for each agency, and what was carried over into the period apart."""
    new: Words = ("Giao trong kỳ", "Assigned in the period")
    old: Words = ("Kỳ trước chuyển sang", "Carried over")
    return Table(
        title=("Tình hình thực hiện nhiệm vụ được giao", "Tasks assigned and how they stand"),
        columns=(_AGENCY, *_count_columns(new), *_count_columns(old)),
        rows=_by_agency(figures.tasks, names, _account_cells),
        total=(_TOTAL, *_account_cells(figures.all_tasks)),
        notes=(_as_of(figures),),
        numbered=True,
    )


def _count_columns(group: Words) -> tuple[Column, ...]:
    titles: tuple[Words, ...] = (
        ("Tổng số", "All"),
        ("Hoàn thành đúng hạn", "Done in time"),
        ("Hoàn thành quá hạn", "Done late"),
        ("Đang thực hiện, trong hạn", "In progress, in time"),
        ("Đang thực hiện, quá hạn", "In progress, overdue"),
    )
    return tuple(Column(title=title, group=group) for title in titles)


def _account_cells(account: Account) -> tuple[Cell, ...]:
    return (*_count_cells(account.assigned), *_count_cells(account.carried_over))


def _count_cells(counts: Counts) -> tuple[Cell, ...]:
    return (
        counts.assigned,
        counts.done_in_time,
        counts.done_late,
        counts.open_in_time,
        counts.open_overdue,
    )


def dossier_table(figures: Figures, names: Names) -> Table:
    """List how dossiers were resolved."""
    return _resolved_table(
        ("Tình hình giải quyết hồ sơ", "Dossiers and how they were resolved"),
        figures.dossiers,
        figures.all_dossiers,
        names,
        figures,
    )


def field_report_table(figures: Figures, names: Names) -> Table:
    """List how field reports were dealt with."""
    return _resolved_table(
        ("Phản ánh hiện trường, đường dây nóng", "Field reports and how they were dealt with"),
        figures.field_reports,
        figures.all_field_reports,
        names,
        figures,
    )


def _resolved_table(
    title: Words, counted: Mapping[AgencyCode, Resolved], total: Resolved, names: Names, figures: Figures
) -> Table:
    done: Words = ("Đã giải quyết", "Resolved")
    open_: Words = ("Đang giải quyết", "In progress")
    rate: Words = ("Tỷ lệ đúng hạn", "Share in time")
    return Table(
        title=title,
        columns=(
            _AGENCY,
            Column(title=("Tiếp nhận", "Received")),
            Column(title=("Tổng số", "All"), group=done),
            Column(title=("Trước hạn", "Early"), group=done),
            Column(title=("Đúng hạn", "On the day"), group=done),
            Column(title=("Quá hạn", "Late"), group=done),
            Column(title=("Trong hạn", "In time"), group=open_),
            Column(title=("Quá hạn", "Overdue"), group=open_),
            Column(title=("Trên số đã giải quyết", "Of all resolved"), unit=Unit.SHARE, group=rate),
            Column(
                title=("Kể cả quá hạn chưa giải quyết", "Counting open overdue"), unit=Unit.SHARE, group=rate
            ),
        ),
        rows=_by_agency(counted, names, _resolved_cells),
        total=(_TOTAL, *_resolved_cells(total)),
        notes=(_as_of(figures),),
        numbered=True,
    )


def _resolved_cells(counted: Resolved) -> tuple[Cell, ...]:
    return (
        counted.received,
        counted.resolved,
        counted.early,
        counted.on_the_day,
        counted.late,
        counted.open_in_time,
        counted.open_overdue,
        counted.on_time_rate,
        counted.strict_rate,
    )


def petition_table(figures: Figures, names: Names) -> Table:
    """List what became of petitions."""
    return Table(
        title=("Tiếp nhận và xử lý đơn thư", "Petitions received and what became of them"),
        columns=(
            _AGENCY,
            Column(title=("Tiếp nhận", "Received")),
            Column(title=("Đã giải quyết", "Resolved")),
            Column(title=("Chuyển", "Passed on")),
            Column(title=("Hướng dẫn", "Guided")),
            Column(title=("Đang xem xét", "Open")),
        ),
        rows=_by_agency(figures.petitions, names, _became_cells),
        total=(_TOTAL, *_became_cells(figures.all_petitions)),
        notes=(_as_of(figures),),
        numbered=True,
    )


def _became_cells(became: Became) -> tuple[Cell, ...]:
    return (became.received, became.resolved, became.passed_on, became.guided, became.open)


def _type_words(name: str, is_legal: bool) -> str | Words:
    if not is_legal:
        return name or _OTHER
    vi, en = (f"{name or other} ({legal})" for other, legal in zip(_OTHER, _LEGAL, strict=True))
    return vi, en


def type_table(figures: Figures) -> Table:
    """List documents by type, those of administration in the order of the decree, legal ones after them."""
    rows = [
        (_type_words(name, is_legal), *_type_cells(figures.by_type[name, is_legal]))
        for name, is_legal in sorted(
            figures.by_type, key=lambda each: (each[1], _PLACES.get(each[0], len(_PLACES)), each[0])
        )
    ]
    total = figures.all_documents
    return Table(
        title=("Văn bản đi, đến theo loại", "Documents out and in by type"),
        columns=(
            Column(title=("Loại văn bản", "Type"), unit=Unit.TEXT),
            Column(title=("Văn bản đi", "Out")),
            Column(title=("Lượt gửi", "Deliveries")),
            Column(title=("Văn bản đến", "In")),
            Column(title=("Từ chối tiếp nhận", "Declined")),
        ),
        rows=tuple(rows),
        total=(_TOTAL, *_type_cells(total)),
        notes=(
            (
                "Văn bản đi tính theo ngày ban hành, mỗi văn bản một lần; văn bản đến tính theo ngày đến,"
                " không kể văn bản bị từ chối tiếp nhận.",
                "Out by the day of promulgation, each document once; in by the day of arrival, without those"
                " declined.",
            ),
        ),
    )


def _type_cells(flow: Flow) -> tuple[Cell, ...]:
    return (flow.outgoing, flow.deliveries, flow.incoming, flow.declined)


def agency_table(figures: Figures, names: Names) -> Table:
    """List documents by agency, and how punctual each was."""
    return Table(
        title=("Văn bản đi, đến theo cơ quan", "Documents out and in by agency"),
        columns=(
            _AGENCY,
            Column(title=("Văn bản đi", "Out")),
            Column(title=("Lượt gửi", "Deliveries")),
            Column(title=("Gửi đúng hạn", "Sent in time"), unit=Unit.SHARE),
            Column(title=("Văn bản đến", "In")),
            Column(title=("Từ chối tiếp nhận", "Declined")),
            Column(title=("Tiếp nhận trong ngày", "Received the same day"), unit=Unit.SHARE),
        ),
        rows=_by_agency(figures.by_agency, names, _flow_cells),
        total=(_TOTAL, *_flow_cells(figures.all_documents)),
        numbered=True,
    )


def _flow_cells(flow: Flow) -> tuple[Cell, ...]:
    return (
        flow.outgoing,
        flow.deliveries,
        flow.sent_in_time_rate,
        flow.incoming,
        flow.declined,
        flow.received_in_time_rate,
    )


def _by_agency(
    counted: Mapping[AgencyCode, Counted], names: Names, cells: Callable[[Counted], Sequence[Cell]]
) -> tuple[tuple[Cell, ...], ...]:
    rows = [(names(code), *cells(each)) for code, each in counted.items()]
    return tuple(sorted(rows, key=lambda row: str(row[0])))


def _as_of(figures: Figures) -> Words:
    at = local(figures.as_of)
    return f"Số liệu tính đến {at}.", f"As of {at}."
