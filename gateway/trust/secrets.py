"""Secrets of connected systems, sealed so that the database alone does not give them away.

Checking an HMAC needs the secret itself, so it cannot be stored as a hash. It is encrypted under a key
that stands in a file beside the database, not in it.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import Misconfiguration
from gateway.model.identifiers import SystemId

NONCE_BYTES = 12
KEY_BYTES = 32


def seal_secret(secret: bytes, *, key: bytes, system_id: SystemId, nonce: bytes) -> bytes:
    """Encrypt a system's secret.

    Shape: key is KEY_BYTES, nonce is NONCE_BYTES and never used twice; nonce and ciphertext come back.
    Source: NIST SP 800-38D (AES-256-GCM); the system's id is bound in, so that rows cannot be swapped.
    """
    return nonce + AESGCM(key).encrypt(nonce, secret, system_id.encode())


def open_secret(sealed: bytes, *, key: bytes, system_id: SystemId) -> bytes:
    """Decrypt a system's secret.

    Errors: Misconfiguration when the key is not the one it was sealed with.
    """
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], system_id.encode())
    except InvalidTag as error:
        raise Misconfiguration.because(
            "secrets-key-mismatch",
            where=system_id,
            vi="Khóa bí mật của hệ thống không mở được bằng tệp khóa hiện có.",
            en="The system's secret was sealed with another key file.",
        ) from error
