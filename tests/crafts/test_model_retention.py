"""Which rule applies to a package between agencies."""

from datetime import timedelta

import pytest

from gateway.model.code_lists import Kind
from gateway.model.identifiers import AgencyCode
from gateway.model.retention import PERMANENT, Rules

HEALTH, FINANCE, OTHER = AgencyCode("H57.12"), AgencyCode("H57.8"), AgencyCode("G22")
DAY = timedelta(days=1)
RULES = Rules(
    general={Kind.DOCUMENT: 10 * DAY, Kind.STATUS: PERMANENT},
    agencies={HEALTH: {Kind.DOCUMENT: 5 * DAY}, FINANCE: {Kind.DOCUMENT: 20 * DAY, Kind.STATUS: 2 * DAY}},
    returned=DAY,
    only_archived=False,
)


@pytest.mark.parametrize(
    ("kind", "parties", "name", "keep"),
    [
        (Kind.DOCUMENT, [OTHER], "document", 10 * DAY),
        (Kind.DOCUMENT, [HEALTH, OTHER], "H57.12 document", 5 * DAY),
        (Kind.DOCUMENT, [HEALTH, FINANCE], "H57.8 document", 20 * DAY),
        (Kind.STATUS, [HEALTH, OTHER], "status", PERMANENT),
        (Kind.STATUS, [HEALTH, FINANCE], "H57.8 status", 2 * DAY),
    ],
)
def test_the_longest_of_the_parties_own_rules_counts_else_the_general_one(
    kind: Kind, parties: list[AgencyCode], name: str, keep: timedelta
) -> None:
    """An agency may ask for less for its own traffic, and never shortens another's."""
    rule = RULES.rule_for(kind, parties)
    assert (rule.name, rule.keep) == (name, keep)


def test_the_shortest_says_when_to_look_and_whether_ever() -> None:
    """Nothing is looked at before; with permanent everywhere nothing ever is."""
    assert (RULES.shortest(Kind.DOCUMENT), RULES.shortest(Kind.STATUS)) == (5 * DAY, 2 * DAY)
    assert not RULES.keep_everything
    general = {Kind.DOCUMENT: PERMANENT, Kind.STATUS: PERMANENT}
    assert Rules(general=general, agencies={}, returned=DAY, only_archived=True).keep_everything


def test_two_codes_of_one_agency_are_one_and_the_longer_term_counts() -> None:
    """As the directory learns codes, rules follow."""
    under = RULES.under(lambda code: HEALTH if code == FINANCE else code)
    assert under.agencies == {HEALTH: {Kind.DOCUMENT: 20 * DAY, Kind.STATUS: 2 * DAY}}


def test_rules_are_written_alike_when_they_are_alike() -> None:
    """Whoever compares the texts compares the rules, every part of them."""
    assert RULES.written() == RULES.under(lambda code: code).written()
    shorter = RULES.under(lambda code: OTHER)
    assert shorter.written() != RULES.written()
