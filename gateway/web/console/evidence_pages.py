"""Evidence to take away: bundles of one document or many, and bundles that somebody brings, verified."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from aiohttp import BodyPartReader, web
from cryptography import x509

from gateway.errors import Delay, Fault, Refusal
from gateway.evidence.verifier.audit import verify
from gateway.evidence.verifier.findings import CHECKS, FAULTS_TOLD, Findings
from gateway.exchange.bundling import Bundle, Bundling
from gateway.exchange.directory import Directory
from gateway.exchange.dossier import Dossier, open_dossier
from gateway.exchange.export import Wish
from gateway.exchange.lookup import agencies_called, scope_of
from gateway.model.identifiers import AgencyCode
from gateway.model.people import Permission
from gateway.store.blobs import Blobs, read_chunks
from gateway.store.database import Database
from gateway.store.selection import Selection
from gateway.store.spool import disk_delays
from gateway.web.bodies import too_large
from gateway.web.console.document_actions import DocumentAction
from gateway.web.console.downloads import send_away
from gateway.web.console.entries import not_here
from gateway.web.console.forms import Form, form_of, parts_of
from gateway.web.console.log_query import days_fault, read_days
from gateway.web.console.route import PREFIX, Area, Nav, Route
from gateway.web.console.shell import Shell
from gateway.web.console.visitor import Visitor, visitor_of

_ASICE = "application/vnd.etsi.asic-e+zip"
_PATIENCE_SECONDS = 2.0
_CHUNK_BYTES = 256 << 10
_LIMIT_BYTES = 8 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One of the numbered checks of a bundle, as its own script tells it."""

    words: tuple[str, str]
    expected: str
    verdict: str
    found: Sequence[str]
    faults: Sequence[str]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The certificates that bundles are held against: of seals, and of timestamps."""

    anchors: Sequence[x509.Certificate]
    stamp_anchors: Sequence[x509.Certificate]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePages:
    """The pages about evidence bundles. Foreign bundles are verified one at a time."""

    shell: Shell
    database: Database
    directory: Directory
    blobs: Blobs
    bundling: Bundling
    trust: Callable[[], Trust]
    floor_bytes: int
    new_id: Callable[[], str]
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        audit = Permission.AUDIT
        nav = Nav(area=Area.WATCH, place=1, vi="Chứng cứ", en="Evidence", icon="seal")
        yield Route(method="GET", path="/evidence", act=self.show, may=audit, nav=nav)
        yield Route(method="POST", path="/evidence", act=self.make_many, may=audit, everywhere=True)
        yield Route(method="GET", path="/evidence/made/{id}", act=self.send, may=audit)
        yield Route(method="POST", path="/evidence/made/{id}/remove", act=self.remove, may=audit)
        yield Route(method="POST", path="/evidence/verify", act=self.verify, may=audit, streams=True)
        yield Route(method="POST", path="/documents/{thread}/evidence", act=self.make_one, may=audit)

    def offered(self, visitor: Visitor, dossier: Dossier) -> Iterable[DocumentAction]:
        """Offer the bundle of a document, which tells all about it: to whom all of it may be told."""
        if visitor.may(Permission.AUDIT) and _is_own(visitor, dossier):
            yield DocumentAction(
                address=f"{PREFIX}/documents/{dossier.thread.id}/evidence",
                words=("Tải hồ sơ chứng cứ", "Evidence bundle"),
                icon="seal",
                question=("Lập hồ sơ chứng cứ của văn bản này?", "Make this document's evidence bundle?"),
                explanation=(
                    "Một tệp có ký số: văn bản, biên nhận, bằng chứng nhật ký và chương trình tự kiểm tra."
                    " Việc này được ghi vào nhật ký.",
                    "One sealed file: packages, receipts, log proofs and the script that verifies them."
                    " That it was made is recorded.",
                ),
            )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show what was made last, and what can be made and verified."""
        return await self._show(request, Form(), ())

    async def make_one(self, request: web.Request) -> web.StreamResponse:
        """Make the bundle of one document."""
        visitor, wanted = visitor_of(request), request.match_info["thread"]
        dossier = await open_dossier(self.database, self.directory, wanted, user=visitor.user)
        if not _is_own(visitor, dossier):
            raise web.HTTPForbidden
        thread = dossier.thread
        wish = Wish(thread=thread, told={"document": thread.document_id})
        return await self._make(request, wish, f"chung-cu-{thread.notation}")

    async def make_many(self, request: web.Request) -> web.StreamResponse:
        """Make the bundle of a period, an agency, or both."""
        form = await form_of(request)
        fields = {name: form.text(name) for name in ("from", "to")}
        since, until = read_days(fields)
        codes, faults = await self._agency(form.text("agency"))
        faults += days_fault(since, until)
        if since is None and until is None and not form.text("agency"):
            faults.append(_unchosen())
        if faults:
            return await self._show(request, form, faults)
        told = {
            "since": since and f"{since:%Y-%m-%d}",
            "until": until and f"{until - timedelta(days=1):%Y-%m-%d}",
            "agency": codes[0] if codes else None,
        }
        said = {name: str(fact) for name, fact in told.items() if fact}
        wish = Wish(selection=Selection(since=since, until=until, codes=codes), told=said)
        return await self._make(request, wish, "-".join(["chung-cu", *said.values()]))

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send a bundle to whoever asked for it; once it has left whole it is removed."""
        bundle = self._bundle(request)
        if bundle.made is None:
            raise _not_made()
        with disk_delays():
            file = await asyncio.to_thread(bundle.path.open, "rb")
        with file:
            response = await send_away(
                request,
                read_chunks(file),
                name=bundle.name,
                media_type=_ASICE,
                length=bundle.made.size_bytes,
            )
        if request.method == "GET":
            self.bundling.remove(bundle)
        return response

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """Remove a bundle that is not wanted."""
        bundle = self._bundle(request)
        if not bundle.is_running:
            self.bundling.remove(bundle)
        return self.shell.redirect(request, "/evidence")

    async def verify(self, request: web.Request) -> web.StreamResponse:
        """Verify a bundle that somebody brings, as its own script would."""
        if self._turn.locked():
            raise _busy()
        path = self.blobs.spool_directory / f"brought-{self.new_id()}.part"
        async with self._turn:
            try:
                name = await self._take(request, path)
                findings = await asyncio.to_thread(_verify, path, self.trust())
            finally:
                path.unlink(missing_ok=True)
        return await self.shell.render(
            request,
            "audit/verified.html",
            name=name,
            exit_code=findings.exit_code,
            checks=[_told(findings, check) for check in CHECKS],
        )

    async def _take(self, request: web.Request, path: Path) -> str:
        """Write the file that was sent; return what it was called."""
        name = None
        with disk_delays(), path.open("xb") as file:
            async for part in parts_of(request):
                if part.name == "bundle" and part.filename:
                    name = part.filename
                    await self._copy(part, file)
        if name is None or not path.stat().st_size:
            raise Refusal.because(
                "file-missing", vi="Hãy chọn tệp hồ sơ (.asice).", en="Choose a bundle's file (.asice)."
            )
        return name

    async def _copy(self, part: BodyPartReader, file: BinaryIO) -> None:
        size = 0
        while chunk := await part.read_chunk(_CHUNK_BYTES):
            size += len(chunk)
            if size > _LIMIT_BYTES:
                raise too_large(_LIMIT_BYTES)
            if self.blobs.free_bytes() < self.floor_bytes:
                raise _no_room()
            await asyncio.to_thread(file.write, chunk)

    async def _make(self, request: web.Request, wish: Wish, name: str) -> web.Response:
        login = visitor_of(request).user.login
        bundle = self.bundling.start(wish, by=login, name=f"{name.replace('/', '-')}.asice")
        await self.bundling.settle(bundle, seconds=_PATIENCE_SECONDS)
        return self.shell.redirect(request, "/evidence")

    async def _agency(self, wanted: str) -> tuple[tuple[AgencyCode, ...], list[Fault]]:
        if not wanted:
            return (), []
        directory = await self.directory.current()
        called = agencies_called(wanted, directory)
        if not called:
            fault = Fault(
                rule="unknown-agency",
                where="agency",
                vi="Danh bạ không có cơ quan này.",
                en="The directory knows no such agency.",
            )
            return (), [fault]
        others = sorted(directory.names_of(called[0].code) - {called[0].code})
        return (called[0].code, *others), []

    def _bundle(self, request: web.Request) -> Bundle:
        bundle = self.bundling.of(visitor_of(request).user.login)
        if bundle is None or bundle.id != request.match_info["id"]:
            raise not_here("Hồ sơ này không còn.", "This bundle is gone.")
        return bundle

    async def _show(self, request: web.Request, form: Form, faults: Sequence[Fault]) -> web.StreamResponse:
        visitor, directory = visitor_of(request), await self.directory.current()
        return await self.shell.render(
            request,
            "audit/evidence.html",
            status=422 if faults else 200,
            bundle=self.bundling.of(visitor.user.login),
            form=form,
            faults=tuple(faults),
            agencies=[agency.name for agency in directory.agencies.values()][:200],
            everywhere=visitor.user.agencies is None,
        )


def _is_own(visitor: Visitor, dossier: Dossier) -> bool:
    """Tell whether a visitor may know everything about a document: who sent it may."""
    scope = scope_of(visitor.user, dossier.directory)
    return scope is None or dossier.thread.owner in scope


def _verify(path: Path, trust: Trust) -> Findings:
    with path.open("rb") as file:
        return verify(file, trust.anchors, trust.stamp_anchors)


def _told(findings: Findings, check: str) -> Check:
    vi, en, expected = CHECKS[check]
    faults = findings.faults[check]
    return Check(
        words=(vi, en[:1].upper() + en[1:]),
        expected=expected,
        verdict=findings.verdict(check) if check in findings.reached else "skipped",
        found=findings.found[check],
        faults=faults[:FAULTS_TOLD],
        more=max(0, len(faults) - FAULTS_TOLD),
    )


def _unchosen() -> Fault:
    return Fault(
        rule="nothing-chosen",
        where="from",
        vi="Hãy chọn thời gian, cơ quan, hoặc cả hai.",
        en="Choose a period, an agency, or both.",
    )


def _not_made() -> Refusal:
    return Refusal.because("not-made", vi="Hồ sơ chưa lập xong.", en="The bundle is not finished.")


def _busy() -> Delay:
    return Delay.because(
        "verifier-busy",
        vi="Đang kiểm tra một hồ sơ khác; hãy thử lại sau giây lát.",
        en="Another bundle is being verified; try again in a moment.",
    )


def _no_room() -> Delay:
    return Delay.because("no-room", vi="Ổ đĩa gần đầy.", en="The disk is nearly full.")
