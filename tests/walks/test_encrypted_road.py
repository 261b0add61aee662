"""TLS, and callers who must show a certificate."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.errors import Delay
from gateway.model.agency import SystemKind
from gateway.settings import Role
from tests.packages import Sent, document
from tests.walks.world import HEALTH, HUB, MINISTRY, PROVINCE, collect_all, prepare_node, until


def write_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, which is also its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    at = datetime.now(UTC) - timedelta(hours=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at)
        .not_valid_after(at + timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(exist_ok=True)
    chain, private = folder / f"{name}.crt", folder / f"{name}.tls"
    chain.write_bytes(certificate.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return chain, private


async def test_a_document_travels_over_mutual_tls_in_both_directions_of_the_wire(tmp_path: Path) -> None:
    """The hub shows its certificate and wants one; the gateway shows one; Vietnamese headers survive."""
    server, server_key = write_certificate(tmp_path, "hub-tls")
    client, client_key = write_certificate(tmp_path, "gateway-tls")
    hub = prepare_node(
        tmp_path / "hub",
        code=HUB,
        role=Role.HUB,
        http={
            "tls_certificate_file": str(server),
            "tls_key_file": str(server_key),
            "client_ca_file": str(client),
        },
    )
    await hub.connect("BO", [MINISTRY])
    secret = await hub.connect("TINH", [PROVINCE, HEALTH], kind=SystemKind.GATEWAY)
    await hub.start()
    gateway = prepare_node(
        tmp_path / "gateway",
        code=PROVINCE,
        below=(hub.url, "TINH", secret),
        axis={
            "ca_file": str(server),
            "client_certificate_file": str(client),
            "client_key_file": str(client_key),
        },
    )
    await gateway.connect("SYT", [HEALTH])
    await gateway.start()
    try:
        assert hub.url.startswith("https://")
        assert (await gateway.dms("SYT").send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)).ok
        known = ssl.create_default_context(cafile=server)
        with pytest.raises(Delay):
            await hub.dms("BO", tls=known).received()  # shows no certificate
        known.load_cert_chain(client, client_key)
        ministry = hub.dms("BO", tls=known)
        (item,) = (await until(ministry.received, lambda answer: bool(answer.items))).items
        assert (await ministry.confirm(item["docId"], "processing", description="Đang xử lý")).ok
        assert len(await collect_all(ministry)) == 1
    finally:
        await gateway.stop()
        await hub.stop()
