"""A real timestamping authority: `openssl ts`, with keys of a throw-away root, on loopback where wanted."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.trust.certificates import Anchors, load_anchors

PURPOSES = x509.oid.ExtendedKeyUsageOID
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def certify(
    name: str,
    key: Key,
    by: tuple[x509.Certificate, Key] | None = None,
    *,
    purposes: Sequence[x509.ObjectIdentifier] = (),
    critical: bool = True,
    days: tuple[int, int] = (-10, 10),
) -> x509.Certificate:
    """Certify a key: a root when nobody else does, else what has these purposes, or an intermediate."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    issuer, signing = (by[0].subject, by[1]) if by else (subject, key)
    builder = x509.CertificateBuilder(
        issuer,
        subject,
        key.public_key(),
        x509.random_serial_number(),
        NOW + days[0] * DAY,
        NOW + days[1] * DAY,
    )
    builder = builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    ).add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=critical)
    builder = builder.add_extension(x509.BasicConstraints(ca=not purposes, path_length=None), critical=True)
    usage = {
        "digital_signature": bool(purposes),
        "key_cert_sign": not purposes,
        "crl_sign": not purposes,
        **dict.fromkeys(
            (
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ),
            False,
        ),
    }
    return builder.add_extension(x509.KeyUsage(**usage), critical=True).sign(signing, SHA256())


@dataclass(kw_only=True)
class StampingAuthority:
    """Answers requests with `openssl ts -reply`; `spoil` may change an answer before it leaves.

    Shape: delay, in seconds, is how slow it is; asked counts the requests.
    """

    folder: Path
    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    purposes: Sequence[x509.ObjectIdentifier] = (PURPOSES.TIME_STAMPING,)
    critical: bool = True
    days: tuple[int, int] = (-10, 10)
    digest: str = "sha256"
    spoil: Callable[[bytes], bytes] = bytes
    status: int = 200
    delay: float = 0
    asked: int = 0
    url: str = ""

    def __post_init__(self) -> None:
        root_key, middle_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = certify("Gốc dấu thời gian", root_key, days=(-4000, 4000))
        middle = certify("Trung gian", middle_key, (root, root_key), days=(-4000, 4000))
        own = certify(
            "TSA",
            self.key,
            (middle, middle_key),
            purposes=self.purposes,
            critical=self.critical,
            days=self.days,
        )
        self.root_pem = root.public_bytes(Encoding.PEM)
        self.folder.mkdir()
        self._write("root.pem", self.root_pem)
        self._write("chain.pem", middle.public_bytes(Encoding.PEM))
        self._write("tsa.pem", own.public_bytes(Encoding.PEM))
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._write("tsa.key", pem)
        self._write("serial", b"01\n")
        names = ("signer_cert", "tsa.pem"), ("certs", "chain.pem"), ("signer_key", "tsa.key")
        lines = [f"{name} = {self.folder / file}" for name, file in (*names, ("serial", "serial"))]
        lines += [
            f"signer_digest = {self.digest}",
            "default_policy = 1.2.3.4.1",
            "digests = sha256",
            "accuracy = secs:1",
        ]
        self._write("tsa.cnf", "\n".join(["[tsa]", *lines, ""]).encode())

    def _write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    @property
    def anchors(self) -> Anchors:
        """Who believes this authority."""
        return load_anchors(self.root_pem)

    def answer(self, request: bytes) -> bytes:
        """Answer one request."""
        self._write("request", request)
        self._openssl(
            "-reply", "-queryfile", "request", "-config", "tsa.cnf", "-section", "tsa", "-out", "answer"
        )
        return self.spoil((self.folder / "answer").read_bytes())

    def agrees(self, content: bytes, token: bytes) -> bool:
        """Let openssl itself judge a token over some bytes."""
        self._write("content", content)
        self._write("token", token)
        found = self._openssl(
            "-verify", "-data", "content", "-in", "token", "-token_in", "-CAfile", "root.pem", check=False
        )
        return "Verification: OK" in found

    def _openssl(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            ["openssl", "ts", *arguments], cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout + done.stderr

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["StampingAuthority"]:
        """Serve on loopback, until the block ends."""

        async def stamp(request: web.Request) -> web.Response:
            self.asked += 1
            assert request.content_type == "application/timestamp-query"
            await asyncio.sleep(self.delay)
            body = await asyncio.to_thread(self.answer, await request.read())
            return web.Response(status=self.status, body=body, content_type="application/timestamp-reply")

        app = web.Application()
        app.router.add_post("/tsa", stamp)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port()).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/tsa"
        try:
            yield self
        finally:
            await runner.cleanup()

    def _port(self) -> int:
        # Back at the same address after an absence.
        return int(self.url.split(":")[2].split("/")[0]) if self.url else 0
