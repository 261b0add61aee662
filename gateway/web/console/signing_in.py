"""Signing in, in one step or two; choosing a first password; signing out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from gateway.errors import Delay, Fault, LienthongError, Refusal
from gateway.exchange.sign_in import SecondFactorNeeded
from gateway.model.people import SignedIn
from gateway.web.console.door import NEW_PASSWORD, Door
from gateway.web.console.forms import Form, form_of, query_of
from gateway.web.console.posted import as_typed, posted
from gateway.web.console.route import PREFIX, Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.visitor import VISITOR, visitor_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningIn:
    """The pages between the street and the console.

    Shape: provider is what the button for single sign-on says; without one there is no button.
    """

    shell: Shell
    door: Door
    provider: str = ""

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        yield Route(method="GET", path="/sign-in", act=self.show, may=None, public=True)
        yield Route(method="POST", path="/sign-in", act=self.sign_in, may=None, public=True)
        yield Route(method="POST", path="/sign-in/code", act=self.sign_in_by_code, may=None, public=True)
        yield Route(method="POST", path="/sign-out", act=self.sign_out, may=None, first=True)
        yield Route(method="GET", path=NEW_PASSWORD, act=self.show_new_password, may=None, first=True)
        yield Route(method="POST", path=NEW_PASSWORD, act=self.choose_password, may=None, first=True)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Ask who it is; who is signed in goes on."""
        onward = onward_of(query_of(request).text("next"))
        if VISITOR in request:
            return self.shell.redirect(request, onward)
        return await self.ask(request, onward=onward)

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """Begin a session by password, or ask for a code first."""
        form = await form_of(request)
        try:
            signed_in = await self.door.people.sign_in(
                form.text("login"),
                # A password is what was typed: nothing of it is trimmed.
                as_typed(await posted(request), "password"),
                None,
                address=self.door.origin.address_of(request),
                at=self.door.clock(),
            )
        except SecondFactorNeeded as needed:
            return await self._ask_for_code(request, form, ticket=needed.ticket)
        except (Refusal, Delay) as error:
            return await self.ask(
                request, onward=onward_of(form.text("next")), login=form.text("login"), error=error
            )
        return await self.let_in(request, onward_of(form.text("next")), signed_in)

    async def sign_in_by_code(self, request: web.Request) -> web.StreamResponse:
        """Begin a session by a code, after the password was right."""
        form = await form_of(request)
        try:
            signed_in = await self.door.people.sign_in_by_code(
                form.text("ticket"),
                form.text("code"),
                address=self.door.origin.address_of(request),
                at=self.door.clock(),
            )
        except (Refusal, Delay) as error:
            return await self._ask_for_code(request, form, ticket=form.text("ticket"), error=error)
        return await self.let_in(request, onward_of(form.text("next")), signed_in)

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """End the session here and in the browser."""
        await self.door.people.sign_out(visitor_of(request).session_id, at=self.door.clock())
        response = self.shell.redirect(request, "/sign-in?left=1")
        self.door.give_cookie(request, response, None)
        return response

    async def show_new_password(self, request: web.Request) -> web.StreamResponse:
        """Ask whoever came by a one-time password for one of his own; anybody else may change his, too."""
        return await self._ask_for_password(request)

    async def choose_password(self, request: web.Request) -> web.StreamResponse:
        """Change the password; every other session ends, this one goes on under a new secret."""
        fields = await posted(request)
        new = as_typed(fields, "password")
        if new != as_typed(fields, "again"):
            return await self._ask_for_password(request, faults=(_differs(),))
        try:
            signed_in = await self.door.people.change_password(
                visitor_of(request).session, as_typed(fields, "old"), new, at=self.door.clock()
            )
        except Refusal as refusal:
            return await self._ask_for_password(request, faults=refusal.faults)
        response = self.shell.redirect(
            request, "/", Message(vi="Đã đổi mật khẩu.", en="The password was changed.")
        )
        self.door.give_cookie(request, response, signed_in.secret)
        return response

    async def let_in(self, request: web.Request, onward: str, signed_in: SignedIn) -> web.StreamResponse:
        """Hand out the new secret; the session that was here before ends."""
        if (former := request.get(VISITOR)) is not None:
            await self.door.people.sign_out(former.session_id, at=self.door.clock())
        response = self.shell.redirect(request, onward)
        self.door.give_cookie(request, response, signed_in.secret)
        return response

    async def ask(
        self, request: web.Request, *, onward: str, login: str = "", error: LienthongError | None = None
    ) -> web.Response:
        """Show the page that asks who it is, with what went wrong."""
        return await self._page(
            request,
            "signing/sign_in.html",
            error,
            onward=PREFIX + onward,
            login=login,
            provider=self.provider,
            has_left="left" in request.query,
        )

    async def _ask_for_code(
        self, request: web.Request, form: Form, *, ticket: str, error: LienthongError | None = None
    ) -> web.Response:
        onward = PREFIX + onward_of(form.text("next"))
        return await self._page(request, "signing/code.html", error, onward=onward, ticket=ticket)

    async def _page(
        self, request: web.Request, template: str, error: LienthongError | None, **facts: Any
    ) -> web.Response:
        status = 200 if error is None else 503 if isinstance(error, Delay) else 422
        faults = () if error is None else error.faults
        return await self.shell.render(request, template, status=status, faults=faults, **facts)

    async def _ask_for_password(self, request: web.Request, *, faults: Sequence[Fault] = ()) -> web.Response:
        must = visitor_of(request).session.must_change
        return await self.shell.render(
            request, "signing/new_password.html", status=422 if faults else 200, faults=faults, must=must
        )


def onward_of(address: str) -> str:
    """Take an address from outside as the place to go on to, if it is one of ours; under ``/console``."""
    # Ours are percent-encoded: a sign that cannot stand in a header is somebody else's.
    is_plain = address.isascii() and address.isprintable() and "\\" not in address
    ours = is_plain and address.startswith(f"{PREFIX}/")
    return address.removeprefix(PREFIX) if ours else "/"


def _differs() -> Fault:
    return Fault(
        rule="passwords-differ",
        where="again",
        vi="hai lần nhập không giống nhau",
        en="the two do not agree",
    )
