"""New ids."""

from datetime import UTC, datetime, timedelta

from gateway.exchange.ids import Mint

NOON = datetime(2026, 4, 12, 12, tzinfo=UTC)


def test_a_clock_set_back_makes_no_id_smaller() -> None:
    """Neither while running nor after a start."""
    mint = Mint()
    made = [mint.new(NOON), mint.new(NOON), mint.new(NOON - timedelta(hours=1))]
    again = Mint.after(made[-1])
    made += [again.new(NOON - timedelta(hours=1)), again.new(NOON), again.new(NOON + timedelta(hours=1))]
    assert made == sorted(set(made))


def test_a_gateway_that_goes_on_behind_the_axis_s_id_makes_none_of_the_axis_s() -> None:
    """Dispatches from the axis keep its ids; a late clock starts with one as its newest."""
    axis = Mint()
    theirs = [axis.new(NOON) for _ in range(100)]
    starts = [Mint.after(theirs[0]) for _ in range(2)]
    ours = [start.new(NOON - timedelta(minutes=1)) for start in starts for _ in range(100)]
    assert not set(ours) & set(theirs)
    assert len(set(ours)) == len(ours)
    assert all(made > theirs[0] for made in ours)
