"""What an archive says of itself: its manifest, a statement signed like a receipt.

It names every file of the archive with its digest, and the tree that the part of the log in it goes on from.
A stranger needs the archive and a certificate of the seal, and nothing of ours.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from gateway.errors import Refusal
from gateway.evidence.merkle import HASH_BYTES, Frontier
from gateway.evidence.receipts import (
    Receipt,
    read_receipt,
    read_statement,
    sign_statement,
    verify_receipt,
    write_receipt,
    write_statement,
)
from gateway.evidence.replay import Entry, Item
from gateway.model.identifiers import Digest
from gateway.trust.keys import Seal, fingerprint_of

FORM = "lienthong-archive-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """An archive's word about itself.

    Shape: origin names the log; its entries from first_seq to last_seq are here, and peaks are the hashes
    of the full subtrees before them. files gives each file's digest by its name; package_count is of the
    packages here, absent_count of those the entries tell of that had been erased before. made_at is an
    instant as statements have it.
    """

    origin: str
    made_at: str
    first_seq: int
    last_seq: int
    peaks: tuple[bytes, ...]
    files: Mapping[str, Digest]
    package_count: int
    absent_count: int

    def frontier(self) -> Frontier:
        """Return the tree that the part of the log in the archive goes on from."""
        return Frontier(size=self.first_seq - 1, peaks=list(self.peaks))


def sign_manifest(manifest: Manifest, seal: Seal) -> bytes:
    """Write a manifest and sign it: a receipt, as a file."""
    statement = write_statement(
        {
            "form": FORM,
            "origin": manifest.origin,
            "made_at": manifest.made_at,
            "first_seq": manifest.first_seq,
            "last_seq": manifest.last_seq,
            "peaks": [peak.hex() for peak in manifest.peaks],
            "files": manifest.files,
            "package_count": manifest.package_count,
            "absent_count": manifest.absent_count,
        }
    )
    return write_receipt(sign_statement(statement, seal))


def read_manifest(text: bytes) -> tuple[Manifest, Receipt]:
    """Read a manifest and the receipt it stands in, not verified.

    Errors: Refusal when it is no manifest of the form we know.
    """
    receipt = read_receipt(text)
    told: Any = read_statement(receipt.statement)
    try:
        if told["form"] != FORM:
            raise ValueError("not a manifest of this form")
        manifest = Manifest(
            origin=str(told["origin"]),
            made_at=str(told["made_at"]),
            first_seq=int(told["first_seq"]),
            last_seq=int(told["last_seq"]),
            peaks=tuple(bytes.fromhex(peak) for peak in told["peaks"]),
            files={str(name): Digest(digest) for name, digest in told["files"].items()},
            package_count=int(told["package_count"]),
            absent_count=int(told["absent_count"]),
        )
        _check(manifest)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise Refusal.because(
            "archive-malformed",
            where="manifest.json",
            vi="không phải bản kê của một bản lưu trữ",
            en="not the manifest of an archive",
        ) from error
    return manifest, receipt


def _check(manifest: Manifest) -> None:
    before = manifest.first_seq - 1
    is_frontier = len(manifest.peaks) == before.bit_count() if before >= 0 else False
    if not is_frontier or manifest.last_seq < before or any(len(p) != HASH_BYTES for p in manifest.peaks):
        raise ValueError("not a part of a log")


def find_signer(receipt: Receipt, certificates: Iterable[x509.Certificate]) -> x509.Certificate | None:
    """Find the certificate with whose key a manifest was signed; None when it is none of them."""
    for certificate in certificates:
        if fingerprint_of(certificate) == receipt.certificate_sha256 and verify_receipt(receipt, certificate):
            return certificate
    return None


def digest_told(item: Item) -> Digest | None:
    """Return the digest of the package that an entry says was taken in; None when it says no such thing.

    That is of what was *accepted*, and of the statuses the gateway wrote itself: *answered*, with a digest.
    """
    if not isinstance(item, Entry) or item.content is None:
        return None
    try:
        told = read_statement(item.content.split(b"\n", 1)[0])
    except Refusal:
        return None  # not what we wrote: no root is made of it
    digest = told.get("sha256") if told.get("event") in ("accepted", "answered") else None
    return Digest(digest) if isinstance(digest, str) else None
