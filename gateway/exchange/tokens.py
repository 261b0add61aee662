"""Tokens of programs: given by an operator, shown once, believed until they are disabled.

Only SHA-256 of a token is kept: 256 random bits need no slow hash.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.errors import Fault, Refusal
from gateway.evidence.receipts import JSON
from gateway.exchange.directory import Directory, known_as
from gateway.exchange.notary import Notary
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogEntry, LogKind
from gateway.model.people import is_login, normalise_login
from gateway.model.token import Token, TokenId
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.tables import Tables
from gateway.store.tokens import StoredToken, disable_token, find_token, insert_token, load_tokens, note_used

_ID_BYTES = 6
_SECRET_BYTES = 32
_FORM = re.compile(r"lt_([0-9a-f]{12})_[\w-]{43}", re.ASCII)
_NOBODYS = bytes(hashlib.sha256().digest_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Gives tokens, finds whose they are, ends them."""

    database: Database
    directory: Directory
    notary: Notary

    async def add_token(
        self,
        name: str,
        *,
        agencies: frozenset[AgencyCode] | None,
        may_write: bool,
        by: str,
        at: datetime,
    ) -> tuple[Token, str]:
        """Write a new token; return it with its text, which nobody can read again.

        Shape: the text is ``lt_ID_SECRET``.

        Errors: Refusal ``token-wrong`` with every fault.
        """
        token = await self._checked(
            Token(
                id=TokenId(secrets.token_hex(_ID_BYTES)),
                name=normalise_login(name),
                agencies=agencies,
                may_write=may_write,
                created_at=at,
            )
        )
        text = f"lt_{token.id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
        entry = self._entry(
            "token-added",
            by=by,
            at=at,
            token=token.name,
            agencies="all" if token.agencies is None else sorted(token.agencies),
            rights="write" if may_write else "read",
        )

        def act(tables: Tables) -> None:
            if not insert_token(tables, StoredToken(token=token, hash=_hash(text))):
                raise Refusal("token-wrong", [_name_taken()])
            append_entry(tables, entry)

        await self._write(act)
        return token, text

    async def list_tokens(self) -> list[Token]:
        """List every token, disabled ones included, by name."""
        return await load_tokens(self.database)

    async def disable_token(self, name: str, *, by: str, at: datetime) -> None:
        """Let a token count for nothing from now on; its row stays, for the log speaks of it.

        Errors: Refusal ``no-such-token``.
        """
        name = normalise_login(name)
        entry = self._entry("token-disabled", by=by, at=at, token=name)

        def act(tables: Tables) -> None:
            if not disable_token(tables, name, at=at):
                raise Refusal.because(
                    "no-such-token", where=name, vi="Không có mã truy cập này.", en="There is no such token."
                )
            append_entry(tables, entry)

        await self._write(act)

    async def identify(self, text: str, *, at: datetime) -> Token:
        """Tell whose token this is, and note the day.

        Errors: Refusal ``token-malformed``, ``token-unknown`` or ``token-disabled``.
        """
        if (token_id := token_id_in(text)) is None:
            raise _refused("token-malformed")
        stored = await find_token(self.database, token_id)
        # An unknown one takes as long as a wrong one.
        is_right = hmac.compare_digest(_hash(text), _NOBODYS if stored is None else stored.hash)
        if stored is None or not is_right:
            raise _refused("token-unknown")
        token = stored.token
        if token.disabled_at is not None:
            raise _refused("token-disabled")
        today = local_day(at)
        if token.last_used_on != today:
            await self.database.write(lambda tables: note_used(tables, token.id, today))
            passed(Point.DAY_OF_USE_NOTED)
        return token

    async def _checked(self, token: Token) -> Token:
        agencies, unknown = known_as(token.agencies, await self.directory.current(certainly=True))
        if faults := [*_faults(token), *unknown]:
            raise Refusal("token-wrong", faults)
        return replace(token, agencies=agencies)

    async def _write(self, act: Callable[[Tables], None]) -> None:
        await self.database.write(act)
        passed(Point.TOKENS_CHANGED)

    def _entry(self, act: str, *, by: str, at: datetime, **facts: JSON) -> LogEntry:
        return self.notary.entry(LogKind.ADMINISTERED, at=at, act=act, by=by, details=facts)


def token_id_in(text: str) -> TokenId | None:
    """Read the part of a token's text that is no secret; None when it is no token of ours."""
    form = _FORM.fullmatch(text)
    return None if form is None else TokenId(form[1])


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _faults(token: Token) -> Iterator[Fault]:
    if not is_login(token.name):
        yield Fault(
            rule="name-wrong",
            where="name",
            vi="tên gồm 1 đến 64 chữ không dấu, chữ số và . _ @ -",
            en="a name is 1 to 64 letters without marks, digits and . _ @ -",
        )
    if token.agencies is not None and not token.agencies:
        yield Fault(
            rule="agencies-missing",
            where="agencies",
            vi="chọn ít nhất một cơ quan, hoặc tất cả",
            en="choose at least one agency, or all",
        )


def _name_taken() -> Fault:
    return Fault(rule="name-taken", where="name", vi="tên này đã có", en="this name is taken")


def _refused(code: str) -> Refusal:
    return Refusal.because(code, vi="Mã truy cập không được nhận.", en="The token is not admitted.")
