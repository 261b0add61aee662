"""What the engines spell differently in what a search asks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """How one engine says it; a list is one parameter, as JSON."""

    find: str
    numbers: str
    words: str

    def contains(self, text: str) -> str:
        """Say that a text has a piece, which is the parameter."""
        return f"{self.find}({text}, ?) > 0"

    def is_number_of(self, column: str) -> str:
        """Say that a column is one of the numbers of a list."""
        return f"{column} {self.numbers}"

    def is_word_of(self, column: str) -> str:
        """Say that a column is one of the words of a list."""
        return f"{column} {self.words}"


SPELLINGS = {
    "sqlite": Spelling(
        find="instr",
        numbers="IN (SELECT value FROM json_each(?))",
        words="IN (SELECT value FROM json_each(?))",
    ),
    # An array is looked up in the index value by value; a query in its place would be joined, and all be read.
    "postgresql": Spelling(
        find="strpos",
        numbers="= ANY (ARRAY(SELECT CAST(one AS BIGINT) FROM json_array_elements_text(CAST(? AS JSON)) AS one))",
        words="= ANY (ARRAY(SELECT one FROM json_array_elements_text(CAST(? AS JSON)) AS one))",
    ),
}


def spelling_of(database: object) -> Spelling:
    """Return how a database's engine spells."""
    return SPELLINGS[str(getattr(database, "dialect", "sqlite"))]
