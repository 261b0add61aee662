"""What the registers of incoming and outgoing documents look like: which columns, in which order.

Source: Nghị định 30/2020/NĐ-CP, phụ lục IV: mẫu sổ đăng ký văn bản đến, sổ đăng ký văn bản đi.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.model.register import IncomingLine, OutgoingLine
from gateway.model.report import Cell, Unit, Words

Line = TypeVar("Line", IncomingLine, OutgoingLine)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormColumn(Generic[Line]):
    """One column of a form.

    Units: width is in widths of a digit.
    """

    title: Words
    width: int
    of: Callable[[Line], Cell]
    unit: Unit = Unit.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Form(Generic[Line]):
    """What a register of one kind looks like."""

    title: Words
    sheet_name: Words
    columns: tuple[FormColumn[Line], ...]


INCOMING: Form[IncomingLine] = Form(
    title=("Sổ đăng ký văn bản đến", "Register of incoming documents"),
    sheet_name=("Văn bản đến", "Incoming"),
    columns=(
        FormColumn(
            title=("Ngày đến", "Arrived on"), width=12, unit=Unit.DAY, of=lambda line: line.arrived_on
        ),
        FormColumn(
            title=("Số đến", "Number of arrival"),
            width=9,
            unit=Unit.COUNT,
            of=lambda line: line.arrival_number,
        ),
        FormColumn(title=("Tác giả", "Author"), width=24, of=lambda line: line.author),
        FormColumn(title=("Số, ký hiệu văn bản", "Number and notation"), width=18, of=lambda line: line.code),
        FormColumn(
            title=("Ngày tháng văn bản", "Date of document"),
            width=12,
            unit=Unit.DAY,
            of=lambda line: line.dated,
        ),
        FormColumn(
            title=("Tên loại và trích yếu nội dung văn bản", "Type and abstract"),
            width=44,
            of=lambda line: line.abstract,
        ),
        FormColumn(
            title=("Đơn vị hoặc người nhận", "Unit or person who has it"),
            width=20,
            of=lambda line: line.holder,
        ),
        FormColumn(
            title=("Ngày chuyển", "Passed on"), width=12, unit=Unit.DAY, of=lambda line: line.passed_on
        ),
        # Whoever takes the document signs here, by hand.
        FormColumn(title=("Ký nhận", "Signature"), width=10, of=lambda _: ""),
        FormColumn(title=("Ghi chú", "Notes"), width=16, of=lambda line: line.note),
    ),
)

OUTGOING: Form[OutgoingLine] = Form(
    title=("Sổ đăng ký văn bản đi", "Register of outgoing documents"),
    sheet_name=("Văn bản đi", "Outgoing"),
    columns=(
        FormColumn(title=("Số, ký hiệu văn bản", "Number and notation"), width=18, of=lambda line: line.code),
        FormColumn(
            title=("Ngày tháng văn bản", "Date of document"),
            width=12,
            unit=Unit.DAY,
            of=lambda line: line.dated,
        ),
        FormColumn(
            title=("Tên loại và trích yếu nội dung văn bản", "Type and abstract"),
            width=48,
            of=lambda line: line.abstract,
        ),
        FormColumn(title=("Người ký", "Signed by"), width=20, of=lambda line: line.signer),
        FormColumn(title=("Nơi nhận văn bản", "Recipients"), width=32, of=lambda line: line.recipients),
        FormColumn(
            title=("Đơn vị, người nhận bản lưu", "Unit or person who has the copy"),
            width=20,
            of=lambda line: line.archived_by,
        ),
        FormColumn(
            title=("Số lượng bản", "Number of copies"),
            width=9,
            unit=Unit.COUNT,
            of=lambda line: line.copies_count,
        ),
        FormColumn(title=("Ghi chú", "Notes"), width=16, of=lambda line: line.note),
    ),
)
