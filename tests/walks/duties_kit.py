"""An office on which duties are given by hand, at whatever instant a test needs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from gateway.back_office import furnish_importing
from gateway.config import load_config
from gateway.deadlines.counts import Period
from gateway.deadlines.figures import Figures
from gateway.deadlines.periods import read_period
from gateway.exchange.duties import Duties, Given
from gateway.exchange.ids import Mint
from gateway.exchange.importing import Importing
from gateway.exchange.reckoning import Reckoning
from gateway.model.agency import Agency
from gateway.model.formats import VIETNAM
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import Obligation, ObligationKind
from gateway.office import Office, furnish_duties, open_office
from tests.walks.world import FINANCE, HEALTH, MINISTRY, NAMES, PROVINCE, prepare_node

YEAR = read_period("2026")


def day(month: int, number: int, hour: int = 9) -> datetime:
    """An instant of 2026, at nine in the morning of Vietnam."""
    return datetime.combine(date(2026, month, number), time(hour), VIETNAM)


@dataclass(kw_only=True)
class Hands:
    """Duties on an office, and the time it is there."""

    office: Office
    now: datetime = field(default_factory=lambda: day(3, 10))
    mint: Mint = field(default_factory=Mint)

    def clock(self) -> datetime:
        return self.now

    @property
    def duties(self) -> Duties:
        return furnish_duties(self.office, self.mint, self.clock)

    @property
    def importing(self) -> Importing:
        return furnish_importing(self.office, self.mint, self.clock)

    async def figures(
        self, period: Period = YEAR, *, of: list[AgencyCode] | None = None, as_of: datetime | None = None
    ) -> Figures:
        reckoning = Reckoning(database=self.office.database, directory=self.office.directory)
        return await reckoning.figures(period, at=self.now, agencies=of, as_of=as_of)

    async def give(self, **particulars: Any) -> Obligation:
        """Give a task to the finance department, or what the particulars say."""
        return await self.duties.give(given(**particulars), by="ai-do")

    async def rows(self, sql: str) -> list[Any]:
        return [tuple(row) for row in await self.office.database.fetch_all(sql)]


def given(**particulars: Any) -> Given:
    """A task of the finance department, given by the province."""
    usual: dict[str, Any] = {
        "kind": ObligationKind.TASK,
        "agency": FINANCE,
        "reference": "NV-01",
        "subject": "Báo cáo giải ngân",
        "assigned_by": PROVINCE,
        "due_on": date(2026, 4, 30),
    }
    return Given(**(usual | particulars))


@asynccontextmanager
async def hands(folder: Path) -> AsyncIterator[Hands]:
    """An office with four agencies, on the tenth of March."""
    node = prepare_node(folder / "node", code=PROVINCE)
    async with open_office(load_config(node.directory / "config.toml")) as office:
        for code in (PROVINCE, HEALTH, FINANCE, MINISTRY):
            agency = Agency(code=code, name=NAMES[code])
            await office.registry.put_agency(agency, by="test", at=day(1, 1) - timedelta(days=400))
        yield Hands(office=office)
