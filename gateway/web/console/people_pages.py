"""The people of the node: who may sign in, as what, for which agencies; their sessions and lost passwords."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import web

from gateway.errors import Delay, Fault, LienthongError, Refusal
from gateway.exchange.directory import Directory
from gateway.exchange.people import People
from gateway.model.formats import counted
from gateway.model.identifiers import AgencyCode, normalise_code
from gateway.model.people import Account, Permission, SessionId, User, UserId, UserRole
from gateway.web.console.account_pages import status_of
from gateway.web.console.forms import Form, form_of
from gateway.web.console.route import Area, Nav, Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.visitor import visitor_of

_MAY = Permission.GOVERN


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePages:
    """People and what they may."""

    shell: Shell
    people: People
    directory: Directory
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        nav = Nav(area=Area.NODE, place=70, vi="Người dùng", en="People", icon="people")
        yield Route(method="GET", path="/people", act=self.list_people, may=_MAY, nav=nav)
        # No login has the sign "~".
        yield Route(method="GET", path="/people/~new", act=self.show_new, may=_MAY)
        yield Route(method="POST", path="/people/~new", act=self.add, may=_MAY)
        yield Route(method="GET", path="/people/{login}", act=self.show, may=_MAY)
        yield Route(method="POST", path="/people/{login}", act=self.edit, may=_MAY)
        for name, act in (
            ("disable", self.disable),
            ("enable", self.enable),
            ("reset-password", self.reset_password),
            ("reset-phone", self.reset_phone),
            ("unbind", self.unbind),
            ("end-session", self.end_session),
            ("end-sessions", self.end_sessions),
        ):
            yield Route(method="POST", path=f"/people/{{login}}/{name}", act=act, may=_MAY)

    async def list_people(self, request: web.Request) -> web.StreamResponse:
        """List the people whom the visitor governs."""
        accounts = await self.people.list_users(by=visitor_of(request).user)
        return await self.shell.render(request, "people/list.html", accounts=accounts)

    async def show_new(self, request: web.Request) -> web.StreamResponse:
        """Ask for a new person."""
        return await self._show_new(request, Form())

    async def add(self, request: web.Request) -> web.StreamResponse:
        """Add a person; show the one-time password, this once."""
        form, visitor = await form_of(request), visitor_of(request)
        try:
            user, password = await self.people.add_user(
                form.text("login"),
                name=form.text("name"),
                role=_role_in(form),
                agencies=_agencies_in(form),
                mail=form.text("mail") or None,
                by=visitor.user,
                at=self.clock(),
            )
        except (Refusal, Delay) as error:
            return await self._show_new(request, form, error)
        return await self._show_password(request, user, password, is_new=True)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show a person."""
        return await self._show(request, await self._account_in(request))

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """Change a person."""
        form, account = await form_of(request), await self._account_in(request)
        try:
            changed = replace(
                account.user,
                name=form.text("name"),
                role=_role_in(form),
                agencies=_agencies_in(form),
                mail=form.text("mail") or None,
            )
            await self.people.edit_user(changed, by=visitor_of(request).user, at=self.clock())
        except (Refusal, Delay) as error:
            return await self._show(request, account, form=form, error=error)
        return self._done(request, account, "Đã lưu.", "Saved.")

    async def disable(self, request: web.Request) -> web.StreamResponse:
        """Close an account."""
        account = await self._account_in(request)
        try:
            await self.people.disable_user(account.user.id, by=visitor_of(request).user, at=self.clock())
        except Refusal as refusal:
            return await self._show(request, account, error=refusal)
        return self._done(request, account, "Đã khóa tài khoản.", "The account was closed.")

    async def enable(self, request: web.Request) -> web.StreamResponse:
        """Open an account again."""
        account = await self._account_in(request)
        await self.people.enable_user(account.user.id, by=visitor_of(request).user, at=self.clock())
        return self._done(request, account, "Đã mở lại tài khoản.", "The account was opened again.")

    async def reset_password(self, request: web.Request) -> web.StreamResponse:
        """Give a one-time password; show it, this once."""
        account = await self._account_in(request)
        try:
            password = await self.people.reset_password(
                account.user.id, by=visitor_of(request).user, at=self.clock()
            )
        except (Refusal, Delay) as error:
            return await self._show(request, account, error=error)
        return await self._show_password(request, account.user, password, is_new=False)

    async def reset_phone(self, request: web.Request) -> web.StreamResponse:
        """Ask somebody whose phone is lost for no code any more."""
        account = await self._account_in(request)
        try:
            await self.people.reset_totp(account.user.id, by=visitor_of(request).user, at=self.clock())
        except Refusal as refusal:
            return await self._show(request, account, error=refusal)
        return self._done(request, account, "Đã gỡ xác thực hai lớp.", "The second factor was removed.")

    async def unbind(self, request: web.Request) -> web.StreamResponse:
        """Forget whom the identity provider means."""
        account = await self._account_in(request)
        await self.people.unbind_provider(account.user.id, by=visitor_of(request).user, at=self.clock())
        return self._done(request, account, "Đã gỡ đăng nhập một lần.", "Single sign-on was unbound.")

    async def end_session(self, request: web.Request) -> web.StreamResponse:
        """End one of somebody's sessions."""
        account = await self._account_in(request)
        session_id = SessionId((await form_of(request)).text("session"))
        await self.people.end_session(session_id, by=visitor_of(request).user, at=self.clock())
        return self._done(request, account, "Đã kết thúc phiên.", "The session was ended.")

    async def end_sessions(self, request: web.Request) -> web.StreamResponse:
        """End all of somebody's sessions."""
        account = await self._account_in(request)
        count = await self.people.end_all(account.user.id, by=visitor_of(request).user, at=self.clock())
        return self._done(
            request, account, f"Đã kết thúc {count} phiên.", f"Ended: {counted(count, 'session')}."
        )

    async def _account_in(self, request: web.Request) -> Account:
        """Find whom the address names; whom the visitor does not govern he does not find."""
        account = await self.people.find_user(request.match_info["login"])
        if account is None or not visitor_of(request).user.reaches(account.user):
            raise web.HTTPNotFound
        return account

    def _done(self, request: web.Request, account: Account, vi: str, en: str) -> web.Response:
        # Whoever closes his own sessions or account is met at the door.
        return self.shell.redirect(request, f"/people/{account.user.login}", Message(vi=vi, en=en))

    async def _show(
        self,
        request: web.Request,
        account: Account,
        *,
        form: Form | None = None,
        error: LienthongError | None = None,
    ) -> web.Response:
        wanted = account.user if form is None else _as_typed(form, account.user)
        return await self.shell.render(
            request,
            "people/person.html",
            status=status_of(error),
            account=account,
            wanted=wanted,
            agencies=await self._choices(request, wanted),
            visits=await self.people.list_sessions(account.user.id, at=self.clock()),
            faults=() if error is None else error.faults,
        )

    async def _show_new(
        self, request: web.Request, form: Form, error: LienthongError | None = None
    ) -> web.Response:
        nobody = User(
            id=UserId(""), login=form.text("login"), name="", role=UserRole.CLERK, agencies=frozenset()
        )
        wanted = _as_typed(form, nobody)
        return await self.shell.render(
            request,
            "people/new.html",
            status=status_of(error),
            wanted=wanted,
            agencies=await self._choices(request, wanted),
            faults=() if error is None else error.faults,
        )

    async def _show_password(
        self, request: web.Request, user: User, password: str, *, is_new: bool
    ) -> web.Response:
        return await self.shell.render(
            request, "people/password.html", user=user, password=password, is_new=is_new
        )

    async def _choices(self, request: web.Request, wanted: User) -> Sequence[tuple[AgencyCode, str]]:
        """List the agencies served here that the visitor may give, and those somebody has already."""
        directory = await self.directory.current()
        codes = {*directory.served_by, *(wanted.agencies or ())}
        mine = [code for code in codes if visitor_of(request).user.sees(code)]
        named = [(code, directory.agencies[code].name) for code in mine if code in directory.agencies]
        return sorted(named, key=lambda choice: choice[1])


def _role_in(form: Form) -> UserRole:
    try:
        return UserRole(form.text("role"))
    except ValueError as error:
        fault = Fault(rule="role-wrong", where="role", vi="hãy chọn vai trò", en="choose a role")
        raise Refusal("user-wrong", [fault]) from error


def _agencies_in(form: Form) -> frozenset[AgencyCode] | None:
    if form.text("reach") == "all":
        return None
    return frozenset(normalise_code(code) for code in form.all("agencies"))


def _as_typed(form: Form, user: User) -> User:
    """Return what stands in a form, to be shown again as it was typed."""
    if not form.fields:
        return user
    typed_role = form.text("role")
    return replace(
        user,
        name=form.text("name"),
        role=UserRole(typed_role) if typed_role in set(UserRole) else user.role,
        agencies=_agencies_in(form),
        mail=form.text("mail") or None,
    )
