"""The books of documents on disk."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.model.identifiers import AgencyCode
from gateway.store.database import open_database
from gateway.store.register import Book, Side, count_register, stream_register
from tests.databases import fresh_source


@pytest.mark.both_engines
async def test_a_book_in_which_nothing_stands_yet_is_empty(tmp_path: Path) -> None:
    """As every agency's is in its first days."""
    database = await open_database(fresh_source(tmp_path / "x.db"), linger=timedelta(0), batch_limit=8)
    for side in Side:
        book = Book(
            agencies=[AgencyCode("000.00.12.H57")],
            side=side,
            first=date(2026, 1, 1),
            last=date(2026, 12, 31),
        )
        assert await count_register(database, book) == 0
        assert [rows async for rows in stream_register(database, book)] == []
    await database.close()
