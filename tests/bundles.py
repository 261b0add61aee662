"""Evidence bundles as tests make them, and as attackers would make them over."""

import io
import json
import subprocess
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.back_office import furnish_export
from gateway.config import load_config
from gateway.evidence.asic import ContainerWriter
from gateway.evidence.verifier.audit import verify
from gateway.evidence.verifier.findings import CHECKS, Findings
from gateway.evidence.verifier.forms import INDEX, MANIFEST, MIMETYPE, SIGNATURES, read_instant
from gateway.exchange.export import Export, Exported, Wish, find_document
from gateway.office import Office, open_office
from gateway.trust.issuing import Issued
from gateway.trust.keys import Seal
from tests.keys import AUTHORITY_DAYS, ISSUED_AT, authority
from tests.walks.world import Node

Parts = dict[str, bytes]
_TSA_SETTINGS = """[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
"""


async def walk_of(office: Office, *others: Path) -> Export:
    """The export of a node, as the command line puts it together."""
    others_of = [x509.load_pem_x509_certificates(path.read_bytes()) for path in others]
    return await furnish_export(office, others=others_of)


async def export(node: Node, path: Path, wanted: str | None = None, *others: Path) -> Exported:
    """Export one document of a node, or everything."""
    async with open_office(load_config(node.directory / "config.toml")) as office:
        thread = None if wanted is None else await find_document(office.database, wanted)
        told = {"document": wanted} if wanted else {"since": "2026-01-01"}
        walk = await walk_of(office, *others)
        return await walk.write(Wish(thread=thread, told=told), path, at=node.clock())


def judged(
    bundle: bytes,
    *,
    anchors: tuple[Issued, ...] | None = None,
    tsa_anchors: tuple[x509.Certificate, ...] | None = None,
) -> Findings:
    """What the verifier finds, with the anchors of our tests unless told."""
    trusted = [issued.certificate for issued in ((authority(),) if anchors is None else anchors)]
    stamps = [stamp_anchor()] if tsa_anchors is None else list(tsa_anchors)
    return verify(io.BytesIO(bundle), trusted, stamps)


def wrong(findings: Findings) -> set[str]:
    """The checks at which something is wrong, those that were not reached left out."""
    return {check for check in CHECKS if findings.faults[check]}


def parts_of(bundle: bytes) -> Parts:
    """The files in a bundle."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def head_of(parts: Parts) -> dict[str, object]:
    """What a bundle says it is."""
    found: dict[str, object] = json.loads(parts[INDEX])["bundle"]
    return found


def zipped(parts: Mapping[str, bytes], *, like: bytes) -> bytes:
    """Put files into a container of the right form, lists and signature as they are given."""
    with zipfile.ZipFile(io.BytesIO(like)) as archive:
        stamp = archive.infolist()[0].date_time
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, stamp)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)
    return file.getvalue()


def sealed(parts: Mapping[str, bytes], head: Mapping[str, object], seal: Seal) -> bytes:
    """Write a bundle anew from its files, lists and signature made by whoever has a seal."""
    file = io.BytesIO()
    writer = ContainerWriter(file, io.BytesIO(), at=read_instant(str(head["made_at"])))
    for name, content in parts.items():
        if name not in (MIMETYPE, INDEX, MANIFEST, SIGNATURES):
            writer.add(name, content)
    writer.finish(head, seal)  # type: ignore[arg-type]
    return file.getvalue()


def listed(parts: Mapping[str, bytes], head: Mapping[str, object], old: Parts, seal: Seal) -> bytes:
    """Write a bundle anew with lists that are right, and the signature it had."""
    made = parts_of(sealed(parts, head, seal))
    return zipped({**made, SIGNATURES: old[SIGNATURES]}, like=sealed(parts, head, seal))


def stamp_anchor() -> x509.Certificate:
    """The authority above the timestamp authority."""
    return authority("Gốc dấu thời gian").certificate


@cache
def stamping() -> Issued:
    """A timestamp authority: good for stamping and nothing else."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    above = authority("Gốc dấu thời gian")
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign"),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TSA thu nghiem")]))
        .issuer_name(above.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ISSUED_AT)
        .not_valid_after(ISSUED_AT + timedelta(days=AUTHORITY_DAYS))
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, crl_sign=False, encipher_only=False, decipher_only=False, **usage
            ),
            critical=True,
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(above.key, SHA256())
    )
    return Issued(
        key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        chain_pem=certificate.public_bytes(Encoding.PEM),
    )


def stamp(note: bytes, folder: Path, *, ess: str = "sha256", by: Issued | None = None) -> bytes:
    """A timestamp token over some bytes, made by openssl."""
    tsa = by or stamping()
    folder.mkdir(exist_ok=True)
    (folder / "note").write_bytes(note)
    (folder / "tsa.key").write_bytes(tsa.key_pem)
    (folder / "tsa.pem").write_bytes(tsa.chain_pem)
    (folder / "tsa.cnf").write_text(_TSA_SETTINGS.format(folder=folder, ess=ess))
    _openssl("ts", "-query", "-data", folder / "note", "-sha256", "-cert", "-out", folder / "query")
    made = (
        "-signer",
        folder / "tsa.pem",
        "-inkey",
        folder / "tsa.key",
        "-token_out",
        "-out",
        folder / "token",
    )
    _openssl("ts", "-reply", "-config", folder / "tsa.cnf", "-queryfile", folder / "query", *made)
    return (folder / "token").read_bytes()


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
