"""What somebody should look at, grouped by cause, and what can be done about it. Each act asks first."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from aiohttp import web

from gateway.errors import Refusal
from gateway.exchange.asking_again import AskingAgain, Came
from gateway.exchange.desk import works_here
from gateway.exchange.directory import Directory
from gateway.exchange.intervention import AT_ONCE, Case, Intervention
from gateway.exchange.lateness import Lateness
from gateway.exchange.lookup import scope_of
from gateway.exchange.sensors import Thresholds
from gateway.model.identifiers import AgencyCode, DispatchId
from gateway.model.people import Permission, User, UserRole
from gateway.store import attention
from gateway.store.database import Database
from gateway.store.people import load_accounts
from gateway.web.console.documents import name_of
from gateway.web.console.forms import Form, form_of, query_of
from gateway.web.console.route import Area, Nav, Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.visitor import Visitor, visitor_of

LISTED_AT_MOST = 200
_OPERATORS_NAMED = 3
_NEWS = timedelta(days=30)
_ACTS = ("resend", "hasten", "cancel", "dismiss")
_DONE = {
    "resend": Message(vi="Đã gửi lại.", en="Sent again."),
    "hasten": Message(vi="Sẽ thử ngay.", en="It will be tried now."),
    "cancel": Message(vi="Đã hủy; bên gửi được báo.", en="Cancelled; the sender is told."),
    "dismiss": Message(vi="Đã để yên.", en="Left as it is."),
}
_CAME = {
    Came.TAKEN: Message(
        vi="Trục đã gửi lại và gói tin đã vào hộp thư.", en="It came again and is in the mailbox."
    ),
    Came.REFUSED_AGAIN: Message(
        vi="Trục đã gửi lại nhưng gói tin lại bị từ chối.",
        en="It came again and was refused again.",
        tone="bad",
    ),
    Came.NOT_OFFERED: Message(
        vi="Trục không còn đưa lại gói tin này; hãy đề nghị bên gửi gửi lại.",
        en="The axis does not offer it any more; ask its sender to send it again.",
        tone="warn",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """The page of troubles, and the operator's hand."""

    shell: Shell
    database: Database
    directory: Directory
    intervention: Intervention
    asking_again: AskingAgain | None
    thresholds: Thresholds
    lateness: Lateness
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        nav = Nav(
            area=Area.DOCUMENTS, place=40, vi="Cần xử lý", en="Attention", icon="alert", count=self._count
        )
        operate = Permission.OPERATE
        yield Route(method="GET", path="/attention", act=self.show, may=None, nav=nav)
        yield Route(method="GET", path="/attention/ask", act=self.ask, may=operate)
        yield Route(
            method="POST", path="/attention/{act:resend|hasten|cancel|dismiss}", act=self.act, may=operate
        )
        yield Route(method="POST", path="/attention/fetch", act=self.fetch, may=operate)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show everything that wants to be looked at."""
        visitor, now = visitor_of(request), self.clock()
        directory = await self.directory.current()
        codes = scope_of(visitor.user, directory)
        limit = LISTED_AT_MOST
        failed = await attention.list_failed(self.database, codes, limit=limit)
        return await self.shell.render(
            request,
            "attention/page.html",
            failed=failed,
            thresholds=self.thresholds,
            failed_count=await attention.count_failed(self.database, codes),
            waiting=await attention.list_waiting_long(
                self.database, codes, before=self.thresholds.stuck_before(now), limit=limit
            ),
            late=await self.lateness.look(codes, at=now),
            mailboxes=await attention.list_full_mailboxes(
                self.database, codes, before=self.thresholds.left_before(now)
            ),
            declined=await attention.list_declined(self.database, codes, since=now - _NEWS, limit=limit),
            unmatched=await attention.list_unmatched(self.database, codes, limit=limit),
            refused=await attention.list_refused_arrivals(self.database, codes, limit=limit),
            operators=await self._operators(codes) if failed and not visitor.may(Permission.OPERATE) else (),
            works_here=lambda code: works_here(code, directory),
            reads=visitor.may(Permission.READ),
            operates=visitor.may(Permission.OPERATE),
            asks=self.asking_again is not None and visitor.may(Permission.OPERATE),
            name_of=partial(name_of, directory),
        )

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """Say what will happen to what was chosen, and ask for a reason where one is owed."""
        form = query_of(request)
        return await self._ask(request, _act_of(form.text("act")), await self._chosen(request, form))

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Do it. Asked twice it is done once."""
        act, form = _act_of(request.match_info["act"]), await form_of(request)
        chosen = [DispatchId(one) for one in form.all("id")]
        user, reason, at = visitor_of(request).user, form.text("reason"), self.clock()
        try:
            await self._carry_out(act, chosen, user, reason, at)
        except Refusal as refusal:
            if refusal.code in ("no-such-dispatch", "not-allowed"):
                raise web.HTTPNotFound from refusal
            return await self._ask(request, act, chosen, refusal, reason)
        message = _DONE[act]
        if act == "resend" and user.may(Permission.READ):
            message = replace(message, leads_to=await self._place_to_watch(chosen, visitor_of(request)))
        return self.shell.redirect(request, "/attention", message)

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        """Ask the axis for a refused package anew."""
        if self.asking_again is None:
            raise web.HTTPNotFound
        form = await form_of(request)
        try:
            came = await self.asking_again.ask(
                form.text("far_id"),
                by=visitor_of(request).user,
                reason=form.text("reason"),
                at=self.clock(),
            )
        except Refusal as refusal:
            raise web.HTTPNotFound from refusal
        return self.shell.redirect(request, "/attention", _CAME[came])

    async def _place_to_watch(self, chosen: list[DispatchId], visitor: Visitor) -> str:
        """Name the page of the document that was sent again; of several, the list of what is on its way."""
        case = await self._find(chosen[0], visitor)
        if len(chosen) == 1 and case.package.thread_id is not None:
            return f"/documents/{case.package.thread_id}"
        return "/documents?state=waiting"

    async def _operators(self, codes: Collection[AgencyCode] | None) -> list[User]:
        """List who can send again what is some agencies'."""
        users = [one.user for one in await load_accounts(self.database) if one.disabled_at is None]
        operators = [user for user in users if user.role is UserRole.OPERATOR]
        return [one for one in operators if codes is None or any(map(one.sees, codes))][:_OPERATORS_NAMED]

    async def _carry_out(
        self, act: str, chosen: list[DispatchId], by: User, reason: str, at: datetime
    ) -> None:
        if act == "resend":
            await self.intervention.resend(chosen, by=by, reason=reason, at=at)
        elif act == "hasten":
            await self.intervention.hasten(chosen, by=by, at=at)
        elif act == "dismiss":
            await self.intervention.dismiss(chosen, by=by, reason=reason, at=at)
        else:
            for dispatch_id in chosen[:AT_ONCE]:
                await self.intervention.cancel(dispatch_id, by=by, reason=reason, at=at)

    async def _chosen(self, request: web.Request, form: Form) -> list[DispatchId]:
        if not form.ticked("all"):
            return [DispatchId(one) for one in form.all("id")]
        codes = await self._codes(visitor_of(request))
        return [each.id for each in await attention.list_failed(self.database, codes, limit=AT_ONCE)]

    async def _ask(
        self,
        request: web.Request,
        act: str,
        chosen: list[DispatchId],
        refusal: Refusal | None = None,
        reason: str = "",
    ) -> web.Response:
        if not chosen:
            message = Message(vi="Chưa chọn lượt chuyển nào.", en="Nothing was chosen.", tone="warn")
            return self.shell.redirect(request, "/attention", message)
        cases = [await self._find(one, visitor_of(request)) for one in chosen[:AT_ONCE]]
        return await self.shell.render(
            request,
            "attention/ask.html",
            status=200 if refusal is None else 422,
            act=act,
            cases=cases,
            owes_reason=act in ("cancel", "dismiss"),
            reason=reason,
            faults=() if refusal is None else refusal.faults,
            name_of=partial(name_of, await self.directory.current()),
        )

    async def _find(self, dispatch_id: DispatchId, visitor: Visitor) -> Case:
        try:
            return await self.intervention.find(dispatch_id, by=visitor.user)
        except Refusal as refusal:
            raise web.HTTPNotFound from refusal

    async def _codes(self, visitor: Visitor) -> frozenset[AgencyCode] | None:
        return scope_of(visitor.user, await self.directory.current())

    async def _count(self, visitor: Visitor) -> int:
        return await attention.count_failed(self.database, await self._codes(visitor))


def _act_of(text: str) -> str:
    if text not in _ACTS:
        raise web.HTTPNotFound
    return text
