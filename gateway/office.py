"""What an operator's command needs of a data directory: the database, and the means to write to its log.

The office is the part of a gateway that needs no network; wiring.py builds a whole server on top of it.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.config import Config
from gateway.errors import Misconfiguration
from gateway.exchange.directory import Directory
from gateway.exchange.notary import Notary
from gateway.exchange.registry import Registry
from gateway.store.blobs import Blobs
from gateway.store.database import Database, open_database
from gateway.trust.keys import Seal, load_seal
from gateway.trust.secrets import KEY_BYTES

Clock = Callable[[], datetime]


def now() -> datetime:
    """Tell the time, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What an operator's command needs of a data directory."""

    config: Config
    database: Database
    directory: Directory
    notary: Notary
    registry: Registry
    blobs: Blobs
    seal: Seal
    secrets_key: bytes


@contextlib.asynccontextmanager
async def open_office(config: Config) -> AsyncIterator[Office]:
    """Open a data directory for an operator's command, and close it again."""
    database = await open_database(
        config.storage.database_file, linger=config.storage.linger, batch_limit=config.storage.batch_limit
    )
    try:
        yield _furnish(config, database)
    finally:
        await database.close()


def _furnish(config: Config, database: Database) -> Office:
    seal = load_own_seal(config)
    notary = Notary(gateway=config.agency_code, seal=seal)
    directory = Directory(database=database)
    secrets_key = _read_secrets_key(config.trust.secrets_key_file)
    for folder in (config.storage.blobs_dir, config.storage.spool_dir):
        folder.mkdir(parents=True, exist_ok=True)
    return Office(
        config=config,
        database=database,
        directory=directory,
        notary=notary,
        registry=Registry(database=database, directory=directory, notary=notary, secrets_key=secrets_key),
        blobs=Blobs(
            database=database,
            directory=config.storage.blobs_dir,
            spool_directory=config.storage.spool_dir,
            inline_limit=config.storage.inline_limit,
        ),
        seal=seal,
        secrets_key=secrets_key,
    )


def load_own_seal(config: Config) -> Seal:
    """Load the gateway's own seal.

    Errors: Misconfiguration when it cannot be used, or is another's.
    """
    return load_seal(
        config.trust.seal_key_file.read_bytes(),
        config.trust.seal_chain_file.read_bytes(),
        holder=config.agency_code,
    )


def _read_secrets_key(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise Misconfiguration.because(
            "secrets-key-wrong",
            where="trust.secrets_key_file",
            vi=f"tệp khóa phải có đúng {KEY_BYTES} byte",
            en=f"the key file must hold exactly {KEY_BYTES} bytes",
        )
    return key
