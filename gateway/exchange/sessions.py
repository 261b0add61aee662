"""Sessions of the console: opened by signing in, found by the secret in the cookie, ended.

Only SHA-256 of the secret is kept, and the token in the forms is derived from the secret, so that whoever
reads the database can be nobody by it. A session ends when it was not used for `idle`, after `longest` in any
case, and when its user signs out, is disabled, or gets another role.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.errors import Refusal
from gateway.evidence.receipts import JSON
from gateway.exchange.ids import Mint
from gateway.exchange.notary import Notary
from gateway.model.log import LogEntry, LogKind
from gateway.model.people import Permission, Session, SessionId, SignedIn, User, UserId, Visit, Way
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.database import Act, Database, Result
from gateway.store.people import StoredAccount, find_account, load_by_id
from gateway.store.sessions import (
    end_sessions,
    find_session,
    find_visit,
    insert_session,
    load_visits,
    note_seen,
)
from gateway.store.tables import Tables

Actor = User | str
"""Who acts: somebody signed in, or the operator at the machine by the operating system's name."""

_SECRET_BYTES = 32
# That a session is in use is noted this often: not every request is a write.
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Opens, finds and ends sessions."""

    database: Database
    notary: Notary
    mint: Mint
    idle: timedelta
    longest: timedelta

    async def session(self, secret: str, *, at: datetime, quietly: bool = False) -> Session | None:
        """Find whose secret this is, as he is now; None when he must sign in.

        Shape: quietly when nobody acts, as when a page renews itself: the session grows no longer by that.
        """
        stored = await find_session(self.database, hash_secret(secret))
        if stored is None:
            return None
        visit = stored.visit
        if at - visit.seen_at >= self.idle or at - visit.began_at >= self.longest:
            return None
        if not quietly and at - visit.seen_at >= min(_NOTED_EVERY, self.idle / 4):
            await self.database.write(lambda tables: note_seen(tables, visit.id, at))
            passed(Point.SESSION_SEEN)
        return Session(
            id=visit.id,
            user=stored.user,
            csrf=csrf_of(secret),
            language=stored.language,
            seen_at=at,
            way=visit.way,
            must_change=stored.must_change and visit.way is not Way.PROVIDER,
        )

    async def list_sessions(self, user_id: UserId, *, at: datetime) -> list[Visit]:
        """List where somebody is signed in, the last used first."""
        return await load_visits(
            self.database, user_id, began_after=at - self.longest, seen_after=at - self.idle
        )

    async def sign_out(self, session_id: SessionId, *, at: datetime) -> None:
        """End one's own session; saying it twice is harmless."""
        visit = await find_visit(self.database, session_id)
        if visit is None:
            return
        account = await self.find_account(visit.user_id)
        entry = self.notary.entry(LogKind.SIGNED_OUT, at=at, user=account.user.login, session=session_id)

        def act(tables: Tables) -> None:
            if end_sessions(tables, visit.user_id, at=at, only=session_id):
                append_entry(tables, entry)

        await self._write(act)

    async def end_session(self, session_id: SessionId, *, by: Actor, at: datetime) -> None:
        """End one session: one's own, or anybody's by who governs him.

        Errors: Refusal ``no-such-session``, ``not-permitted``.
        """
        visit = await find_visit(self.database, session_id)
        if visit is None:
            raise no_such_session()
        user = (await self.find_account(visit.user_id)).user
        self._expect_own_or_governed(user, by)
        entry = self._entry("session-ended", by=by, at=at, user=user.login, session=session_id)

        def act(tables: Tables) -> None:
            if end_sessions(tables, user.id, at=at, only=session_id):
                append_entry(tables, entry)

        await self._write(act)

    async def end_all(self, user_id: UserId, *, by: Actor, at: datetime, but: SessionId | None = None) -> int:
        """End somebody's sessions, all but one when it is named; return how many.

        Errors: Refusal ``no-such-user``, ``not-permitted``.
        """
        user = (await self.find_account(user_id)).user
        self._expect_own_or_governed(user, by)

        def act(tables: Tables) -> int:
            count = end_sessions(tables, user.id, at=at, but=but)
            if count:
                append_entry(
                    tables, self._entry("sessions-ended", by=by, at=at, user=user.login, count=count)
                )
            return count

        return await self._write(act)

    async def find_account(self, user_id: UserId) -> StoredAccount:
        """Find an account.

        Errors: Refusal ``no-such-user``.
        """
        account = await load_by_id(self.database, user_id)
        if account is None:
            raise no_such_user(user_id)
        return account

    def _open(
        self, tables: Tables, account: StoredAccount, way: Way, *, address: str, at: datetime
    ) -> SignedIn:
        """Open a session within a transaction, with its entry. The secret is always a new one."""
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        user = account.user
        visit = Visit(
            id=SessionId(self.mint.new(at)),
            user_id=user.id,
            way=way,
            address=address,
            began_at=at,
            seen_at=at,
        )
        insert_session(tables, visit, hash_secret(secret))
        append_entry(
            tables,
            self.notary.entry(
                LogKind.SIGNED_IN, at=at, user=user.login, session=visit.id, way=way.value, address=address
            ),
        )
        must_change = account.account.must_change and way is not Way.PROVIDER
        return SignedIn(id=visit.id, secret=secret, user=user, must_change=must_change)

    def _expect_own_or_governed(self, user: User, by: Actor) -> None:
        if not (isinstance(by, User) and by.id == user.id):
            expect_governor(by, user)

    async def _write(self, act: Act[Result]) -> Result:
        result = await self.database.write(act)
        passed(Point.PEOPLE_CHANGED)
        return result

    def _entry(self, act: str, *, by: Actor, at: datetime, **facts: JSON) -> LogEntry:
        name = by.login if isinstance(by, User) else by
        return self.notary.entry(LogKind.ADMINISTERED, at=at, act=act, by=name, details=facts)


def expect_governor(by: Actor, *governed: User) -> None:
    """Let only those act who govern people, and only on people whose agencies are all their own.

    Errors: Refusal ``not-permitted``.
    """
    if isinstance(by, User) and not (
        by.may(Permission.GOVERN) and all(by.reaches(user) for user in governed)
    ):
        raise _not_permitted()


def still_governor(tables: Tables, by: Actor) -> Actor:
    """Look again within the transaction: who acts may have lost the right a moment ago.

    Errors: Refusal ``not-permitted``.
    """
    if not isinstance(by, User):
        return by
    stored = find_account(tables, by.id)
    if stored is None or stored.account.disabled_at is not None:
        raise _not_permitted()
    return stored.user


def hash_secret(secret: str) -> bytes:
    """Hash a session's secret for keeping; 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def csrf_of(secret: str) -> str:
    """Derive what the forms of a session carry; who knows it does not know the secret."""
    mac = hmac.digest(secret.encode("utf-8", "replace"), b"lienthong csrf", "sha256")
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def no_such_user(name: str) -> Refusal:
    """Say that there is no such user."""
    return Refusal.because(
        "no-such-user", where=name, vi="Không có người dùng này.", en="There is no such user."
    )


def _not_permitted() -> Refusal:
    return Refusal.because(
        "not-permitted",
        vi="Anh/chị không có quyền quản trị người dùng này.",
        en="You may not govern this user.",
    )


def no_such_session() -> Refusal:
    """Say that a session has ended."""
    return Refusal.because(
        "no-such-session", vi="Phiên này đã kết thúc.", en="There is no such session any more."
    )
