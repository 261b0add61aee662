"""The OpenID provider as we reach it: its description, its keys, and tokens for codes.

Over one injected HTTP session. What it must never do: believe what it got; trust/id_tokens.py judges that.
"""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlsplit

import aiohttp
from joserfc.jwk import KeySet

from gateway.clients.transfer import chunks_of
from gateway.errors import Delay
from gateway.log_lines import log
from gateway.trust.id_tokens import read_keys, refused

_TIMEOUT = aiohttp.ClientTimeout(total=10)
_ANSWER_LIMIT_BYTES = 1 << 20
_FRESH_SECONDS = 3600.0
# A token with a key we don't know makes us look for new ones, but not more often than this.
_LOOKED_AGAIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a provider says about itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    takes_basic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a code was given back for. Shape: access opens the userinfo endpoint; empty when none came."""

    id_token: str
    access: str


@dataclass(slots=True, kw_only=True)
class Provider:
    """An OpenID provider.

    Shape: client_secret is None for a client without one; PKCE is used either way.
    Errors: Delay ``provider-away`` when it cannot be reached or makes no sense.
    """

    session: aiohttp.ClientSession
    issuer: str
    client_id: str
    client_secret: str | None
    _description: Description | None = None
    _keys: KeySet | None = None
    _described_at: float = field(default=float("-inf"))
    _keys_at: float = field(default=float("-inf"))

    async def describe(self) -> Description:
        """Fetch what the provider says about itself; believed for an hour.

        Source: OpenID Connect Discovery 1.0, section 4.
        """
        if self._description is None or time.monotonic() - self._described_at > _FRESH_SECONDS:
            address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
            self._description = self._read(await self._fetch("GET", address))
            self._described_at = time.monotonic()
        return self._description

    async def keys(self, *, anew: bool = False) -> KeySet:
        """Fetch the provider's signing keys; anew when a token names one that is not among them."""
        age = time.monotonic() - self._keys_at
        if self._keys is None or age > (_LOOKED_AGAIN_SECONDS if anew else _FRESH_SECONDS):
            description = await self.describe()
            self._keys = read_keys(await self._fetch("GET", description.jwks_uri))
            self._keys_at = time.monotonic()
        return self._keys

    async def redeem(self, code: str, *, verifier: str, redirect_uri: str) -> Tokens:
        """Give a code back for tokens.

        Errors: Refusal ``id-token-refused`` when the provider does not know the code.
        Source: OpenID Connect Core 1.0, section 3.1.3.1; RFC 7636.
        """
        description = await self.describe()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers: dict[str, str] = {}
        if self.client_secret is None:
            form["client_id"] = self.client_id
        elif description.takes_basic:
            # RFC 6749, section 2.3.1: both are written as in a form before they are joined.
            pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        answer = await self._fetch("POST", description.token_endpoint, form=form, headers=headers)
        members = answer if isinstance(answer, dict) else {}
        token, access = members.get("id_token"), members.get("access_token")
        if not isinstance(token, str):
            raise refused("id_token")
        return Tokens(id_token=token, access=access if isinstance(access, str) else "")

    async def tell_claims(self, tokens: Tokens, *, subject: str) -> Mapping[str, Any]:
        """Fetch what the provider says of somebody beside the ID token; nothing where it has none.

        Errors: Refusal ``id-token-refused`` when it speaks of somebody else.
        Source: OpenID Connect Core 1.0, section 5.3.
        """
        address = (await self.describe()).userinfo_endpoint
        if address is None or not tokens.access:
            return {}
        claims = await self._fetch("GET", address, headers={"Authorization": f"Bearer {tokens.access}"})
        if not isinstance(claims, dict) or claims.get("sub") != subject:
            raise refused("userinfo")
        return claims

    def _read(self, said: object) -> Description:
        members = said if isinstance(said, dict) else {}
        names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
        texts = {name: members.get(name) for name in names}
        # Who describes another issuer could sign in that one's people; whoever is reached over TLS sends
        # nobody to where there is none.
        sound = all(isinstance(text, str) and self._is_reachable(text) for text in texts.values())
        if not sound or str(texts["issuer"]).rstrip("/") != self.issuer.rstrip("/"):
            raise _away(
                self.issuer, f"describes {texts['issuer']!r:.200}" if sound else "describes no provider"
            )
        userinfo = members.get("userinfo_endpoint")
        methods = members.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Description(
            **{name: str(text) for name, text in texts.items()},
            userinfo_endpoint=userinfo
            if isinstance(userinfo, str) and self._is_reachable(userinfo)
            else None,
            takes_basic="client_secret_basic" in methods if isinstance(methods, list) else True,
        )

    def _is_reachable(self, address: str) -> bool:
        scheme = urlsplit(address).scheme
        return scheme == "https" or (scheme == "http" and self.issuer.startswith("http:"))

    async def _fetch(
        self,
        method: str,
        address: str,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        try:
            async with self.session.request(
                method, address, data=form, headers=headers, allow_redirects=False, timeout=_TIMEOUT
            ) as response:
                body = bytearray()
                async for chunk in chunks_of(response):
                    body += chunk
                    if len(body) > _ANSWER_LIMIT_BYTES:
                        raise _away(address, "answers without end")
                if form is not None and response.status in (400, 401):
                    raise refused("code")
                if response.status != 200:
                    raise _away(address, f"answers {response.status}")
                return json.loads(body)
        except (aiohttp.ClientError, TimeoutError, ConnectionError, ValueError, RecursionError) as error:
            raise _away(address, repr(error)) from error


def _away(address: str, why: str) -> Delay:
    # The visitor is told only to come again; whoever set [oidc] up needs more.
    log.warning("identity provider away", address=address, why=why)
    return Delay.because(
        "provider-away",
        vi="Chưa liên lạc được với hệ thống đăng nhập một lần; hãy thử lại sau, hoặc dùng mật khẩu.",
        en="The identity provider cannot be reached; try again later, or use your password.",
    )
