"""The form by which somebody gives an agency something to do: what no document gives it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from aiohttp import web

from gateway.errors import Fault, Refusal
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.duties import LONGEST, Duties, Given, check_given
from gateway.model.agency import Agency
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import Obligation, ObligationKind, Standing
from gateway.model.people import Permission
from gateway.web.console.agency_field import agencies_to_offer, find_one
from gateway.web.console.forms import Form, chosen, day_in, form_of
from gateway.web.console.obligation_lines import KINDS
from gateway.web.console.route import Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.visitor import Visitor, visitor_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Giving:
    """The form, and what is done with it."""

    shell: Shell
    directory: Directory
    duties: Duties
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        assign = Permission.ASSIGN
        yield Route(method="GET", path="/obligations/new", act=self.ask, may=assign)
        yield Route(method="POST", path="/obligations/new", act=self.give, may=assign)

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """Show the form."""
        return await self._ask(request, Form(), ())

    async def give(self, request: web.Request) -> web.StreamResponse:
        """Give it, or show the form again with all that is wrong."""
        visitor, form = visitor_of(request), await form_of(request)
        given, faults = await self._read(form, visitor)
        if not faults:
            try:
                written = await self.duties.give(given, by=visitor.user.login)
            except Refusal as refusal:
                faults = [*refusal.faults]
            else:
                return self.shell.redirect(request, f"/obligations/{written.id}", _said(written))
        return await self._ask(request, form, faults)

    async def _ask(self, request: web.Request, form: Form, faults: Sequence[Fault]) -> web.StreamResponse:
        visitor, directory = visitor_of(request), await self.directory.current()
        return await self.shell.render(
            request,
            "obligations/new.html",
            status=422 if faults else 200,
            form=form,
            faults=faults,
            kinds=KINDS,
            longest=LONGEST,
            today=local_day(self.clock()),
            own_agencies=agencies_to_offer(directory, visitor.user.agencies),
            some_agencies=agencies_to_offer(directory),
        )

    async def _read(self, form: Form, visitor: Visitor) -> tuple[Given, list[Fault]]:
        """Read what is to be given, and gather what is wrong with it."""
        directory, today = await self.directory.current(), local_day(self.clock())
        agency = await find_one(form.text("agency"), directory, where="agency", only=visitor.user.agencies)
        giver = await self._giver(form, directory)
        assigned_on, due_on = day_in(form, "assigned_on"), day_in(form, "due_on")
        faults = [each for each in (agency, giver, assigned_on, due_on) if isinstance(each, Fault)]
        given = Given(
            kind=chosen(form, "kind", ObligationKind, default=ObligationKind.TASK),
            agency=agency.code if isinstance(agency, Agency) else AgencyCode(""),
            reference=form.text("reference"),
            subject=form.text("subject"),
            assigned_by=giver.code if isinstance(giver, Agency) else None,
            assigned_on=assigned_on if isinstance(assigned_on, date) else None,
            due_on=due_on if isinstance(due_on, date) else None,
        )
        try:
            check_given(given, today=today)
        except Refusal as refusal:
            faults += refusal.faults
        return given, faults

    async def _giver(self, form: Form, directory: Snapshot) -> Agency | Fault | None:
        typed = form.text("assigned_by")
        return await find_one(typed, directory, where="assigned_by") if typed else None


def _said(written: Obligation) -> Message:
    """Say what came of it: given twice it is there once, perhaps ended since."""
    if written.standing is Standing.OPEN:
        return Message(vi="Đã giao việc.", en="It is given.")
    return Message(vi="Việc này đã có từ trước.", en="It has been there before.", tone="warn")
