"""The numbered checks: what is VALID, and that nothing else ever is."""

import base64
import hmac
import io
import re
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.edxml.names import DS, NS
from gateway.edxml.reader import read_package
from gateway.errors import Refusal
from gateway.model.identifiers import AgencyCode
from gateway.model.signature import Grade
from gateway.trust.certificates import Anchors
from gateway.trust.issuing import issue_seal, make_authority
from gateway.trust.keys import Algorithm, load_seal
from gateway.trust.xml_names import ENVELOPED, EXCLUSIVE_C14N
from gateway.trust.xml_verification import RULES
from tests.crafts.signing_kit import (
    HEADER_END,
    PAYLOAD,
    PLAIN,
    insert,
    judge,
    seal_package,
    sign_otherwise,
    signature_in,
    write_plain,
)
from tests.keys import AT, FINANCE, HEALTH, ISSUED_AT, PROVINCE, SEAL_DAYS, authority, seal

SIGNED = seal_package(PLAIN)
SIGNED_PART = re.search(rb"<ds:SignedInfo.*</ds:SignedInfo>", SIGNED).group()


def with_signed_part(signed_part, by=None):
    """Bear a signature that is right in itself, over a SignedInfo of the forger's choice."""
    assert signed_part != SIGNED_PART
    return insert(PLAIN, sign_otherwise(signed_part, by))


def with_signature(change):
    """Change the signature element of a sealed package and nothing else."""
    signature = signature_in(SIGNED)
    changed = change(signature)
    assert changed != signature
    return SIGNED.replace(signature, changed)


def flip(document, text):
    """Flip one bit of the first byte of some text."""
    at = document.index(text)
    return document[:at] + bytes([document[at] ^ 1]) + document[at + 1 :]


# -- what is valid -------------------------------------------------------------------------------


def test_a_valid_verdict_names_who_signed():
    """Holder, subject and certificate, as the archive will want them."""
    verdict = judge(SIGNED)
    assert (verdict.grade, verdict.step, verdict.fault) == (Grade.VALID, 8, None)
    assert (verdict.holder, verdict.certificate_sha256) == (HEALTH, seal().fingerprint)
    assert verdict.subject is not None
    assert "Cơ quan 000.00.12.H57" in verdict.subject
    assert verdict.verified_at == AT


@pytest.mark.parametrize("white_space", [b"\n", b"\r\n\t ", b"\n\n      "])
def test_white_space_behind_the_signature_is_kept_by_the_check(white_space):
    """The transform takes the signature out and leaves the text behind it: dropping it breaks the digest."""
    document = PLAIN.replace(HEADER_END, white_space + HEADER_END)
    signature = signature_in(seal_package(document))
    assert judge(PLAIN.replace(HEADER_END, signature + white_space + HEADER_END)).grade is Grade.VALID


def test_white_space_added_behind_the_signature_is_a_change():
    """The digest is over every character outside the signature."""
    changed = SIGNED.replace(b"</ds:Signature>", b"</ds:Signature> ")
    assert judge(changed).fault.rule == "signature-digest"


def test_line_ends_converted_on_the_way_change_nothing():
    """XML readers see one line end for both, so a relay that converts them breaks no signature."""
    assert judge(SIGNED.replace(b"\n", b"\r\n")).grade is Grade.VALID


def test_a_comment_inside_a_text_is_read_as_it_was_signed():
    """Comments have no part in the digest; so the reader must not stop at one either."""
    document = SIGNED.replace(b"<edXML:CodeNumber>412<", b"<edXML:CodeNumber>4<!-- x -->12<")
    assert document != SIGNED
    assert judge(document).grade is Grade.VALID
    assert read_package(io.BytesIO(document)).package.envelope.code.number == "412"


def test_a_comment_inside_a_payload_is_read_as_it_was_signed():
    """The same for the file: what is verified is what is decoded."""
    document = SIGNED.replace(PAYLOAD[:99].encode(), PAYLOAD[:99].encode() + b"<!-- x -->")
    assert judge(document).grade is Grade.VALID
    read, plain = read_package(io.BytesIO(document)), read_package(io.BytesIO(PLAIN))
    assert read.package.attachments[0].digest == plain.package.attachments[0].digest


@pytest.mark.parametrize("holder", [PROVINCE, AgencyCode("000.00.00.H57")])
def test_an_agency_above_may_speak_for_the_sender(holder):
    """A province's seal vouches for its departments, in either form of its code."""
    assert judge(seal_package(PLAIN, seal(holder))).grade is Grade.VALID


def test_a_voucher_may_speak_for_any_sender():
    """The axis seals what it relays: believed only when we are told so."""
    axis = AgencyCode("00.00.G02")
    document = seal_package(PLAIN, seal(axis))
    assert judge(document).grade is Grade.UNTRUSTED
    assert judge(document, vouchers=frozenset({axis})).grade is Grade.VALID


def test_the_order_of_certificates_means_nothing():
    """X509Data is a set: the signer's certificate may stand behind its issuer's."""
    middle = make_authority("Trung gian", at=ISSUED_AT, above=authority())
    by = seal(by=middle)
    assert judge(seal_package(PLAIN, by)).grade is Grade.VALID
    element = rb"(<ds:X509Certificate>.*?</ds:X509Certificate>)"
    swapped = re.sub(element * 2, rb"\2\1", seal_package(PLAIN, by))
    assert judge(swapped).grade is Grade.VALID


def test_a_status_can_be_sealed_too():
    """The same header, no body."""
    body = re.compile(
        rb"<edXML:edXMLBody>.*</edXML:edXMLBody>|<AttachmentEncoded>.*</AttachmentEncoded>", re.S
    )
    status = b"""<edXML:ResponseFor><edXML:DocumentId>x,2026/01/01,1/A</edXML:DocumentId></edXML:ResponseFor>
        <edXML:StatusCode>03</edXML:StatusCode></edXML:MessageHeader>"""
    document = body.sub(b"", PLAIN).replace(b"</edXML:MessageHeader>", status)
    assert judge(seal_package(document)).grade is Grade.VALID


# -- 1: exactly one signature, at its place ------------------------------------------------------


@pytest.mark.parametrize(
    "markup",
    [
        b"",
        b'<ds:Signature xmlns:ds="%b"/>' % DS.encode(),
        b"<Signature/>",
        b"<edXML:Signature> </edXML:Signature>",
        b"<edXML:DigitalSignature/>",
        b"<Signature><SignedInfo/><SignatureValue> </SignatureValue></Signature>",
    ],
)
def test_no_signature_or_an_empty_one_is_absent(markup):
    """Many producers write the element and nothing in it."""
    verdict = judge(insert(PLAIN, markup))
    assert (verdict.grade, verdict.step, verdict.fault.rule) == (Grade.ABSENT, 0, "signature-absent")


SAMPLE = b"""<Signature xmlns="%b"><SignedInfo>
<CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>
<SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"/>
<Reference URI=""><Transforms>
<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
<Transform Algorithm="http://www.w3.org/TR/xml-exc-c14n#"/></Transforms>
<DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>
<DigestValue>FwgIqsSYJshUS2+wlOM61L+q7Aw=</DigestValue></Reference></SignedInfo>
<SignatureValue>Tq8EfjlnxV7fNNQXNXfjnQ==</SignatureValue>
<KeyInfo><X509Data><X509SubjectName>CN=user05</X509SubjectName>
<X509Certificate>MIIDKjCCAhI</X509Certificate></X509Data></KeyInfo></Signature>"""


@pytest.mark.parametrize(("namespace", "step"), [(NS, 1), (DS, 2)])
def test_the_copied_sample_is_not_verifiable(namespace, step):
    """The dummy that travels with half of today's packages: decoration, and no reason to refuse."""
    verdict = judge(insert(PLAIN, SAMPLE % namespace.encode()))
    assert (verdict.grade, verdict.step) == (Grade.NOT_VERIFIABLE, step)


def test_a_real_signature_in_the_standard_s_namespace_is_not_verifiable():
    """No XML Signature library would see it, so none would notice a change either."""
    verdict = judge(SIGNED.replace(DS.encode() + b'">', NS.encode() + b'">'))
    assert (verdict.grade, verdict.fault.rule) == (Grade.NOT_VERIFIABLE, "signature-foreign")


def test_an_access_token_is_not_a_signature():
    """Bkav's SignatureEdoc carries a token."""
    verdict = judge(insert(PLAIN, b"<SignatureEdoc><KeyInfo><Token>x</Token></KeyInfo></SignatureEdoc>"))
    assert verdict.grade is Grade.NOT_VERIFIABLE


@pytest.mark.parametrize(
    "extra", [signature_in(SIGNED), b'<ds:Signature xmlns:ds="%b"/>' % DS.encode()], ids=["twice", "empty"]
)
def test_two_signatures_are_invalid(extra):
    """Which of them speaks for the document is not for us to choose."""
    verdict = judge(insert(SIGNED, extra))
    assert (verdict.grade, verdict.fault.rule) == (Grade.INVALID, "signature-repeated")


@pytest.mark.parametrize(
    "place",
    [
        b"</edXML:MessageHeader>",
        b"</edXML:TraceHeaderList>",
        b"</edXML:edXMLBody>",
        b"</edXML:edXMLEnvelope>",
        b"</AttachmentEncoded>",
        b"</Attachment>",
        b"</edXML>",
    ],
)
def test_a_signature_elsewhere_is_invalid(place):
    """It would verify, being over the whole document; but only one place is the standard's."""
    signature = signature_in(seal_package(PLAIN))
    verdict = judge(PLAIN.replace(place, signature + place))
    assert (verdict.grade, verdict.fault.rule) == (Grade.INVALID, "signature-misplaced")


# -- wrapping ------------------------------------------------------------------------------------


def test_a_body_moved_aside_for_another_is_invalid():
    """The signed body kept under a wrapper, a forged one in its place."""
    body = re.search(rb"<edXML:edXMLBody>.*</edXML:edXMLBody>", SIGNED, re.S).group()
    forged = body.replace(b"application/pdf", b"application/doc")
    moved = SIGNED.replace(body, forged + b"<Wrapper>" + body + b"</Wrapper>")
    assert judge(moved).fault.rule == "signature-digest"


@pytest.mark.parametrize("place", [b"</AttachmentEncoded>", b"</edXML:edXMLEnvelope>", b"</edXML>"])
def test_a_signed_document_nested_in_a_forged_one_is_invalid(place):
    """The signature still covers what it covered, which is no longer what is read."""
    inner = SIGNED.split(b"?>\n", 1)[1]
    forged = write_plain(subject="Giả mạo").replace(place, inner + place)
    assert judge(forged).grade is Grade.INVALID


def test_a_forged_header_beside_the_signed_one_is_invalid():
    """Whichever of two headers a reader takes."""
    header = re.search(rb"<edXML:edXMLHeader>.*</edXML:edXMLHeader>", PLAIN, re.S).group()
    for twice in (
        SIGNED.replace(HEADER_END, HEADER_END + header),
        SIGNED.replace(b"<edXML:edXMLHeader>", header + b"<edXML:edXMLHeader>"),
    ):
        assert judge(twice).grade is Grade.INVALID


def test_a_reference_to_a_part_is_not_verifiable():
    """A perfect signature over the header alone, the body free to be exchanged; and its Id given twice."""
    identified = PLAIN.replace(b"<edXML:MessageHeader>", b'<edXML:MessageHeader Id="a">')
    signed_part = SIGNED_PART.replace(b'URI=""', b'URI="#a"')
    document = insert(identified, sign_otherwise(signed_part))
    assert judge(document).fault.rule == "signature-coverage"
    twice = document.replace(b"<edXML:edXMLManifest", b'<edXML:edXMLManifest Id="a"')
    assert judge(twice).grade is Grade.NOT_VERIFIABLE


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.replace(
            b"</ds:KeyInfo>", b"</ds:KeyInfo><ds:Object><edXMLBody xmlns='%b'/></ds:Object>" % NS.encode()
        ),
        lambda s: s.replace(b"<ds:X509Data>", b"<edXMLBody xmlns='%b'/><ds:X509Data>" % NS.encode()),
        lambda s: s.replace(b"</ds:X509Certificate>", b"<Subject/></ds:X509Certificate>"),
        lambda s: s.replace(b"</ds:SignatureValue>", b"<Subject/></ds:SignatureValue>"),
        lambda s: s.replace(b"</ds:SignatureValue>", b"<ds:Object/></ds:SignatureValue>"),
        lambda s: s.replace(b"</ds:DigestValue>", b"<Subject/></ds:DigestValue>"),
    ],
)
def test_content_smuggled_into_the_signature_is_not_verifiable(change):
    """The signature is not under its own digest: a second body in there would be signed by nobody."""
    verdict = judge(with_signature(change))
    assert (verdict.grade, verdict.step, verdict.fault.rule) == (Grade.NOT_VERIFIABLE, 2, "signature-parts")


def test_an_attachment_smuggled_into_the_signature_is_never_valid():
    """Not even one that the scan has cut out of the tree."""
    enclosure = re.search(rb"<AttachmentEncoded>.*</AttachmentEncoded>", PLAIN, re.S).group()
    document = with_signature(lambda s: s.replace(b"<ds:X509Data>", enclosure + b"<ds:X509Data>"))
    assert judge(document).grade is Grade.NOT_VERIFIABLE


# -- 2: parts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern",
    [
        rb"<ds:KeyInfo>.*</ds:KeyInfo>",
        rb"<ds:SignatureValue>.*</ds:SignatureValue>",
        rb"(?<=<ds:SignatureValue>).*(?=</ds:SignatureValue>)",
        rb"(?<=<ds:DigestValue>).*(?=</ds:DigestValue>)",
        rb"<ds:SignedInfo.*</ds:SignedInfo>",
        rb"<ds:SignatureMethod .*</ds:SignatureMethod>",
        rb"<ds:Reference .*</ds:Reference>",
    ],
)
def test_an_incomplete_signature_is_not_verifiable(pattern):
    """A form that nobody filled in."""
    verdict = judge(with_signature(lambda signature: re.sub(pattern, b"", signature)))
    assert (verdict.grade, verdict.step) == (Grade.NOT_VERIFIABLE, 2)


@pytest.mark.parametrize(
    "text", [b"", b"MIIDKjCCAhI", b"!!!!", b"AAAA", base64.b64encode(b"x" * 9000)], ids=len
)
def test_an_unreadable_certificate_is_not_verifiable(text):
    """Truncated, empty, rubbish, enormous."""
    verdict = judge(
        with_signature(lambda s: re.sub(rb"(?<=<ds:X509Certificate>).*(?=</ds:X509Certificate>)", text, s))
    )
    assert (verdict.grade, verdict.fault.rule) == (Grade.NOT_VERIFIABLE, "signature-certificate")


def test_a_crowd_of_certificates_is_not_verifiable():
    """Each would be tried: a stranger does not choose how long we work."""
    one = re.search(rb"<ds:X509Certificate>.*</ds:X509Certificate>", SIGNED).group()
    assert judge(with_signature(lambda s: s.replace(one, one * 7))).grade is Grade.NOT_VERIFIABLE
    assert judge(with_signature(lambda s: s.replace(one, one * 6))).grade is Grade.VALID


# -- 3: algorithms -------------------------------------------------------------------------------

EC_METHOD = b"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        (EC_METHOD, b"http://www.w3.org/2000/09/xmldsig#rsa-sha1", "RSA-SHA1"),
        (EC_METHOD, b"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", "HMAC-SHA256"),
        (EC_METHOD, b"", "?"),
        (EC_METHOD, b"urn:mine", "?"),
        (b"http://www.w3.org/2001/04/xmlenc#sha256", b"http://www.w3.org/2000/09/xmldsig#sha1", "SHA-1"),
    ],
)
def test_an_algorithm_that_is_not_on_the_list_is_not_verifiable(before, after, name):
    """SHA-1 above all. The refusal names what it knows and repeats nothing else."""
    verdict = judge(with_signed_part(SIGNED_PART.replace(before, after)))
    assert (verdict.grade, verdict.step) == (Grade.NOT_VERIFIABLE, 3)
    assert f": {name};" in verdict.fault.en


def test_inclusive_canonicalisation_is_not_verifiable():
    """Its form depends on what surrounds the signature."""
    inclusive = b"http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
    signed_part = SIGNED_PART.replace(EXCLUSIVE_C14N.encode(), inclusive, 1)
    assert judge(with_signed_part(signed_part)).step == 3
    signed_part = SIGNED_PART.replace(EXCLUSIVE_C14N.encode(), inclusive).replace(
        inclusive, EXCLUSIVE_C14N.encode(), 1
    )
    assert judge(with_signed_part(signed_part)).step == 4


def test_parameters_of_an_algorithm_are_not_verifiable():
    """A prefix list changes what is hashed, an output length how much of it counts."""
    prefixes = b'<InclusiveNamespaces xmlns="%b" PrefixList="a"/>' % EXCLUSIVE_C14N.encode()
    for end in (b"</ds:CanonicalizationMethod>", b"</ds:Transform></ds:Transforms>", b"</ds:DigestMethod>"):
        verdict = judge(with_signed_part(SIGNED_PART.replace(end, prefixes + end)))
        assert verdict.grade is Grade.NOT_VERIFIABLE


def test_an_hmac_keyed_with_the_public_certificate_is_not_verifiable():
    """Whoever verifies with "the key of the certificate" and believes the method would accept it."""
    method = b"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
    signed_part = SIGNED_PART.replace(EC_METHOD, method)
    keys = [
        seal().certificate.public_bytes(Encoding.DER),
        seal().certificate.public_bytes(Encoding.PEM),
        seal().certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    ]
    for key in keys:
        value = base64.b64encode(hmac.digest(key, signed_part, "sha256"))
        signature = re.sub(
            rb"(?<=<ds:SignatureValue>).*(?=</ds:SignatureValue>)", value, sign_otherwise(signed_part)
        )
        assert judge(insert(PLAIN, signature)).grade is Grade.NOT_VERIFIABLE


def test_a_method_of_another_kind_than_the_key_is_invalid():
    """An elliptic key cannot have made an RSA signature."""
    verdict = judge(with_signed_part(SIGNED_PART.replace(b"#ecdsa-sha256", b"#rsa-sha256")))
    assert (verdict.grade, verdict.fault.rule) == (Grade.INVALID, "signature-value")


# -- 4: the one reference ------------------------------------------------------------------------

REFERENCE = re.search(rb"<ds:Reference .*</ds:Reference>", SIGNED_PART).group()
FILTER = b'<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"></ds:Transform>'
FIRST = b'<ds:Transform Algorithm="%b"></ds:Transform>' % ENVELOPED.encode()
SECOND = b'<ds:Transform Algorithm="%b"></ds:Transform>' % EXCLUSIVE_C14N.encode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (REFERENCE, REFERENCE * 2),
        (REFERENCE, REFERENCE + REFERENCE.replace(b'URI=""', b'URI="cid:1"')),
        (b' URI=""', b""),
        (b' URI=""', b' URI="#xpointer(/)"'),
        (b' URI=""', b' URI="http://localhost/"'),
        (FIRST, b""),
        (SECOND, b""),
        (FIRST + SECOND, SECOND + FIRST),
        (SECOND, FILTER + SECOND),
        (b"</ds:DigestValue>", b"</ds:DigestValue><ds:DigestValue>AAAA</ds:DigestValue>"),
    ],
)
def test_a_reference_to_anything_but_the_whole_document_is_not_verifiable(before, after):
    """Each of these is signed as it should be; none says that the whole package is meant."""
    assert before in SIGNED_PART
    verdict = judge(with_signed_part(SIGNED_PART.replace(before, after)))
    assert (verdict.grade, verdict.fault.rule) == (Grade.NOT_VERIFIABLE, "signature-coverage")


def test_the_reference_inside_a_manifest_object_does_not_count():
    """An Object beside KeyInfo has no place in the profile at all."""
    manifest = b"<ds:Object><ds:Manifest>" + REFERENCE + b"</ds:Manifest></ds:Object></ds:Signature>"
    assert judge(with_signature(lambda s: s.replace(b"</ds:Signature>", manifest))).step == 2


# -- 5, 6: digest and value ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        b"412</edXML:CodeNumber>",
        "Sở Tài chính".encode(),
        PAYLOAD[3000:3040].encode(),
        b"2026/04/12 08",
        b"pdf</",
    ],
)
def test_one_flipped_bit_is_invalid(text):
    """In the header, in the list of files, in a file."""
    verdict = judge(flip(SIGNED, text))
    assert (verdict.grade, verdict.step, verdict.fault.rule) == (Grade.INVALID, 5, "signature-digest")


def test_an_element_added_or_removed_is_invalid():
    """Another recipient; a recipient less; white space between elements counts as well."""
    recipient = re.search(rb"<edXML:To>.*?</edXML:To>", SIGNED, re.S).group()
    for after in (recipient * 2, b"", recipient + b" "):
        assert judge(SIGNED.replace(recipient, after)).step == 5


def test_another_digest_in_the_signature_is_invalid():
    """A forger who corrects the digest cannot correct the value over it."""
    forged = flip(SIGNED, b"412</edXML:CodeNumber>")
    right = re.search(
        rb"<ds:SignedInfo.*</ds:SignedInfo>", seal_package(flip(PLAIN, b"412</edXML:CodeNumber>"))
    )
    verdict = judge(forged.replace(SIGNED_PART, right.group()))
    assert (verdict.grade, verdict.step, verdict.fault.rule) == (Grade.INVALID, 6, "signature-value")


@pytest.mark.parametrize("algorithm", list(Algorithm))
@pytest.mark.parametrize(
    "change",
    [
        lambda value: value[:-1] + bytes([value[-1] ^ 1]),
        lambda value: value + b"\x00",
        lambda value: b"\x00" + value,
        lambda value: value[:-1],
        lambda value: b"\x00" * len(value),
        lambda value: b"x",
    ],
)
def test_another_value_is_invalid(algorithm, change):
    """One bit, one byte more or less, nought."""
    document = seal_package(PLAIN, seal(algorithm=algorithm))
    text = re.search(rb"<ds:SignatureValue>(.*)</ds:SignatureValue>", document).group(1)
    verdict = judge(document.replace(text, base64.b64encode(change(base64.b64decode(text)))))
    assert (verdict.grade, verdict.step) == (Grade.INVALID, 6)
    assert verdict.holder is None


def test_an_ecdsa_value_in_der_is_invalid():
    """XML Signature writes r and s side by side; the other form is for everything else."""
    der = seal().sign(SIGNED_PART)
    value = re.search(rb"<ds:SignatureValue>(.*)</ds:SignatureValue>", SIGNED).group(1)
    assert judge(SIGNED.replace(value, base64.b64encode(der))).step == 6


def test_another_certificate_in_the_signature_is_invalid():
    """Somebody else's name under it."""
    one = re.search(rb"<ds:X509Certificate>(.*)</ds:X509Certificate>", SIGNED).group(1)
    other = base64.b64encode(seal(PROVINCE).certificate.public_bytes(Encoding.DER))
    assert judge(SIGNED.replace(one, other)).fault.rule == "signature-value"


# -- 7: the chain --------------------------------------------------------------------------------


def test_a_certificate_of_another_authority_is_untrusted():
    """Anybody can make an authority and give it any name."""
    document = seal_package(PLAIN, seal(by=make_authority("Gốc thử nghiệm", at=ISSUED_AT)))
    verdict = judge(document)
    assert (verdict.grade, verdict.step, verdict.fault.rule) == (Grade.UNTRUSTED, 7, "certificate-untrusted")
    assert verdict.holder == HEALTH


def test_nobody_is_believed_without_anchors():
    """No anchors, no trust: the web's authorities are never asked."""
    assert judge(SIGNED, trusting=Anchors(certificates=())).fault.rule == "certificate-untrusted"


@pytest.mark.parametrize(
    ("at", "rule"),
    [
        (ISSUED_AT - timedelta(seconds=1), "certificate-not-yet-valid"),
        (ISSUED_AT + timedelta(days=SEAL_DAYS, seconds=1), "certificate-expired"),
    ],
)
def test_a_certificate_outside_its_dates_is_untrusted(at, rule):
    """Judged at the instant given, not at the present."""
    verdict = judge(SIGNED, at=at)
    assert (verdict.grade, verdict.step, verdict.fault.rule) == (Grade.UNTRUSTED, 7, rule)


# -- 8: the holder -------------------------------------------------------------------------------


@pytest.mark.parametrize("holder", [FINANCE, AgencyCode("000.01.12.H57"), AgencyCode("H58")])
def test_a_seal_of_another_agency_is_untrusted(holder):
    """A neighbour, one below, another province."""
    verdict = judge(seal_package(PLAIN, seal(holder)))
    assert (verdict.grade, verdict.step, verdict.fault.rule) == (Grade.UNTRUSTED, 8, "signature-holder")
    assert holder in verdict.fault.en
    assert HEALTH in verdict.fault.en


def test_a_certificate_that_names_no_agency_is_untrusted():
    """A name is not enough: names are not unique, codes are."""
    nameless = issue_seal(authority(), holder=AgencyCode("VATVN-1"), name="Sở Y tế", at=ISSUED_AT)
    verdict = judge(seal_package(PLAIN, load_seal(nameless.key_pem, nameless.chain_pem, holder=HEALTH)))
    assert (verdict.grade, verdict.step, verdict.holder) == (Grade.UNTRUSTED, 8, None)


def test_a_package_without_a_sender_is_untrusted():
    """Nobody to compare the holder with; such a package is refused for that anyway."""
    document = PLAIN.replace(b"<edXML:OrganId>000.00.12.H57</edXML:OrganId>", b"", 1)
    assert judge(seal_package(document)).step == 8


def test_a_document_without_canonical_form_is_invalid():
    """Libxml2 refuses to bring relative namespace names to the form, so nobody can have signed one."""
    verdict = judge(SIGNED.replace(b"<edXML:Subject>", b'<edXML:Subject xmlns:q="relative">'))
    assert (verdict.grade, verdict.step) == (Grade.INVALID, 5)
    inside = with_signature(lambda s: s.replace(b"<ds:SignedInfo ", b'<ds:SignedInfo xmlns:q="relative" '))
    assert judge(inside).step == 6


# -- the list itself -----------------------------------------------------------------------------


def test_every_step_of_the_list_can_decide():
    """Steps 0 to 8 have each a rule here, except the chain's, whose words are those of certificates."""
    assert {step for _, step, _, _ in RULES.values()} == {0, 1, 2, 3, 4, 5, 6, 8}
    assert all(grade is not Grade.VALID for grade, *_ in RULES.values())


def test_any_one_byte_changed_is_never_valid():
    """Bytes all over the file: what still reads as XML is never VALID unless it means the same."""
    document = SIGNED
    innocent = {b" ", b"\n", b'"', b"'"}
    for at in range(40, len(document), 61):
        if document[at : at + 1] in innocent:
            continue
        changed = document[:at] + bytes([document[at] ^ 2]) + document[at + 1 :]
        try:
            verdict = judge(changed)
        except Refusal:
            continue
        assert verdict.grade is not Grade.VALID, document[at - 20 : at + 20]
