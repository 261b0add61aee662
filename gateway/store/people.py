"""People of the console on disk: their accounts, and what they prove themselves with."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.model.identifiers import AgencyCode
from gateway.model.people import Account, Language, User, UserId, UserRole
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.tables import Row, Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAccount:
    """An account with what its owner proves himself with.

    Shape: password is a PHC string; one_time_until, until when a one-time password holds; the seeds are
    sealed under a key that is not in the database; last_step is the step of the last code taken.
    """

    account: Account
    language: Language = Language.VIETNAMESE
    password: str | None = None
    one_time_until: datetime | None = None
    sealed_seed: bytes | None = None
    new_seed: bytes | None = None
    last_step: int | None = None
    subject: str | None = None

    @property
    def user(self) -> User:
        """Return whose it is."""
        return self.account.user


def insert_user(tables: Tables, user: User, *, at: datetime) -> bool:
    """Write a new user; tell whether the login was free."""
    return bool(
        tables.execute(
            "INSERT INTO users (id, login, name, role, agencies, mail, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (login) DO NOTHING",
            (user.id, user.login, user.name, user.role, _agencies(user), user.mail, to_micros(at)),
        ).rowcount
    )


def update_user(tables: Tables, user: User) -> None:
    """Write what those who govern people may change."""
    tables.execute(
        "UPDATE users SET name = ?, role = ?, agencies = ?, mail = ? WHERE id = ?",
        (user.name, user.role, _agencies(user), user.mail, user.id),
    )


def set_disabled(tables: Tables, user_id: UserId, at: datetime | None) -> None:
    """Close an account, or open it again."""
    disabled_at = None if at is None else to_micros(at)
    tables.execute("UPDATE users SET disabled_at = ? WHERE id = ?", (disabled_at, user_id))


def set_password(
    tables: Tables, user_id: UserId, password: str, *, one_time_until: datetime | None = None
) -> None:
    """Write the hash of a password; with an instant, of a one-time one."""
    until = None if one_time_until is None else to_micros(one_time_until)
    tables.execute(
        "UPDATE users SET password = ?, one_time_until = ? WHERE id = ?", (password, until, user_id)
    )


def set_language(tables: Tables, user_id: UserId, language: Language) -> None:
    """Remember in which language somebody reads."""
    tables.execute("UPDATE users SET language = ? WHERE id = ?", (language, user_id))


def bind_subject(tables: Tables, user_id: UserId, subject: str) -> bool:
    """Remember whom the identity provider means; tell whether both were free."""
    return bool(
        tables.execute(
            "UPDATE users SET subject = ?1 WHERE id = ?2 AND subject IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM users WHERE subject = ?1)",
            (subject, user_id),
        ).rowcount
    )


def forget_subject(tables: Tables, user_id: UserId) -> None:
    """Forget whom the identity provider means."""
    tables.execute("UPDATE users SET subject = NULL WHERE id = ?", (user_id,))


def set_new_seed(tables: Tables, user_id: UserId, sealed: bytes) -> None:
    """Keep the seed that is being enrolled; the one in use stays until then."""
    tables.execute("UPDATE users SET new_seed = ? WHERE id = ?", (sealed, user_id))


def take_new_seed(
    tables: Tables, user_id: UserId, *, sealed: bytes, step: int, recovery: Iterable[bytes]
) -> bool:
    """Put the enrolled seed to use, with new recovery codes; tell whether it was still the one enrolled."""
    taken = tables.execute(
        "UPDATE users SET sealed_seed = new_seed, new_seed = NULL, last_step = ?"
        " WHERE id = ? AND new_seed = ?",
        (step, user_id, sealed),
    ).rowcount
    if taken:
        set_recovery(tables, user_id, recovery)
    return bool(taken)


def set_recovery(tables: Tables, user_id: UserId, hashes: Iterable[bytes]) -> None:
    """Replace the recovery codes."""
    tables.execute("DELETE FROM recovery_codes WHERE user_id = ?", (user_id,))
    tables.executemany("INSERT INTO recovery_codes VALUES (?, ?)", [(user_id, one) for one in hashes])


def remove_seed(tables: Tables, user_id: UserId) -> None:
    """Ask for no code any more."""
    tables.execute(
        "UPDATE users SET sealed_seed = NULL, new_seed = NULL, last_step = NULL WHERE id = ?", (user_id,)
    )
    tables.execute("DELETE FROM recovery_codes WHERE user_id = ?", (user_id,))


def spend_step(tables: Tables, user_id: UserId, step: int) -> bool:
    """Take a code; tell whether it, or a later one, had not been taken yet."""
    return bool(
        tables.execute(
            "UPDATE users SET last_step = ? WHERE id = ? AND sealed_seed IS NOT NULL"
            " AND (last_step IS NULL OR last_step < ?)",
            (step, user_id, step),
        ).rowcount
    )


def spend_recovery(tables: Tables, user_id: UserId, code_hash: bytes) -> bool:
    """Take a recovery code; tell whether it was there."""
    return bool(
        tables.execute(
            "DELETE FROM recovery_codes WHERE user_id = ? AND hash = ?", (user_id, code_hash)
        ).rowcount
    )


_COLUMNS = (
    "SELECT users.*, (SELECT count(*) FROM recovery_codes WHERE user_id = users.id) AS recovery_count,"
    " (SELECT max(began_at) FROM sessions WHERE user_id = users.id) AS signed_in_at FROM users"
)


def find_account(tables: Tables, user_id: UserId) -> StoredAccount | None:
    """Find an account within a transaction."""
    row = tables.execute(f"{_COLUMNS} WHERE id = ?", (user_id,)).fetchone()
    return None if row is None else _account(row)


def count_masters(tables: Tables) -> int:
    """Count who governs the people of the whole node."""
    row = tables.execute(
        "SELECT count(*) AS masters FROM users"
        " WHERE role = 'administrator' AND agencies IS NULL AND disabled_at IS NULL"
    ).fetchone()
    return int(row["masters"])


async def load_by_login(database: Database, login: str) -> StoredAccount | None:
    """Load the account of a login."""
    return await _load(database, "login", login)


async def load_by_id(database: Database, user_id: UserId) -> StoredAccount | None:
    """Load an account."""
    return await _load(database, "id", user_id)


async def load_by_subject(database: Database, subject: str) -> StoredAccount | None:
    """Load the account of whom the identity provider means."""
    return await _load(database, "subject", subject)


async def load_accounts(database: Database) -> list[Account]:
    """Load every account, closed ones included, by login."""
    return [_account(row).account for row in await database.fetch_all(f"{_COLUMNS} ORDER BY login")]


async def _load(database: Database, column: str, value: str) -> StoredAccount | None:
    row = await database.fetch_one(f"{_COLUMNS} WHERE {column} = ?", (value,))
    return None if row is None else _account(row)


def _agencies(user: User) -> str | None:
    return None if user.agencies is None else json.dumps(sorted(user.agencies))


def user_of(row: Row) -> User:
    """Read the user out of a row that holds the columns of one."""
    agencies = row["agencies"]
    return User(
        id=UserId(row["id"]),
        login=row["login"],
        name=row["name"],
        role=UserRole(row["role"]),
        agencies=None if agencies is None else frozenset(map(AgencyCode, json.loads(agencies))),
        mail=row["mail"],
    )


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _account(row: Row) -> StoredAccount:
    account = Account(
        user=user_of(row),
        created_at=from_micros(row["created_at"]),
        disabled_at=_instant(row["disabled_at"]),
        signed_in_at=_instant(row["signed_in_at"]),
        second_factor=row["sealed_seed"] is not None,
        must_change=row["one_time_until"] is not None,
        bound=row["subject"] is not None,
        recovery_count=row["recovery_count"],
    )
    return StoredAccount(
        account=account,
        language=Language(row["language"]),
        password=row["password"],
        one_time_until=_instant(row["one_time_until"]),
        sealed_seed=row["sealed_seed"],
        new_seed=row["new_seed"],
        last_step=row["last_step"],
        subject=row["subject"],
    )
