"""Tokens of programs on disk."""

import json
from dataclasses import dataclass
from datetime import date, datetime

from gateway.model.identifiers import AgencyCode
from gateway.model.token import Token, TokenId
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.tables import Row, Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """A token with the SHA-256 of its text."""

    token: Token
    hash: bytes


def insert_token(tables: Tables, stored: StoredToken) -> bool:
    """Write a new token; tell whether its name was free."""
    token = stored.token
    agencies = None if token.agencies is None else json.dumps(sorted(token.agencies))
    return bool(
        tables.execute(
            "INSERT INTO tokens (id, name, hash, agencies, may_write, created_at) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (name) DO NOTHING",
            (token.id, token.name, stored.hash, agencies, token.may_write, to_micros(token.created_at)),
        ).rowcount
    )


def disable_token(tables: Tables, name: str, *, at: datetime) -> bool:
    """Let a token count for nothing any more; tell whether there is one of that name."""
    return bool(
        tables.execute(
            "UPDATE tokens SET disabled_at = coalesce(disabled_at, ?) WHERE name = ?", (to_micros(at), name)
        ).rowcount
    )


def note_used(tables: Tables, token_id: TokenId, day: date) -> None:
    """Remember the day on which a token was used last."""
    tables.execute("UPDATE tokens SET last_used_on = ? WHERE id = ?", (day.isoformat(), token_id))


async def find_token(database: Database, token_id: TokenId) -> StoredToken | None:
    """Find a token by its id."""
    row = await database.fetch_one("SELECT * FROM tokens WHERE id = ?", (token_id,))
    return None if row is None else StoredToken(token=_token_from(row), hash=row["hash"])


async def load_tokens(database: Database) -> list[Token]:
    """Load every token, disabled ones included, by name."""
    return [_token_from(row) for row in await database.fetch_all("SELECT * FROM tokens ORDER BY name")]


def _token_from(row: Row) -> Token:
    agencies, used_on, disabled_at = row["agencies"], row["last_used_on"], row["disabled_at"]
    return Token(
        id=TokenId(row["id"]),
        name=row["name"],
        agencies=None if agencies is None else frozenset(map(AgencyCode, json.loads(agencies))),
        may_write=bool(row["may_write"]),
        created_at=from_micros(row["created_at"]),
        last_used_on=None if used_on is None else date.fromisoformat(used_on),
        disabled_at=None if disabled_at is None else from_micros(disabled_at),
    )
