"""Single sign-on: a visitor goes to the identity provider with a question, and comes back with an answer.

What the answer must fit lies meanwhile in the visitor's own browser, sealed: another's browser cannot finish
what this one began, and nothing is kept here for visitors who never return.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from gateway.clients.oidc import Provider
from gateway.errors import LienthongError, Misconfiguration, Refusal
from gateway.exchange.people import People
from gateway.model.people import SignedIn
from gateway.trust.id_tokens import IdToken, KeyUnknown, refused, verify_id_token
from gateway.trust.secrets import NONCE_BYTES, open_for, seal_for

LASTS = timedelta(minutes=10)
_OWNER = "single sign-on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Where to send a visitor, and what his browser keeps until he is back.

    Shape: keepsake is opaque ASCII for a cookie.
    """

    address: str
    keepsake: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What a visitor brings back: the answer's parameters and his keepsake."""

    code: str
    state: str
    issuer: str
    keepsake: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleSignOn:
    """Signs people in by an OpenID provider: authorisation code with PKCE.

    Shape: login_claim names the claim that is our login, the first time somebody comes; label is what the
    button says.
    Source: OpenID Connect Core 1.0, section 3.1; RFC 7636; RFC 9207; RFC 9700.
    """

    provider: Provider
    people: People
    secrets_key: bytes
    login_claim: str
    label: str

    async def depart(self, *, redirect_uri: str, onward: str, at: datetime) -> Departure:
        """Send a visitor to the provider.

        Errors: Delay ``provider-away``.
        """
        description = await self.provider.describe()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = hashlib.sha256(verifier.encode()).digest()
        question = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in description.authorization_endpoint else "?"
        kept = json.dumps([state, nonce, verifier, onward, (at + LASTS).timestamp()]).encode()
        sealed = seal_for(_OWNER, kept, key=self.secrets_key, nonce=secrets.token_bytes(NONCE_BYTES))
        return Departure(
            address=f"{description.authorization_endpoint}{joint}{urlencode(question)}",
            keepsake=base64.urlsafe_b64encode(sealed).decode(),
        )

    async def arrive(
        self, arrival: Arrival, *, redirect_uri: str, address: str, at: datetime
    ) -> tuple[SignedIn, str]:
        """Sign in who came back; return also where he wanted to go.

        Errors: Refusal ``sign-in-failed`` for whatever does not fit; Delay ``provider-away``.
        """
        try:
            subject, login, onward = await self._ask(arrival, redirect_uri=redirect_uri, at=at)
        except Refusal as refusal:
            raise await self._failed(refusal, address=address, at=at) from refusal
        signed_in = await self.people.sign_in_by_provider(subject, login, address=address, at=at)
        return signed_in, onward

    async def _ask(self, arrival: Arrival, *, redirect_uri: str, at: datetime) -> tuple[str, str, str]:
        """Return who it is by the provider's name for him, his login there, and where he wanted to go."""
        state, nonce, verifier, onward, until = self._open(arrival.keepsake)
        if (
            not hmac.compare_digest(state.encode(), arrival.state.encode("utf-8", "replace"))
            or at.timestamp() >= until
        ):
            raise refused("state")
        issuer = (await self.provider.describe()).issuer
        if arrival.issuer not in ("", issuer):
            raise refused("iss")
        if not arrival.code:
            raise refused("code")
        tokens = await self.provider.redeem(arrival.code, verifier=verifier, redirect_uri=redirect_uri)
        token = await self._verify(tokens.id_token, issuer=issuer, nonce=nonce, at=at)
        claims = token.claims
        if self.login_claim not in claims:
            claims = await self.provider.tell_claims(tokens, subject=token.subject)
        return f"{issuer} {token.subject}", self._login_in(claims), onward

    async def _verify(self, written: str, *, issuer: str, nonce: str, at: datetime) -> IdToken:
        client_id = self.provider.client_id
        try:
            keys = await self.provider.keys()
            return verify_id_token(written, keys, issuer=issuer, client_id=client_id, nonce=nonce, at=at)
        except KeyUnknown:
            keys = await self.provider.keys(anew=True)
            return verify_id_token(written, keys, issuer=issuer, client_id=client_id, nonce=nonce, at=at)

    def _login_in(self, claims: Mapping[str, Any]) -> str:
        login = claims.get(self.login_claim)
        # An address nobody confirmed is anybody's.
        if self.login_claim == "email" and claims.get("email_verified") is not True:
            return ""
        return login if isinstance(login, str) else ""

    def _open(self, keepsake: str) -> tuple[str, str, str, str, float]:
        try:
            sealed = base64.urlsafe_b64decode(keepsake.encode("ascii"))
            state, nonce, verifier, onward, until = json.loads(open_for(_OWNER, sealed, key=self.secrets_key))
        except (ValueError, Misconfiguration) as error:
            raise refused("keepsake") from error
        return state, nonce, verifier, onward, until

    async def _failed(self, error: LienthongError, *, address: str, at: datetime) -> Refusal:
        await self.people.refusals.distrust(
            error, claimed="", operation=f"single-sign-on {error.faults[0].where}", at=at, address=address
        )
        return Refusal.because(
            "sign-in-failed",
            vi="Đăng nhập một lần không thành công; hãy thử lại.",
            en="Single sign-on did not succeed; try again.",
        )
