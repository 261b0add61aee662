"""Log entries laid out for people: on one line each, or set below each other."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.cli.terminal import grid, local, local_stacked, plain, words
from gateway.evidence.receipts import read_statement
from gateway.exchange.narration import narrate_proof
from gateway.exchange.words import EVENT_STYLES, EVENTS

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from gateway.store.audit_log import LogRow


def tell(row: "LogRow") -> "Text":
    """Tell one entry on one line."""
    vi, _ = EVENTS[row.kind]
    return words(
        (f"{row.seq:>6}  ", "dim"),
        f"{local(row.at)}  ",
        (f"{vi:<15} ", EVENT_STYLES.get(row.kind, "")),
        plain(narrate_proof(row.kind, read_statement(row.statement))[0]),
    )


def timeline(rows: Iterable["LogRow"]) -> "Table":
    """Set entries below each other, oldest first; a tick says that a signed receipt is kept."""
    return grid(
        ("Mục", "seq", "right"),
        ("Lúc", "at", "keep"),
        ("Việc", "event", "keep"),
        ("", "", "keep"),
        ("Diễn giải", "what happened"),
        rows=[
            (
                str(row.seq),
                local_stacked(row.at),
                words((EVENTS[row.kind][0], EVENT_STYLES.get(row.kind, ""))),
                words(("✓", "green")) if row.receipt else "",
                plain(narrate_proof(row.kind, read_statement(row.statement))[0]),
            )
            for row in rows
        ],
    )
