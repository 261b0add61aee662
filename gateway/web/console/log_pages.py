"""The audit log for who audits: entries found and told, and one entry with all that proves it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.errors import Fault, Refusal
from gateway.evidence.checkpoint import verify_checkpoint
from gateway.evidence.merkle import hash_leaf
from gateway.evidence.note import read_note
from gateway.evidence.receipts import read_receipt
from gateway.evidence.replay import content_of
from gateway.exchange.directory import Directory, Snapshot
from gateway.model.agency import System
from gateway.model.log import LogKind
from gateway.model.people import Language, Permission
from gateway.store.audit_log import LogRow, find_entry
from gateway.store.checkpoints import KeptCheckpoint, find_newest, find_stamped, find_stamped_from
from gateway.store.database import Database
from gateway.store.log_search import LogPage, search_log
from gateway.store.threads import find_thread
from gateway.trust.keys import fingerprint_of
from gateway.web.console.documents import name_of
from gateway.web.console.downloads import send_away
from gateway.web.console.entries import (
    facts_of,
    lay_out,
    name_event,
    not_here,
    one_piece,
    send_proof,
    send_receipt,
    tell_entry,
)
from gateway.web.console.forms import query_of
from gateway.web.console.judging import judge, unfold
from gateway.web.console.log_query import FAILURES, LogQuery
from gateway.web.console.route import PREFIX, Area, Nav, Route
from gateway.web.console.shell import Shell
from gateway.web.console.visitor import language_of

ON_A_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPages:
    """The pages about entries.

    Shape: certificates gives those of every seal this node ever had; others those of the axis and of peers.

    One looks at a time: the database lends two connections for reading, and one stays free.
    """

    shell: Shell
    database: Database
    directory: Directory
    certificates: Callable[[], Sequence[x509.Certificate]]
    others: Callable[[], Sequence[x509.Certificate]]
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        nav = Nav(area=Area.WATCH, place=0, vi="Nhật ký", en="Audit log", icon="log")
        one = "/log/entries/{seq:[0-9]{1,15}}"
        for path, act, entry in (
            ("/log", self.show, nav),
            (one, self.show_entry, None),
            (f"{one}/receipt", self.send_receipt, None),
            (f"{one}/proof", self.send_proof, None),
            ("/log/seals/{fingerprint:[0-9a-f]{64}}", self.send_certificate, None),
        ):
            yield Route(method="GET", path=path, act=act, may=Permission.AUDIT, nav=entry, everywhere=True)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the newest entries, or those that are looked for."""
        form, directory = query_of(request), await self.directory.current()
        query, before = LogQuery.of(form), form.text("before")
        faults: Sequence[Fault] = ()
        names = partial(name_of, directory)
        found = LogPage(rows=[], following=None)
        try:
            question = await query.question(self.database, directory)
            below = int(before) if before.isdecimal() and len(before) < 16 else None
            async with self._turn:
                found = await search_log(self.database, question, below=below, limit=ON_A_PAGE)
        except Refusal as refusal:
            faults = refusal.faults
        older = "" if found.following is None else f"{PREFIX}/log?{query.write(before=str(found.following))}"
        return await self.shell.render(
            request,
            "audit/log.html",
            query=query,
            lines=[tell_entry(row, names) for row in found.rows],
            reached=found.following if found.reached else None,
            older=older,
            newest=f"{PREFIX}/log?{query.write()}" if before else "",
            faults=faults,
            checkpoint=await find_newest(self.database),
            stamped=await find_stamped(self.database),
            choices=_choices(language_of(request)),
            systems=_systems(directory),
            agencies=[agency.name for agency in directory.agencies.values()][:200],
        )

    async def show_entry(self, request: web.Request) -> web.StreamResponse:
        """Show one entry: what it says, who signed it, and where it stands in the log."""
        row = await self._row(request)
        facts = facts_of(row)
        names = partial(name_of, await self.directory.current())
        kept = await self._checkpoint_of(row)
        package = str(facts.get("package", ""))
        seals = self.certificates()
        content = content_of(row.statement, row.receipt)
        return await self.shell.render(
            request,
            "audit/entry.html",
            told=tell_entry(row, names),
            far=unfold(facts, [*seals, *self.others()], names, language_of(request)),
            facts=lay_out(facts, language_of(request)),
            statement=row.statement.decode("utf-8", "replace"),
            fits=content is not None and hash_leaf(content) == row.leaf,
            judgement=None if row.receipt is None else judge(read_receipt(row.receipt), seals),
            thread=await find_thread(self.database, package) if package else None,
            checkpoint=kept,
            seal=None if kept is None else _signer_of(kept, seals),
            newest=await find_newest(self.database),
        )

    async def send_receipt(self, request: web.Request) -> web.StreamResponse:
        """Send an entry's signed receipt."""
        return await send_receipt(request, await self._row(request))

    async def send_proof(self, request: web.Request) -> web.StreamResponse:
        """Send the proof that an entry is in the log, under the checkpoint its page names."""
        row = await self._row(request)
        kept = await self._checkpoint_of(row)
        return await send_proof(request, self.database, row, size=None if kept is None else kept.size)

    async def send_certificate(self, request: web.Request) -> web.StreamResponse:
        """Send the certificate of a seal this node has or had."""
        wanted = request.match_info["fingerprint"]
        for certificate in self.certificates():
            if fingerprint_of(certificate) == wanted:
                pem = certificate.public_bytes(Encoding.PEM)
                name = f"chung-thu-{wanted[:16]}.pem"
                return await send_away(
                    request, one_piece(pem), name=name, media_type="application/x-pem-file"
                )
        raise not_here("Nút này không có chứng thư ấy.", "This node has no such certificate.")

    async def _row(self, request: web.Request) -> LogRow:
        row = await find_entry(self.database, int(request.match_info["seq"]))
        if row is None:
            raise not_here("Nhật ký không có mục này.", "The log has no such entry.")
        return row

    async def _checkpoint_of(self, row: LogRow) -> KeptCheckpoint | None:
        """Find the checkpoint to prove an entry under: the first with a timestamp, which dates it best."""
        kept = await find_stamped_from(self.database, row.seq) or await find_newest(self.database)
        return kept if kept is not None and kept.size >= row.seq else None


def _signer_of(kept: KeptCheckpoint, seals: Sequence[x509.Certificate]) -> str | None:
    """Find which of the seals signed a checkpoint, by its certificate's fingerprint."""
    note = read_note(kept.note)
    signed = (one for one in seals if verify_checkpoint(note, one) is not None)
    return next((fingerprint_of(one) for one in signed), None)


def _choices(language: Language) -> list[tuple[str, str]]:
    place = language is Language.ENGLISH
    return [
        ("", ("Tất cả", "Everything")[place]),
        (FAILURES, ("Chỉ các việc không thành", "Failures only")[place]),
        *((kind.value, name_event(kind)[place]) for kind in LogKind),
    ]


def _systems(directory: Snapshot) -> list[str]:
    systems: list[System] = [stored.system for stored in directory.systems.values()]
    return sorted([*(system.id for system in systems), "axis"])
