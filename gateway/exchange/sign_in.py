"""Signing in: a password, a code where one is asked for, and a session for who proved himself.

Whatever was wrong, the answer is the same and takes as long; what it was stands in the audit log. A login
nobody has is not written there: people type their password into the wrong field.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.errors import Delay, Misconfiguration, Refusal
from gateway.exchange.hashing import Hashing
from gateway.exchange.patience import Count, Key, Patience, place_of
from gateway.exchange.refusals import Refusals
from gateway.exchange.sessions import Sessions
from gateway.model.people import SignedIn, UserId, Way, normalise_login
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.people import (
    StoredAccount,
    bind_subject,
    find_account,
    load_by_id,
    load_by_login,
    load_by_subject,
    set_password,
    spend_recovery,
    spend_step,
)
from gateway.store.sessions import was_here
from gateway.store.tables import Tables
from gateway.trust.one_time_codes import hash_recovery, match_code
from gateway.trust.passwords import is_outgrown
from gateway.trust.secrets import NONCE_BYTES, open_for, seal_for

_TICKET = "ticket"
_TICKET_LASTS = timedelta(minutes=5)
_OPERATION = "sign-in"

Proof = Callable[[Tables], bool]
"""Spends what somebody proved himself with, within the transaction; false when it was spent already."""


class _Spent(Exception):
    """What somebody proved himself with is not true any more, or was never."""


class SecondFactorNeeded(Refusal):
    """The password was right, a code is missing.

    Shape: ticket says so for five minutes, in place of the password; opaque ASCII for a hidden field.
    """

    ticket: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(Sessions):
    """Lets people in."""

    refusals: Refusals
    secrets_key: bytes
    patience: Patience
    hashing: Hashing = field(default_factory=Hashing)

    async def sign_in(
        self, login: str, password: str, code: str | None, *, address: str, at: datetime
    ) -> SignedIn:
        """Sign somebody in by password, and by a code of his phone where he has set that up.

        Shape: code may be one of the recovery codes.
        Errors: Refusal ``sign-in-failed``, the same for whatever was wrong; SecondFactorNeeded with the code
        ``second-factor-needed``; Delay ``locked-out``, ``too-many-sign-ins``.
        """
        login = normalise_login(login)
        account = await load_by_login(self.database, login)
        keys = await self._keys(login, account, address)
        await self.patience.begin(keys, at=at)
        right = await self._verify(account, password, keys=keys, at=at)
        if account is None or not right:
            raise await self._failed(account, "wrong-password", address=address, at=at)
        if account.account.disabled_at is not None:
            raise await self._failed(account, "user-disabled", address=address, at=at)
        if not account.account.second_factor:
            rehashed = await self._rehash(account, password)
            return await self._admit(account, Way.PASSWORD, rehashed, keys=keys, address=address, at=at)
        if not code:
            # Not forgotten, only forgiven: between two right passwords nobody may guess codes without end.
            await self.patience.forgive(keys)
            raise self._second_factor_needed(account, at=at)
        return await self._sign_in_by_code(account, code, keys=keys, address=address, at=at)

    async def sign_in_by_code(self, ticket: str, code: str, *, address: str, at: datetime) -> SignedIn:
        """Sign in whose password was right a moment ago.

        Errors: as `sign_in`; a ticket that is too old or no longer true has failed, too.
        """
        account = await self._account_of(ticket, at=at)
        if account is None:
            raise await self._failed(None, "ticket-worthless", address=address, at=at)
        keys = await self._keys(account.user.login, account, address)
        await self.patience.begin(keys, at=at)
        return await self._sign_in_by_code(account, code, keys=keys, address=address, at=at)

    async def sign_in_by_provider(self, subject: str, login: str, *, address: str, at: datetime) -> SignedIn:
        """Sign in whom the identity provider vouches for.

        The first time he is found by his login; from then on by the provider's own unchanging name for him,
        so that nobody inherits an account by being given somebody's old login there.
        Shape: subject is issuer and ``sub``, one space between.
        Errors: Refusal ``sign-in-failed``.
        """
        account = await load_by_subject(self.database, subject)
        bound = account is not None
        if account is None:
            account = await load_by_login(self.database, normalise_login(login))
        if (
            account is None
            or account.account.disabled_at is not None
            or account.subject not in (None, subject)
        ):
            raise await self._not_admitted(account, login, address=address, at=at)
        user = account.user

        def bind(tables: Tables) -> bool:
            if bound:
                return True
            append_entry(tables, self._entry("provider-bound", by=user, at=at, user=user.login))
            return bind_subject(tables, user.id, subject)

        keys = await self._keys(user.login, account, address)
        return await self._admit(account, Way.PROVIDER, bind, keys=keys, address=address, at=at)

    async def _sign_in_by_code(
        self, account: StoredAccount, code: str, *, keys: tuple[Key, ...], address: str, at: datetime
    ) -> SignedIn:
        user_id = account.user.id
        seed = self._open_seed(user_id, account.sealed_seed or b"")
        step = match_code(seed, code, at=at, last=account.last_step)
        if step is not None:
            spent: Proof = lambda tables: spend_step(tables, user_id, step)  # noqa: E731
            return await self._admit(account, Way.CODE, spent, keys=keys, address=address, at=at)
        recovery = hash_recovery(code)
        return await self._admit(
            account,
            Way.RECOVERY,
            lambda tables: spend_recovery(tables, user_id, recovery),
            keys=keys,
            address=address,
            at=at,
        )

    async def _admit(
        self,
        account: StoredAccount,
        way: Way,
        proof: Proof,
        *,
        keys: tuple[Key, ...],
        address: str,
        at: datetime,
    ) -> SignedIn:
        def act(tables: Tables) -> SignedIn:
            now = find_account(tables, account.user.id)
            # Hashing takes its time: what was proved may not be true any more.
            same = now is not None and now.account.disabled_at is None and now.password == account.password
            if not (same and proof(tables)):
                raise _Spent
            return self._open(tables, account, way, address=address, at=at)

        try:
            signed_in = await self.database.write(act)
        except _Spent:
            reason = "wrong-code" if way in (Way.CODE, Way.RECOVERY) else "not-admitted"
            raise await self._failed(account, reason, address=address, at=at) from None
        passed(Point.SIGNED_IN)
        await self.patience.begin_anew(keys)
        return signed_in

    async def _keys(self, login: str, account: StoredAccount | None, address: str) -> tuple[Key, ...]:
        place = place_of(address)
        keys = ((Count.HERE, f"{login} {place}"), (Count.PLACE, place))
        if account is not None and await was_here(self.database, account.user.id, address):
            return keys
        return (*keys, (Count.LOGIN, login))

    async def _verify(
        self, account: StoredAccount | None, password: str, *, keys: tuple[Key, ...], at: datetime
    ) -> bool:
        kept = None if account is None else account.password
        try:
            right = await self.hashing.verify(password, kept)
        except Delay:
            await self.patience.forgive(keys)  # nobody looked at what was typed
            raise
        until = None if account is None else account.one_time_until
        return right and (until is None or at < until)

    async def _rehash(self, account: StoredAccount, password: str) -> Proof:
        """Hash anew what was hashed with less effort than today; a one-time password is not worth it."""
        kept, user_id = account.password, account.user.id
        if kept is None or account.one_time_until is not None or not is_outgrown(kept):
            return lambda tables: True
        anew = await self.hashing.hash(password)

        def rehash(tables: Tables) -> bool:
            set_password(tables, user_id, anew)
            return True

        return rehash

    async def _failed(
        self, account: StoredAccount | None, reason: str, *, address: str, at: datetime
    ) -> Refusal:
        """Record why, and say only that it failed."""
        claimed = "" if account is None else account.user.login
        why = Refusal.because(
            reason if account is not None else "unknown-user", vi="Không nhận.", en="Not admitted."
        )
        await self.refusals.distrust(why, claimed=claimed, operation=_OPERATION, at=at, address=address)
        return Refusal.because(
            "sign-in-failed",
            vi="Tên đăng nhập, mật khẩu hoặc mã xác thực không đúng.",
            en="The login, the password or the code is wrong.",
        )

    async def _not_admitted(
        self, account: StoredAccount | None, login: str, *, address: str, at: datetime
    ) -> Refusal:
        """Record whom the provider vouched for in vain; the name is its word, and no password typed amiss."""
        is_disabled = account is not None and account.account.disabled_at is not None
        reason = "unknown-user" if account is None else "user-disabled" if is_disabled else "bound-to-another"
        why = Refusal.because(reason, vi="Không nhận.", en="Not admitted.")
        await self.refusals.distrust(
            why, claimed=login, operation="single-sign-on login", at=at, address=address
        )
        named = f" “{login[:100]}”" if login else ""
        return Refusal.because(
            "sign-in-failed",
            vi=f"Đã nhận ra bạn{named}, nhưng ở đây bạn không có tài khoản dùng được; hãy hỏi quản trị viên.",
            en=f"You were recognised{named}, but no account here is yours to use; ask an administrator.",
        )

    def _second_factor_needed(self, account: StoredAccount, *, at: datetime) -> SecondFactorNeeded:
        needed = SecondFactorNeeded.because(
            "second-factor-needed",
            vi="Hãy nhập mã sáu số trên điện thoại, hoặc một mã khôi phục.",
            en="Enter the six digits on your phone, or a recovery code.",
        )
        # Bound to the password: one that is changed meanwhile takes its tickets with it.
        said = [account.user.id, (at + _TICKET_LASTS).timestamp(), account.password]
        nonce = secrets.token_bytes(NONCE_BYTES)
        needed.ticket = seal_for(_TICKET, json.dumps(said).encode(), key=self.secrets_key, nonce=nonce).hex()
        return needed

    async def _account_of(self, ticket: str, *, at: datetime) -> StoredAccount | None:
        try:
            opened = open_for(_TICKET, bytes.fromhex(ticket), key=self.secrets_key)
        except (ValueError, Misconfiguration):
            return None
        user_id, until, password = json.loads(opened)
        account = await load_by_id(self.database, UserId(user_id))
        if account is None or account.password != password or at.timestamp() >= until:
            return None
        usable = account.account.disabled_at is None and account.account.second_factor
        return account if usable else None

    def _seal_seed(self, user_id: UserId, seed: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return seal_for(f"user {user_id}", seed, key=self.secrets_key, nonce=nonce)

    def _open_seed(self, user_id: UserId, sealed: bytes) -> bytes:
        return open_for(f"user {user_id}", sealed, key=self.secrets_key)
