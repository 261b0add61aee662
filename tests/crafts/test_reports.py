"""Reports put together from figures: every table adds up, and says what it does not know."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deadlines.counts import Account, Became, Counts, Period, Resolved
from gateway.deadlines.figures import Connections, Figures, Flow, Pace
from gateway.exchange.reports import Letterhead, type_table, write_report
from gateway.model.identifiers import AgencyCode
from gateway.model.report import Report, Table, Unit

CODES = [AgencyCode(f"000.00.{n:02}.H57") for n in range(5)]
some = st.integers(min_value=0, max_value=10_000)
counts = st.builds(Counts, done_in_time=some, done_late=some, open_in_time=some, open_overdue=some)
resolved = st.builds(
    Resolved, received=some, early=some, on_the_day=some, late=some, open_in_time=some, open_overdue=some
)
pair = st.tuples(some, some).map(lambda two: (min(two), max(two)))
flow = st.builds(
    Flow,
    outgoing=some,
    deliveries=some,
    incoming=some,
    declined=some,
    sent_in_time=pair,
    received_in_time=pair,
)


def by_agency(counted: st.SearchStrategy[object]) -> st.SearchStrategy[dict[AgencyCode, object]]:
    return st.dictionaries(st.sampled_from(CODES), counted, max_size=5)


@st.composite
def all_figures(draw: st.DrawFn) -> Figures:
    """Any figures; documents by type are the same as by agency, divided otherwise."""
    flows = draw(by_agency(flow))
    types = [("Công văn", False), ("", False), ("Nghị định", True), ("Kế hoạch", False), ("Thông tư", True)]
    return Figures(
        period=Period(first=date(2026, 1, 1), last=date(2026, 3, 31)),
        as_of=datetime(2026, 3, 31, 16, 59, tzinfo=UTC),
        tasks=draw(by_agency(st.builds(Account, assigned=counts, carried_over=counts))),  # type: ignore[arg-type]
        dossiers=draw(by_agency(resolved)),  # type: ignore[arg-type]
        petitions=draw(
            by_agency(st.builds(Became, resolved=some, passed_on=some, guided=some, open=some))  # type: ignore[arg-type]
        ),
        field_reports=draw(by_agency(resolved)),  # type: ignore[arg-type]
        by_type=dict(zip(types, flows.values(), strict=False)),  # type: ignore[arg-type]
        by_agency=flows,  # type: ignore[arg-type]
        pace=Pace(),
        connections=Connections(total=3, on_own_server=1, on_shared_server=1),
    )


def report_of(figures: Figures) -> Report:
    letterhead = Letterhead(issuer="UBND tỉnh Thử Nghiệm")
    return write_report(figures, letterhead, lambda code: f"Cơ quan {code}", made_on=date(2026, 4, 2))


def counted(table: Table) -> list[int]:
    return [n for n, column in enumerate(table.columns) if column.unit is Unit.COUNT]


@given(all_figures())
def test_every_column_of_counts_adds_up_to_its_total(figures: Figures) -> None:
    """In each table, whatever the figures; every row has a cell for each column."""
    for table in report_of(figures).tables:
        assert table.total is not None
        for row in (*table.rows, table.total):
            assert len(row) == len(table.columns)
        for n in counted(table):
            assert table.total[n] == sum(row[n] for row in table.rows), table.title  # type: ignore[misc]


@given(all_figures())
def test_what_a_count_is_made_of_adds_up_to_it(figures: Figures) -> None:
    """Across: the parts of a row are its sum, in every row and in the total."""
    tasks, dossiers, petitions, field_reports, *_ = report_of(figures).tables
    for row in (*tasks.rows, tasks.total or ()):
        assert row[1] == sum(row[2:6])  # type: ignore[arg-type]
        assert row[6] == sum(row[7:11])  # type: ignore[arg-type]
    for table in (dossiers, field_reports):
        for row in (*table.rows, table.total or ()):
            assert row[2] == sum(row[3:6])  # type: ignore[arg-type]
    for row in (*petitions.rows, petitions.total or ()):
        assert row[1] == sum(row[2:6])  # type: ignore[arg-type]


@given(all_figures())
def test_a_share_is_between_0_and_100_or_not_known(figures: Figures) -> None:
    """Of nothing there is none; an average of averages is never taken."""
    for table in report_of(figures).tables:
        shares = [n for n, column in enumerate(table.columns) if column.unit is Unit.SHARE]
        for row in (*table.rows, table.total or ()):
            for n in shares:
                share = row[n]
                assert share is None or (isinstance(share, Decimal) and 0 <= share <= 100)
        if table.title[1].startswith("Dossiers") and table.total is not None:
            assert (table.total[8] is None) == (table.total[2] == 0)


@given(all_figures())
def test_agencies_stand_in_the_order_of_their_names_once_each(figures: Figures) -> None:
    """Nobody twice, nobody out of order."""
    for table in report_of(figures).tables:
        names = [str(row[0]) for row in table.rows]
        assert len(set(names)) == len(names)
        if table.columns[0].title[1] == "Agency":
            assert names == sorted(names)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_report_about_one_agency_has_no_table_by_agency(count: int) -> None:
    """What would have one row says nothing that the others do not."""
    figures = figures_of(count)
    titles = [table.title[1] for table in report_of(figures).tables]
    assert ("Documents out and in by agency" in titles) == (count == 2)


def figures_of(count: int) -> Figures:
    flows = dict.fromkeys(CODES[:count], Flow(outgoing=2, deliveries=3))
    return Figures(
        period=Period(first=date(2026, 1, 1), last=date(2026, 3, 31)),
        as_of=datetime(2026, 3, 31, 16, 59, tzinfo=UTC),
        tasks={},
        dossiers={},
        petitions={},
        field_reports={},
        by_type={("Công văn", False): Flow(outgoing=2 * count, deliveries=3 * count)},
        by_agency=flows,
        pace=Pace(),
        connections=Connections(total=0, on_own_server=0, on_shared_server=0),
    )


def test_types_stand_in_the_order_of_the_decree_legal_ones_behind_them() -> None:
    """What has no name is another type, and says so."""
    flow = Flow(outgoing=1)
    figures = figures_of(0)
    by_type = dict.fromkeys(
        [("", False), ("Nghị định", True), ("Công văn", False), ("Nghị quyết", False)], flow
    )
    names = [row[0] for row in type_table(replace(figures, by_type=by_type)).rows]
    legal = ("Nghị định (văn bản quy phạm pháp luật)", "Nghị định (legal)")
    assert names == ["Nghị quyết", "Công văn", ("Loại khác", "Other"), legal]
