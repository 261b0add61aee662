"""What an agency at the console sent: who has it, what they answered; recall, update, replace."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from aiohttp import web

from gateway.errors import Refusal
from gateway.exchange.dossier import Dossier, load_dossier
from gateway.exchange.enclosures import Enclosures
from gateway.exchange.outgoing import Outgoing
from gateway.model.code_lists import Business
from gateway.model.dispatch import Destination, State
from gateway.model.identifiers import ThreadId
from gateway.model.log import LogKind
from gateway.model.people import Permission
from gateway.model.thread import RecipientState
from gateway.store.audit_log import fetch_receipt
from gateway.store.mailboxes import SentItem
from gateway.web.console.asked import asked_at_of
from gateway.web.console.desk_visitors import show_no_desk, works_at_a_desk
from gateway.web.console.documents import name_of, worst_first
from gateway.web.console.forms import Form, form_of
from gateway.web.console.route import PREFIX, Area, Nav, Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.versions import list_versions
from gateway.web.console.visitor import visitor_of

ON_A_PAGE = 50
_AMENDING = {"update": Business.UPDATE, "replace": Business.REPLACE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How far the document came with one of its recipients.

    Shape: cause says why it came no further; lies_here means in the mailbox of a system that has not
    collected it, whatever the gateway has said of its arrival.
    """

    state: RecipientState
    dispatch: SentItem | None
    cause: tuple[str, str] | None
    lies_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SentDocuments:
    """Outgoing documents of the agencies that work in the console."""

    shell: Shell
    outgoing: Outgoing
    enclosures: Enclosures
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        shown = works_at_a_desk(self.outgoing.desk)
        nav = Nav(area=Area.DOCUMENTS, place=35, vi="Văn bản đã gửi", en="Sent", icon="out", shown=shown)
        write = Permission.CORRESPOND
        yield Route(method="GET", path="/sent", act=self.show_list, may=write, nav=nav)
        yield Route(method="GET", path="/sent/{id}", act=self.show, may=write)
        yield Route(method="GET", path="/sent/{id}/receipt", act=self.give_receipt, may=write)
        yield Route(method="POST", path="/sent/{id}/recall", act=self.recall, may=write)
        yield Route(method="POST", path="/sent/{id}/{change:update|replace}", act=self.amend, may=write)

    async def show_list(self, request: web.Request) -> web.StreamResponse:
        """List the newest first."""
        user = visitor_of(request).user
        agencies = await self.outgoing.desk.agencies_of(user)
        if not agencies:
            return await show_no_desk(self.shell, request, self.outgoing.desk.directory)
        after = request.query.get("after") or None
        page = await self.outgoing.list_sent(user, after=ThreadId(after) if after else None, limit=ON_A_PAGE)
        return await self.shell.render(
            request,
            "sent/list.html",
            agencies=agencies,
            page=page,
            worst_first=worst_first,
            newest="" if after is None else f"{PREFIX}/sent",
            older="" if page.following is None else f"{PREFIX}/sent?after={page.following}",
            name_of=partial(name_of, await self.outgoing.desk.directory.current()),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show one, with every recipient's answer."""
        return await self._show(request)

    async def give_receipt(self, request: web.Request) -> web.StreamResponse:
        """Give out the signed receipt of its acceptance."""
        sent = await self.outgoing.find_sent(_id_of(request), by=visitor_of(request).user)
        receipt = await fetch_receipt(self.outgoing.desk.database, sent.package.id, LogKind.ACCEPTED)
        name = f"bien-nhan-{sent.package.id}.json"
        return web.Response(
            body=receipt or b"",
            content_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    async def recall(self, request: web.Request) -> web.StreamResponse:
        """Take it back from everybody who has it."""
        form = await form_of(request)
        try:
            await self.outgoing.recall(
                _id_of(request),
                by=visitor_of(request).user,
                reason=form.text("reason"),
                asked_at=asked_at_of(form, self.clock()),
                at=self.clock(),
            )
        except Refusal as refusal:
            if refusal.code == "not-found":
                raise
            return await self._show(request, form, refusal)
        return self.shell.redirect(
            request,
            f"/sent/{_id_of(request)}",
            Message(
                vi="Đã gửi yêu cầu thu hồi; các nơi nhận sẽ trả lời đồng ý hay từ chối.",
                en="The recall was sent; the recipients will agree or decline.",
            ),
        )

    async def amend(self, request: web.Request) -> web.StreamResponse:
        """Begin an update or a replacement."""
        business = _AMENDING[request.match_info["change"]]
        draft_id = await self.outgoing.begin_amending(
            _id_of(request), business, by=visitor_of(request).user, at=self.clock()
        )
        return self.shell.redirect(request, f"/drafts/{draft_id}")

    async def _show(
        self, request: web.Request, form: Form | None = None, refusal: Refusal | None = None
    ) -> web.Response:
        sent = await self.outgoing.find_sent(_id_of(request), by=visitor_of(request).user)
        directory = await self.outgoing.desk.directory.current()
        dossier = await load_dossier(self.outgoing.desk.database, sent.thread, directory)
        current, _ = await list_versions(dossier, self.enclosures)
        return await self.shell.render(
            request,
            "sent/document.html",
            status=200 if refusal is None else 422,
            sent=sent,
            deliveries=[_delivery(dossier, state) for state in sent.holders],
            current=current,
            answers=dossier.answers,
            name_of=partial(name_of, directory),
            asked_at=self.clock().isoformat(),
            reason=form.text("reason") if form else "",
            faults=() if refusal is None else refusal.faults,
        )


def _delivery(dossier: Dossier, state: RecipientState) -> Delivery:
    dispatch = dossier.dispatch_to(state.code)
    if dispatch is None:
        return Delivery(state=state, dispatch=None, cause=None, lies_here=False)
    lies_here = dispatch.destination is Destination.MAILBOX and dispatch.state is State.WAITING
    return Delivery(state=state, dispatch=dispatch, cause=dossier.cause_of(dispatch), lies_here=lies_here)


def _id_of(request: web.Request) -> ThreadId:
    return ThreadId(request.match_info["id"])
