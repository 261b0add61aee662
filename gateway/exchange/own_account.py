"""What people change of their own account: password, second factor, language.

Whoever sits down at somebody's open screen must not be able to take the account over: what proves who one is
changes only against the password.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import Fault, Refusal
from gateway.exchange.patience import Count
from gateway.exchange.sessions import hash_secret, no_such_session
from gateway.exchange.sign_in import SignIn
from gateway.model.people import Language, Session, SignedIn, UserId
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.people import (
    StoredAccount,
    find_account,
    remove_seed,
    set_language,
    set_new_seed,
    set_password,
    set_recovery,
    take_new_seed,
)
from gateway.store.sessions import end_sessions, is_open, replace_secret
from gateway.store.tables import Tables
from gateway.trust.one_time_codes import (
    RECOVERY_BYTES,
    SEED_BYTES,
    enrolment_uri,
    hash_recovery,
    match_code,
    write_letters,
)
from gateway.trust.passwords import check_password

_RECOVERY_CODES = 10
ISSUER = "Liên Thông"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What a phone is told once: the address for the picture, and the same seed in letters for typing."""

    uri: str
    letters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccount(SignIn):
    """Lets people look after their own account."""

    async def set_language(self, user_id: UserId, language: Language) -> None:
        """Remember in which language somebody reads. No event of the audit log."""
        await self.database.write(lambda tables: set_language(tables, user_id, language))
        passed(Point.LANGUAGE_SET)

    async def change_password(self, session: Session, old: str, new: str, *, at: datetime) -> SignedIn:
        """Change one's own password; every other session ends, this one gets a new secret.

        Errors: Refusal ``password-wrong``; ``password-refused`` with every fault of the new one; Delay.
        """
        account = await self._prove(session, old, at=at)
        user = account.user
        faults = check_password(new, known=(user.login, user.name, user.mail or "", ISSUER))
        if new == old:
            faults.append(_same_again())
        if faults:
            raise Refusal("password-refused", faults)
        kept = await self.hashing.hash(new)
        secret = secrets.token_urlsafe(32)
        entry = self._entry("password-changed", by=user, at=at, user=user.login)

        def act(tables: Tables) -> None:
            set_password(tables, user.id, kept)
            end_sessions(tables, user.id, at=at, but=session.id)
            replace_secret(tables, session.id, hash_secret(secret))
            append_entry(tables, entry)

        await self._write_for(session, account, act)
        return SignedIn(id=session.id, secret=secret, user=user)

    async def enrol_totp(self, session: Session, password: str, *, at: datetime) -> Enrolment:
        """Begin to set up codes of a phone; they are asked for once `confirm_totp` has seen one.

        Errors: Refusal ``password-wrong``; Delay.
        """
        account = await self._prove(session, password, at=at)
        user = account.user
        seed = secrets.token_bytes(SEED_BYTES)
        sealed = self._seal_seed(user.id, seed)
        await self._write_for(session, account, lambda tables: set_new_seed(tables, user.id, sealed))
        return self._enrolment(user.login, seed)

    async def pending_totp(self, session: Session) -> Enrolment | None:
        """Show again what is being set up."""
        account = await self.find_account(session.user.id)
        if account.new_seed is None:
            return None
        return self._enrolment(account.user.login, self._open_seed(account.user.id, account.new_seed))

    async def confirm_totp(self, session: Session, code: str, *, at: datetime) -> tuple[str, ...]:
        """Ask for codes from now on; return the recovery codes, shown this once.

        Errors: Refusal ``code-wrong``, also when nothing is being set up.
        """
        account = await self.find_account(session.user.id)
        user, sealed = account.user, account.new_seed
        step = (
            None if sealed is None else match_code(self._open_seed(user.id, sealed), code, at=at, last=None)
        )
        if sealed is None or step is None:
            raise _code_wrong()
        codes = _draw_recovery()
        entry = self._entry("second-factor-added", by=user, at=at, user=user.login)

        def act(tables: Tables) -> None:
            hashes = map(hash_recovery, codes)
            if not take_new_seed(tables, user.id, sealed=sealed, step=step, recovery=hashes):
                raise _code_wrong()
            end_sessions(tables, user.id, at=at, but=session.id)
            append_entry(tables, entry)

        await self._write_for(session, account, act)
        return codes

    async def renew_recovery(self, session: Session, password: str, *, at: datetime) -> tuple[str, ...]:
        """Draw new recovery codes; the old ones open nothing any more.

        Errors: Refusal ``password-wrong``, ``no-second-factor``; Delay.
        """
        account = await self._prove(session, password, at=at)
        user = account.user
        if not account.account.second_factor:
            raise Refusal.because(
                "no-second-factor",
                vi="Chưa bật xác thực hai lớp.",
                en="No second factor is set up.",
            )
        codes = _draw_recovery()
        entry = self._entry("recovery-renewed", by=user, at=at, user=user.login)

        def act(tables: Tables) -> None:
            set_recovery(tables, user.id, map(hash_recovery, codes))
            append_entry(tables, entry)

        await self._write_for(session, account, act)
        return codes

    async def remove_totp(self, session: Session, password: str, *, at: datetime) -> None:
        """Ask for no codes any more.

        Errors: Refusal ``password-wrong``; Delay.
        """
        account = await self._prove(session, password, at=at)
        user = account.user
        entry = self._entry("second-factor-removed", by=user, at=at, user=user.login)

        def act(tables: Tables) -> None:
            remove_seed(tables, user.id)
            append_entry(tables, entry)

        await self._write_for(session, account, act)

    async def _prove(self, session: Session, password: str, *, at: datetime) -> StoredAccount:
        """Insist that who sits there knows the password; guessing is as slow as at the door."""
        account = await self.find_account(session.user.id)
        keys = ((Count.HERE, f"{account.user.login} session {session.id}"),)
        await self.patience.begin(keys, at=at)
        if not await self._verify(account, password, keys=keys, at=at):
            wrong = Refusal.because(
                "password-wrong",
                where="old",
                vi="Mật khẩu hiện tại không đúng.",
                en="The present password is wrong.",
            )
            await self.refusals.distrust(wrong, claimed=account.user.login, operation="own-account", at=at)
            raise wrong
        await self.patience.begin_anew(keys)
        return account

    async def _write_for(
        self, session: Session, account: StoredAccount, act: Callable[[Tables], None]
    ) -> None:
        """Change an account for who proved himself, unless he was put out while that took its time.

        Errors: Refusal ``no-such-session``.
        """

        def act_if_still(tables: Tables) -> None:
            now = find_account(tables, account.user.id)
            if now is None or now.password != account.password or not is_open(tables, session.id):
                raise no_such_session()
            act(tables)

        await self._write(act_if_still)

    def _enrolment(self, login: str, seed: bytes) -> Enrolment:
        issuer = f"{ISSUER} {self.notary.gateway}"
        return Enrolment(uri=enrolment_uri(seed, login=login, issuer=issuer), letters=write_letters(seed))


def _draw_recovery() -> tuple[str, ...]:
    return tuple(write_letters(secrets.token_bytes(RECOVERY_BYTES)) for _ in range(_RECOVERY_CODES))


def _code_wrong() -> Refusal:
    return Refusal.because(
        "code-wrong",
        where="code",
        vi="Mã không đúng hoặc đã hết hạn; hãy nhập mã đang hiện trên điện thoại.",
        en="The code is wrong or too old; enter the one the phone shows now.",
    )


def _same_again() -> Fault:
    return Fault(
        rule="password-unchanged",
        where="password",
        vi="mật khẩu mới phải khác mật khẩu cũ",
        en="the new password must differ from the old one",
    )
