"""The address of a look into the log: what stands in it becomes a question."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from gateway.errors import Fault, Refusal
from gateway.exchange.directory import Snapshot
from gateway.exchange.export import find_document
from gateway.exchange.lookup import agencies_called
from gateway.model.formats import VIETNAM
from gateway.model.identifiers import AgencyCode, SystemId
from gateway.model.log import LogKind
from gateway.model.people import normalise_login
from gateway.store.database import Database
from gateway.store.log_search import PERSONAL_KINDS, LogQuestion
from gateway.web.console.address import Address
from gateway.web.console.forms import read_day

FAILURES = "failures"
FAILED_KINDS = (
    *(LogKind.REFUSED, LogKind.TURNED_AWAY, LogKind.EXPIRED),
    *(LogKind.OVERDUE, LogKind.DISTRUSTED, LogKind.CONTRADICTED),
)
FIELDS = ("kind", "system", "agency", "from", "to", "document", "by")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery(Address):
    """What is looked for in the log, as it stands in an address."""

    NAMES = FIELDS

    def write(self, **more: str) -> str:
        """Write the address anew, with more behind it."""
        return urlencode({**self.fields, **more})

    def kinds(self) -> tuple[LogKind, ...]:
        """Tell which kinds of entries are wanted; empty for all."""
        wanted = self.text("kind")
        if wanted == FAILURES:
            return FAILED_KINDS
        kinds = (LogKind(wanted),) if wanted in set(LogKind) else ()
        return kinds or (tuple(PERSONAL_KINDS) if self.text("by") else ())

    async def question(self, database: Database, directory: Snapshot) -> LogQuestion:
        """Ask.

        Errors: Refusal when the document is not known, or the period ends before it begins.
        """
        wanted = self.text("document")
        since, until = read_days(self.fields)
        if faults := days_fault(since, until):
            raise Refusal("period-empty", faults)
        return LogQuestion(
            kinds=self.kinds(),
            system=SystemId(self.text("system")) if self.text("system") else None,
            thread=(await find_document(database, wanted)).id if wanted else None,
            since=since,
            until=until,
            codes=names_of_agency(self.text("agency"), directory),
            person=normalise_login(self.text("by")) or None,
        )


def read_days(fields: Mapping[str, str]) -> tuple[datetime | None, datetime | None]:
    """Read from and to as instants, the second one exclusive: days are Vietnam's, both included."""
    first, last = _day(fields.get("from", "")), _day(fields.get("to", ""))
    return (
        None if first is None else datetime.combine(first, time(), VIETNAM),
        None if last is None else datetime.combine(last + timedelta(days=1), time(), VIETNAM),
    )


def names_of_agency(wanted: str, directory: Snapshot) -> tuple[AgencyCode, ...]:
    """Name every code of the agency somebody means; empty when he names none.

    An unknown code is taken as it is: the log may name agencies the directory never knew.
    """
    if not wanted:
        return ()
    called = agencies_called(wanted, directory)
    if not called:
        return (AgencyCode(wanted.upper()),)
    return tuple(sorted(directory.names_of(called[0].code)))


def _day(text: str) -> date | None:
    day = read_day(text)
    return day if day is not None and date.min < day < date(9000, 1, 1) else None


def days_fault(since: datetime | None, until: datetime | None) -> list[Fault]:
    """Say when a period ends before it begins."""
    if since is None or until is None or since < until:
        return []
    return [
        Fault(
            rule="period-empty",
            where="to",
            vi="Ngày cuối ở trước ngày đầu.",
            en="The last day is before the first.",
        )
    ]
