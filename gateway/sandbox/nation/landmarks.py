"""What every year has, whatever chance brings: what is due around days off, a worked Saturday, and a merger.

None of it touches the office or its one-stop centre, whose figures a preset reproduces.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from gateway.model.code_lists import StatusCode
from gateway.model.obligation import ObligationKind
from gateway.sandbox.agencies import Member
from gateway.sandbox.nation.cast import Cast
from gateway.sandbox.nation.courses import APPLICATION_TYPES, GUIDANCE, ORDER, REPORT
from gateway.sandbox.nation.drafting import Draft, Pad

_DAY = timedelta(days=1)
_FRIDAY = 4
# Below that there is nothing before and behind the middle.
_SHORTEST = 4
# Before the merger its agency is given all it will owe, behind it there is room for three acts in a row.
_ROOM = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Merger:
    """Which agency is merged into which. Shape: moment is the first one at which it is."""

    agency: Member
    into: Member
    moment: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmarks:
    """Plans them, as far as time and cast have room for them.

    Shape: assigner and agency take part in nothing that a preset counts; None where there are no such two.
    """

    pad: Pad
    merger: Merger | None
    pair: tuple[Member, Member] | None

    @classmethod
    def of(cls, cast: Cast, *, pad: Pad) -> "Landmarks":
        """Choose who takes part."""
        free = [member for member in cast.members if member not in (cast.office, cast.centre)]
        shared = [member for member in cast.shared[1:] if member in free]
        days, merger = pad.timetable.days, None
        # A gateway of one's own would have nothing left to do: it is two at the shared one that merge.
        if len(shared) > 1 and len(days) >= _SHORTEST:
            moment = pad.timetable.first_moment(days[len(days) // 2])
            merger = Merger(agency=shared[-1], into=shared[-2], moment=moment)
            free.remove(merger.agency)
        return cls(pad=pad, merger=merger, pair=(free[0], free[-1]) if len(free) > 1 else None)

    def plan(self) -> None:
        """Plan all of them."""
        if self.pair is None:
            return
        assigner, agency = self.pair
        for before, off, after in self._gaps():
            self._owe(assigner, agency, due_on=before, done_on=before)
            self._owe(assigner, agency, due_on=before, done_on=after)
            self._owe(assigner, agency, due_on=off, done_on=after)
            self._owe(assigner, agency, due_on=after, done_on=after)
        for day in self._worked_weekends():
            self._owe(assigner, agency, due_on=day - _DAY, done_on=day)
            self._owe(assigner, agency, due_on=day, done_on=day)
        if self.merger is not None:
            self._merge(assigner, self.merger)

    # -- days ------------------------------------------------------------------------------------------

    def _gaps(self) -> Iterator[tuple[date, date, date]]:
        """List where weekdays are off: the last day worked before, the last one off, the next worked."""
        for before, after in pairwise(self.pad.timetable.days):
            off = [before + number * _DAY for number in range(1, (after - before).days)]
            if any(day.weekday() <= _FRIDAY for day in off):
                yield before, off[-1], after

    def _worked_weekends(self) -> list[date]:
        return [day for day in self.pad.timetable.days[1:] if day.weekday() > _FRIDAY]

    def _owe(self, assigner: Member, agency: Member, *, due_on: date, done_on: date) -> None:
        """Plan a task that is given before its day and reported on, or said to be done, on another."""
        times = self.pad.timetable
        end = times.last_moment(done_on)
        start = max(0, min(times.last_moment(due_on), end) - 2 * _ROOM)
        if start < end:
            self.pad.say(self._task(assigner, (agency,), start, due_on), agency, StatusCode.COMPLETED, end)

    def _task(self, assigner: Member, agencies: tuple[Member, ...], moment: int, due_on: date) -> Draft:
        return self.pad.send(
            Draft(
                sender=assigner,
                recipients=agencies,
                moment=moment,
                subject="Giao nhiệm vụ có thời hạn",
                due_on=due_on,
                steering=ORDER,
            )
        )

    # -- the merger ------------------------------------------------------------------------------------

    def _merge(self, assigner: Member, merger: Merger) -> None:
        """Plan the merger, and what was owed and is ended, extended, recalled, taken up again behind it."""
        say, moment, last = self.pad.say, merger.moment, self.pad.timetable.last
        first, eve = self.pad.timetable.first, self.pad.timetable.day(moment) - _DAY
        gone, heir = merger.agency, merger.into
        self.pad.merge(gone, heir, moment)

        def given(due_on: date, *agencies: Member) -> Draft:
            return self._task(assigner, agencies or (gone,), max(0, moment - 2 * _ROOM), due_on)

        say(given(last), gone, StatusCode.COMPLETED, moment - 1)
        say(given(last), heir, StatusCode.COMPLETED, moment)
        self._report(given(eve), heir, moment + 1)
        self.pad.update(given(first), moment, due_on=last + _DAY)
        agreed, declined = given(last), given(eve)
        for recalled in (agreed, declined):
            self.pad.recall(recalled, moment)
        say(agreed, heir, StatusCode.CHANGE_ACCEPTED, moment + 1)
        say(declined, heir, StatusCode.CHANGE_DECLINED, moment + 1)
        resumed = given(eve)
        say(resumed, gone, StatusCode.COMPLETED, moment - 1)
        say(resumed, heir, StatusCode.PROCESSING, moment)
        say(resumed, heir, StatusCode.COMPLETED, moment + 1)
        say(given(last, gone, heir), heir, StatusCode.COMPLETED, moment)
        given(last)
        self._guide(assigner, merger)
        written = self.pad.send(Draft(sender=gone, recipients=(assigner,), moment=moment - 2))
        say(written, assigner, StatusCode.RECEIVED, moment + 1)

    def _report(self, task: Draft, by: Member, moment: int) -> None:
        self.pad.send(
            Draft(sender=by, recipients=(task.sender,), moment=moment, type_name=REPORT, answers=task)
        )

    def _guide(self, assigner: Member, merger: Merger) -> None:
        """Plan a petition whose sender the successor guides."""
        petition = Draft(
            sender=assigner,
            recipients=(merger.agency,),
            moment=merger.moment - 2,
            subject="Đơn của công dân",
            due_on=self.pad.timetable.last,
            application_type=APPLICATION_TYPES[ObligationKind.PETITION],
        )
        self.pad.send(petition)
        self.pad.send(
            Draft(
                sender=merger.into,
                recipients=(assigner,),
                moment=merger.moment + 1,
                type_name=GUIDANCE,
                answers=petition,
            )
        )
