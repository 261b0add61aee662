"""The year, planned: by a preset's figures or by chance, always the same for the same seed.

Pure: nothing here looks at a clock or at a node. Everybody sends and receives at least once.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from gateway.errors import Refusal
from gateway.model.obligation import ObligationKind
from gateway.sandbox.agencies import Member
from gateway.sandbox.nation.acts import Plan
from gateway.sandbox.nation.cast import Cast
from gateway.sandbox.nation.courses import Courses, Outcome
from gateway.sandbox.nation.drafting import OFFICIAL_LETTER, Pad
from gateway.sandbox.nation.landmarks import Landmarks
from gateway.sandbox.nation.presets import Owed, Papers, Preset
from gateway.sandbox.nation.timetable import Timetable
from gateway.sandbox.nation.traffic import TYPE_WEIGHTS, Traffic

# In a year by chance, for each agency and working day; around a preset's office much less goes on.
_DOCUMENTS = 0.4
_AROUND_THE_OFFICE = 0.02
_OBLIGATIONS = {
    ObligationKind.TASK: 0.02,
    ObligationKind.DOSSIER: 0.03,
    ObligationKind.PETITION: 0.01,
    ObligationKind.FIELD_REPORT: 0.005,
}
_OUTCOMES = {
    Outcome.DONE_IN_TIME: 60,
    Outcome.DONE_LATE: 8,
    Outcome.OPEN_IN_TIME: 20,
    Outcome.OPEN_OVERDUE: 5,
    Outcome.DECLINED: 4,
    Outcome.RECALLED: 3,
}
_KEPT = (Outcome.DONE_IN_TIME, Outcome.DONE_LATE, Outcome.OPEN_IN_TIME, Outcome.OPEN_OVERDUE)
# Of what a preset counts: how often a document has two tasks, and how many tasks are taken back besides.
_TWO_TASKS, _TAKEN_BACK_COUNT = 0.1, 3
_CHANGED = 0.01
# Citizens go to the commune first; the rest comes from other provinces.
_DOSSIERS_FROM_NEAR = 0.75


def plan_nation(
    cast: Cast, *, first: date, last: date, seed: int, preset: Preset | None = None, scale: float = 1.0
) -> Plan:
    """Plan what happens between two days, both included.

    Errors: Refusal ``time-too-short`` when there are no two working days in it.
    """
    timetable = Timetable(first=first, last=last)
    if len(timetable.days) < 2:
        raise Refusal.because(
            "time-too-short",
            vi="Khoảng thời gian phải có ít nhất hai ngày làm việc.",
            en="There must be two working days at least.",
        )
    rng, pad = Random(seed), Pad(timetable)  # noqa: S311 - the same year again for the same seed
    planner = _Planner(
        cast=cast,
        pad=pad,
        rng=rng,
        courses=Courses(pad=pad, rng=rng),
        traffic=Traffic(pad=pad, rng=rng),
        landmarks=Landmarks.of(cast, pad=pad),
    )
    planner.greet()
    planner.landmarks.plan()
    if preset is None:
        planner.plan_by_chance(scale)
    else:
        planner.plan_by(preset.scaled(scale))
    return Plan(cast=cast, first=first, last=last, acts=pad.fair_copy())


@dataclass(slots=True, kw_only=True)
class _Planner:
    cast: Cast
    pad: Pad
    rng: Random
    courses: Courses
    traffic: Traffic
    landmarks: Landmarks

    @property
    def members(self) -> tuple[Member, ...]:
        """Return everybody who is there to the end."""
        return tuple(member for member in self.cast.members if not self._leaves(member))

    def _leaves(self, member: Member) -> bool:
        merger = self.landmarks.merger
        return merger is not None and member == merger.agency

    def greet(self) -> None:
        """Let everybody write to the next."""
        members, merger = self.cast.members, self.landmarks.merger
        for sender, recipient in zip(members, members[1:] + members[:1], strict=True):
            before = merger.moment if merger and merger.agency in (sender, recipient) else None
            self.traffic.write(sender, [recipient], OFFICIAL_LETTER, may_decline=False, before=before)

    # -- by chance -------------------------------------------------------------------------------------

    def plan_by_chance(self, scale: float) -> None:
        """Plan a moderate year of everybody."""
        much = scale * len(self.pad.timetable.days) * len(self.cast.members)
        for _ in range(round(_DOCUMENTS * much)):
            self._correspond(self.members)
        for kind, often in _OBLIGATIONS.items():
            for _ in range(round(often * much)):
                self._owe_by_chance(kind)

    def _correspond(self, members: Sequence[Member]) -> None:
        """Plan one document between some, now and then with what comes after it."""
        sender, *others = self.rng.sample(members, min(len(members), self.rng.choice((2, 2, 2, 3, 4))))
        type_name, chance = self.traffic.any_type(), self.rng.random()
        if chance < 2 * _CHANGED:
            self.traffic.write_and_recall(sender, others, type_name)
        elif chance < 4 * _CHANGED and len(others) > 1:
            self.traffic.write_and_add(sender, others[0], others[1], type_name)
        elif chance < 6 * _CHANGED:
            self.traffic.write_and_replace(sender, others, type_name)
        else:
            self.traffic.write(sender, others, type_name)

    def _owe_by_chance(self, kind: ObligationKind) -> None:
        assigner, agency, other = self.rng.sample(self.members, 3)
        (outcome,) = self.rng.choices(list(_OUTCOMES), list(_OUTCOMES.values()))
        chance = self.rng.random()
        if kind is ObligationKind.PETITION and chance < 0.5:
            self._pass_on(assigner, agency)
        elif kind is ObligationKind.PETITION and chance < 0.7:
            self.courses.guide(assigner, agency)
        elif kind is ObligationKind.TASK and chance < 0.1:
            self.courses.owe_together(assigner, [agency, other])
        elif kind is ObligationKind.TASK and chance < 0.2 and outcome in _KEPT:
            self.courses.owe_several(assigner, agency, outcome, codes_count=self.rng.randint(2, 3))
        else:
            self.courses.owe(kind, assigner, agency, outcome)

    def _pass_on(self, assigner: Member, agency: Member) -> None:
        other = self._anybody_but(assigner, agency)
        outcome = Outcome.DONE_IN_TIME if self.rng.random() < 0.5 else Outcome.OPEN_IN_TIME
        self.courses.pass_on(assigner, agency, other, outcome)

    # -- by a preset -----------------------------------------------------------------------------------

    def plan_by(self, preset: Preset) -> None:
        """Plan what an office and its one-stop centre published; the others write to each other, too."""
        for kind, owed in preset.owed.items():
            self._owe(kind, owed)
        others = [member for member in self.members if member != self.cast.office]
        much = len(self.pad.timetable.days) * len(others)
        for _ in range(round(_AROUND_THE_OFFICE * much) if len(others) > 1 else 0):
            self._correspond(others)
        if preset.papers is not None:
            self._fill_up(preset.papers)

    def _owe(self, kind: ObligationKind, owed: Owed) -> None:
        agency = self.cast.centre if kind is ObligationKind.DOSSIER else self.cast.office
        for outcome, count in owed.by_outcome().items():
            left = count
            while left:
                left -= self._owe_some(kind, agency, outcome, left)
        if kind is ObligationKind.TASK:
            for _ in range(_TAKEN_BACK_COUNT):
                self._owe_some(kind, agency, Outcome.RECALLED, 1)

    def _owe_some(self, kind: ObligationKind, agency: Member, outcome: Outcome, left: int) -> int:
        """Plan one or two obligations that come out so; tell how many."""
        assigner = self._assigner(kind, agency)
        if outcome is Outcome.PASSED_ON:
            self._pass_on(assigner, agency)
        elif outcome is Outcome.GUIDED:
            self.courses.guide(assigner, agency)
        elif kind is ObligationKind.TASK and left > 1 and self.rng.random() < _TWO_TASKS:
            self.courses.owe_several(assigner, agency, outcome, codes_count=2)
            return 2
        else:
            self.courses.owe(kind, assigner, agency, outcome)
        return 1

    def _assigner(self, kind: ObligationKind, agency: Member) -> Member:
        if kind is not ObligationKind.DOSSIER:
            return self._anybody_but(agency)
        # Whatever the office sends is counted: it hands no dossiers in.
        is_near = len(self.cast.shared) > 2 and self.rng.random() < _DOSSIERS_FROM_NEAR
        among = self.cast.shared if is_near else self.cast.members
        return self._anybody_but(agency, self.cast.office, among=among)

    def _anybody_but(self, *left_out: Member, among: Sequence[Member] | None = None) -> Member:
        while (member := self.rng.choice(among or self.cast.members)) in left_out or self._leaves(member):
            pass
        return member

    def _fill_up(self, papers: Papers) -> None:
        """Write what is missing of the office's documents; what its tasks and petitions need is there."""
        office = self.cast.office
        arrived = sum(office in draft.recipients for draft in self.pad.drafts)
        for _ in range(papers.arrived - arrived):
            self._write(self._anybody_but(office), [office], self.traffic.any_type())
        for type_name in self._missing_types(papers):
            others = [member for member in self.members if member != office]
            recipients = self.rng.sample(others, min(len(others), self.rng.choice((1, 1, 1, 2, 3))))
            self._write(office, recipients, type_name)

    def _write(self, sender: Member, recipients: Sequence[Member], type_name: str) -> None:
        if self.rng.random() < _CHANGED:
            self.traffic.write_and_recall(sender, recipients, type_name)
        else:
            # The office turns nothing away: whether that counts as arrived is not everybody's opinion.
            self.traffic.write(sender, recipients, type_name, may_decline=self.cast.office not in recipients)

    def _missing_types(self, papers: Papers) -> Iterator[str]:
        sent = Counter(draft.type_name for draft in self.pad.drafts if draft.sender == self.cast.office)
        total = sum(sent.values())
        for type_name, wanted in papers.sent_by_type.items():
            missing = max(0, wanted - sent[type_name])
            total += missing
            yield from [type_name] * missing
        free = {name: weight for name, weight in TYPE_WEIGHTS.items() if name not in papers.sent_by_type}
        yield from self.rng.choices(list(free), list(free.values()), k=max(0, papers.sent - total))
