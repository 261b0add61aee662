"""How a bundle is written: its names, its two lists, its signature.

Each text has one form, so the verifier writes it anew and compares; evidence/asic.py writes with the same
functions.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple

FORM = "lienthong-evidence-1"
MIMETYPE, CONTAINER_TYPE = "mimetype", "application/vnd.etsi.asic-e+zip"
INDEX, MANIFEST, SIGNATURES = "bundle.json", "META-INF/manifest.xml", "META-INF/signatures.xml"
NAMES = re.compile(
    r"mimetype|META-INF/(manifest|signatures)\.xml|bundle\.json|summary\.html|README\.txt|verify\.py"
    r"|certificates/[a-z]+-[0-9a-f]{16}\.pem|checkpoints/[0-9]+(\.(txt|note|tst)|-[0-9]+\.consistency)"
    r"|documents/[A-Za-z0-9][A-Za-z0-9._-]*/(envelope\.json|summary\.html"
    r"|package-[0-9]+-as-(sent|left)\.edxml|(receipts|far-receipts)/[0-9]+\.json|proofs/[0-9]+\.tlog-proof)"
)
TYPES = {
    "edxml": "application/xml",
    "html": "text/html",
    "json": "application/json",
    "pem": "application/x-pem-file",
    "py": "text/x-python",
    "tst": "application/vnd.etsi.timestamp-token",
}
ALGORITHMS = {"RSA-SHA256": "rsa-sha256", "ECDSA-SHA256": "ecdsa-sha256"}

_DS = 'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
_XADES = 'xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"'
_MORE = "http://www.w3.org/2001/04/xmldsig-more"
_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_DIGEST = f'<ds:DigestMethod Algorithm="{_SHA256}"></ds:DigestMethod><ds:DigestValue>'

# Canonical as it stands: the bytes that are signed are the bytes in the file. Cut at every §.
# Source: XML Signature 1.1; ETSI EN 319 132-1 (baseline B-B); ETSI EN 319 162-1, section 4.4.
_SIGNATURE = f"""<?xml version="1.0" encoding="UTF-8"?>
<asic:XAdESSignatures xmlns:asic="http://uri.etsi.org/02918/v1.2.1#">
<ds:Signature {_DS} Id="signature">§
<ds:SignedInfo {_DS}>
<ds:CanonicalizationMethod Algorithm="{_C14N}"></ds:CanonicalizationMethod>
<ds:SignatureMethod Algorithm="{_MORE}#%(algorithm)s"></ds:SignatureMethod>§
<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#properties"><ds:Transforms>
<ds:Transform Algorithm="{_C14N}"></ds:Transform></ds:Transforms>{_DIGEST}§
</ds:DigestValue></ds:Reference></ds:SignedInfo>§
<ds:SignatureValue>§</ds:SignatureValue>
<ds:KeyInfo><ds:X509Data>%(chain)s</ds:X509Data></ds:KeyInfo>
<ds:Object><xades:QualifyingProperties {_XADES} Target="#signature">§
<xades:SignedProperties {_XADES} Id="properties"><xades:SignedSignatureProperties>
<xades:SigningTime>%(at)s</xades:SigningTime>
<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>
<ds:DigestMethod {_DS} Algorithm="{_SHA256}"></ds:DigestMethod>
<ds:DigestValue {_DS}>%(leaf)s</ds:DigestValue>
</xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>
<xades:SignedDataObjectProperties>§
</xades:SignedDataObjectProperties></xades:SignedProperties>§
</xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>""".replace("\n", "")


class Wrong(Exception):
    """Something is not as it must be."""


class Part(NamedTuple):
    """One file in a container: where its bytes begin, how many they are, their SHA-256 in hex."""

    name: str
    at: int
    size: int
    sha256: str

    @property
    def type(self) -> str:
        """Tell its media type."""
        return TYPES.get(self.name.rpartition(".")[2], "text/plain")


def need(holds: object, *fault: object) -> None:
    """Demand something."""
    if not holds:
        raise Wrong(" ".join(map(str, fault)))


def b64(raw: bytes) -> str:
    """Write base64."""
    return base64.b64encode(raw).decode()


def unb64(text: str) -> bytes:
    """Read base64, in the one way to write it."""
    raw = base64.b64decode(text, validate=True)
    need(b64(raw) == text, "base64:", text[:20])
    return raw


def write_json(value: object) -> str:
    """Write JSON in its one form: on one line, members sorted, no white space."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def read_json(raw: bytes) -> Any:
    """Read JSON that must be in its one form, ended by a line feed or not."""
    value = json.loads(raw)
    need(write_json(value).encode() == raw.removesuffix(b"\n"), "JSON")
    return value


def read_instant(text: str) -> datetime:
    """Read an instant as statements have it."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def write_manifest(parts: Iterable[Part]) -> Iterator[str]:
    """Write META-INF/manifest.xml. Source: OpenDocument 1.2, part 3, section 4."""
    entry = '<manifest:file-entry manifest:full-path="%s" manifest:media-type="%s"/>\n'
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<manifest:manifest manifest:version="1.2"'
    yield ' xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">\n'
    yield entry % ("/", CONTAINER_TYPE)
    for part in parts:
        yield entry % (part.name, part.type)
    yield "</manifest:manifest>\n"


def write_index(head: Mapping[str, Any], parts: Iterable[Part]) -> Iterator[str]:
    """Write bundle.json: on the first line what the bundle is, then a line for each part but itself."""
    before = f'{{"bundle":{write_json(head)},\n"parts":[\n'
    for part in parts:
        row = {"bytes": part.size, "media_type": part.type, "path": part.name, "sha256": part.sha256}
        yield before + write_json(row)
        before = ",\n"
    yield "\n]}\n"


def write_signatures(
    parts: Iterable[Part], *, algorithm: str, at: str, chain: list[bytes], value_of: Callable[[bytes], str]
) -> Iterator[str]:
    """Write META-INF/signatures.xml: one reference to each part, and one to what is said about them.

    Shape: parts can be gone through again and again; chain is in DER, the signer's own first; value_of signs
    the SHA-256 of SignedInfo, in base64.
    """
    certificates = "".join(f"<ds:X509Certificate>{b64(each)}</ds:X509Certificate>" for each in chain)
    leaf = b64(hashlib.sha256(chain[0]).digest())
    form = _SIGNATURE % {"algorithm": ALGORITHMS[algorithm], "at": at, "chain": certificates, "leaf": leaf}
    begin, opened, last, closed, value, behind, said, formats, end = form.split("§")

    def properties() -> Iterator[str]:
        yield said
        for number, part in enumerate(parts):
            yield f'<xades:DataObjectFormat ObjectReference="#r{number}"><xades:MimeType>{part.type}'
            yield "</xades:MimeType></xades:DataObjectFormat>"
        yield formats

    digest = b64(_digest_of(properties()))

    def signed_part() -> Iterator[str]:
        yield opened
        for number, part in enumerate(parts):
            yield f'<ds:Reference Id="r{number}" URI="{part.name}">{_DIGEST}'
            yield b64(bytes.fromhex(part.sha256)) + "</ds:DigestValue></ds:Reference>"
        yield last + digest + closed

    yield begin
    yield from signed_part()
    yield value
    yield value_of(_digest_of(signed_part()))
    yield behind
    yield from properties()
    yield end


def _digest_of(pieces: Iterable[str]) -> bytes:
    hashed = hashlib.sha256()
    for piece in pieces:
        hashed.update(piece.encode())
    return hashed.digest()
