"""The words of XML Signature, and the one profile of it that is signed and believed here.

Source: XML Signature Syntax and Processing 1.1; RFC 9231 for the algorithm identifiers.
"""

from gateway.edxml.names import DS
from gateway.trust.keys import Algorithm

SIGNATURE = f"{{{DS}}}Signature"
SIGNED = f"{{{DS}}}SignedInfo"
VALUE = f"{{{DS}}}SignatureValue"
KEY = f"{{{DS}}}KeyInfo"
CANONICALIZATION = f"{{{DS}}}CanonicalizationMethod"
METHOD = f"{{{DS}}}SignatureMethod"
REFERENCE = f"{{{DS}}}Reference"
TRANSFORMS = f"{{{DS}}}Transforms"
TRANSFORM = f"{{{DS}}}Transform"
DIGEST_METHOD = f"{{{DS}}}DigestMethod"
DIGEST_VALUE = f"{{{DS}}}DigestValue"
X509 = f"{{{DS}}}X509Data"
CERTIFICATE = f"{{{DS}}}X509Certificate"

# What a KeyInfo may hold: words of XML Signature 1.0 and 1.1, which no reader takes for a package's.
PREFIXES = (f"{{{DS}}}", "{http://www.w3.org/2009/xmldsig11#}")

ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

SIGNATURE_METHODS = {
    Algorithm.RSA_SHA256: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    Algorithm.ECDSA_SHA256: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
}
ALGORITHMS = {uri: algorithm for algorithm, uri in SIGNATURE_METHODS.items()}

# What is met in the field and refused, so that the refusal can name it; other identifiers are a
# stranger's text and stay out of our words.
REFUSED_NAMES = {
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1": "RSA-SHA1",
    "http://www.w3.org/2000/09/xmldsig#dsa-sha1": "DSA-SHA1",
    "http://www.w3.org/2000/09/xmldsig#hmac-sha1": "HMAC-SHA1",
    "http://www.w3.org/2000/09/xmldsig#sha1": "SHA-1",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1": "ECDSA-SHA1",
    "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256": "HMAC-SHA256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-md5": "RSA-MD5",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": "RSA-SHA384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": "RSA-SHA512",
    "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1": "RSA-PSS",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": "C14N 1.0",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments": "C14N 1.0 with comments",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments": "exclusive C14N with comments",
    "http://www.w3.org/TR/xml-exc-c14n#": "http://www.w3.org/TR/xml-exc-c14n#",
}
