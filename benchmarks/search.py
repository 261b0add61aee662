"""What looking for documents costs: ``python -m benchmarks.search PLACE [--documents 10M] [--writing]``.

Every kind of question is asked of a store that `benchmarks.search_store` filled, as the console asks it: a
page, the next, one far behind, and the count, by somebody who sees all, by a large agency, by a small one and
by a province of ninety agencies. With ``--writing`` documents are added meanwhile. docs/performance.md has
the figures.
"""

import argparse
import asyncio
import itertools
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from benchmarks.search_store import NOW, Draw, Drawn, add, fill, houses, number_in, source_at
from gateway.exchange.directory import Directory
from gateway.exchange.lookup import Lookup
from gateway.exchange.notary import Notary
from gateway.model.code_lists import Business, Priority
from gateway.model.identifiers import AgencyCode
from gateway.model.people import User, UserId, UserRole
from gateway.model.question import Days, Order, Period, Question, Side, Standing, Way, read_terms
from gateway.model.signature import Grade
from gateway.store.blocks import gather_block
from gateway.store.database import Database, open_database
from gateway.store.findable import ids_between
from gateway.store.search import Place
from gateway.store.tables import Dialect, Source, Tables
from gateway.trust.issuing import issue_seal, make_authority
from gateway.trust.keys import Algorithm, load_seal

_ON_A_PAGE = 50
_MIDDLE = ids_between(NOW - timedelta(days=800), NOW)[0]


def main() -> None:
    """Fill if that is wanted, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("place", type=source_at, help="a file, or postgresql://…")
    parser.add_argument("--documents", help="fill it with so many first, as 200K or 10M")
    parser.add_argument("--part", type=int, default=1, help="ask one question of so many")
    parser.add_argument("--writing", action="store_true", help="add documents meanwhile, fifty a second")
    given = parser.parse_args()
    if given.documents:
        fill(given.place, number_in(given.documents))
    asyncio.run(ask_all(given.place, part=given.part, writing=given.writing))


@dataclass(slots=True, kw_only=True)
class _Asked:
    """What one question took, by the clock and of processor time, here and in the server if there is one."""

    name: str
    seconds: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)
    found: str = ""


@dataclass(frozen=True, slots=True)
class _Servers:
    """The server's processes that serve us."""

    files: tuple[Path, ...] = ()

    def worked(self) -> float:
        """Tell how many seconds they have worked."""
        return sum(int(file.read_text().split()[0]) for file in self.files) / 1e9


async def _servers_of(database: Database) -> _Servers:
    if database.dialect is not Dialect.POSTGRESQL:
        return _Servers()
    rows = await database.fetch_all(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'lienthong'"
        " AND datname = current_database()"
    )
    return _Servers(tuple(Path(f"/proc/{row['pid']}/schedstat") for row in rows))


def _questions(today: date) -> Iterator[tuple[str, Question]]:
    """Every filter alone, with rare and with common words, two and three together, in every order."""
    large, small = AgencyCode("000.00.01.H02"), AgencyCode("000.77.30.H34")
    texts = (
        "",
        "412/SYT-VP",
        "tiêm chủng",
        "bao cao tiem chung so y te",
        '"an toàn thực phẩm"',
        "báo cáo",
        "xã hăng khiên",
        '"quy hoạch đô thị quý I tại xã"',
        "te so y",
        "cai cach hanh chi",
        "so",
        "khong co chu nay",
    )
    filters: list[tuple[str, Question]] = [
        ("", Question()),
        ("out", Question(way=Way.OUT)),
        ("a large agency", Question(agencies=frozenset({large}))),
        ("from a small agency", Question(agencies=frozenset({small}), side=Side.SENDER)),
        ("reports", Question(type="Báo cáo")),
        ("last month", Question(promulgated=Period.LAST_MONTH.days(today))),
        ("accepted last month", Question(accepted=Period.LAST_MONTH.days(today))),
        ("some days", Question(promulgated=Days(first=date(2025, 2, 11), last=date(2026, 7, 19)))),
        ("urgent", Question(urgency=Priority.EXPRESS)),
        ("recalls", Question(business=Business.RECALL)),
        ("unsigned", Question(grade=Grade.ABSENT)),
        ("invalid", Question(grade=Grade.INVALID)),
        *((standing.value, Question(standing=standing)) for standing in Standing),
        ("overdue", Question(overdue=True)),
        (
            "declined reports last month",
            Question(type="Báo cáo", standing=Standing.DECLINED, promulgated=Period.LAST_MONTH.days(today)),
        ),
        ("overdue at a large agency", Question(overdue=True, agencies=frozenset({large}))),
        (
            "failed in 2025, express",
            Question(
                standing=Standing.FAILED,
                urgency=Priority.EXPRESS,
                promulgated=Days(first=date(2025, 1, 1), last=date(2025, 12, 31)),
            ),
        ),
    ]
    for (told, question), typed, order in itertools.product(filters, texts, Order):
        if order is Order.RELEVANCE and not typed:
            continue
        yield (
            f"{typed or '–'} | {told or '–'} | {order.value}",
            replace(question, terms=read_terms(typed), order=order),
        )


async def ask_all(source: Source, *, part: int, writing: bool) -> None:
    """Ask every question as four people; print what took longest."""
    authority = make_authority(name="benchmark", at=NOW)
    issued = issue_seal(
        authority, holder=AgencyCode("000.00.00.H57"), name="n", at=NOW, algorithm=Algorithm.ECDSA_SHA256
    )
    database = await open_database(source, linger=timedelta(milliseconds=2), batch_limit=64)
    while await gather_block(database):
        pass
    lookup = Lookup(
        database=database,
        directory=Directory(database=database),
        notary=Notary(gateway=AgencyCode("000.00.00.H57"), seal=load_seal(issued.key_pem, issued.chain_pem)),
        clock=lambda: NOW,
    )
    people = {
        "all": None,
        "the largest agency": frozenset({AgencyCode("000.00.01.H01")}),
        "a small agency": frozenset({AgencyCode("000.70.30.H30")}),
        "a province": frozenset(one.code for one in houses() if one.code.endswith(".H07")),
    }
    servers = await _servers_of(database)
    writer = asyncio.create_task(_write_on(database)) if writing else None
    for told, agencies in people.items():
        user = User(id=UserId("u"), login="u", name="U", role=UserRole.VIEWER, agencies=agencies)
        questions = list(itertools.islice(_questions(NOW.date()), 0, None, part))
        _tell(told, [await _ask(lookup, servers, user, name, question) for name, question in questions])
    if writer is not None:
        writer.cancel()
        with suppress(asyncio.CancelledError):
            await writer
    await database.close()


async def _ask(lookup: Lookup, servers: _Servers, user: User, name: str, question: Question) -> _Asked:
    """Ask for the first page, the second, and one in the middle of all there are."""
    asked = _Asked(name=name)

    async def page(after: Place | None) -> Place | None:
        served, began, worked = servers.worked(), time.perf_counter(), time.process_time()
        found = await lookup.find(question, user=user, after=after, limit=_ON_A_PAGE)
        asked.seconds.append(time.perf_counter() - began)
        asked.worked.append(time.process_time() - worked)
        asked.served.append(servers.worked() - served)
        asked.found = asked.found or f"{'' if found.count.is_exact else '~'}{found.count.number}"
        return found.following

    following = await page(None)
    if following is not None:
        await page(following)
        middle = {Order.NUMBER: 700, Order.NEWEST: 0, Order.RELEVANCE: following.rank}[question.order]
        await page(Place(rank=middle, id=_MIDDLE))
    return asked


async def _write_on(database: Database) -> None:
    """Add documents that come now, until it is enough, and gather them."""
    draw = Draw(random.Random(5), houses())
    ((count,),) = await database.fetch_all("SELECT count(*) FROM documents")
    for number in itertools.count(count):
        await database.write(partial(_accept, drawn=draw.one(number, count)))
        await asyncio.sleep(0.02)
        if number % 500 == 0:
            await gather_block(database)


def _accept(tables: Tables, drawn: Drawn) -> None:
    id_, thread_id, package_id, owner, notation, *_, at = drawn.document
    tables.execute(
        "INSERT INTO threads (id, owner, document_id, notation, subject, opened_at)"
        " VALUES (?, ?, ?, ?, '', ?)",
        (thread_id, owner, str(id_), notation, at),
    )
    tables.execute(
        "INSERT INTO packages (id, direction, submission, kind, digest, size_bytes, thread_id, sender,"
        " recipients, priority, grade, warnings, accepted_at)"
        " VALUES (?, 'outbound', ?, 'document', ?, 1, ?, ?, '[]', 0, 'valid', '[]', ?)",
        (package_id, package_id, package_id, thread_id, owner, at),
    )
    add(tables, [drawn])


def _tell(told: str, asked: Sequence[_Asked]) -> None:
    print(f"\nseen by {told}: {sum(len(one.seconds) for one in asked)} pages")
    for name, took in (
        ("by the clock", [seconds for one in asked for seconds in one.seconds]),
        ("of processor time, here", [seconds for one in asked for seconds in one.worked]),
        ("of the server's", [seconds for one in asked for seconds in one.served]),
    ):
        took.sort()
        parts = (
            (part, took[min(len(took) - 1, int(len(took) * part))] * 1000) for part in (0.5, 0.95, 0.99, 1)
        )
        print(f"  {name}: " + ", ".join(f"{part:.0%} {at:.0f} ms" for part, at in parts), flush=True)
    for one in sorted(asked, key=lambda one: -max(map(sum, zip(one.worked, one.served, strict=True))))[:12]:
        seconds, worked, served = (max(times) * 1000 for times in (one.seconds, one.worked, one.served))
        print(f"  {seconds:8.0f} ms {worked:8.0f} ms {served:8.0f} ms  {one.found:>9}  {one.name}")


if __name__ == "__main__":
    main()
