"""What an act sees of the database, whichever engine is behind it: statements in, rows out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

Parameters = Sequence[Any] | Mapping[str, Any]


class Row(Protocol):
    """One row; its columns are asked for by name or by place."""

    def __getitem__(self, key: Any, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __len__(self) -> int: ...


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""
        ...

    def fetchone(self) -> Any:
        """Take the next row; None behind the last."""
        ...

    def fetchall(self) -> list[Any]:
        """Take all rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Tables(Protocol):
    """The tables inside one transaction. Statements are written in what both engines understand."""

    def execute(self, sql: str, parameters: Parameters = ..., /) -> Rows:
        """Run one statement."""
        ...

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> Rows:
        """Run one statement for each set of parameters."""
        ...
