"""The plan of the nation: exact to the last document, the same for a seed, nothing a gateway would refuse."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cli.simulate import PRESET_NAMES
from gateway.errors import Refusal
from gateway.model.answer import may_say
from gateway.model.code_lists import Business, StatusCode
from gateway.model.formats import local_day
from gateway.model.identifiers import is_agency_code
from gateway.model.obligation import ObligationKind
from gateway.sandbox.nation.acts import Act, Merging, Plan, Saying, Sending
from gateway.sandbox.nation.cast import LARGEST_COUNT, cast_nation
from gateway.sandbox.nation.debts import Figure
from gateway.sandbox.nation.ledger import Ledger
from gateway.sandbox.nation.presets import PRESETS, Owed
from gateway.sandbox.nation.scenario import Scenario, divide
from gateway.sandbox.nation.timetable import Timetable
from gateway.sandbox.nation.traffic import TYPE_WEIGHTS
from gateway.sandbox.world import own_environment

LAST = date(2026, 11, 25)
YEAR = Scenario(dedicated_count=68, shared_count=27, last=LAST, days_count=365, seed=7)
WEEK = replace(YEAR, dedicated_count=4, shared_count=3, days_count=7)

scenarios = st.builds(
    Scenario,
    dedicated_count=st.integers(1, 6),
    shared_count=st.integers(2, 5),
    last=st.dates(date(2025, 1, 1), date(2027, 1, 1)),
    days_count=st.integers(11, 40),  # the longest Tết is nine days
    seed=st.integers(0, 2**32),
    preset=st.sampled_from(["", *PRESETS]),
    scale=st.sampled_from([0.001, 0.003]),
)


def owed_of(plan: Plan, kind: ObligationKind, ledger: Ledger | None = None) -> Owed:
    """What the plan's acts add up to, for the one agency that owes so much of a kind."""
    cast = plan.cast
    agency = cast.centre if kind is ObligationKind.DOSSIER else cast.office
    counts = (ledger or Ledger.of(plan)).debts.count(plan.last).get(agency.code, Counter())
    return Owed(**{name: counts[kind, Figure[name.upper()]] for name in Owed.__slots__})


@pytest.mark.parametrize(
    ("preset", "kind"),
    [
        ("tasks-149", ObligationKind.TASK),
        ("tasks-246", ObligationKind.TASK),
        ("petitions", ObligationKind.PETITION),
    ],
)
def test_a_preset_adds_up_to_what_was_published(preset: str, kind: ObligationKind) -> None:
    """149 tasks = 99 + 1 + 47 + 2, and so on: worked out from the acts, not from what was wanted."""
    assert owed_of(replace(YEAR, preset=preset).plan(), kind) == PRESETS[preset].owed[kind]


def test_a_year_of_documents_is_whole_to_the_last_one() -> None:
    """44,375 in and 13,769 out, of each named type so many, in the year in which they were published."""
    plan = replace(YEAR, preset="documents").plan()
    office = Ledger.of(plan).tallies[plan.cast.office.code]
    papers = PRESETS["documents"].papers
    assert papers is not None
    assert (office.arrived.total(), office.sent.total()) == (papers.arrived, papers.sent) == (44_375, 13_769)
    by_type: Counter[str] = Counter()
    for (type_name, _), count in office.sent.items():
        by_type[type_name] += count
    assert {name: by_type[name] for name in papers.sent_by_type} == papers.sent_by_type
    assert by_type.keys() == TYPE_WEIGHTS.keys()


def test_a_year_of_dossiers_is_whole_and_as_punctual_as_published() -> None:
    """52,398 dossiers, 50,788 resolved, 95.7 % of these in time; none is in the office's figures."""
    plan = replace(YEAR, preset="dossiers").plan()
    ledger = Ledger.of(plan)
    owed = owed_of(plan, ObligationKind.DOSSIER, ledger)
    resolved = owed.done_in_time + owed.done_late
    assert (owed.total, resolved) == (52_398, 50_788)
    assert round(owed.done_in_time / resolved * 100, 2) == 95.70
    office = ledger.tallies[plan.cast.office.code]
    assert (office.arrived.total(), office.sent.total()) == (1, 1)


def test_a_scaled_year_has_all_its_tasks_and_a_hundredth_of_its_bulk() -> None:
    """Tasks and petitions are few and stay as they are; documents and dossiers shrink."""
    plan = replace(YEAR, preset="office", scale=0.01).plan()
    assert owed_of(plan, ObligationKind.TASK) == PRESETS["office"].owed[ObligationKind.TASK]
    assert owed_of(plan, ObligationKind.PETITION) == PRESETS["office"].owed[ObligationKind.PETITION]
    assert owed_of(plan, ObligationKind.DOSSIER) == Owed(done_in_time=486, done_late=22, open_in_time=16)
    assert plan.documents_count < 0.02 * 111_000


def test_a_year_keeps_the_days_off_and_works_the_saturdays_made_up_for() -> None:
    """Nobody acts at Tết, everybody on 22/8 for 31/8; what is due does not ask whether there is work."""
    plan = YEAR.plan()
    acted = {local_day(act.at) for act in plan.acts}
    assert not acted & {date(2026, 2, day) for day in range(14, 23)} | acted & {date(2026, 8, 31)}
    assert acted >= {date(2026, 8, 22), date(2026, 1, 10), date(2026, 2, 13), date(2026, 2, 23)}
    due = {act.letter.due_on for act in plan.acts if isinstance(act, Sending)}
    assert due >= {date(2026, 2, 13), date(2026, 2, 22), date(2026, 2, 23), date(2026, 8, 22)}


def test_what_a_merged_agency_owed_is_its_successors() -> None:
    """Ended, given more time, taken back, kept and taken up again after the merger: no gateway is asked."""
    plan = replace(YEAR, preset="tasks-149").plan()
    (merger,) = (act for act in plan.acts if isinstance(act, Merging))
    counts = Ledger.of(plan).debts.count(plan.last)
    assert merger.agency.code not in counts
    owed = Ledger.of(replace(plan, acts=tuple(act for act in plan.acts if _concerns(act, merger)))).debts
    assert owed.count(plan.last)[merger.by.code] == {
        (ObligationKind.TASK, Figure.DONE_IN_TIME): 4,
        (ObligationKind.TASK, Figure.DONE_LATE): 2,
        (ObligationKind.TASK, Figure.OPEN_IN_TIME): 2,
        (ObligationKind.TASK, Figure.OPEN_OVERDUE): 1,
        (ObligationKind.TASK, Figure.CANCELLED): 1,
        (ObligationKind.PETITION, Figure.GUIDED): 1,
    }


def _concerns(act: Act, merger: Merging) -> bool:
    """Whether an act is about what was given to the agency that went, or answers it."""
    if isinstance(act, Merging):
        return True
    about = {recipient.code for recipient in act.letter.recipients}
    replied = {reply.organ for reply in act.letter.replies}
    return merger.agency.code in about or (act.by == merger.by and bool(replied))


def test_nobody_in_the_largest_nation_has_anothers_name_or_code() -> None:
    """The hub and the province that shares its gateway have codes of their own."""
    cast = cast_nation(dedicated_count=2 * LARGEST_COUNT, shared_count=LARGEST_COUNT)
    agencies = [*cast.members, cast.nodes[0].owner]
    for names in ([agency.code for agency in agencies], [agency.name for agency in agencies]):
        assert len(set(names)) == 3 * LARGEST_COUNT + 1
    assert all(is_agency_code(agency.code) for agency in agencies)


def test_the_command_line_offers_every_preset() -> None:
    """Its names stand there so that help needs to import nothing."""
    assert sorted(PRESET_NAMES) == sorted(PRESETS)


def test_there_are_29_types_of_documents() -> None:
    """NĐ 30/2020 names so many, and each has a notation of its own but the official and the public letter."""
    assert len(TYPE_WEIGHTS) == 29


def test_a_year_too_short_for_anything_to_be_late_is_refused() -> None:
    """A weekend has no working day, a weekend and a Monday have one."""
    for last in (date(2026, 11, 22), date(2026, 11, 23)):
        with pytest.raises(Refusal, match="time-too-short"):
            replace(WEEK, last=last, days_count=3).plan()


@settings(deadline=None, max_examples=40)
@given(scenarios)
def test_every_plan_holds_what_it_promises(scenario: Scenario) -> None:
    """Whatever is asked for: everybody sends and receives, on working days, and presets add up."""
    plan = scenario.plan()
    ledger = Ledger.of(plan)
    for member in plan.cast.members:
        tally = ledger.tallies[member.code]
        assert tally.sent
        assert tally.arrived
    days = set(Timetable(first=plan.first, last=plan.last).days)
    assert {local_day(act.at) for act in plan.acts} <= days
    assert [act.at for act in plan.acts] == sorted(act.at for act in plan.acts)
    if scenario.preset:
        for kind, owed in PRESETS[scenario.preset].scaled(scenario.scale).owed.items():
            assert owed_of(plan, kind) == owed


@settings(deadline=None, max_examples=40)
@given(scenarios)
def test_no_plan_asks_for_what_a_gateway_refuses(scenario: Scenario) -> None:
    """Nobody answers what has not come, or out of order, or two things about a document at a time."""
    plan = scenario.plan()
    said: dict[tuple[str, str], StatusCode] = {}
    changing: set[tuple[str, str]] = set()
    merged: dict[str, str] = {}
    for _, acts in plan.moments():
        touched: Counter[tuple[str, str]] = Counter()
        for act in acts:
            if isinstance(act, Merging):
                merged[act.by.code] = act.agency.code
                assert len(acts) == 1
                continue
            assert act.by.code not in merged.values()
            document = act.letter.document_id
            if isinstance(act, Saying):
                place = (document, act.by.code)
                if place not in said:  # who took an agency over speaks for it
                    place = (document, merged[act.by.code])
                assert may_say(said[place], act.status, change_pending=place in changing), (place, act.status)
                if act.status in (StatusCode.CHANGE_ACCEPTED, StatusCode.CHANGE_DECLINED):
                    changing.remove(place)
                else:
                    said[place] = act.status
                touched[place] += 1
                continue
            assert act.letter.day <= local_day(act.at)
            for recipient in act.letter.recipients:
                place = (document, recipient.code)
                touched[place] += 1
                if act.business in (Business.RECALL, Business.UPDATE) and place in said:
                    changing.add(place)
                said.setdefault(place, StatusCode.ARRIVED)
        assert set(touched.values()) <= {1}


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=5)
def test_the_same_seed_is_the_same_year(seed: int) -> None:
    """And another is another."""
    plan = replace(WEEK, seed=seed).plan()
    assert plan == replace(WEEK, seed=seed).plan()
    assert plan != replace(WEEK, seed=seed + 1).plan()


def test_a_seed_says_the_same_in_every_program() -> None:
    """Parts of a nation plan for themselves; nothing may hang on how a program orders its sets."""
    code = (
        "from datetime import date; from gateway.sandbox.nation.scenario import Scenario;"
        "print(Scenario(dedicated_count=4, shared_count=3, last=date(2026, 11, 25), days_count=7, seed=7)"
        ".plan().acts)"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=own_environment() | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


@given(st.integers(1, 5))
@settings(max_examples=5, deadline=None)
def test_parts_have_every_node_once_and_the_first_has_the_hub(parts_count: int) -> None:
    """However many programs there are, nobody is left out."""
    plan = WEEK.plan()
    parts = divide(plan, parts_count)
    assert parts[0][0] == plan.cast.nodes[0]
    assert sorted(node.folder for part in parts for node in part) == sorted(n.folder for n in plan.cast.nodes)
