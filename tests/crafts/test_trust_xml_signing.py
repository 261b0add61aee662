"""Sealing a package: one piece of text at one place, whatever the dialect."""

import base64
import hashlib
import io
import random

import pytest
from lxml import etree

from gateway.edxml.names import NS
from gateway.edxml.reader import read_package
from gateway.edxml.xml import hash_canonical
from gateway.errors import Refusal
from gateway.model.signature import Grade
from gateway.trust.keys import Algorithm
from gateway.trust.xml_names import SIGNATURE, SIGNED
from gateway.trust.xml_signing import find_seal_place, sign_package, write_signed_part
from tests.crafts.signing_kit import (
    DIALECTS,
    PLAIN,
    canonical,
    canonical_less_signature,
    judge,
    seal_package,
    signature_in,
    write_plain,
)
from tests.keys import seal

EVERY_DIALECT = pytest.mark.parametrize("document", DIALECTS.values(), ids=DIALECTS.keys())


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_sealed_package_verifies(algorithm):
    """The whole way: sign, read, verify."""
    verdict = judge(seal_package(PLAIN, seal(algorithm=algorithm)))
    assert verdict.grade is Grade.VALID, verdict.fault


@EVERY_DIALECT
def test_every_dialect_can_be_sealed(document):
    """Prefixes, line ends, comments, CDATA: the canonical form takes them all."""
    verdict = judge(seal_package(document))
    assert verdict.grade is Grade.VALID, verdict.fault


@EVERY_DIALECT
def test_the_digest_is_that_of_the_whole_tree(document):
    """Outline and streamed payloads together give what lxml makes of the whole document at once."""
    sealed = seal_package(document)
    source = io.BytesIO(sealed)
    read = read_package(source)
    signature = next(read.element.iter(SIGNATURE))
    expected = hashlib.sha256(canonical_less_signature(sealed)).digest()
    assert hash_canonical(read.outline, source, without=signature) == expected
    assert canonical_less_signature(sealed) == canonical(etree.fromstring(document))


def test_nothing_but_the_seal_is_added():
    """Cutting the seal out again leaves the very bytes that came in."""
    sealed = seal_package(PLAIN)
    assert sealed.replace(signature_in(sealed), b"") == PLAIN


def test_sealing_twice_gives_the_same_bytes():
    """Both algorithms are deterministic, so a delivery tried again carries the same file."""
    assert seal_package(PLAIN) == seal_package(PLAIN)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_the_signed_part_is_written_in_its_canonical_form(algorithm):
    """The template claims to be canonical; lxml confirms it, alone and inside the sealed package."""
    signed_part = write_signed_part(algorithm, bytes(32))
    assert canonical(signed_part) == signed_part
    sealed = seal_package(PLAIN, seal(algorithm=algorithm))
    element = next(etree.fromstring(sealed).iter(SIGNED))
    assert canonical(element) in sealed


def test_a_sealed_package_is_not_sealed_again():
    """A second signature would break the first."""
    source = io.BytesIO(seal_package(PLAIN))
    read = read_package(source)
    assert find_seal_place(read.outline, read.element) is None
    with pytest.raises(Refusal) as refused:
        sign_package(read.outline, read.element, source, seal())
    assert refused.value.code == "seal-no-place"


def test_a_package_without_canonical_form_is_not_sealed():
    """Libxml2 refuses to bring relative namespace names to the form; the sender must mend that."""
    document = PLAIN.replace(b"<edXML:Subject>", b'<edXML:Subject xmlns:q="relative">')
    with pytest.raises(Refusal) as refused:
        seal_package(document)
    assert refused.value.code == "seal-no-canonical-form"


def test_a_package_without_a_header_has_no_place_for_a_seal():
    """Nothing to put the signature into."""
    source = io.BytesIO(f'<edXML xmlns="{NS}"/>'.encode())
    read = read_package(source)
    assert find_seal_place(read.outline, read.element) is None


def test_a_copied_sample_does_not_keep_the_seal_out():
    """A signature in the standard's own namespace is decoration: it is sealed like any other text."""
    sample = f'<Signature xmlns="{NS}"><SignatureValue>abc</SignatureValue></Signature>'.encode()
    document = PLAIN.replace(b"</edXML:edXMLHeader>", sample + b"</edXML:edXMLHeader>")
    assert judge(document).grade is Grade.NOT_VERIFIABLE
    assert judge(seal_package(document)).grade is Grade.VALID


def test_the_certificates_travel_with_the_seal():
    """The seal's own first, then what stands between it and the anchor."""
    texts = [element.text for element in etree.fromstring(seal_package(PLAIN)).iter("{*}X509Certificate")]
    assert [hashlib.sha256(base64.b64decode(text)).hexdigest() for text in texts] == [seal().fingerprint]


def test_a_large_payload_streams_past_the_signature():
    """Some megabytes that never become a tree: sealed, verified, and the digest is lxml's."""
    payload = base64.b64encode(random.Random(7).randbytes(3 << 20)).decode()
    sealed = seal_package(write_plain(payload=payload))
    assert judge(sealed).grade is Grade.VALID
    digest = base64.b64encode(hashlib.sha256(canonical_less_signature(sealed)).digest())
    assert b"<ds:DigestValue>" + digest in sealed


def test_a_large_payload_of_many_lines_streams_past_the_signature():
    """The same through the other path: CRLF line ends are not their own canonical form."""
    raw = base64.b64encode(random.Random(8).randbytes(1 << 20)).decode()
    payload = "\r\n".join(raw[at : at + 76] for at in range(0, len(raw), 76)) + "&#13;"
    sealed = seal_package(write_plain(payload=payload))
    assert judge(sealed).grade is Grade.VALID
    assert b"&#xD;" in canonical_less_signature(sealed)
    changed = sealed.replace(b"&#13;", b"")
    assert judge(changed).grade is Grade.INVALID
