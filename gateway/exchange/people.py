"""The people of the console: who may sign in, as what, and for which agencies.

Who governs people does so for his own agencies only, and gives nobody more than he has. Of those who govern
the whole node one always stays. Every change ends the sessions it makes untrue and stands in the audit log
with who made it.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.errors import Fault, Refusal
from gateway.evidence.receipts import JSON
from gateway.exchange.directory import Directory, known_as
from gateway.exchange.own_account import OwnAccount
from gateway.exchange.sessions import Actor, expect_governor, no_such_user, still_governor
from gateway.model.identifiers import AgencyCode
from gateway.model.people import Account, User, UserId, UserRole, is_login, normalise_login
from gateway.store.audit_log import append_entry
from gateway.store.people import (
    count_masters,
    find_account,
    forget_subject,
    insert_user,
    load_accounts,
    load_by_login,
    remove_seed,
    set_disabled,
    set_password,
    update_user,
)
from gateway.store.sessions import end_sessions
from gateway.store.tables import Tables
from gateway.trust.one_time_codes import write_letters

# 80 random bits, and three days in which to use them.
_ONE_TIME_BYTES = 10
_ONE_TIME_LASTS = timedelta(days=3)
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class People(OwnAccount):
    """Governs people, and has all that they need to come and go."""

    directory: Directory

    async def list_users(self, *, by: Actor | None = None) -> list[Account]:
        """List the accounts, closed ones included, by login; for somebody, those he governs."""
        accounts = await load_accounts(self.database)
        return [one for one in accounts if not isinstance(by, User) or by.reaches(one.user)]

    async def find_user(self, login: str) -> Account | None:
        """Find an account by its login."""
        stored = await load_by_login(self.database, normalise_login(login))
        return None if stored is None else stored.account

    async def add_user(
        self,
        login: str,
        *,
        name: str,
        role: UserRole,
        agencies: frozenset[AgencyCode] | None,
        mail: str | None = None,
        by: Actor,
        at: datetime,
    ) -> tuple[User, str]:
        """Write a new account; return it with a one-time password, which nobody can read again.

        Errors: Refusal ``user-wrong`` with every fault, ``not-permitted``.
        """
        user = await self._checked(
            User(
                id=UserId(self.mint.new(at)),
                login=normalise_login(login),
                name=" ".join(name.split()),
                role=role,
                agencies=agencies,
                mail=mail or None,
            )
        )
        password = write_letters(secrets.token_bytes(_ONE_TIME_BYTES))
        kept = await self.hashing.hash(password)
        entry = self._entry(
            "user-added",
            by=by,
            at=at,
            user=user.login,
            name=user.name,
            role=user.role.value,
            agencies=_told(user),
        )

        def act(tables: Tables) -> None:
            expect_governor(still_governor(tables, by), user)
            if not insert_user(tables, user, at=at):
                raise Refusal("user-wrong", [_login_taken()])
            set_password(tables, user.id, kept, one_time_until=at + _ONE_TIME_LASTS)
            append_entry(tables, entry)

        await self._write(act)
        return user, password

    async def edit_user(self, changed: User, *, by: Actor, at: datetime) -> User:
        """Change an account's name, role, agencies or mail. Its login stays.

        With another role or other agencies its sessions end: the next one gets what is true then.
        Errors: Refusal ``user-wrong`` with every fault, ``no-such-user``, ``not-permitted``,
        ``last-administrator``.
        """
        wanted = await self._checked(changed)

        def act(tables: Tables, before: User) -> None:
            after = replace(wanted, login=before.login)
            if after == before:
                return
            expect_governor(still_governor(tables, by), after)
            update_user(tables, after)
            if (after.role, after.agencies) != (before.role, before.agencies):
                end_sessions(tables, after.id, at=at)
            append_entry(
                tables,
                self._entry(
                    "user-edited",
                    by=by,
                    at=at,
                    user=after.login,
                    name=after.name,
                    role=after.role.value,
                    agencies=_told(after),
                ),
            )

        await self._govern(changed.id, act, by=by)
        return (await self.find_account(changed.id)).user

    async def disable_user(self, user_id: UserId, *, by: Actor, at: datetime) -> None:
        """Close an account and end its sessions; what its owner did stays in the log.

        Errors: Refusal ``no-such-user``, ``not-permitted``, ``last-administrator``.
        """

        def act(tables: Tables, user: User) -> None:
            set_disabled(tables, user.id, at)
            end_sessions(tables, user.id, at=at)
            append_entry(tables, self._entry("user-disabled", by=by, at=at, user=user.login))

        await self._govern(user_id, act, by=by)

    async def enable_user(self, user_id: UserId, *, by: Actor, at: datetime) -> None:
        """Open a closed account again, with what it had.

        Errors: Refusal ``no-such-user``, ``not-permitted``.
        """

        def act(tables: Tables, user: User) -> None:
            set_disabled(tables, user.id, None)
            append_entry(tables, self._entry("user-enabled", by=by, at=at, user=user.login))

        await self._govern(user_id, act, by=by)

    async def reset_password(self, user_id: UserId, *, by: Actor, at: datetime) -> str:
        """Give somebody a one-time password, return it, and end his sessions. It holds for three days.

        Errors: Refusal ``no-such-user``, ``not-permitted``, ``own-account``; Delay.
        """
        _expect_other(user_id, by)
        password = write_letters(secrets.token_bytes(_ONE_TIME_BYTES))
        kept = await self.hashing.hash(password)

        def act(tables: Tables, user: User) -> None:
            set_password(tables, user.id, kept, one_time_until=at + _ONE_TIME_LASTS)
            end_sessions(tables, user.id, at=at)
            append_entry(tables, self._entry("password-reset", by=by, at=at, user=user.login))

        await self._govern(user_id, act, by=by)
        return password

    async def reset_totp(self, user_id: UserId, *, by: Actor, at: datetime) -> None:
        """Ask somebody whose phone is lost for no code any more, and end his sessions.

        Errors: Refusal ``no-such-user``, ``not-permitted``, ``own-account``.
        """
        _expect_other(user_id, by)

        def act(tables: Tables, user: User) -> None:
            remove_seed(tables, user.id)
            end_sessions(tables, user.id, at=at)
            append_entry(tables, self._entry("second-factor-reset", by=by, at=at, user=user.login))

        await self._govern(user_id, act, by=by)

    async def unbind_provider(self, user_id: UserId, *, by: Actor, at: datetime) -> None:
        """Forget whom the identity provider means by an account: the next one with its login is taken.

        Errors: Refusal ``no-such-user``, ``not-permitted``.
        """

        def act(tables: Tables, user: User) -> None:
            forget_subject(tables, user.id)
            end_sessions(tables, user.id, at=at)
            append_entry(tables, self._entry("provider-unbound", by=by, at=at, user=user.login))

        await self._govern(user_id, act, by=by)

    async def _govern(self, user_id: UserId, change: Callable[[Tables, User], None], *, by: Actor) -> None:
        """Change an account within its rules: by whom, and not the last who governs everything."""

        def act(tables: Tables) -> None:
            before = find_account(tables, user_id)
            if before is None:
                raise no_such_user(user_id)
            expect_governor(still_governor(tables, by), before.user)
            had = count_masters(tables)
            change(tables, before.user)
            if had and not count_masters(tables):
                raise _last_administrator()

        await self._write(act)

    async def _checked(self, user: User) -> User:
        agencies, unknown = known_as(user.agencies, await self.directory.current(certainly=True))
        if faults := [*_faults(user), *unknown]:
            raise Refusal("user-wrong", faults)
        return replace(user, agencies=agencies)


def _faults(user: User) -> Iterator[Fault]:
    if not is_login(user.login):
        yield Fault(
            rule="login-wrong",
            where="login",
            vi="tên đăng nhập gồm 1 đến 64 chữ không dấu, chữ số và . _ @ -",
            en="a login is 1 to 64 letters without marks, digits and . _ @ -",
        )
    if not user.name or len(user.name) > _LONGEST_NAME or not user.name.isprintable():
        yield Fault(
            rule="name-wrong",
            where="name",
            vi=f"họ tên không được để trống, dài nhất {_LONGEST_NAME} ký tự",
            en=f"a name must not be empty and has at most {_LONGEST_NAME} characters",
        )
    if user.agencies is not None and not user.agencies:
        yield Fault(
            rule="agencies-missing",
            where="agencies",
            vi="chọn ít nhất một cơ quan, hoặc tất cả",
            en="choose at least one agency, or all",
        )
    if user.mail is not None and (user.mail.count("@") != 1 or " " in user.mail or len(user.mail) > 254):
        yield Fault(
            rule="mail-wrong",
            where="mail",
            vi="địa chỉ thư điện tử không đúng",
            en="this is no mail address",
        )


def _told(user: User) -> JSON:
    """Say for which agencies somebody is, as the log has it."""
    return "all" if user.agencies is None else sorted(user.agencies)


def _expect_other(user_id: UserId, by: Actor) -> None:
    # Whoever sits down at an administrator's open screen must not be able to take the account over.
    if isinstance(by, User) and by.id == user_id:
        raise Refusal.because(
            "own-account",
            vi="Với tài khoản của chính mình, hãy dùng trang Tài khoản của tôi.",
            en="For your own account use the page My account.",
        )


def _login_taken() -> Fault:
    return Fault(rule="login-taken", where="login", vi="tên đăng nhập này đã có", en="this login is taken")


def _last_administrator() -> Refusal:
    return Refusal.because(
        "last-administrator",
        vi="Đây là quản trị viên cuối cùng của cả nút; hãy thêm người khác trước.",
        en="This is the last administrator of the whole node; add another first.",
    )
