"""ID tokens of an OpenID provider: believed only when every check below holds.

The checks, each named where it is made:

1. its signature is by one of the provider's own signing keys, with an algorithm on our list; which key fits
   which algorithm is decided by the key, never by the token
2. the issuer is the provider
3. it is meant for us: we are an audience, and the authorised party where one is named
4. it holds now, and was made now
5. it answers our request: the nonce is the one we drew
6. it names somebody
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from gateway.errors import Refusal

ALGORITHMS = ("RS256", "PS256", "ES256")
# How far two clocks may differ, and how long a token may have been on its way.
_DRIFT = timedelta(minutes=1)
_ON_ITS_WAY = timedelta(minutes=10)
_LONGEST_TOKEN = 32 * 1024
_LONGEST_SUBJECT = 255
_SMALLEST_RSA_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class IdToken:
    """What a provider vouches for. Shape: claims are all it said, of any JSON type."""

    subject: str
    claims: Mapping[str, Any]


class KeyUnknown(Refusal):
    """The token names a key that is not among those we know: perhaps the provider has a new one."""


def read_keys(published: object) -> KeySet:
    """Take from what a provider publishes the keys that can verify, and no others.

    Shape: published is a JWK set as JSON. A symmetric key is never one, whatever it is said to be for: with
    it whoever can verify could sign.
    """
    listed = published.get("keys") if isinstance(published, dict) else None
    keys: list[RSAKey | ECKey] = []
    for jwk in listed if isinstance(listed, list) else ():
        if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
            continue
        try:
            if jwk.get("kty") == "RSA" and len(str(jwk.get("n"))) * 6 >= _SMALLEST_RSA_BITS:
                keys.append(RSAKey.import_key(_only(jwk, "kty", "n", "e", "kid")))
            elif jwk.get("kty") == "EC" and jwk.get("crv") == "P-256":
                keys.append(ECKey.import_key(_only(jwk, "kty", "crv", "x", "y", "kid")))
        except (JoseError, ValueError, TypeError):
            continue  # one key that cannot be read does not spoil the others
    return KeySet(list(keys))


def _only(jwk: dict[str, Any], *members: str) -> dict[str, Any]:
    return {name: jwk[name] for name in members if name in jwk}


def verify_id_token(
    token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, at: datetime
) -> IdToken:
    """Verify an ID token.

    Errors: Refusal ``id-token-refused`` with every check that failed; KeyUnknown.
    Source: OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725.
    """
    claims = _verify_signature(token, keys)
    failed = [
        what
        for what, holds in (
            ("iss", claims.get("iss") == issuer),  # 2
            ("aud", _is_for(claims, client_id)),  # 3
            ("exp", _holds_at(claims, at)),  # 4
            ("nonce", bool(nonce) and claims.get("nonce") == nonce),  # 5
            ("sub", _names_somebody(claims.get("sub"))),  # 6
        )
        if not holds
    ]
    if failed:
        raise refused(", ".join(failed))
    return IdToken(subject=claims["sub"], claims=claims)


def _verify_signature(token: str, keys: KeySet) -> Mapping[str, Any]:  # 1
    if len(token) > _LONGEST_TOKEN or not keys.keys:
        raise refused("signature")
    try:
        return jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
    except InvalidKeyIdError as error:
        raise KeyUnknown("key-unknown", refused("kid").faults) from error
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise refused("signature") from error


def _is_for(claims: Mapping[str, Any], client_id: str) -> bool:
    audience = claims.get("aud")
    audiences: Sequence[Any] = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp", None if len(audiences) > 1 else client_id)
    return client_id in audiences and party == client_id


def _holds_at(claims: Mapping[str, Any], at: datetime) -> bool:
    until, made = claims.get("exp"), claims.get("iat")
    if not (isinstance(until, int | float) and isinstance(made, int | float)):
        return False
    now = at.timestamp()
    drift, way = _DRIFT.total_seconds(), _ON_ITS_WAY.total_seconds()
    return until > now - drift and now - way < made < now + drift


def _names_somebody(subject: object) -> bool:
    return isinstance(subject, str) and 0 < len(subject) <= _LONGEST_SUBJECT and subject.isprintable()


def refused(what: str) -> Refusal:
    """Say which part of a provider's word is not as it must be."""
    return Refusal.because(
        "id-token-refused",
        where=what,
        vi="Xác nhận của hệ thống đăng nhập một lần không hợp lệ.",
        en="What the identity provider said does not hold.",
    )
