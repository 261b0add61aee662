"""What an axis says about agencies, and what of it is believed."""

from gateway.exchange.directory import Snapshot
from gateway.exchange.directory_news import what_is_new
from gateway.model.agency import Agency, System, SystemKind
from gateway.model.identifiers import AgencyCode, SystemId
from gateway.model.signature import SignaturePolicy
from gateway.store.directory import StoredSystem
from gateway.vxp.items import DirectoryItem
from tests.walks.world import FINANCE, HEALTH, MINISTRY

OTHER_CODE = AgencyCode("H57.12")
DMS = System(id=SystemId("SYT"), kind=SystemKind.DMS, serves=frozenset({HEALTH}), policy=SignaturePolicy.WARN)


def directory(*, from_axis: bool) -> Snapshot:
    """Health is served here and has another code; an operator wrote Finance; the ministry is the axis's."""
    agencies = [
        Agency(code=HEALTH, name="Sở Y tế", aliases=(OTHER_CODE,), from_axis=from_axis),
        Agency(code=FINANCE, name="Sở Tài chính"),
        Agency(code=MINISTRY, name="Bộ", from_axis=True),
    ]
    return Snapshot.of(agencies, [StoredSystem(system=DMS, sealed_secret=b"")])


def test_an_axis_takes_no_code_from_an_agency_served_or_written_here() -> None:
    """Else its mail would go to another, or another's clerks would see what is its own."""
    for from_axis in (False, True):
        ours = directory(from_axis=from_axis)
        for taken in (HEALTH, OTHER_CODE, FINANCE):
            for taker in (FINANCE, MINISTRY, HEALTH):
                item = DirectoryItem(code=taker, name=ours.agencies[taker].name, other_code=taken)
                told = {code for agency in what_is_new([item], ours) for code in agency.aliases}
                assert taken not in told or ours.canonical(taken) == taker


def test_an_axis_may_say_that_two_of_its_own_are_one() -> None:
    """Of its agencies it knows best: an old code moves to whoever bears it now."""
    code = AgencyCode("000.00.00.G23")
    ours = Snapshot.of(
        [Agency(code=MINISTRY, name="Bộ", from_axis=True), Agency(code=code, name="Bộ cũ", from_axis=True)],
        [],
    )
    (merged,) = what_is_new([DirectoryItem(code=MINISTRY, name="Bộ", other_code=code)], ours)
    assert merged.aliases == (code,)
