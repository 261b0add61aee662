"""What the engines spell differently in what a search asks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """How one engine says it; a list is one parameter, as JSON."""

    numbers: str
    words: str

    def is_number_of(self, column: str) -> str:
        """Say that a column is one of the numbers of a list."""
        return f"{column} {self.numbers}"

    def is_word_of(self, column: str) -> str:
        """Say that a column is one of the words of a list."""
        return f"{column} {self.words}"


_OF_JSON = "SELECT value FROM json_each(?)"
SPELLINGS = {
    "sqlite": Spelling(numbers=f"IN ({_OF_JSON})", words=f"IN ({_OF_JSON})"),
    # An array is looked up in an index value by value; a query in its place is joined, and all may be read.
    "postgresql": Spelling(
        numbers="= ANY (ARRAY(SELECT CAST(value AS BIGINT) FROM json_each(?)))",
        words=f"= ANY (ARRAY({_OF_JSON}))",
    ),
}


def spelling_of(database: object) -> Spelling:
    """Return how a database's engine spells."""
    return SPELLINGS[str(getattr(database, "dialect", "sqlite"))]
