"""The mailboxes of agencies without a DMS: what came, read and answered."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from aiohttp import web

from gateway.errors import Refusal
from gateway.exchange.composing import Composing
from gateway.exchange.correspondence import Correspondence, Opened
from gateway.exchange.enclosures import Enclosures
from gateway.model.code_lists import STATUS_NAMES, StatusCode
from gateway.model.formats import local_day
from gateway.model.identifiers import DispatchId, normalise_code
from gateway.model.package import Staff
from gateway.model.people import Permission
from gateway.store.incoming import Pile, count_unread
from gateway.store.threads import Answer, list_answers
from gateway.web.console.asked import asked_at_of
from gateway.web.console.desk_visitors import show_no_desk, works_at_a_desk
from gateway.web.console.documents import name_of
from gateway.web.console.forms import Form, form_of
from gateway.web.console.route import PREFIX, Area, Nav, Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.visitor import Visitor, visitor_of

ON_A_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailboxes:
    """Incoming documents of the agencies that work in the console."""

    shell: Shell
    correspondence: Correspondence
    composing: Composing
    enclosures: Enclosures
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        nav = Nav(
            area=Area.DOCUMENTS,
            place=20,
            vi="Hộp thư",
            en="Mailbox",
            icon="inbox",
            count=self._count,
            shown=works_at_a_desk(self.correspondence.desk),
        )
        read, write = Permission.READ, Permission.CORRESPOND
        yield Route(method="GET", path="/mailbox", act=self.show_list, may=read, nav=nav)
        yield Route(method="GET", path="/mailbox/{id}", act=self.show, may=read)
        yield Route(method="POST", path="/mailbox/{id}/answers/{code}", act=self.answer, may=write)
        yield Route(method="POST", path="/mailbox/{id}/reply", act=self.reply, may=write)

    async def show_list(self, request: web.Request) -> web.StreamResponse:
        """List an agency's documents: unread, in work or done."""
        user = visitor_of(request).user
        agencies = await self.correspondence.desk.agencies_of(user)
        if not agencies:
            return await show_no_desk(self.shell, request, self.correspondence.desk.directory)
        wanted = normalise_code(request.query.get("agency", ""))
        agency = next((each for each in agencies if each.code == wanted), agencies[0])
        pile = _pile_of(request.query.get("pile", ""))
        after = request.query.get("after") or None
        items = await self.correspondence.list_pile(
            agency.code, pile, by=user, after=DispatchId(after) if after else None, limit=ON_A_PAGE + 1
        )
        here = f"{PREFIX}/mailbox?agency={agency.code}&pile={pile}"
        database = self.correspondence.desk.database
        unread = {each.code: await count_unread(database, each.code) for each in agencies}
        return await self.shell.render(
            request,
            "mailbox/list.html",
            agencies=agencies,
            agency=agency,
            pile=pile,
            items=items[:ON_A_PAGE],
            first="" if after is None else here,
            more=f"{here}&after={items[ON_A_PAGE - 1].id}" if len(items) > ON_A_PAGE else "",
            unread=unread,
            today=local_day(self.clock()),
            name_of=partial(name_of, await self.correspondence.desk.directory.current()),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show one document, and open it for those who may answer."""
        return await self._show(request, await self._open(request))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Say for the agency what becomes of the document."""
        code, form = _status_of(request), await form_of(request)
        try:
            await self.correspondence.answer(
                _id_of(request),
                code,
                by=visitor_of(request).user,
                reason=form.text("reason"),
                staff=_staff_of(form),
                asked_at=asked_at_of(form, self.clock()),
                at=self.clock(),
            )
        except Refusal as refusal:
            if refusal.code == "not-found":
                raise
            opened = await self._open(request)
            return await self._show(request, opened, code=code, form=form, refusal=refusal)
        return self.shell.redirect(
            request,
            f"/mailbox/{_id_of(request)}",
            Message(vi=f"Đã gửi trả lời: {code.vi}.", en=f"Answer sent: {code.en}."),
        )

    async def reply(self, request: web.Request) -> web.StreamResponse:
        """Begin a letter that answers this document."""
        user = visitor_of(request).user
        opened = await self._open(request)
        agency, at = opened.incoming.recipient, self.clock()
        letter = replace(
            await self.composing.new_letter(agency, at=at),
            recipients=(opened.incoming.sender,),
            answers=opened.incoming.thread_id,
            subject=f"V/v trả lời văn bản số {opened.envelope.code}",
        )
        draft_id = await self.composing.begin(agency, letter, by=user, at=at)
        return self.shell.redirect(request, f"/drafts/{draft_id}")

    async def _open(self, request: web.Request) -> Opened:
        return await self.correspondence.open(_id_of(request), by=visitor_of(request).user, at=self.clock())

    async def _show(
        self,
        request: web.Request,
        opened: Opened,
        *,
        code: StatusCode | None = None,
        form: Form | None = None,
        refusal: Refusal | None = None,
    ) -> web.Response:
        directory = await self.correspondence.desk.directory.current()
        return await self.shell.render(
            request,
            "mailbox/letter.html",
            status=200 if refusal is None else 422,
            letter=opened.incoming,
            package=opened.package,
            envelope=opened.envelope,
            files=await self.enclosures.list_files(opened.package),
            may_answer=opened.may_answer,
            answers=await self._answers(opened),
            name_of=partial(name_of, directory),
            asked_at=self.clock().isoformat(),
            today=local_day(self.clock()),
            refused_code=code,
            refused_reason=form.text("reason") if form else "",
            faults=() if refusal is None else refusal.faults,
        )

    async def _answers(self, opened: Opened) -> list[Answer]:
        if opened.incoming.thread_id is None:
            return []
        said = await list_answers(self.correspondence.desk.database, opened.incoming.thread_id)
        return [answer for answer in said if answer.recipient == opened.incoming.recipient]

    async def _count(self, visitor: Visitor) -> int:
        return await self.correspondence.count_unread(visitor.user)


def _id_of(request: web.Request) -> DispatchId:
    return DispatchId(request.match_info["id"])


def _pile_of(text: str) -> Pile:
    return Pile(text) if text in set(Pile) else Pile.UNREAD


def _status_of(request: web.Request) -> StatusCode:
    code = request.match_info["code"]
    if code not in STATUS_NAMES:
        raise web.HTTPNotFound
    return StatusCode(code)


def _staff_of(form: Form) -> Staff | None:
    name, department = form.text("staff")[:100], form.text("department")[:100]
    return Staff(name=name or None, department=department or None) if name or department else None
