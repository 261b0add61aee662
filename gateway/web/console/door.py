"""The console's door: who comes in, what they may call, and what every answer bears.

Each request passes, in this order: the route is known; an unsafe method comes from our own pages; the session
is alive; the visitor may; the token of the session is in the form. Only then a page group is called. Whatever
goes wrong becomes a page that says so.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web

from gateway.errors import Delay, LienthongError, Refusal
from gateway.exchange.people import People
from gateway.log_lines import cause_of, log
from gateway.model.people import Language, Session
from gateway.web.console.faults import answer_fault
from gateway.web.console.posted import posted
from gateway.web.console.route import PREFIX, Act, Route
from gateway.web.console.shell import Shell
from gateway.web.console.visitor import CSRF_FIELD, LANGUAGE, VISITOR, Visitor
from gateway.web.origin import Origin

SAFE_METHODS = frozenset({"GET", "HEAD"})
# Where whoever has a one-time password is sent, wherever he wants to go.
NEW_PASSWORD = "/new-password"  # noqa: S105 - an address
LANGUAGE_COOKIE = "lienthong_language"
# A page that brings itself up to date asks with this header, and is not taken for somebody at the desk.
QUIET_HEADER = "X-Live"

_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " font-src 'self'; form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    # With "no-referrer" browsers send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Lets visitors in. Every act of every page group is called through `admit`."""

    shell: Shell
    people: People
    origin: Origin
    clock: Callable[[], datetime]

    def admit(self, route: Route) -> Act:
        """Guard a route."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            if route.method not in SAFE_METHODS and not self.origin.is_own(request):
                raise _foreign()
            if not route.public:
                visitor = request.get(VISITOR)
                if visitor is None:
                    return self._ask_to_sign_in(request, route)
                if visitor.session.must_change and not route.first:
                    return self.shell.redirect(request, NEW_PASSWORD)
                if not route.is_open_to(visitor):
                    raise web.HTTPForbidden
                if route.method not in SAFE_METHODS and not route.streams:
                    check_token(visitor, (await posted(request)).get(CSRF_FIELD))
            return await route.act(request)

        return guarded

    def _ask_to_sign_in(self, request: web.Request, route: Route) -> web.Response:
        if QUIET_HEADER in request.headers or route.method not in SAFE_METHODS:
            raise web.HTTPUnauthorized
        onward = "" if request.path in (PREFIX, f"{PREFIX}/") else f"?next={quote(request.path_qs, safe='')}"
        return web.Response(status=303, headers={"Location": f"{PREFIX}/sign-in{onward}"})

    def middleware(self) -> Any:
        """Make what every request of the console passes, found or not."""

        @web.middleware
        async def pass_through(request: web.Request, handler: Act) -> web.StreamResponse:
            request[LANGUAGE] = _language(request, None)
            try:
                if (switch := _switch_language(request)) is not None:
                    response: web.StreamResponse = switch
                else:
                    if "\0" in request.query_string:
                        # As app.py does with a path.
                        raise web.HTTPNotFound
                    if not request.path.startswith(f"{PREFIX}/static/"):
                        await self._recognise(request)
                    response = await handler(request)
            except ConnectionError:
                raise
            except web.HTTPException as answer:
                response = await self._explain(request, answer)
            except LienthongError as error:
                if isinstance(error, Delay):
                    log.warning("page delayed", reason=error.code, cause=cause_of(error))
                response = await answer_fault(self.shell, request, error)
            except Exception:
                log.exception("bug", path=request.path)
                response = await answer_fault(self.shell, request, web.HTTPInternalServerError())
            if not response.prepared:
                self.dress(request, response)
            return response

        return pass_through

    async def _recognise(self, request: web.Request) -> None:
        session = await self._find_session(request, quietly=QUIET_HEADER in request.headers)
        if session is None:
            return
        request[LANGUAGE] = _language(request, session.language)
        request[VISITOR] = Visitor(session=session, language=request[LANGUAGE])

    async def _find_session(self, request: web.Request, *, quietly: bool) -> Session | None:
        secret = request.cookies.get(self.cookie_name(request))
        return await self.people.session(secret, at=self.clock(), quietly=quietly) if secret else None

    async def is_alive(self, request: web.Request, visitor: Visitor) -> bool:
        """Tell whether a visitor's session still lasts, without prolonging it."""
        session = await self._find_session(request, quietly=True)
        return session is not None and session.id == visitor.session_id

    def dress(self, request: web.Request, response: web.StreamResponse) -> None:
        """Put on the headers every answer bears, unless the page chose its own."""
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if self.origin.is_secure(request):
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")

    async def dress_before_it_leaves(self, request: web.Request, response: web.StreamResponse) -> None:
        """Dress what is streamed, too: it leaves before the act returns."""
        self.dress(request, response)

    async def _explain(self, request: web.Request, answer: web.HTTPException) -> web.StreamResponse:
        if answer.status < 400:
            return answer
        return await answer_fault(self.shell, request, answer)

    def cookie_name(self, request: web.Request) -> str:
        """Name the session's cookie; over TLS no neighbour can set one of this prefix."""
        return "__Host-lienthong" if self.origin.is_secure(request) else "lienthong_session"

    def give_cookie(self, request: web.Request, response: web.StreamResponse, secret: str | None) -> None:
        """Hand a session's secret to the browser, or take it back."""
        response.set_cookie(
            self.cookie_name(request),
            secret or "",
            path="/",
            httponly=True,
            samesite="Lax",
            secure=self.origin.is_secure(request),
            max_age=None if secret else 0,
        )


def check_token(visitor: Visitor, token: object) -> None:
    """Insist on the session's token.

    Errors: Refusal ``form-not-ours``.
    """
    if not isinstance(token, str) or not hmac.compare_digest(token.encode(), visitor.csrf.encode()):
        raise _foreign()


def _foreign() -> Refusal:
    return Refusal.because(
        "form-not-ours",
        vi="Yêu cầu không đến từ trang này, hoặc phiên làm việc đã đổi. Hãy tải lại trang rồi thử lại.",
        en="This was not sent by a page of this session. Reload the page and try again.",
    )


def _language(request: web.Request, preferred: str | None) -> Language:
    chosen = request.cookies.get(LANGUAGE_COOKIE) or preferred
    return Language.ENGLISH if chosen == Language.ENGLISH else Language.VIETNAMESE


def _switch_language(request: web.Request) -> web.Response | None:
    """Answer ``?lang=``: the choice goes into a cookie, the visitor back to the same page."""
    chosen = request.query.get("lang")
    if chosen not in (Language.VIETNAMESE, Language.ENGLISH) or request.method not in SAFE_METHODS:
        return None
    rest = [(key, value) for key, value in request.query.items() if key != "lang"]
    address = request.rel_url.with_query(rest)
    # The path is our own, but "//elsewhere" would be taken for another host.
    response = web.Response(status=303, headers={"Location": "/" + str(address).lstrip("/")})
    response.set_cookie(LANGUAGE_COOKIE, chosen, path=PREFIX, max_age=31536000, samesite="Lax", httponly=True)
    return response
