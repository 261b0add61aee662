"""Signing in and out."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from gateway.errors import Fault, Refusal
from gateway.web.console.door import Door
from gateway.web.console.forms import form_of, query_of
from gateway.web.console.route import PREFIX, Route
from gateway.web.console.shell import Shell
from gateway.web.console.visitor import VISITOR


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningIn:
    """The pages for strangers."""

    shell: Shell
    door: Door

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        yield Route(method="GET", path="/sign-in", act=self.show, may=None, public=True)
        yield Route(method="POST", path="/sign-in", act=self.sign_in, may=None, public=True)
        yield Route(method="POST", path="/sign-out", act=self.sign_out, may=None)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Ask who it is; who is signed in goes on."""
        onward = _onward(query_of(request).text("next"))
        if VISITOR in request:
            return self.shell.redirect(request, onward)
        return await self._form(request, onward=onward)

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """Begin a session, always with a new secret: what a stranger planted before is worth nothing."""
        form = await form_of(request)
        onward = _onward(form.text("next"))
        try:
            signed_in = await self.door.accounts.sign_in(
                form.text("login"),
                form.text("password"),
                form.text("code"),
                address=self.door.origin.address_of(request),
                at=self.door.clock(),
            )
        except Refusal as refusal:
            return await self._form(
                request, onward=onward, login=form.text("login"), faults=refusal.faults, status=422
            )
        if (former := request.get(VISITOR)) is not None:
            await self.door.accounts.sign_out(former.session_id, at=self.door.clock())
        response = self.shell.redirect(request, onward)
        self.door.give_cookie(request, response, signed_in.secret)
        return response

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """End the session here and in the browser."""
        await self.door.accounts.sign_out(request[VISITOR].session_id, at=self.door.clock())
        response = self.shell.redirect(request, "/sign-in?left=1")
        self.door.give_cookie(request, response, None)
        return response

    async def _form(
        self,
        request: web.Request,
        *,
        onward: str,
        login: str = "",
        faults: tuple[Fault, ...] = (),
        status: int = 200,
    ) -> web.Response:
        return await self.shell.render(
            request,
            "signing/sign_in.html",
            status=status,
            onward=PREFIX + onward,
            login=login,
            faults=faults,
            has_left="left" in request.query,
        )


def _onward(address: str) -> str:
    """Take an address from outside as the place to go on to, if it is one of ours; under ``/console``."""
    ours = address.startswith(f"{PREFIX}/") and not any(sign in address for sign in "\\\r\n")
    return address.removeprefix(PREFIX) if ours else "/"
