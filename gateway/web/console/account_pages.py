"""One's own account: who one is here, the second factor, where one is signed in."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import segno
from aiohttp import web
from markupsafe import Markup

from gateway.errors import Delay, Fault, LienthongError, Refusal
from gateway.exchange.people import People
from gateway.model.formats import counted
from gateway.model.people import SessionId
from gateway.web.console.forms import form_of
from gateway.web.console.posted import as_typed, posted
from gateway.web.console.route import Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.visitor import visitor_of

_PHONE = "/account/phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPages:
    """What everybody sees and changes of himself."""

    shell: Shell
    people: People
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        yield Route(method="GET", path="/account", act=self.show, may=None)
        yield Route(method="GET", path=_PHONE, act=self.show_phone, may=None)
        yield Route(method="POST", path=_PHONE, act=self.enrol, may=None)
        yield Route(method="POST", path=f"{_PHONE}/confirm", act=self.confirm, may=None)
        yield Route(method="POST", path=f"{_PHONE}/remove", act=self.remove, may=None)
        yield Route(method="POST", path="/account/recovery", act=self.renew_recovery, may=None)
        yield Route(method="POST", path="/account/sessions/end", act=self.end_session, may=None)
        yield Route(method="POST", path="/account/sessions/end-others", act=self.end_others, may=None)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the account."""
        return await self._show(request)

    async def show_phone(self, request: web.Request) -> web.StreamResponse:
        """Show the picture for the phone, while it is being set up."""
        return await self._show_phone(request)

    async def enrol(self, request: web.Request) -> web.StreamResponse:
        """Begin to set up a phone."""
        try:
            await self.people.enrol_totp(
                visitor_of(request).session, await _password(request), at=self.clock()
            )
        except (Refusal, Delay) as error:
            return await self._show(request, error, asked="enrol")
        return self.shell.redirect(request, _PHONE)

    async def confirm(self, request: web.Request) -> web.StreamResponse:
        """Take the phone's first code; show the recovery codes, this once."""
        code = (await form_of(request)).text("code")
        try:
            codes = await self.people.confirm_totp(visitor_of(request).session, code, at=self.clock())
        except Refusal as refusal:
            return await self._show_phone(request, refusal.faults)
        return await self._show_codes(request, codes)

    async def renew_recovery(self, request: web.Request) -> web.StreamResponse:
        """Draw new recovery codes; show them, this once."""
        try:
            codes = await self.people.renew_recovery(
                visitor_of(request).session, await _password(request), at=self.clock()
            )
        except (Refusal, Delay) as error:
            return await self._show(request, error, asked="recovery")
        return await self._show_codes(request, codes)

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """Ask for no codes any more."""
        try:
            await self.people.remove_totp(
                visitor_of(request).session, await _password(request), at=self.clock()
            )
        except (Refusal, Delay) as error:
            return await self._show(request, error, asked="remove")
        return self._done(request, "Đã tắt xác thực hai lớp.", "Codes are not asked for any more.")

    async def end_session(self, request: web.Request) -> web.StreamResponse:
        """End one of one's own sessions."""
        session_id = SessionId((await form_of(request)).text("session"))
        await self.people.end_session(session_id, by=visitor_of(request).user, at=self.clock())
        return self._done(request, "Đã kết thúc phiên.", "The session was ended.")

    async def end_others(self, request: web.Request) -> web.StreamResponse:
        """End all of one's own sessions but this one."""
        visitor = visitor_of(request)
        count = await self.people.end_all(
            visitor.user.id, by=visitor.user, at=self.clock(), but=visitor.session_id
        )
        return self._done(
            request, f"Đã kết thúc {count} phiên khác.", f"Ended: {counted(count, 'other session')}."
        )

    def _done(self, request: web.Request, vi: str, en: str) -> web.Response:
        return self.shell.redirect(request, "/account", Message(vi=vi, en=en))

    async def _show(
        self, request: web.Request, error: LienthongError | None = None, *, asked: str = ""
    ) -> web.Response:
        """Show the account; asked names the form in which something was wrong."""
        visitor = visitor_of(request)
        return await self.shell.render(
            request,
            "account/page.html",
            status=status_of(error),
            account=(await self.people.find_account(visitor.user.id)).account,
            visits=await self.people.list_sessions(visitor.user.id, at=self.clock()),
            faults=() if error is None else error.faults,
            asked=asked,
        )

    async def _show_phone(self, request: web.Request, faults: Sequence[Fault] = ()) -> web.Response:
        enrolment = await self.people.pending_totp(visitor_of(request).session)
        if enrolment is None:
            return self.shell.redirect(request, "/account")
        return await self.shell.render(
            request,
            "account/phone.html",
            status=422 if faults else 200,
            picture=draw_code(enrolment.uri),
            letters=enrolment.letters,
            faults=faults,
        )

    async def _show_codes(self, request: web.Request, codes: Sequence[str]) -> web.Response:
        return await self.shell.render(request, "account/recovery.html", codes=codes)


def draw_code(uri: str) -> Markup:
    """Draw an address as a picture that phones read: SVG without styles, with room around it."""
    drawn = segno.make(uri, error="m", micro=False)
    svg = drawn.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None)
    return Markup(svg)  # noqa: S704 - drawn by us: numbers and two colours


def status_of(error: LienthongError | None) -> int:
    """Return the status of a page that shows a form again with what was wrong."""
    return 200 if error is None else 503 if isinstance(error, Delay) else 422


async def _password(request: web.Request) -> str:
    return as_typed(await posted(request), "password")
