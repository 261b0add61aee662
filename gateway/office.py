"""What an operator's command needs of a data directory: the database, and the means to write to its log.

The office is the part of a gateway that needs no network; wiring builds a whole server on top of it. What a
node can run without stands in back_office.py.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.config import Config
from gateway.deadlines.practice import Practice
from gateway.deadlines.timers import TimerRules
from gateway.exchange.books import Books
from gateway.exchange.directory import Directory
from gateway.exchange.duties import Duties
from gateway.exchange.ids import Mint
from gateway.exchange.intervention import Intervention
from gateway.exchange.notary import Notary
from gateway.exchange.obligations import Obligations
from gateway.exchange.own_words import OwnWords
from gateway.exchange.posting import Posting
from gateway.exchange.registry import Registry
from gateway.exchange.reports import Letterhead
from gateway.exchange.tokens import Tokens
from gateway.exchange.working_days import WorkingDays
from gateway.model.package import Organization
from gateway.model.text import fold
from gateway.source import source_of
from gateway.store.blobs import Blobs
from gateway.store.database import Database, open_database
from gateway.store.folder import Folder
from gateway.store.shelf import Shelf
from gateway.store.shelving import shelves_before
from gateway.trust.certificates import load_anchors
from gateway.trust.keys import Seal, load_seal
from gateway.trust.secrets import check_key

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
    tokens: Tokens
    working_days: WorkingDays
    blobs: Blobs
    seal: Seal
    secrets_key: bytes


@contextlib.asynccontextmanager
async def open_office(config: Config, *, spool_folder: Path | None = None) -> AsyncIterator[Office]:
    """Open a data directory, and close it again: for a command, or for a node with its own spool."""
    storage = config.storage
    database = await open_database(source_of(config), linger=storage.linger, batch_limit=storage.batch_limit)
    try:
        yield _furnish(config, database, spool_folder or config.storage.spool_dir)
    finally:
        await database.close()


def _furnish(config: Config, database: Database, spool_folder: Path) -> Office:
    seal = load_own_seal(config)
    notary = Notary(gateway=config.agency_code, seal=seal)
    directory = Directory(database=database)
    secrets_key = check_key(config.trust.secrets_key_file.read_bytes())
    for folder in (config.storage.blobs_dir, config.storage.spool_dir):
        folder.mkdir(parents=True, exist_ok=True)
    return Office(
        config=config,
        database=database,
        directory=directory,
        notary=notary,
        registry=Registry(database=database, directory=directory, notary=notary, secrets_key=secrets_key),
        tokens=Tokens(database=database, directory=directory, notary=notary),
        working_days=WorkingDays(database=database, notary=notary, noon=config.deadlines.noon),
        blobs=Blobs(
            database=database,
            spool_directory=spool_folder,
            inline_limit=config.storage.inline_limit,
            shelves=shelves_of(config),
        ),
        seal=seal,
        secrets_key=secrets_key,
    )


def shelves_of(config: Config) -> tuple[Shelf, ...]:
    """Put up the shelves of large packages."""
    settings = config.storage
    folder = Folder(directory=settings.blobs_dir, spool_directory=settings.spool_dir)
    if not settings.blobs or settings.blobs_secret_file is None:
        return (folder,)
    ca_pem = settings.blobs_ca_file.read_bytes() if settings.blobs_ca_file else None
    if ca_pem is not None:
        load_anchors(
            ca_pem, where="storage.blobs_ca_file"
        )  # the store's client would only say that it cannot
    return shelves_before(
        folder,
        settings.blobs,
        owner=config.agency_code,
        endpoint=settings.blobs_endpoint,
        region=settings.blobs_region,
        key_id=settings.blobs_key_id or "",
        secret=settings.blobs_secret_file.read_text("utf-8").strip(),
        ca_pem=ca_pem,
    )


def furnish_own_words(office: Office, mint: Mint) -> OwnWords:
    """Make what says statuses in this node's name."""
    config = office.config
    posting = Posting(blobs=office.blobs, mint=mint, give_up_after=config.delivery.give_up_after)
    return OwnWords(
        notary=office.notary,
        posting=posting,
        books=furnish_books(office, mint),
        gateway=Organization(code=config.agency_code, name=config.name),
        axis_is_open=config.axis is not None,
    )


def furnish_books(office: Office, mint: Mint) -> Books:
    """Open the books."""
    return Books(
        obligations=Obligations(notary=office.notary, mint=mint, practice=_practice(office.config)),
        calendar=lambda: office.working_days.known,
        rules=timer_rules_of(office.config),
    )


def furnish_duties(office: Office, mint: Mint, clock: Clock = now) -> Duties:
    """Make what lets people and programs give and end obligations."""
    return Duties(
        database=office.database,
        directory=office.directory,
        obligations=furnish_books(office, mint).obligations,
        clock=clock,
    )


def letterhead_of(config: Config) -> Letterhead:
    """Tell what stands around the tables of this node's reports."""
    settings = config.reports
    return Letterhead(
        issuer=config.name,
        over=settings.over,
        place=settings.place,
        notation=settings.notation,
        recipients=settings.recipients,
        competence=settings.competence,
        position=settings.position,
        signer=settings.signer,
    )


def _practice(config: Config) -> Practice:
    settings = config.practice
    return Practice(
        steering_codes=frozenset(settings.steering_codes),
        report_codes=frozenset(settings.report_codes),
        dossier_applications=frozenset(map(fold, settings.dossier_applications)),
        petition_applications=frozenset(map(fold, settings.petition_applications)),
        field_report_applications=frozenset(map(fold, settings.field_report_applications)),
        report_types=frozenset(map(fold, settings.report_types)),
        passing_types=frozenset(map(fold, settings.passing_types)),
        guiding_types=frozenset(map(fold, settings.guiding_types)),
    )


def furnish_intervention(
    office: Office, own_words: OwnWords, *, on_leaving: Callable[[], None] = lambda: None
) -> Intervention:
    """Make the operator's hand. A running server finds out within a second what another process left."""
    return Intervention(
        database=office.database,
        directory=office.directory,
        notary=office.notary,
        own_words=own_words,
        says_arrived=office.config.answers.arrived_by_itself,
        on_leaving=on_leaving,
    )


def timer_rules_of(config: Config) -> TimerRules:
    """Read what the law leaves open of the timers. A hub polls nobody."""
    settings = config.deadlines
    return TimerRules(
        urgent_within=settings.urgent_within,
        polled_every=config.axis.poll_every if config.axis else timedelta(),
        received_until=settings.received_until,
        recall_answered_within_working_days=settings.recall_answered_within_working_days,
        stuck_after=config.alerts.stuck_after,
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
