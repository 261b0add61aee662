"""Content goes when its time is over: the settings turned into rules, and the round that keeps them."""

from datetime import timedelta

from gateway.exchange.retention import Retention
from gateway.exchange.worker import Round
from gateway.log_lines import log
from gateway.model.code_lists import Kind
from gateway.model.node import Duty
from gateway.model.retention import Rules
from gateway.office import Clock, Office
from gateway.settings import Retention as Settings
from gateway.store.partitions import tend_partitions

_BETWEEN_LOOKS_AT_PARTITIONS = timedelta(hours=1)


def retention_round(office: Office, clock: Clock) -> Round:
    """Make the round that erases what is due."""
    settings = office.config.retention
    retention = Retention(
        database=office.database,
        blobs=office.blobs,
        directory=office.directory,
        notary=office.notary,
        rules=read_rules(settings),
        batch=settings.batch,
        patience=settings.patience,
        clock=clock,
    )
    return Round(every=settings.every, make=retention.make_round, duty=Duty.UPKEEP)


def partition_round(office: Office) -> Round:
    """Make the round that divides what grows, and gives back the room of what was erased."""

    async def tend() -> bool:
        done = await tend_partitions(office.database)
        for statement in done:
            log.info("partitions tended", statement=statement)
        return bool(done)

    return Round(every=_BETWEEN_LOOKS_AT_PARTITIONS, make=tend, duty=Duty.UPKEEP)


def read_rules(settings: Settings) -> Rules:
    """Turn what an operator wrote into rules."""
    return Rules(
        general={Kind.DOCUMENT: settings.documents, Kind.STATUS: settings.statuses},
        agencies={
            each.code: {
                kind: term
                for kind, term in ((Kind.DOCUMENT, each.documents), (Kind.STATUS, each.statuses))
                if term is not None
            }
            for each in settings.agencies
        },
        returned=settings.returned,
        only_archived=settings.only_archived,
    )
