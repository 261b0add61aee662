"""Single sign-on at the door: to the identity provider and back."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from gateway.errors import Delay, Refusal
from gateway.exchange.single_sign_on import LASTS, Arrival, SingleSignOn
from gateway.web.console.forms import query_of
from gateway.web.console.route import PREFIX, Route
from gateway.web.console.signing_in import SigningIn, onward_of

_START = "/sign-in/provider"
_RETURN = "/sign-in/provider/return"
_COOKIE = "lienthong_provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByProvider:
    """Signs people in by the identity provider."""

    sso: SingleSignOn
    signing_in: SigningIn

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        yield Route(method="GET", path=_START, act=self.depart, may=None, public=True)
        yield Route(method="GET", path=_RETURN, act=self.arrive, may=None, public=True)

    async def depart(self, request: web.Request) -> web.StreamResponse:
        """Send the visitor to the provider."""
        onward, door = onward_of(query_of(request).text("next")), self.signing_in.door
        try:
            departure = await self.sso.depart(
                redirect_uri=self._return_of(request), onward=onward, at=door.clock()
            )
        except Delay as delay:
            return await self.signing_in.ask(request, onward=onward, error=delay)
        response = web.Response(status=303, headers={"Location": departure.address})
        self._give_keepsake(request, response, departure.keepsake)
        return response

    async def arrive(self, request: web.Request) -> web.StreamResponse:
        """Let in whom the provider vouches for."""
        query, door = query_of(request), self.signing_in.door
        arrival = Arrival(
            code=query.text("code"),
            state=query.text("state"),
            issuer=query.text("iss"),
            keepsake=request.cookies.get(self._cookie_name(request), ""),
        )
        try:
            signed_in, onward = await self.sso.arrive(
                arrival,
                redirect_uri=self._return_of(request),
                address=door.origin.address_of(request),
                at=door.clock(),
            )
        except (Refusal, Delay) as error:
            response: web.StreamResponse = await self.signing_in.ask(request, onward="/", error=error)
        else:
            response = await self.signing_in.let_in(request, onward, signed_in)
        self._give_keepsake(request, response, None)
        return response

    def _return_of(self, request: web.Request) -> str:
        return f"{self.signing_in.door.origin.root_of(request)}{PREFIX}{_RETURN}"

    def _cookie_name(self, request: web.Request) -> str:
        # As of the session's: over TLS no neighbour can set one of this prefix.
        return f"__Host-{_COOKIE}" if self.signing_in.door.origin.is_secure(request) else _COOKIE

    def _give_keepsake(
        self, request: web.Request, response: web.StreamResponse, keepsake: str | None
    ) -> None:
        response.set_cookie(
            self._cookie_name(request),
            keepsake or "",
            path="/",
            httponly=True,
            samesite="Lax",
            secure=self.signing_in.door.origin.is_secure(request),
            max_age=int(LASTS.total_seconds()) if keepsake else 0,
        )
