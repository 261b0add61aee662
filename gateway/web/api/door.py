"""Who asks, and may it? A token in ``Authorization: Bearer``; nothing is answered to anybody else.

Source: RFC 6750, section 2.1.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from gateway.errors import Refusal
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.refusals import Refusals
from gateway.exchange.registry import unknown_agency
from gateway.exchange.tokens import Tokens, token_id_in
from gateway.model.identifiers import AgencyCode, normalise_code
from gateway.model.token import Token
from gateway.web.limits import Limits
from gateway.web.observed import OPERATION, SYSTEM

TOKEN = web.RequestKey("token", Token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Lets programs in.

    Shape: address_of tells where a request comes from.
    """

    tokens: Tokens
    directory: Directory
    refusals: Refusals
    limits: Limits
    address_of: Callable[[web.Request], str]
    clock: Callable[[], datetime]

    async def admit(self, request: web.Request, *, writes: bool) -> None:
        """Let a request in, and leave whose it is with it.

        Errors: Refusal ``not-authenticated`` or ``not-permitted``, recorded; Delay ``too-many-requests``.
        """
        text = bearer_of(request)
        try:
            token = await self.tokens.identify(text, at=self.clock())
        except Refusal as refusal:
            await self.distrust(request, refusal, claimed=token_id_in(text) or "")
            # Told apart in the audit log only: a stranger must not learn which tokens exist.
            raise _stranger() from None
        request[SYSTEM], request[TOKEN] = token.name, token
        self.limits.admit(token.id)
        if writes and not token.may_write:
            raise _may_only_read()

    async def is_alive(self, request: web.Request) -> bool:
        """Tell whether the token of a request that goes on is still believed."""
        try:
            await self.tokens.identify(bearer_of(request), at=self.clock())
        except Refusal:
            return False
        return True

    async def distrust(self, request: web.Request, refusal: Refusal, *, claimed: str) -> None:
        """Record that somebody asked who is not known, or for what is not his."""
        await self.refusals.distrust(
            refusal,
            claimed=claimed,
            operation=request.get(OPERATION, "api"),
            at=self.clock(),
            address=self.address_of(request),
        )

    async def reach(self, token: Token, asked: Collection[str]) -> "Reach":
        """Tell what a token sees of what it asks for; all it may see, when it names nobody.

        Errors: Refusal ``unknown-agency``, ``not-permitted``.
        """
        directory = await self.directory.current()
        codes = [directory.canonical(normalise_code(code)) for code in asked]
        for code in codes:
            if code not in directory.agencies:
                raise unknown_agency(code)
        agencies = _within(token, codes, directory)
        return Reach(
            directory=directory,
            agencies=agencies,
            codes=None if agencies is None else directory.answered_for(agencies),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a question reaches.

    Shape: agencies None is every agency of the node; codes are all under which something of theirs is kept.
    """

    directory: Snapshot
    agencies: frozenset[AgencyCode] | None
    codes: frozenset[AgencyCode] | None

    def holds(self, code: AgencyCode) -> bool:
        """Tell whether what is an agency's is within it."""
        return self.codes is None or self.directory.canonical(code) in self.codes

    def name(self, code: AgencyCode) -> str:
        """Name an agency."""
        agency = self.directory.agencies.get(code)
        return code if agency is None else agency.name


def _within(token: Token, asked: Collection[AgencyCode], directory: Snapshot) -> frozenset[AgencyCode] | None:
    if token.agencies is None:
        return frozenset(asked) or None
    theirs = directory.answered_for(token.agencies)
    for code in asked:
        if code not in theirs:
            raise not_theirs(code)
    return frozenset(asked) or token.agencies


def bearer_of(request: web.Request) -> str:
    """Read a token's text out of a request; empty when there is none, or several."""
    said = request.headers.getall("Authorization", [])
    scheme, _, text = said[0].partition(" ") if len(said) == 1 else ("", "", "")
    return text.strip() if scheme.lower() == "bearer" else ""


def not_theirs(code: AgencyCode) -> Refusal:
    """Say that a token is not for an agency."""
    return Refusal.because(
        "not-permitted",
        where="agency",
        vi=f"Mã truy cập không dùng cho cơ quan {code}.",
        en=f"The token is not for agency {code}.",
    )


def _may_only_read() -> Refusal:
    return Refusal.because(
        "not-permitted", vi="Mã truy cập này chỉ được đọc.", en="This token may only read."
    )


def _stranger() -> Refusal:
    return Refusal.because(
        "not-authenticated",
        vi="Cần mã truy cập còn hiệu lực: Authorization: Bearer …",
        en="A token that is good is needed: Authorization: Bearer …",
    )
