"""Documents written in the console: the list of drafts, the form, what will happen, and sending."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from urllib.parse import urlencode

from aiohttp import web

from gateway.edxml.document_types import TYPE_NAMES
from gateway.errors import Fault, Refusal
from gateway.exchange.composing import Composing
from gateway.model.identifiers import ThreadId
from gateway.model.letter import Draft, DraftId, FileId
from gateway.model.people import Permission, User
from gateway.store.threads import find_thread
from gateway.web.console.desk_visitors import show_no_desk, works_at_a_desk
from gateway.web.console.documents import name_of
from gateway.web.console.forms import Form, form_of
from gateway.web.console.letter_form import agency_from, letter_of, read_letter_form, removed_files
from gateway.web.console.route import Area, Nav, Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.visitor import visitor_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Drafts of the agencies that work in the console."""

    shell: Shell
    composing: Composing
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        shown = works_at_a_desk(self.composing.desk)
        nav = Nav(area=Area.DOCUMENTS, place=30, vi="Soạn văn bản", en="Write", icon="pen", shown=shown)
        write = Permission.CORRESPOND
        yield Route(method="GET", path="/drafts", act=self.show_list, may=write, nav=nav)
        yield Route(method="POST", path="/drafts", act=self.begin, may=write)
        yield Route(method="GET", path="/drafts/{id}", act=self.show, may=write)
        yield Route(method="POST", path="/drafts/{id}", act=self.save, may=write, streams=True)
        yield Route(method="POST", path="/drafts/{id}/discard", act=self.discard, may=write)
        yield Route(method="GET", path="/drafts/{id}/send", act=self.preview, may=write)
        yield Route(method="POST", path="/drafts/{id}/send", act=self.send, may=write)

    async def show_list(self, request: web.Request) -> web.StreamResponse:
        """List what is being written, and let another letter begin."""
        user = visitor_of(request).user
        agencies = await self.composing.desk.agencies_of(user)
        if not agencies:
            return await show_no_desk(self.shell, request, self.composing.desk.directory)
        return await self.shell.render(
            request,
            "writing/list.html",
            agencies=agencies,
            drafts=await self.composing.list_drafts(user),
            name_of=partial(name_of, await self.composing.desk.directory.current()),
        )

    async def begin(self, request: web.Request) -> web.StreamResponse:
        """Begin a letter."""
        agency, at = agency_from(await form_of(request)), self.clock()
        letter = await self.composing.new_letter(agency, at=at)
        draft_id = await self.composing.begin(agency, letter, by=visitor_of(request).user, at=at)
        return self.shell.redirect(request, f"/drafts/{draft_id}")

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the form."""
        draft = await self._find(request)
        if draft.package_id is not None:
            return await self._go_to_sent(request, draft)
        if draft.sending_at is not None:
            return self.shell.redirect(request, f"/drafts/{draft.id}/send")
        faults: tuple[Fault, ...] = ()
        if "check" in request.query:
            try:
                await self.composing.check(draft, at=self.clock())
            except Refusal as refusal:
                faults = refusal.faults
        return await self._show(request, draft, faults)

    async def save(self, request: web.Request) -> web.StreamResponse:
        """Keep what was filled in and attached, then go where the pressed button leads."""
        draft, user = await self._find(request), visitor_of(request).user

        async def attach(name: str, chunks: AsyncIterator[bytes]) -> None:
            await self.composing.attach(draft.id, name, chunks, by=user, at=self.clock())

        form, faults = await read_letter_form(request, attach)
        await self.composing.save(draft.id, letter_of(form, draft.letter), by=user, at=self.clock())
        for file_id in removed_files(form):
            await self.composing.detach(draft.id, FileId(file_id), by=user)
        if faults:
            return await self._show(request, await self._find(request), tuple(faults))
        if form.text("act") == "send":
            return self.shell.redirect(request, f"/drafts/{draft.id}/send")
        if _is_about_recipients(form):
            found = urlencode({"q": form.text("q")})
            return self.shell.redirect(request, f"/drafts/{draft.id}?{found}#recipients")
        return self.shell.redirect(
            request, f"/drafts/{draft.id}", Message(vi="Đã lưu bản thảo.", en="The draft is kept.")
        )

    async def discard(self, request: web.Request) -> web.StreamResponse:
        """Throw a draft away."""
        await self.composing.discard(_id_of(request), by=visitor_of(request).user)
        return self.shell.redirect(
            request, "/drafts", Message(vi="Đã xóa bản thảo.", en="The draft is thrown away.")
        )

    async def preview(self, request: web.Request) -> web.StreamResponse:
        """Show what will be sent, to whom, and what then happens."""
        draft = await self._find(request)
        if draft.package_id is not None:
            return await self._go_to_sent(request, draft)
        try:
            envelope = await self.composing.check(draft, at=self.clock())
        except Refusal:
            return self.shell.redirect(request, f"/drafts/{draft.id}?check=1")
        directory = await self.composing.desk.directory.current()
        return await self.shell.render(
            request,
            "writing/preview.html",
            draft=draft,
            envelope=envelope,
            on_this_node={
                code for code in draft.letter.recipients if directory.has_mailbox(directory.successor(code))
            },
            name_of=partial(name_of, directory),
        )

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send it. Pressed twice, reloaded or gone back to, it is sent once."""
        user = visitor_of(request).user
        try:
            promise = await self.composing.send(_id_of(request), by=user, at=self.clock())
        except Refusal as refusal:
            if refusal.code in ("not-found", "not-allowed"):
                raise
            return await self._show(request, await self._find(request), refusal.faults)
        if promise is not None:
            self.shell.leave_message(
                visitor_of(request), Message(vi="Văn bản đã được gửi.", en="The document was sent.")
            )
        return await self._go_to_sent(request, await self._find(request))

    async def _find(self, request: web.Request) -> Draft:
        return await self.composing.find(_id_of(request), by=_user_of(request))

    async def _go_to_sent(self, request: web.Request, draft: Draft) -> web.Response:
        thread = await find_thread(self.composing.desk.database, draft.package_id or "")
        return self.shell.redirect(request, f"/sent/{thread.id if thread else ''}")

    async def _show(self, request: web.Request, draft: Draft, faults: tuple[Fault, ...] = ()) -> web.Response:
        wanted = request.query.get("q", "")[:200]
        found = await self.composing.search_recipients(wanted) if wanted else []
        database = self.composing.desk.database
        about: ThreadId | None = draft.letter.amends or draft.letter.answers
        return await self.shell.render(
            request,
            "writing/form.html",
            status=422 if faults and request.method == "POST" else 200,
            draft=draft,
            letter=draft.letter,
            about=None if about is None else await find_thread(database, about),
            type_names=TYPE_NAMES,
            wanted=wanted,
            found=[agency for agency in found if agency.code not in draft.letter.recipients],
            faults=faults,
            limits=self.composing.folder,
            name_of=partial(name_of, await self.composing.desk.directory.current()),
        )


def _id_of(request: web.Request) -> DraftId:
    return DraftId(request.match_info["id"])


def _is_about_recipients(form: Form) -> bool:
    """Tell whether what was pressed searches, adds or removes; Enter does after something new to look for."""
    if form.all("remove") or form.text("act") in ("search", "add"):
        return True
    return form.text("act") == "enter" and form.text("q") not in ("", form.text("searched"))


def _user_of(request: web.Request) -> User:
    return visitor_of(request).user
