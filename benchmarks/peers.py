"""Others on the same payload: AS2 by pyas2lib, XML signatures by signxml. Crafts only: no network, no disk.

What is compared is what each must do for one document of proven origin with a signed answer: sign it, read
and verify it, sign the receipt, verify the receipt. signxml has no receipts: it signs and verifies.
"""

import importlib
import io
import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from benchmarks.stock import seal_for, write_package
from gateway.edxml.reader import read_package
from gateway.edxml.validation import check_package
from gateway.evidence.receipts import sign_statement, verify_receipt, write_statement
from gateway.sandbox.agencies import HEALTH, MINISTRY
from gateway.trust.certificates import load_anchors
from gateway.trust.keys import Seal
from gateway.trust.xml_signing import sign_package
from gateway.trust.xml_verification import verify_package

_SECONDS = 1.5
_VERSION = r"\d\.\d\.\d[a-z]*"


def measure_peers(hub: Path, size_bytes: int) -> dict[str, float | None]:
    """Tell how many documents each takes through in a second of processor time; None where it is not here."""
    seal = seal_for(HEALTH, hub, key="rsa")
    package = write_package(HEALTH, MINISTRY, "1", os.urandom(size_bytes * 3 // 4))
    makers: dict[str, Callable[[], Callable[[], object]]] = {
        "ours": lambda: _ours(package, seal, hub),
        "pyas2lib": lambda: _as2(os.urandom(size_bytes)),
        "signxml": lambda: _signxml(package),
    }
    found: dict[str, float | None] = {}
    for name, make in makers.items():
        try:
            act = make()
        except ImportError:
            found[name] = None
            continue
        found[name] = round(_times_a_second(act), 1)
    return found


def _times_a_second(act: Callable[[], object]) -> float:
    act()
    count, began = 0, time.process_time()
    while (spent := time.process_time() - began) < _SECONDS:
        act()
        count += 1
    return count / spent


def _ours(package: bytes, seal: Seal, hub: Path) -> Callable[[], object]:
    anchors, at = load_anchors((hub / "authority.pem").read_bytes()), datetime.now(UTC)

    def act() -> None:
        source = io.BytesIO(package)
        read = read_package(source)
        signature = sign_package(read.outline, read.element, source, seal)
        place = read.outline.seal_at
        source = io.BytesIO(package[:place] + signature + package[place:])
        read = read_package(source)
        check_package(read, today=at.date())
        verdict = verify_package(read, source, anchors, at=at)
        assert verdict.fault is None, verdict
        receipt = sign_statement(write_statement({"sha256": read.outline.digest}), seal)
        assert verify_receipt(receipt, seal.certificate)

    return act


def _as2(payload: bytes) -> Callable[[], object]:
    as2 = _import_as2()
    keys = {name: _make_key(name) for name in ("a", "b")}
    own = {
        name: as2.Organization(as2_name=name, sign_key=key + certificate, sign_key_pass="")
        for name, (key, certificate) in keys.items()
    }
    others = {
        name: as2.Partner(
            as2_name=name,
            verify_cert=certificate,
            validate_certs=False,
            sign=True,
            digest_alg="sha256",
            mdn_mode="SYNC",
            mdn_digest_alg="sha256",
        )
        for name, (_, certificate) in keys.items()
    }

    def act() -> None:
        sent: Any = as2.Message(own["a"], others["b"])
        sent.build(payload)
        came = as2.Message()
        status, fault, answer = came.parse(_wire(sent), lambda _: own["b"], lambda _: others["a"])
        assert status == "processed", fault
        status, fault = as2.Mdn().parse(_wire(answer), lambda *_: sent)
        assert status == "processed", fault

    return act


def _wire(message: Any) -> bytes:
    return bytes(message.headers_str + b"\r\n" + message.content)


def _import_as2() -> ModuleType:
    """Import pyas2lib; oscrypto below it does not know an OpenSSL whose version has two digits at its end."""
    search = re.search

    def lenient(pattern: Any, *given: Any, **named: Any) -> Any:
        known = isinstance(pattern, str) and _VERSION in pattern
        return search(
            pattern.replace(_VERSION, r"\d+\.\d+\.\d+[a-z]*") if known else pattern, *given, **named
        )

    re.search = lenient  # type: ignore[assignment]
    try:
        return importlib.import_module("pyas2lib.as2")
    finally:
        re.search = search


def _signxml(package: bytes) -> Callable[[], object]:
    signxml = importlib.import_module("signxml")
    key, certificate = _make_key("a")
    root = etree.fromstring(package)

    def act() -> None:
        signed = signxml.XMLSigner(method=signxml.methods.enveloped).sign(root, key=key, cert=certificate)
        signxml.XMLVerifier().verify(etree.tostring(signed), x509_cert=certificate.decode())

    return act


def _make_key(name: str) -> tuple[bytes, bytes]:
    """Make a key and a certificate of its own, both PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(called, called, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=9))
        .add_extension(x509.KeyUsage(*[place == 0 for place in range(9)]), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return pem, certificate.public_bytes(Encoding.PEM)
