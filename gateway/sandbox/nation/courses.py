"""How an obligation begins, goes on and ends, so that it comes out as it shall by the last day.

Everything is chosen by chance but the outcome. Days count: in time is what ends by the day it is due.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, auto
from random import Random

from gateway.model.code_lists import StatusCode
from gateway.model.obligation import ObligationKind
from gateway.sandbox.agencies import Member
from gateway.sandbox.nation.drafting import OFFICIAL_LETTER, Draft, Pad

APPLICATION_TYPES = {
    ObligationKind.DOSSIER: "MCDT_DT",
    ObligationKind.PETITION: "DON_THU",
    ObligationKind.FIELD_REPORT: "PAHT",
}
REPORT, TRANSFER_SLIP, GUIDANCE = "Báo cáo", "Phiếu chuyển", "Hướng dẫn"
ORDER, REPORT_ON_ORDER = 1, 2

_SUBJECTS = {
    ObligationKind.TASK: "Giao nhiệm vụ thực hiện kết luận của lãnh đạo",
    ObligationKind.DOSSIER: "Hồ sơ thủ tục hành chính",
    ObligationKind.PETITION: "Đơn của công dân",
    ObligationKind.FIELD_REPORT: "Phản ánh hiện trường của người dân",
}
_STEPS = (StatusCode.RECEIVED, StatusCode.ASSIGNED, StatusCode.PROCESSING)
# How long things take, in moments of the timetable, and how much room a day due leaves, in days.
_LONGEST = 60
_ROOM = 20
_DAY = timedelta(days=1)
# Three things may come between, each so often; of the many dossiers most are only finished.
_CHANCE = 0.08
_QUIET = {APPLICATION_TYPES[ObligationKind.DOSSIER]: 0.85}


class Outcome(Enum):
    """What shall become of an obligation by the last day."""

    DONE_IN_TIME = auto()
    DONE_LATE = auto()
    OPEN_IN_TIME = auto()
    OPEN_OVERDUE = auto()
    PASSED_ON = auto()
    GUIDED = auto()
    DECLINED = auto()
    RECALLED = auto()

    @property
    def ends(self) -> bool:
        """Tell whether it is over by the last day."""
        return self not in (Outcome.OPEN_IN_TIME, Outcome.OPEN_OVERDUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """From when to when, in moments, and the day it is due. end is None for what is open."""

    start: int
    end: int | None
    due_on: date


@dataclass(slots=True, kw_only=True)
class Courses:
    """Plans obligations, one by one."""

    pad: Pad
    rng: Random
    _codes_count: int = 0

    def owe(self, kind: ObligationKind, assigner: Member, agency: Member, outcome: Outcome) -> None:
        """Plan an obligation of an agency to another."""
        course = self._choose(outcome, left=int(outcome is Outcome.RECALLED))
        self._go_on(self._assign(kind, assigner, (agency,), course), course, outcome)

    def owe_several(self, assigner: Member, agency: Member, outcome: Outcome, *, codes_count: int) -> None:
        """Plan a document with several tasks by their codes; each is reported on, by its code."""
        course = self._choose(outcome)
        draft = self._assign(ObligationKind.TASK, assigner, (agency,), course)
        draft.task_codes = tuple(self._new_code() for _ in range(codes_count))
        self._progress(draft, agency, course.end)
        if course.end is not None:
            for code in draft.task_codes:
                self._report(draft, agency, course.end, code=code)

    def owe_together(self, assigner: Member, agencies: Sequence[Member]) -> None:
        """Plan one task for several agencies, each of which comes out of it as it pleases."""
        course = self._choose(Outcome.OPEN_IN_TIME if self.rng.random() < 0.5 else Outcome.DONE_IN_TIME)
        draft = self._assign(ObligationKind.TASK, assigner, agencies, course)
        for agency in agencies:
            end = self._inside(course.start, self.pad.timetable.count, 1)
            self._progress(draft, agency, end[0] if end else None)
            if end:
                self._finish(draft, agency, end[0])

    def pass_on(self, assigner: Member, agency: Member, other: Member, outcome: Outcome) -> None:
        """Plan a petition that its agency passes on to another, which owes it from then on.

        Shape: outcome is the other's: done or open, in time.
        """
        course = self._choose(Outcome.PASSED_ON, left=1)
        petition = self._assign(ObligationKind.PETITION, assigner, (agency,), course)
        self._progress(petition, agency, course.end)
        follow = self._choose(outcome, start=course.end)
        slip = self._assign(ObligationKind.PETITION, agency, (other,), follow)
        slip.type_name, slip.subject, slip.answers = TRANSFER_SLIP, "Chuyển đơn của công dân", petition
        self._go_on(slip, follow, outcome)

    def guide(self, assigner: Member, agency: Member) -> None:
        """Plan a petition whose sender is guided to whoever is competent."""
        course = self._choose(Outcome.GUIDED)
        petition = self._assign(ObligationKind.PETITION, assigner, (agency,), course)
        self._progress(petition, agency, course.end)
        assert course.end is not None  # noqa: S101 - it ends by the guidance
        self.pad.send(
            Draft(
                sender=agency,
                recipients=(assigner,),
                moment=course.end,
                type_name=GUIDANCE,
                subject="Hướng dẫn công dân gửi đơn đến cơ quan có thẩm quyền",
                answers=petition,
            )
        )

    def _assign(
        self, kind: ObligationKind, assigner: Member, agencies: Sequence[Member], course: Course
    ) -> Draft:
        return self.pad.send(
            Draft(
                sender=assigner,
                recipients=tuple(agencies),
                moment=course.start,
                subject=_SUBJECTS[kind],
                due_on=course.due_on,
                steering=ORDER if kind is ObligationKind.TASK else 0,
                application_type=APPLICATION_TYPES.get(kind),
            )
        )

    def _go_on(self, draft: Draft, course: Course, outcome: Outcome) -> None:
        """Let a single recipient's obligation take its course."""
        (agency,) = draft.recipients
        if outcome is Outcome.DECLINED and course.end is not None:
            self.pad.say(draft, agency, StatusCode.DECLINED, course.end)
        elif outcome is Outcome.RECALLED and course.end is not None:
            self.pad.recall(draft, course.end)
            self.pad.say(draft, agency, StatusCode.CHANGE_ACCEPTED, course.end + 1)
        else:
            self._meet_chance(draft, agency, course, outcome)
            if course.end is not None:
                self._finish(draft, agency, course.end)

    def _meet_chance(self, draft: Draft, agency: Member, course: Course, outcome: Outcome) -> None:
        """Let something come between, now and then: more time, a recall that is declined, a second start."""
        if self.rng.random() < _QUIET.get(draft.application_type or "", 0):
            return
        two = self._inside(course.start, self._behind(course.end), 2)
        chance = self.rng.random()
        if not two or chance >= 3 * _CHANCE:
            self._progress(draft, agency, course.end)
        elif chance < _CHANCE:
            self._extend(draft, agency, course, two, outcome)
        elif chance < 2 * _CHANCE:
            self.pad.recall(draft, two[0])
            self.pad.say(draft, agency, StatusCode.CHANGE_DECLINED, two[1])
        else:
            self.pad.say(draft, agency, StatusCode.COMPLETED, two[0])
            self.pad.say(draft, agency, StatusCode.PROCESSING, two[1])

    def _extend(
        self, draft: Draft, agency: Member, course: Course, two: Sequence[int], outcome: Outcome
    ) -> None:
        """Give more time; without it what is in time would have been late."""
        begun_on = self.pad.timetable.day(course.start)
        last = self.pad.timetable.last if course.end is None else self.pad.timetable.day(course.end)
        late = outcome in (Outcome.DONE_LATE, Outcome.OPEN_OVERDUE)
        draft.due_on = self._between(begun_on, course.due_on if late else max(begun_on, last - _DAY))
        self.pad.update(draft, two[0], due_on=course.due_on)
        self.pad.say(draft, agency, StatusCode.CHANGE_ACCEPTED, two[1])

    def _progress(self, draft: Draft, agency: Member, end: int | None) -> None:
        """Say how work goes on: received at least, if there is time for it."""
        steps = self._inside(draft.moment, self._behind(end), self.rng.randint(1, len(_STEPS)))
        for moment, status in zip(steps, _STEPS, strict=False):
            self.pad.say(draft, agency, status, moment)

    def _finish(self, draft: Draft, agency: Member, moment: int) -> None:
        if draft.steering != ORDER or self.rng.random() < 0.5:
            self.pad.say(draft, agency, StatusCode.COMPLETED, moment)
        else:
            self._report(draft, agency, moment)

    def _report(self, draft: Draft, agency: Member, moment: int, *, code: str | None = None) -> None:
        """Report on a task: as a report, or as a letter that says it is about an order."""
        as_report = self.rng.random() < 0.5
        self.pad.send(
            Draft(
                sender=agency,
                recipients=(draft.sender,),
                moment=moment,
                type_name=REPORT if as_report else OFFICIAL_LETTER,
                subject="Báo cáo kết quả thực hiện nhiệm vụ",
                steering=0 if as_report and code is None else REPORT_ON_ORDER,
                task_codes=(code,) if code else (),
                answers=None if code else draft,
            )
        )

    def _new_code(self) -> str:
        self._codes_count += 1
        return f"NV-{self._codes_count:05d}"

    # -- when ------------------------------------------------------------------------------------------

    def _choose(self, outcome: Outcome, *, start: int | None = None, left: int = 0) -> Course:
        """Choose a course that comes out so. Shape: left is how many moments stay free behind its end."""
        times = self.pad.timetable
        late = outcome in (Outcome.DONE_LATE, Outcome.OPEN_OVERDUE)
        if start is None:
            # What comes late needs another day behind the one it is due on.
            latest = times.last_moment(times.days[-2]) if late else times.count - 1
            start = self.rng.randint(0, min(latest, times.count - 1 - (1 + left if outcome.ends else 0)))
        begun_on = times.day(start)
        if not outcome.ends:
            due_on = self._between(begun_on, times.last - _DAY) if late else self._later(times.last)
            return Course(start=start, end=None, due_on=due_on)
        first = times.last_moment(begun_on) + 1 if late else start + 1
        end = self.rng.randint(first, min(times.count - 1 - left, first + _LONGEST))
        due_on = self._between(begun_on, times.day(end) - _DAY) if late else self._later(times.day(end))
        return Course(start=start, end=end, due_on=due_on)

    def _behind(self, end: int | None) -> int:
        return self.pad.timetable.count if end is None else end

    def _inside(self, start: int, end: int, count: int) -> list[int]:
        """Choose so many moments between two, in order; none when there are not so many."""
        room = range(start + 1, end)
        return sorted(self.rng.sample(room, count)) if count <= len(room) else []

    def _between(self, first: date, last: date) -> date:
        return first + timedelta(days=self.rng.randint(0, (last - first).days))

    def _later(self, day: date) -> date:
        return day + timedelta(days=self.rng.randint(0, _ROOM))
