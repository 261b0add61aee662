"""Rows of the register as the lines that offices keep: which names, words and days stand in them. Pure."""

from collections.abc import Iterable, Iterator

from gateway.model.agency import Names
from gateway.model.formats import local_day
from gateway.model.register import IncomingLine, OutgoingLine
from gateway.store.register import RegisterRow


def incoming_lines(rows: Iterable[RegisterRow], names: Names) -> Iterator[IncomingLine]:
    """Write what came in; what was turned back stands there with a note."""
    for row in rows:
        yield IncomingLine(
            arrived_on=row.day,
            arrival_number=row.number,
            author=names(row.sender),
            code=row.notation,
            dated=row.promulgated_on,
            abstract=row.abstract,
            note=_note(row),
        )


def outgoing_lines(rows: Iterable[RegisterRow], names: Names) -> Iterator[OutgoingLine]:
    """Write what went out."""
    for row in rows:
        yield OutgoingLine(
            code=row.notation,
            dated=row.promulgated_on or row.day,
            abstract=row.abstract,
            signer=row.signer or "",
            recipients="; ".join(map(names, row.recipients)),
        )


def _note(row: RegisterRow) -> str:
    declined_at = row.declined_at
    return "" if declined_at is None else f"Từ chối tiếp nhận ngày {local_day(declined_at):%d/%m/%Y}"
