"""Secrets of systems, sealed under a key that is not in the database."""

import pytest

from gateway.errors import Misconfiguration
from gateway.model.identifiers import SystemId
from gateway.trust.secrets import KEY_BYTES, NONCE_BYTES, open_secret, seal_secret

KEY, NONCE, SYSTEM = bytes(KEY_BYTES), bytes(NONCE_BYTES), SystemId("SYT")


def test_a_secret_opens_with_its_key_and_shows_nothing_without() -> None:
    """The row holds the secret in no readable form."""
    sealed = seal_secret("bí mật".encode(), key=KEY, system_id=SYSTEM, nonce=NONCE)
    assert "bí mật".encode() not in sealed
    assert open_secret(sealed, key=KEY, system_id=SYSTEM) == "bí mật".encode()


@pytest.mark.parametrize(
    ("key", "system"),
    [(b"\x01" * KEY_BYTES, SYSTEM), (KEY, SystemId("STC"))],
    ids=["other key", "other system"],
)
def test_a_secret_opens_neither_with_another_key_nor_under_another_name(key: bytes, system: SystemId) -> None:
    """A row copied over another's does not give that system its secret."""
    sealed = seal_secret(b"x", key=KEY, system_id=SYSTEM, nonce=NONCE)
    with pytest.raises(Misconfiguration):
        open_secret(sealed, key=key, system_id=system)


def test_a_changed_row_is_noticed() -> None:
    """One bit is enough, wherever it flips."""
    sealed = bytearray(seal_secret(b"secret", key=KEY, system_id=SYSTEM, nonce=NONCE))
    for place in range(len(sealed)):
        changed = bytes(sealed[:place]) + bytes([sealed[place] ^ 1]) + bytes(sealed[place + 1 :])
        with pytest.raises(Misconfiguration):
            open_secret(changed, key=KEY, system_id=SYSTEM)
