"""One obligation: its life step by step, and what may be said of it next. Each act asks first."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from aiohttp import web

from gateway.errors import Fault, Refusal
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.duties import LONGEST, REASON_OWED, Duties
from gateway.exchange.lookup import scope_of
from gateway.model.formats import local_day, write_day
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import Act, Obligation, ObligationId, Step, acts_of
from gateway.model.people import Language, Permission
from gateway.model.thread import Thread
from gateway.store.database import Database
from gateway.store.obligations import load_obligation
from gateway.store.packages import StoredPackage, load_package
from gateway.store.threads import find_thread
from gateway.web.console.forms import Form, day_in, form_of
from gateway.web.console.obligation_lines import KINDS, may_move, own_codes, sees, tell_lines
from gateway.web.console.obligation_steps import ToldStep, tell_step
from gateway.web.console.route import Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.visitor import Visitor, visitor_of

# What a form may hold besides its reason: the day it counts for, and the new day by which it is due.
TAKES_DAY = frozenset({Act.FINISH, Act.PASS_ON, Act.GUIDE})
TAKES_DUE_DAY = frozenset({Act.EXTEND, Act.REOPEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An act that was refused: what was typed, to be shown again, and what is wrong with it."""

    act: Act
    form: Form
    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneObligation:
    """The page of an obligation."""

    shell: Shell
    database: Database
    directory: Directory
    duties: Duties
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        one = "/obligations/{id:[0-9a-f-]{1,64}}"
        acts = "|".join(act.value for act in Act if act is not Act.OPEN)
        yield Route(method="GET", path=one, act=self.show, may=None)
        yield Route(method="POST", path=f"{one}/{{act:{acts}}}", act=self.move, may=Permission.ASSIGN)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show it."""
        return await self._show(request, None)

    async def move(self, request: web.Request) -> web.StreamResponse:
        """Say what became of it, or that there is more time for it."""
        visitor, form, act = visitor_of(request), await form_of(request), Act(request.match_info["act"])
        own = own_codes(visitor, await self.directory.current())
        on, due_on = day_in(form, "on"), day_in(form, "due_on")
        if unreadable := [day for day in (on, due_on) if isinstance(day, Fault)]:
            return await self._show(request, Attempt(act=act, form=form, faults=unreadable))
        try:
            after = await self.duties.move(
                ObligationId(request.match_info["id"]),
                act,
                by=visitor.user.login,
                on=on if isinstance(on, date) else None,
                due_on=due_on if isinstance(due_on, date) else None,
                reason=form.text("reason"),
                allowed=lambda held: may_move(visitor, own, held),
            )
        except Refusal as refusal:
            if refusal.code == "obligation-unknown":
                raise web.HTTPNotFound from refusal
            return await self._show(request, Attempt(act=act, form=form, faults=refusal.faults))
        return self.shell.redirect(request, f"/obligations/{after.id}", _said(act, after))

    async def _show(self, request: web.Request, attempt: Attempt | None) -> web.StreamResponse:
        visitor, directory = visitor_of(request), await self.directory.current()
        obligation, steps = await self._load(request, directory)
        today, own = local_day(self.clock()), own_codes(visitor, directory)
        (line,) = tell_lines([obligation], directory, visitor, today)
        may = may_move(visitor, own, obligation)
        return await self.shell.render(
            request,
            "obligations/one.html",
            status=200 if attempt is None else 422,
            obligation=obligation,
            line=line,
            kind=KINDS[obligation.kind],
            thread=await self._thread(obligation),
            reads_thread=_reads(visitor, directory, obligation.agency, obligation.assigned_by),
            steps=[await self._tell(step, visitor, directory) for step in reversed(steps)],
            acts=acts_of(obligation) if may else [],
            only_reads=not may,
            attempt=attempt,
            owes_reason=REASON_OWED,
            takes_day=TAKES_DAY,
            takes_due_day=TAKES_DUE_DAY,
            longest=LONGEST["reason"],
            today=today,
        )

    async def _load(self, request: web.Request, directory: Snapshot) -> tuple[Obligation, list[Step]]:
        """Load what the address names; what is not the visitor's to see is not there."""
        found = await load_obligation(self.database, ObligationId(request.match_info["id"]))
        if found is None or not sees(own_codes(visitor_of(request), directory), found[0]):
            raise web.HTTPNotFound
        return found

    async def _thread(self, obligation: Obligation) -> Thread | None:
        return (
            None if obligation.thread_id is None else await find_thread(self.database, obligation.thread_id)
        )

    async def _tell(self, step: Step, visitor: Visitor, directory: Snapshot) -> ToldStep:
        package: StoredPackage | None = None
        if step.package_id is not None:
            package = await load_package(self.database, step.package_id)
        may_read = package is not None and _reads(visitor, directory, package.sender, *package.recipients)
        return tell_step(step, package, directory, may_read=may_read)


def _reads(visitor: Visitor, directory: Snapshot, *codes: AgencyCode | None) -> bool:
    """Tell whether a visitor reads the documents of one of some agencies."""
    scope = scope_of(visitor.user, directory)
    return visitor.may(Permission.READ) and (scope is None or any(code in scope for code in codes))


_SAID: dict[Act, tuple[str, str]] = {
    Act.EXTEND: ("Đã gia hạn đến {day_vi}.", "It is due on {day_en} now."),
    Act.FINISH: ("Đã ghi hoàn thành.", "It is finished."),
    Act.PASS_ON: ("Đã ghi chuyển nơi khác.", "It is passed on."),
    Act.GUIDE: ("Đã ghi hướng dẫn.", "Guidance is given."),
    Act.REOPEN: ("Đã mở lại.", "It is open again."),
    Act.CANCEL: ("Đã hủy.", "It is cancelled."),
}


def _said(act: Act, after: Obligation) -> Message:
    day = after.due_on or after.assigned_on
    days = {f"day_{language}": write_day(day, language) for language in Language}
    vi, en = (words.format(**days) for words in _SAID[act])
    return Message(vi=vi, en=en)
