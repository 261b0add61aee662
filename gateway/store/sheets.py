"""The tables to which acts add rows in passing, written together for a whole batch (batch.py).

A sheet is for rows that nothing in their act has to read again, and that no rule of the schema turns down:
whoever wants to hear of a conflict writes for himself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

Line = Sequence[Any]
"""The values of one row, in the order of its sheet's columns."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """A table to which rows are added together.

    Shape: touches are the tables that change with it, by triggers. Where rows may_stand already, those
    that do are left as they are. is_numbered: the first column counts from 1 without gaps, and is not
    among the values.
    """

    table: str
    columns: tuple[str, ...]
    touches: tuple[str, ...] = ()
    may_stand: bool = False
    is_numbered: bool = False

    @property
    def insertion(self) -> str:
        """Say the statement that writes one row."""
        return _insertion(self.table, self.columns, self.may_stand)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The rows of a sheet that have a value in a column."""

    sheet: Sheet
    column: str
    value: str

    @property
    def question(self) -> str:
        """Say the statement that asks for them, by the value."""
        return f"SELECT * FROM {self.sheet.table} WHERE {self.column} = ? ORDER BY {self.sheet.columns[0]}"

    @property
    def question_for_all(self) -> str:
        """Say the statement that asks for those of several, by a JSON list of the values."""
        return (
            f"SELECT * FROM {self.sheet.table} WHERE {self.column} IN (SELECT value FROM json_each(?))"
            f" ORDER BY {self.sheet.columns[0]}"
        )


@cache
def _insertion(table: str, columns: tuple[str, ...], may_stand: bool) -> str:
    places = ", ".join("?" * len(columns))
    unless = " ON CONFLICT DO NOTHING" if may_stand else ""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places}){unless}"


BLOBS = Sheet(table="blobs", columns=("digest", "bytes"), may_stand=True)
THREADS = Sheet(
    table="threads",
    columns=("id", "owner", "document_id", "notation", "promulgated_on", "subject", "opened_at"),
)
PACKAGES = Sheet(
    table="packages",
    columns=(
        *("id", "direction", "system_id", "submission", "kind", "business", "status", "digest", "size_bytes"),
        *("seal_at", "thread_id", "sender", "recipients", "document_id", "notation", "promulgated_on"),
        *("subject", "priority", "grade", "warnings", "accepted_at", "kept_since"),
    ),
    touches=("daily_figures",),
)
DOCUMENTS = Sheet(
    table="documents",
    columns=(
        *(
            "id",
            "thread_id",
            "package_id",
            "owner",
            "notation",
            "number",
            "subject",
            "promulgated_on",
            "type",
        ),
        *("urgency", "business", "grade", "due_on", "direction", "attachment_count", "accepted_at"),
    ),
)
DOCUMENT_WORDS = Sheet(table="document_words", columns=("id", "number", "subject", "rest", "marks"))
LOOSE_DOCUMENTS = Sheet(table="loose_documents", columns=("id", "turn"))
RECIPIENTS = Sheet(table="recipients", columns=("thread_id", "code", "round_at", "document", "due_on"))
PARTICULARS = Sheet(
    table="particulars",
    columns=(
        *(
            "package_id",
            "type",
            "signer_name",
            "signer_position",
            "place",
            "due_on",
            "steering",
            "page_count",
        ),
        *("replies_to", "reason"),
    ),
    may_stand=True,
)
ATTACHMENTS = Sheet(
    table="attachments",
    columns=(
        *("package_id", "place", "content_id", "name", "declared_type", "description", "start_at", "end_at"),
        *("decoded_bytes", "digest"),
    ),
    may_stand=True,
)
DISPATCHES = Sheet(
    table="dispatches",
    columns=(
        *("id", "package_id", "thread_id", "destination", "mailbox", "recipients", "priority", "state"),
        *("unknown", "created_at", "due_at", "expires_at", "follows", "kind", "sender", "is_next"),
    ),
    touches=("recipients", "restood_documents", "daily_figures", "queues", "leaving"),
)
REGISTER = Sheet(
    table="register",
    columns=(
        *("agency", "side", "thread_id", "package_id", "at", "day", "type", "is_legal", "deliveries_count"),
        "in_time",
    ),
    touches=("register_figures",),
)
LOG = Sheet(
    table="log",
    columns=(
        *("seq", "kind", "at", "statement", "receipt", "leaf", "package_id", "dispatch_id", "thread_id"),
        "system_id",
    ),
    touches=("receipts", "log_stretches"),
    is_numbered=True,
)

IN_ORDER = (
    *(BLOBS, THREADS, PACKAGES, DOCUMENTS, DOCUMENT_WORDS, LOOSE_DOCUMENTS, RECIPIENTS, PARTICULARS),
    *(ATTACHMENTS, DISPATCHES, REGISTER, LOG),
)
"""All of them: what a row refers to stands before it."""
