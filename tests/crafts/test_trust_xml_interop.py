"""Others agree: signxml, python-xmlsec and the xmlsec1 tool, both ways.

Verification written by hand is believed because three independent implementations say the same.
"""

import subprocess
from shutil import which

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from gateway.edxml.names import DS, NS
from gateway.model.signature import Grade
from gateway.trust.keys import Algorithm
from gateway.trust.xml_names import ENVELOPED, EXCLUSIVE_C14N, SHA256, SIGNATURE, SIGNATURE_METHODS
from tests.crafts.signing_kit import DIALECTS, PLAIN, insert, judge, seal_package
from tests.keys import AT, HEALTH, authority, issued, seal

BOTH = pytest.mark.parametrize("algorithm", list(Algorithm))
EVERY_DIALECT = pytest.mark.parametrize("document", DIALECTS.values(), ids=DIALECTS.keys())
HEADER = etree.QName(NS, "edXMLHeader")


def tampered(document):
    return document.replace(b"412</edXML:CodeNumber>", b"413</edXML:CodeNumber>")


def write_template(algorithm):
    """Write an empty signature for others to fill in, laid out as people do."""
    return f"""<Signature xmlns="{DS}">
  <SignedInfo>
    <CanonicalizationMethod Algorithm="{EXCLUSIVE_C14N}"/>
    <SignatureMethod Algorithm="{SIGNATURE_METHODS[algorithm]}"/>
    <Reference URI="">
      <Transforms>
        <Transform Algorithm="{ENVELOPED}"/>
        <Transform Algorithm="{EXCLUSIVE_C14N}"/>
      </Transforms>
      <DigestMethod Algorithm="{SHA256}"/>
      <DigestValue></DigestValue>
    </Reference>
  </SignedInfo>
  <SignatureValue></SignatureValue>
  <KeyInfo><X509Data/></KeyInfo>
</Signature>
    """.encode()


# -- signxml -----------------------------------------------------------------------------------------


def verify_with_signxml(document, by):
    signxml = pytest.importorskip("signxml")
    config = signxml.SignatureConfiguration(location=".//")
    certificate = by.certificate.public_bytes(Encoding.PEM).decode()
    return signxml.XMLVerifier().verify(document, x509_cert=certificate, expect_config=config).signed_xml


@BOTH
def test_signxml_verifies_our_seal(algorithm):
    """And says that the whole document was signed."""
    by = seal(algorithm=algorithm)
    signed = verify_with_signxml(seal_package(PLAIN, by), by)
    assert signed.tag == f"{{{NS}}}edXML"


@EVERY_DIALECT
def test_signxml_verifies_our_seal_on_every_dialect(document):
    """Line ends, prefixes, CDATA, comments."""
    verify_with_signxml(seal_package(document), seal())


def test_signxml_refuses_a_changed_package():
    """Or its agreement would mean nothing."""
    signxml = pytest.importorskip("signxml")
    with pytest.raises(signxml.InvalidDigest):
        verify_with_signxml(tampered(seal_package(PLAIN)), seal())


@BOTH
def test_we_verify_what_signxml_signed(algorithm):
    """Another layout, another prefix, the same profile."""
    signxml = pytest.importorskip("signxml")
    placeholder = f'<ds:Signature xmlns:ds="{DS}" Id="placeholder"/>'.encode()
    signer = signxml.XMLSigner(
        signature_algorithm=algorithm.value.lower(), c14n_algorithm=EXCLUSIVE_C14N, digest_algorithm="sha256"
    )
    by = issued(algorithm=algorithm)
    root = signer.sign(
        etree.fromstring(insert(PLAIN, placeholder)),
        key=by.key,
        cert=[by.certificate],
        always_add_key_value=True,
    )
    document = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    verdict = judge(document)
    assert (verdict.grade, verdict.holder) == (Grade.VALID, HEALTH), verdict.fault
    assert judge(tampered(document)).grade is Grade.INVALID


# -- python-xmlsec -----------------------------------------------------------------------------------


def verify_with_xmlsec(document, by):
    xmlsec = pytest.importorskip("xmlsec")
    root = etree.fromstring(document, etree.XMLParser(huge_tree=True))
    context = xmlsec.SignatureContext()
    pem = by.certificate.public_bytes(Encoding.PEM)
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatCertPem)
    context.verify(xmlsec.tree.find_node(root, xmlsec.constants.NodeSignature))


@BOTH
@EVERY_DIALECT
def test_xmlsec_verifies_our_seal(document, algorithm):
    """Every dialect, both algorithms."""
    by = seal(algorithm=algorithm)
    verify_with_xmlsec(seal_package(document, by), by)


def test_xmlsec_refuses_a_changed_package():
    """Or its agreement would mean nothing."""
    xmlsec = pytest.importorskip("xmlsec")
    with pytest.raises(xmlsec.Error):
        verify_with_xmlsec(tampered(seal_package(PLAIN)), seal())


@BOTH
@EVERY_DIALECT
def test_we_verify_what_xmlsec_signed(document, algorithm):
    """Libxml2 parses, canonicalises and signs; we agree on every dialect."""
    xmlsec = pytest.importorskip("xmlsec")
    by = issued(algorithm=algorithm)
    root = etree.fromstring(document)
    header = next(root.iter("{*}edXMLHeader"))
    header.append(etree.fromstring(write_template(algorithm)))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(by.key_pem, xmlsec.constants.KeyDataFormatPem)
    context.key.load_cert_from_memory(by.chain_pem, xmlsec.constants.KeyDataFormatPem)
    context.sign(next(root.iter(SIGNATURE)))
    signed = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    verdict = judge(signed)
    assert (verdict.grade, verdict.holder) == (Grade.VALID, HEALTH), verdict.fault


# -- the xmlsec1 tool --------------------------------------------------------------------------------

XMLSEC1 = which("xmlsec1")
needs_xmlsec1 = pytest.mark.skipif(XMLSEC1 is None, reason="the xmlsec1 tool is not installed")


def run_xmlsec1(folder, *words):
    return subprocess.run([XMLSEC1, *words], cwd=folder, capture_output=True, text=True, check=False)


def verify_with_xmlsec1(document, folder):
    """Verify signature and chain, at the instant of the tests, trusting the test authority only."""
    (folder / "root.pem").write_bytes(authority().certificate_pem)
    (folder / "package.edxml").write_bytes(document)
    instant = f"{AT:%Y-%m-%d %H:%M:%S}"
    words = ["--verify", "--trusted-pem", "root.pem", "--verification-time", instant, "package.edxml"]
    return run_xmlsec1(folder, *words)


@needs_xmlsec1
@BOTH
def test_the_xmlsec1_tool_verifies_our_seal(algorithm, tmp_path):
    """Digest, value and chain, with nothing of ours but the file and the anchor."""
    said = verify_with_xmlsec1(seal_package(PLAIN, seal(algorithm=algorithm)), tmp_path)
    assert said.returncode == 0, said.stderr


@needs_xmlsec1
@pytest.mark.parametrize("dialect", ["CRLF", "byte order mark", "payload in CDATA", "payload with a comment"])
def test_the_xmlsec1_tool_verifies_our_seal_on_odd_files(dialect, tmp_path):
    """It reads the file itself: line ends, byte order mark and all."""
    said = verify_with_xmlsec1(seal_package(DIALECTS[dialect]), tmp_path)
    assert said.returncode == 0, said.stderr


@needs_xmlsec1
def test_the_xmlsec1_tool_refuses_a_changed_package(tmp_path):
    """Or its agreement would mean nothing."""
    assert verify_with_xmlsec1(tampered(seal_package(PLAIN)), tmp_path).returncode != 0


@needs_xmlsec1
@BOTH
def test_we_verify_what_the_xmlsec1_tool_signed(algorithm, tmp_path):
    """It fills the template in and writes the file anew."""
    by = issued(algorithm=algorithm)
    form = PrivateFormat.TraditionalOpenSSL
    (tmp_path / "key.pem").write_bytes(by.key.private_bytes(Encoding.PEM, form, NoEncryption()))
    (tmp_path / "seal.pem").write_bytes(by.chain_pem)
    (tmp_path / "template.xml").write_bytes(insert(PLAIN, write_template(algorithm)))
    words = ["--sign", "--privkey-pem", "key.pem,seal.pem", "--output", "signed.xml", "template.xml"]
    said = run_xmlsec1(tmp_path, *words)
    assert said.returncode == 0, said.stderr
    verdict = judge((tmp_path / "signed.xml").read_bytes())
    assert (verdict.grade, verdict.holder) == (Grade.VALID, HEALTH), verdict.fault
