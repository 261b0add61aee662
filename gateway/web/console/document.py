"""One document: where it stands, what happened, its files, and the proof of each entry."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from aiohttp import web

from gateway.edxml.file_names import safe_name
from gateway.errors import Refusal
from gateway.exchange.directory import Directory
from gateway.exchange.dossier import Dossier, open_dossier
from gateway.exchange.enclosures import Enclosures
from gateway.exchange.lookup import scope_of
from gateway.model.code_lists import Kind
from gateway.model.formats import local_day
from gateway.model.people import Permission
from gateway.store.audit_log import LogRow
from gateway.store.blobs import Blobs, read_chunks
from gateway.store.checkpoints import find_newest
from gateway.store.database import Database
from gateway.store.obligations import list_of_thread
from gateway.store.packages import StoredPackage
from gateway.web.console import labels
from gateway.web.console.document_actions import DocumentAction, DocumentActions
from gateway.web.console.documents import name_of
from gateway.web.console.downloads import send_away, show_in_frame
from gateway.web.console.entries import not_here, send_proof, send_receipt, tell_entry
from gateway.web.console.obligation_lines import KINDS, Line, tell_lines
from gateway.web.console.route import Route
from gateway.web.console.shell import Shell
from gateway.web.console.telling import tell_recipient
from gateway.web.console.versions import list_versions
from gateway.web.console.visitor import Visitor, visitor_of

# More than this nobody reads in a browser.
_READABLE_BYTES = 512 << 10
_PDF = "application/pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneDocument:
    """The page of a document. actions are what other groups offer to do with it."""

    shell: Shell
    database: Database
    directory: Directory
    blobs: Blobs
    enclosures: Enclosures
    actions: Sequence[DocumentActions]
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        one = "/documents/{thread}"
        for path, act in (
            (one, self.show),
            (f"{one}/packages/{{package}}", self.send_package),
            (f"{one}/packages/{{package}}/source", self.show_source),
            (f"{one}/packages/{{package}}/files/{{place:[0-9]{{1,4}}}}", self.send_file),
            (f"{one}/entries/{{seq:[0-9]{{1,15}}}}", self.show_entry),
            (f"{one}/entries/{{seq:[0-9]{{1,15}}}}/receipt", self.send_receipt),
            (f"{one}/entries/{{seq:[0-9]{{1,15}}}}/proof", self.send_proof),
        ):
            yield Route(method="GET", path=path, act=act, may=Permission.READ)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the document."""
        dossier = await self._dossier(request)
        today = local_day(self.clock())
        current, others = await list_versions(dossier, self.enclosures)
        visitor = visitor_of(request)
        return await self.shell.render(
            request,
            "documents/one.html",
            dossier=dossier,
            thread=dossier.thread,
            sender=name_of(dossier.directory, dossier.thread.owner),
            current=current,
            particulars=None if current is None else dossier.particulars.get(current.package.id),
            reason=_reason_of_change(dossier),
            others=others,
            standings=[
                (
                    name_of(dossier.directory, one.code),
                    labels.standing_label(dossier.standings[one.code][0]),
                    tell_recipient(dossier, one, today),
                )
                for one in dossier.recipients
            ],
            timeline=[
                tell_entry(row, partial(name_of, dossier.directory)) for row in reversed(dossier.entries)
            ],
            successor=await self._successor(request, dossier),
            owed=await self._owed(visitor, dossier, today),
            kind_names=KINDS,
            actions=self._offered(request, dossier),
            checkpoint=await find_newest(self.database),
            is_auditor=visitor.may(Permission.AUDIT),
        )

    async def _owed(self, visitor: Visitor, dossier: Dossier, today: date) -> list[Line]:
        """Tell what hangs on the document: to who sent it all of it, to others what they owe themselves."""
        scope = scope_of(visitor.user, dossier.directory)
        found = await list_of_thread(self.database, dossier.thread.id)
        if scope is not None and dossier.thread.owner not in scope:
            found = [each for each in found if each.agency in scope]
        return tell_lines(found, dossier.directory, visitor, today)

    def _offered(self, request: web.Request, dossier: Dossier) -> list[DocumentAction]:
        return [one for group in self.actions for one in group.offered(visitor_of(request), dossier)]

    async def _successor(self, request: web.Request, dossier: Dossier) -> Dossier | None:
        """Open the document that replaces this one, when the visitor may see it."""
        if dossier.thread.superseded_by is None:
            return None
        try:
            return await self._open(request, dossier.thread.superseded_by)
        except Refusal:
            return None

    async def send_package(self, request: web.Request) -> web.StreamResponse:
        """Send a package as it came."""
        package = await self._package(request)
        source = await self.blobs.open(package.digest)
        with source:
            return await send_away(
                request,
                read_chunks(source),
                name=_package_name(package),
                media_type="application/octet-stream",
                length=package.size_bytes,
            )

    async def show_source(self, request: web.Request) -> web.StreamResponse:
        """Show a small package as text."""
        dossier, package = await self._dossier(request), await self._package(request)
        text = None
        if package.size_bytes <= _READABLE_BYTES:
            with await self.blobs.open(package.digest) as source:
                text = "".join([chunk.decode("utf-8", "replace") async for chunk in read_chunks(source)])
        return await self.shell.render(
            request, "documents/source.html", thread=dossier.thread, package=package, text=text
        )

    async def send_file(self, request: web.Request) -> web.StreamResponse:
        """Send one file of a package; a PDF may be shown in a frame instead."""
        package = await self._package(request)
        place = int(request.match_info["place"])
        async with self.enclosures.opened(package, place) as (named, pieces):
            if request.query.get("show") == "yes" and named.media_type == _PDF:
                return await show_in_frame(request, pieces, name=named.name, length=named.size_bytes)
            return await send_away(
                request, pieces, name=named.name, media_type=named.media_type, length=named.size_bytes
            )

    async def show_entry(self, request: web.Request) -> web.StreamResponse:
        """Show one entry: what it says, and where it stands in the log, for everybody to check."""
        dossier = await self._dossier(request)
        row = self._entry(request, dossier)
        newest = await find_newest(self.database)
        return await self.shell.render(
            request,
            "documents/entry.html",
            thread=dossier.thread,
            told=tell_entry(row, partial(name_of, dossier.directory)),
            statement=row.statement.decode(),
            checkpoint=newest if newest is not None and newest.size >= row.seq else None,
        )

    async def send_receipt(self, request: web.Request) -> web.StreamResponse:
        """Send an entry's signed receipt."""
        return await send_receipt(request, self._entry(request, await self._dossier(request)))

    async def send_proof(self, request: web.Request) -> web.StreamResponse:
        """Send the proof that an entry is in the log."""
        row = self._entry(request, await self._dossier(request))
        return await send_proof(request, self.database, row)

    async def _dossier(self, request: web.Request) -> Dossier:
        return await self._open(request, request.match_info["thread"])

    async def _open(self, request: web.Request, thread_id: str) -> Dossier:
        return await open_dossier(self.database, self.directory, thread_id, user=visitor_of(request).user)

    async def _package(self, request: web.Request) -> StoredPackage:
        package = (await self._dossier(request)).package(request.match_info["package"])
        if package is None:
            raise not_here("Văn bản không có gói tin này.", "The document has no such package.")
        return package

    def _entry(self, request: web.Request, dossier: Dossier) -> LogRow:
        row = dossier.entry(int(request.match_info["seq"]))
        if row is None:
            raise not_here("Văn bản không có mục nhật ký này.", "The document has no such entry.")
        return row


def _reason_of_change(dossier: Dossier) -> str | None:
    """Tell why the newest version changed what was sent; what a new document says there is noise."""
    newest = dossier.documents()[-1:]
    changes = [dossier.particulars.get(one.id) for one in newest if one.business]
    return next((one.reason for one in changes if one is not None), None)


def _package_name(package: StoredPackage) -> str:
    kind = "van-ban" if package.kind is Kind.DOCUMENT else "trang-thai"
    return safe_name(f"{kind} {(package.notation or package.id).replace('/', '-')}.edxml")
