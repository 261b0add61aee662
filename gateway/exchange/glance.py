"""How an office stands at this moment, in the few figures that an overview or a screen on the wall shows.

Reading only, and little of it: whoever looks is told again with every change.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from gateway.deadlines.counts import (
    Account,
    Became,
    Counts,
    Lens,
    Period,
    Resolved,
    count_fates,
    count_obligations,
    count_resolved,
)
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import ObligationKind
from gateway.store.database import Database
from gateway.store.obligation_facts import Whose, load_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What is owed and was done in a year so far.

    Shape: tasks are those given in the year and those still open when it began.
    """

    tasks: Counts
    dossiers: Resolved
    petitions: Became


def year_of(day: date) -> Period:
    """Return the year in which a day lies."""
    return Period(first=day.replace(month=1, day=1), last=day.replace(month=12, day=31))


async def take_glance(
    database: Database,
    *,
    today: date,
    agencies: Collection[AgencyCode] | None,
    kinds: Collection[ObligationKind] | None = None,
) -> Glance:
    """Look at the year of a day; agencies are all codes that are answered for, None everybody."""
    year = year_of(today)
    facts = await load_facts(
        database, lens=Lens(period=year, today=today), whose=Whose(kinds=kinds, agencies=agencies)
    )
    tasks = count_obligations(facts, ObligationKind.TASK, period=year, today=today)
    dossiers = count_resolved(facts, ObligationKind.DOSSIER, period=year, today=today)
    petitions = count_fates(facts, ObligationKind.PETITION, period=year)
    return Glance(
        tasks=sum(map(_whole, tasks.values()), Counts()),
        dossiers=sum(dossiers.values(), Resolved()),
        petitions=sum(petitions.values(), Became()),
    )


def _whole(account: Account) -> Counts:
    return account.assigned + account.carried_over
