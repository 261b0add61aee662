"""The console's pages for who audits, put together."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web
from cryptography import x509

from gateway.back_office import furnish_export, others_chains, seal_chains
from gateway.exchange.bundling import Bundling
from gateway.exchange.holding import Holding
from gateway.exchange.verifying import Verifying
from gateway.exchange.vouching import Vouching
from gateway.office import Clock, Office
from gateway.trust.certificates import load_anchors
from gateway.web.console.document_actions import DocumentActions
from gateway.web.console.evidence_pages import EvidencePages, Trust
from gateway.web.console.holds_pages import HoldsPages
from gateway.web.console.log_pages import LogPages
from gateway.web.console.route import PageGroup
from gateway.web.console.shell import Shell
from gateway.web.console.vouching_pages import VouchingPages
from gateway.wiring.files import load_trust


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPages:
    """The pages, what they offer on a document's page, and what goes on behind them."""

    groups: Sequence[PageGroup]
    actions: Sequence[DocumentActions]
    verifying: Verifying
    bundling: Bundling

    async def stop(self, _: web.Application) -> None:
        """End what goes on."""
        await self.verifying.stop()
        await self.bundling.stop()


def audit_pages(office: Office, vouching: Vouching, shell: Shell, clock: Clock) -> AuditPages:
    """Put the pages together."""
    config, database = office.config, office.database
    roots = config.audit.timestamp_anchors_file
    verifying = Verifying(
        database=database,
        notary=office.notary,
        origin=vouching.checkpoints.origin,
        certificates=lambda: _seals(office),
        anchors=None if roots is None else load_anchors(roots.read_bytes()),
        clock=clock,
    )
    floor = config.storage.free_space_floor
    bundling = Bundling(
        database=database,
        blobs=office.blobs,
        notary=office.notary,
        export=lambda: furnish_export(office, others=others_chains(config)),
        floor_bytes=floor,
        clock=clock,
        new_id=_new_id,
    )
    evidence = EvidencePages(
        shell=shell,
        database=database,
        directory=office.directory,
        blobs=office.blobs,
        bundling=bundling,
        trust=lambda: _trust(office),
        floor_bytes=floor,
        new_id=_new_id,
    )
    holds = HoldsPages(
        shell=shell,
        directory=office.directory,
        holding=Holding(database=database, directory=office.directory, notary=office.notary),
        clock=clock,
    )
    log = LogPages(
        shell=shell,
        database=database,
        directory=office.directory,
        certificates=lambda: _seals(office),
        others=lambda: [chain[0] for chain in others_chains(config)],
    )
    vouched = VouchingPages(
        shell=shell,
        vouching=vouching,
        verifying=verifying,
        peers=tuple(peer.origin for peer in config.audit.peers),
        clock=clock,
    )
    return AuditPages(
        groups=(log, vouched, evidence, holds),
        actions=(evidence, holds),
        verifying=verifying,
        bundling=bundling,
    )


def _seals(office: Office) -> list[x509.Certificate]:
    return [chain[0] for chain in seal_chains(office.config)]


def _trust(office: Office) -> Trust:
    roots = office.config.audit.timestamp_anchors_file
    return Trust(
        anchors=load_trust(office.config.trust.anchors_dir).certificates,
        stamp_anchors=() if roots is None else load_anchors(roots.read_bytes()).certificates,
    )


def _new_id() -> str:
    return secrets.token_urlsafe(16)
