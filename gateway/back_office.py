"""What commands and the console need of a data directory beside the office; no start waits for it."""

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509

from gateway.config import Config
from gateway.errors import Misconfiguration
from gateway.exchange.bundled_document import Records
from gateway.exchange.checkpoints import Checkpoints, log_name
from gateway.exchange.examination import House
from gateway.exchange.export import Chain, Export
from gateway.exchange.ids import Mint
from gateway.exchange.importing import Importing
from gateway.exchange.patience import Patience
from gateway.exchange.people import People
from gateway.exchange.refusals import Refusals
from gateway.office import Clock, Office, furnish_books, now, shelves_of
from gateway.source import on_sqlite, source_of
from gateway.store.backup import Place
from gateway.trust.keys import fingerprint_of
from gateway.trust.secrets import check_key


def furnish_people(office: Office) -> People:
    """Make what lets people come and go, and what governs them."""
    config = office.config
    return People(
        database=office.database,
        notary=office.notary,
        mint=Mint(),
        idle=config.console.session_idle,
        longest=config.console.session_longest,
        # A window of its own: noise at the console must not hide who knocks at the other door.
        refusals=Refusals(database=office.database, notary=office.notary),
        secrets_key=office.secrets_key,
        patience=Patience(database=office.database),
        directory=office.directory,
    )


def furnish_importing(office: Office, mint: Mint, clock: Clock = now) -> Importing:
    """Make what takes lists of obligations in."""
    return Importing(
        database=office.database,
        directory=office.directory,
        obligations=furnish_books(office, mint).obligations,
        clock=clock,
    )


async def furnish_export(office: Office, *, others: Sequence[Chain] = ()) -> Export:
    """Make what writes evidence bundles. others are certificates of whoever else signed, some maybe twice."""
    chains, code = seal_chains(office.config), office.config.agency_code
    return Export(
        gateway=code,
        checkpoints=Checkpoints(database=office.database, seal=office.seal, origin=log_name(code)),
        records=Records(
            database=office.database,
            blobs=office.blobs,
            directory=await office.directory.current(certainly=True),
            seals=frozenset(fingerprint_of(chain[0]) for chain in chains),
        ),
        seal=office.seal,
        chains=chains,
        others=list({chain[0]: chain for chain in others}.values()),
    )


def place_of(config: Config, folder: Path) -> Place:
    """Name what a backup copies. What is restored has a file for its database, and its settings say so."""
    trust, storage = config.trust, config.storage
    keys = [trust.seal_key_file, trust.secrets_key_file, *sorted(trust.agency_seals_dir.glob("*.key"))]
    return Place(
        folder=folder.absolute(),
        source=source_of(config),
        database_file=storage.database_file,
        blobs_folder=storage.blobs_dir,
        passing=(storage.spool_dir, config.drafts.folder),
        named=_named_folders(config),
        keys=(*keys, *_given_secrets(config)),
        altered=on_sqlite(folder.absolute() / "config.toml") if storage.database else {},
    )


def _named_folders(config: Config) -> tuple[Path, ...]:
    """List the folders of certificates and seals."""
    others = (path.parent for path in others_certificate_files(config))
    return (config.trust.anchors_dir, config.trust.agency_seals_dir, *others)


def _given_secrets(config: Config) -> list[Path]:
    """List the files that hold what we are known by to others."""
    given = (
        config.http.tls_key_file,
        config.axis.secret_file if config.axis else None,
        config.axis.client_key_file if config.axis else None,
        config.oidc.client_secret_file if config.oidc else None,
        config.storage.database_password_file,
        config.alerts.smtp_password_file,
        config.alerts.webhook_secret_file,
        config.storage.blobs_secret_file,
    )
    return [path for path in given if path is not None]


def seal_chains(config: Config) -> tuple[tuple[x509.Certificate, ...], ...]:
    """Load every certificate this node ever sealed with, each followed by those above it; the present first.

    Certificates of former seals may lie beside the present one's.
    Errors: Misconfiguration when one cannot be read.
    """
    present = config.trust.seal_chain_file
    kept = sorted(present.parent.glob(f"{present.stem}*.pem"))
    paths = (present, *(path for path in kept if path != present))
    return tuple(load_chain(path) for path in paths)


def others_chains(config: Config) -> list[tuple[x509.Certificate, ...]]:
    """Load the certificates of others who sign what we keep.

    Errors: Misconfiguration when one cannot be read.
    """
    return [load_chain(path) for path in others_certificate_files(config)]


def others_certificate_files(config: Config) -> list[Path]:
    """List the files with certificates of others who sign what we keep: the axis, witnesses."""
    axis = config.axis.certificate_file if config.axis else None
    return [*([axis] if axis else []), *(peer.certificate_file for peer in config.audit.peers)]


def load_chain(path: Path) -> tuple[x509.Certificate, ...]:
    """Load a certificate with those above it.

    Errors: Misconfiguration when it cannot be read.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except ValueError as error:
        raise Misconfiguration.because(
            "certificate-unreadable",
            where=str(path),
            vi="không đọc được chứng thư số: cần PEM",
            en="the certificate cannot be read: PEM is expected",
        ) from error


def house_of(config: Config) -> House:
    """Name what an examination looks at."""
    trust, storage = config.trust, config.storage
    secrets = [trust.seal_key_file, trust.secrets_key_file, storage.database_file]
    return House(
        source=source_of(config),
        shelves=shelves_of(config),
        spool_folder=storage.spool_dir,
        certificates=tuple(chain[0] for chain in seal_chains(config)),
        secret_files=(*secrets, *_given_secrets(config)),
        secrets_key=check_key(trust.secrets_key_file.read_bytes()),
        calendar_missing_within=config.alerts.calendar_missing_within,
    )
