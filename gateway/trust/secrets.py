"""Secrets of systems and people, sealed so that the database alone does not give them away.

Checking an HMAC or a one-time code needs the secret itself, so it cannot be stored as a hash. It is encrypted
under a key that stands in a file beside the database, not in it.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import Misconfiguration
from gateway.model.identifiers import SystemId

NONCE_BYTES = 12
KEY_BYTES = 32


def check_key(key: bytes) -> bytes:
    """Insist that a file's content can be a key.

    Errors: Misconfiguration.
    """
    if len(key) != KEY_BYTES:
        raise Misconfiguration.because(
            "secrets-key-wrong",
            where="trust.secrets_key_file",
            vi=f"tệp khóa phải có đúng {KEY_BYTES} byte",
            en=f"the key file must hold exactly {KEY_BYTES} bytes",
        )
    return key


def seal_secret(secret: bytes, *, key: bytes, system_id: SystemId, nonce: bytes) -> bytes:
    """Encrypt a system's secret. Shape: as `seal_for`."""
    return seal_for(system_id, secret, key=key, nonce=nonce)


def open_secret(sealed: bytes, *, key: bytes, system_id: SystemId) -> bytes:
    """Decrypt a system's secret. Errors: as `open_for`."""
    return open_for(system_id, sealed, key=key)


def seal_for(owner: str, secret: bytes, *, key: bytes, nonce: bytes) -> bytes:
    """Encrypt what belongs to one owner.

    Shape: key is KEY_BYTES, nonce is NONCE_BYTES and never used twice; nonce and ciphertext come back.
    Source: NIST SP 800-38D (AES-256-GCM); the owner's name is bound in, so that rows cannot be swapped.
    """
    return nonce + AESGCM(key).encrypt(nonce, secret, owner.encode())


def open_for(owner: str, sealed: bytes, *, key: bytes) -> bytes:
    """Decrypt what belongs to one owner.

    Errors: Misconfiguration when the key or the owner is not the one it was sealed with.
    """
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.encode())
    except InvalidTag as error:
        raise Misconfiguration.because(
            "secrets-key-mismatch",
            where=owner,
            vi="Khóa bí mật của hệ thống không mở được bằng tệp khóa hiện có.",
            en="The secret was sealed with another key file.",
        ) from error
