"""ID tokens: what is believed, and every way to be one that is not."""

import base64
import hashlib
import hmac
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, KeySet, RSAKey

from gateway.errors import Refusal
from gateway.trust.id_tokens import KeyUnknown, read_keys, verify_id_token
from tests.keys import AT

ISSUER, CLIENT, NONCE = "https://sso.example", "lienthong", "a nonce"
NOW = int(AT.timestamp())
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": CLIENT,
    "sub": "9f2c",
    "exp": NOW + 300,
    "iat": NOW,
    "nonce": NONCE,
    "preferred_username": "lan",
}


@cache
def rsa(kid: str = "r") -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid})


@cache
def ec(kid: str = "e") -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid})


def published(*keys: RSAKey | ECKey) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


@cache
def known() -> KeySet:
    return read_keys(published(rsa(), ec()))


def token(key: RSAKey | ECKey, algorithm: str, header: dict[str, Any] | None = None, **changed: Any) -> str:
    claims = {name: claim for name, claim in (CLAIMS | changed).items() if claim is not ...}
    headers = {"alg": algorithm, "kid": key.kid} | (header or {})
    return jwt.encode(headers, claims, key, algorithms=[algorithm])


def verify(written: str, keys: KeySet | None = None) -> dict[str, Any]:
    found = verify_id_token(
        written, known() if keys is None else keys, issuer=ISSUER, client_id=CLIENT, nonce=NONCE, at=AT
    )
    return dict(found.claims)


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(("make", "algorithm"), [(rsa, "RS256"), (rsa, "PS256"), (ec, "ES256")])
def test_what_the_provider_signed_for_us_now_is_believed(make: Any, algorithm: str) -> None:
    """By each algorithm on the list."""
    assert verify(token(make(), algorithm)) == CLAIMS


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"iss": "https://sso.example/"}, "iss"),
        ({"iss": ...}, "iss"),
        ({"aud": "another"}, "aud"),
        ({"aud": ["another"]}, "aud"),
        ({"aud": ["lienthong", "another"]}, "aud"),
        ({"aud": ["lienthong", "another"], "azp": "another"}, "aud"),
        ({"azp": "another"}, "aud"),
        ({"aud": ...}, "aud"),
        ({"exp": NOW - 61}, "exp"),
        ({"exp": ...}, "exp"),
        ({"exp": str(NOW + 300)}, "exp"),
        ({"iat": NOW + 61}, "exp"),
        ({"iat": NOW - 601}, "exp"),
        ({"iat": ...}, "exp"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": ...}, "nonce"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"sub": "a\nb"}, "sub"),
        ({"sub": ..., "nonce": ...}, "nonce, sub"),
    ],
)
def test_one_claim_that_is_not_as_it_must_be_is_enough(changed: dict[str, Any], what: str) -> None:
    """And every one is named."""
    with pytest.raises(Refusal) as caught:
        verify(token(rsa(), "RS256", **changed))
    assert (caught.value.code, caught.value.faults[0].where) == ("id-token-refused", what)


def test_several_audiences_are_right_when_we_are_the_party() -> None:
    """As the standard has it."""
    assert verify(token(rsa(), "RS256", aud=["another", CLIENT], azp=CLIENT))["azp"] == CLIENT


def test_the_algorithm_cannot_be_confused() -> None:
    """None at all; the public key as an HMAC secret; a key of one kind under another's name."""
    body = b64(json.dumps(CLAIMS).encode())
    unsigned = f"{b64(json.dumps({'alg': 'none', 'kid': 'r'}).encode())}.{body}."
    head = b64(json.dumps({"alg": "HS256", "kid": "r"}).encode())
    forged = []
    for secret in (rsa().as_pem(private=False), json.dumps(published(rsa())).encode()):
        mac = hmac.digest(secret, f"{head}.{body}".encode(), hashlib.sha256)
        forged.append(f"{head}.{body}.{b64(mac)}")
    crossed = token(rsa("e"), "RS256")  # the name of the elliptic key, an RSA signature
    for written in (unsigned, *forged, crossed, token(rsa(), "RS512"), token(rsa(), "RS256")[:-4] + "AAAA"):
        with pytest.raises(Refusal) as caught:
            verify(written)
        assert caught.value.faults[0].where == "signature"


def test_another_s_key_in_the_header_is_not_asked() -> None:
    """A token that brings its own key, or says where to fetch one, is judged by the keys we know."""
    stranger = rsa("stranger")
    for header in ({"jwk": stranger.as_dict(private=False)}, {"jku": "https://evil.example/keys"}):
        with pytest.raises(Refusal):
            verify(token(stranger, "RS256", header | {"kid": "r"}))


def test_a_key_we_do_not_know_yet_is_told_apart() -> None:
    """The provider may have a new one: it is worth looking once."""
    with pytest.raises(KeyUnknown):
        verify(token(rsa("new"), "RS256"))
    assert verify(token(rsa("new"), "RS256"), read_keys(published(rsa("new")))) == CLAIMS


def test_only_keys_that_can_verify_are_taken() -> None:
    """No symmetric one, none for encryption, none too short, none that is rubbish; the others stay."""
    with pytest.warns(SecurityWarning):
        weak = RSAKey.generate_key(1024, {"kid": "weak"})
    symmetric = {"kty": "oct", "k": b64(b"x" * 32), "kid": "oct", "use": "sig"}
    rest = [symmetric, rsa("enc").as_dict(private=False) | {"use": "enc"}, weak.as_dict(private=False)]
    broken: list[Any] = [
        {"kty": "RSA", "n": "!", "e": 1},
        {"kty": "EC", "crv": "P-256", "x": ""},
        {},
        "x",
        None,
    ]
    keys = read_keys({"keys": [*rest, *broken, *published(ec())["keys"]]})
    assert [key.kid for key in keys.keys] == ["e"]
    for nothing in (None, [], {"keys": 7}, {}, "x"):
        with pytest.raises(Refusal):
            verify(token(rsa(), "RS256"), read_keys(nothing))


@given(
    st.text(max_size=200)
    | st.lists(st.binary(max_size=40), min_size=3, max_size=5).map(lambda parts: ".".join(map(b64, parts)))
)
def test_rubbish_is_refused_and_nothing_else(written: str) -> None:
    """No error but ours comes out."""
    with pytest.raises(Refusal):
        verify(written)
