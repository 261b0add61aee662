"""What the axis says about agencies is believed of its own, and of ours it teaches further codes at most."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.exchange.directory import Snapshot
from gateway.exchange.directory_news import what_is_new
from gateway.model.agency import Agency, System, SystemKind
from gateway.model.identifiers import AgencyCode, SystemId
from gateway.model.signature import SignaturePolicy
from gateway.store.directory import StoredSystem
from gateway.vxp.items import DirectoryItem

HEALTH, FINANCE, OLD = AgencyCode("000.00.12.H57"), AgencyCode("000.00.13.H57"), AgencyCode("H57.13.OLD")
MINISTRY, NEWER = AgencyCode("000.00.00.G22"), AgencyCode("G22.99.1")


def named(code: AgencyCode, *aliases: AgencyCode, from_axis: bool = False) -> Agency:
    return Agency(code=code, name="Cơ quan", aliases=aliases, from_axis=from_axis)


def directory(agencies: Iterable[Agency], *serves: AgencyCode) -> Snapshot:
    system = System(
        id=SystemId("SYT"), kind=SystemKind.DMS, serves=frozenset(serves), policy=SignaturePolicy.WARN
    )
    return Snapshot.of(agencies, [StoredSystem(system=system, sealed_secret=b"")])


def said(*codes: AgencyCode) -> DirectoryItem:
    code, *others = codes
    return DirectoryItem(code=code, name="Cơ quan", other_code=others[0] if others else None)


def after(news: Sequence[Agency], before: Snapshot) -> Snapshot:
    """Take news over, as the tables would."""
    agencies = {**before.agencies, **{agency.code: agency for agency in news}}
    return Snapshot(agencies=agencies, aliases={}, systems=before.systems, served_by=before.served_by)


@pytest.mark.parametrize("pair", [(HEALTH, FINANCE), (FINANCE, HEALTH), (HEALTH, OLD), (MINISTRY, FINANCE)])
@pytest.mark.parametrize("from_axis", [False, True])
def test_the_axis_makes_no_agency_of_ours_another_ones_second_name(
    pair: tuple[AgencyCode, AgencyCode], from_axis: bool
) -> None:
    """Whoever sees the one would see the other's documents, and its certificate would hold for both.

    Served here, it is ours, whoever told us of it first.
    """
    known = directory(
        [
            named(HEALTH, from_axis=from_axis),
            named(FINANCE, OLD, from_axis=from_axis),
            named(MINISTRY, from_axis=True),
        ],
        HEALTH,
        FINANCE,
    )
    for agency in what_is_new([said(*pair)], known):
        others = {HEALTH, FINANCE, OLD, MINISTRY} - {agency.code}
        assert others.isdisjoint(set(agency.aliases) - set(known.agencies[agency.code].aliases))


def test_what_was_closed_here_stays_closed_and_is_no_news() -> None:
    """Whatever the axis still lists; deleted by its system, closed by an operator, or merged."""
    at = datetime(2026, 11, 20, tzinfo=UTC)
    deleted = replace(named(HEALTH), closed_at=at)
    merged = replace(named(FINANCE, from_axis=True), closed_at=at, merged_into=HEALTH)
    known = directory([deleted, merged])
    assert what_is_new([said(HEALTH), said(FINANCE)], known) == []


def test_further_codes_are_learned_of_ours_and_of_the_axis_s_own() -> None:
    """A code that nobody goes by, or one of two that the axis itself named apart."""
    known = directory([named(HEALTH), named(MINISTRY, from_axis=True)], HEALTH)
    (ours,) = what_is_new([said(HEALTH, OLD)], known)
    assert (ours.code, ours.aliases, ours.from_axis) == (HEALTH, (OLD,), False)
    (theirs,) = what_is_new([said(MINISTRY, NEWER)], known)
    assert (theirs.code, theirs.aliases, theirs.from_axis) == (MINISTRY, (NEWER,), True)
    both = directory([named(NEWER, from_axis=True), named(MINISTRY, from_axis=True)], HEALTH)
    (joined,) = what_is_new([said(MINISTRY, NEWER)], both)
    assert (joined.code, joined.aliases) == (MINISTRY, (NEWER,))
    assert what_is_new([said(MINISTRY, NEWER)], after([joined], both)) == []
