"""What programs give and end. Everything can be said twice: the second time finds what the first did."""

from dataclasses import dataclass

from aiohttp import web

from gateway.errors import Fault, Refusal
from gateway.exchange.duties import Duties, check_act
from gateway.exchange.duty_reading import PARTS, read_day, read_given
from gateway.exchange.facts import obligation_facts
from gateway.model.formats import local_day
from gateway.model.obligation import Act, Obligation, ObligationId
from gateway.model.text import one_line
from gateway.web.api.answers import answer
from gateway.web.api.door import TOKEN, Door, Reach, not_theirs
from gateway.web.api.questions import Question, read_words

ACTS = tuple(act for act in Act if act is not Act.OPEN)
_MEMBERS = ("on", "due_on", "reason")
# Who owes something does not spare himself what another gave him.
_FOR_THE_GIVER = frozenset({Act.EXTEND, Act.REOPEN, Act.CANCEL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Takes what programs say about obligations."""

    door: Door
    duties: Duties

    async def give(self, request: web.Request) -> web.StreamResponse:
        """Open an obligation, or find the one that was opened by the same words."""
        Question(request=request).settle()
        faults: list[Fault] = []
        words = await read_words(request, members=PARTS, faults=faults)
        reach = await self.door.reach(request[TOKEN], ())
        given, wrong = read_given(words, reach.directory, today=local_day(self.duties.clock()))
        broken = {fault.where for fault in faults}
        faults += [fault for fault in wrong if fault.where not in broken]
        if faults:
            raise Refusal("obligation-wrong", faults)
        if not reach.holds(given.agency):
            raise not_theirs(given.agency)
        held = await self.duties.give(given, by=request[TOKEN].name)
        return answer(obligation_facts(held), status=201, Location=f"{request.path}/{held.id}")

    async def move(self, request: web.Request) -> web.StreamResponse:
        """Extend, end or open an obligation again; said again, nothing more happens."""
        Question(request=request).settle()
        act, token = Act(request.match_info["act"]), request[TOKEN]
        faults: list[Fault] = []
        words = await read_words(request, members=_MEMBERS, faults=faults)
        on, due_on = (read_day(words.get(name, ""), name, faults) for name in ("on", "due_on"))
        reason, today = one_line(words.get("reason", "")), local_day(self.duties.clock())
        broken = {fault.where for fault in faults}
        wrong = check_act(act, reason, on=on, due_on=due_on, today=today)
        faults += [fault for fault in wrong if fault.where not in broken]
        if faults:
            raise Refusal("act-wrong", faults)
        reach = await self.door.reach(token, ())
        moved = await self.duties.move(
            ObligationId(request.match_info["id"]),
            act,
            by=token.name,
            on=on,
            due_on=due_on,
            reason=reason,
            allowed=lambda held: _may(reach, held, act),
            may_repeat=True,
        )
        return answer(obligation_facts(moved))


def _may(reach: Reach, held: Obligation, act: Act) -> bool:
    """Tell whether an obligation is within reach.

    Errors: Refusal ``not-permitted`` when it is, but the act is for whoever gave it.
    """
    if not reach.holds(held.agency):
        return False
    if act in _FOR_THE_GIVER and held.assigned_by is not None and not reach.holds(held.assigned_by):
        raise Refusal.because(
            "not-permitted",
            where="id",
            vi="Việc do cơ quan khác giao; chỉ cơ quan giao được gia hạn, mở lại hoặc hủy.",
            en="Another agency gave it; only that one extends, reopens or cancels it.",
        )
    return True
