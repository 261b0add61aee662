"""Long queues: what is asked costs the same however much waits, and everybody gets a turn."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.config import load_config
from gateway.errors import Delay
from gateway.exchange.admission import Admission
from gateway.exchange.ids import Mint
from gateway.exchange.matching import Matching
from gateway.model.code_lists import Kind
from gateway.model.dispatch import Dispatch, Event
from gateway.model.identifiers import AgencyCode, Digest, DispatchId, SystemId
from gateway.model.log import LogKind
from gateway.office import Office, furnish_books, now, open_office
from gateway.store import dispatches, expectations, mailboxes, receipts, threads
from gateway.store.database import Database, to_micros
from gateway.store.lines import insert_dispatch
from gateway.store.packages import find_with_content
from gateway.store.sqlite import _SqliteReader
from gateway.store.tables import Unbatched
from gateway.vxp.operations import FORMS, Operation
from gateway.vxp.requests import write_send
from gateway.vxp.signing import sign_headers
from gateway.web.limits import Limits
from gateway.wiring.files import package_limits
from tests.campaign.crowd import Letter, fill
from tests.packages import Sent, document, status
from tests.walks.world import FINANCE, HEALTH, MINISTRY, PROVINCE, Node, prepare_node

pytestmark = pytest.mark.sqlite_only

LEASE = timedelta(minutes=5)
SYSTEMS = {HEALTH: "SYT", FINANCE: "STC"}


@pytest.fixture
async def node(tmp_path: Path) -> Node:
    """A gateway that is not served yet, below an axis that is not there."""
    nobody = ("http://127.0.0.1:9", "TINH", "secret")
    gateway = prepare_node(tmp_path / "gateway", code=PROVINCE, below=nobody)
    for agency, system in SYSTEMS.items():
        await gateway.connect(system, [agency])
    return gateway


@pytest.fixture
async def served(node: Node) -> AsyncIterator[Node]:
    """The same, served; tests fill it before they start it."""
    yield node
    await node.stop()


async def crowd(node: Node, letters: Iterator[Letter]) -> None:
    """Fill a node's queues."""
    await fill(node.directory, letters, system_of=SYSTEMS.__getitem__)


def to_the_axis(
    count: int, *, sender: AgencyCode = HEALTH, first: int = 0, priority: int = 0
) -> Iterator[Letter]:
    """Letters of one sender to the ministry, each about a document of its own."""
    for number in range(first, first + count):
        yield Letter(sender=sender, recipient=MINISTRY, number=number, priority=priority)


def to_finance(count: int, *, first: int = 0) -> Iterator[Letter]:
    """Letters into the mailbox of the department of finance."""
    for number in range(first, first + count):
        yield Letter(sender=HEALTH, recipient=FINANCE, number=1_000_000 + number)


def office(node: Node) -> AbstractAsyncContextManager[Office]:
    """Open a node's database."""
    return open_office(load_config(node.directory / "config.toml"))


class Steps:
    """Counts what SQLite does: a hundred steps of its machine are one."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> int:
        self.count += 1
        return 0


async def steps_to_read(database: Database, ask: Callable[[], Awaitable[object]]) -> int:
    """Count the steps of a question."""
    steps = Steps()
    readers = [database._idle_readers.get_nowait() for _ in range(database._idle_readers.qsize())]
    for reader in readers:
        assert isinstance(reader, _SqliteReader)
        await reader.connection.set_progress_handler(steps, 100)
        database._idle_readers.put_nowait(reader)
    await ask()
    return steps.count


def steps_to_write(node: Node, act: Callable[[sqlite3.Connection], object]) -> int:
    """Count the steps of a change, which is taken back."""
    steps = Steps()
    with writing(node) as connection:
        connection.set_progress_handler(steps, 100)
        act(connection)
        connection.rollback()
    return steps.count


@contextmanager
def writing(node: Node) -> Iterator[sqlite3.Connection]:
    """Lend a connection that may change a node that is not served."""
    connection = sqlite3.connect(node.directory / "lienthong.db", isolation_level="IMMEDIATE")
    connection.row_factory = sqlite3.Row
    try:
        yield connection
    finally:
        connection.close()


async def test_an_attempt_speaks_for_itself_and_not_for_a_later_one(node: Node) -> None:
    """A node that was taken for gone and came back has claimed anew: its old attempt decides nothing."""
    await crowd(node, to_the_axis(1))
    at, lease = now(), timedelta(minutes=1)
    with writing(node) as tables:
        ((first, _),) = dispatches.claim_due(tables, at=at, lease=lease, limit=1, by="a")
        assert dispatches.holds(tables, first.id, by="a", attempt=first.attempt_count + 1)
        dispatches.defer(tables, first.id, due_at=at, unknown=True, fault="claim-lost")
        ((second, _),) = dispatches.claim_due(tables, at=at, lease=lease, limit=1, by="a")
        assert second.unknown
        assert dispatches.holds(tables, second.id, by="a", attempt=second.attempt_count + 1)
        assert not dispatches.holds(tables, first.id, by="a", attempt=first.attempt_count + 1)


# -- what it costs --------------------------------------------------------------------------------------


async def test_the_head_and_the_count_of_a_mailbox_cost_the_same_however_much_waits(node: Node) -> None:
    """Ten times as much in the mailbox, and SQLite takes no more steps."""

    async def cost() -> tuple[int, int]:
        async with office(node) as opened:
            finance, database = SystemId("STC"), opened.database
            head = await steps_to_read(
                database, lambda: mailboxes.list_mailbox(database, finance, kind=Kind.DOCUMENT, limit=100)
            )
            count = await steps_to_read(
                database, lambda: mailboxes.count_mailbox(database, finance, kind=Kind.DOCUMENT)
            )
            return head, count

    await crowd(node, to_finance(200))
    short = await cost()
    await crowd(node, to_finance(1800, first=200))
    assert max(long / max(1, brief) for long, brief in zip(await cost(), short, strict=True)) < 1.2


async def test_claiming_costs_the_same_however_much_is_due(node: Node) -> None:
    """The queue is ten times as long; one claim of sixteen takes no more steps."""
    await crowd(node, to_the_axis(200))
    short = steps_to_write(node, claim_some)
    await crowd(node, to_the_axis(1800, first=200))
    assert steps_to_write(node, claim_some) < 1.2 * short


async def test_what_stands_behind_another_of_its_thread_is_not_looked_at(node: Node) -> None:
    """Three hundred versions of one document: the first may leave, and the others cost nothing."""
    versions = (Letter(sender=HEALTH, recipient=MINISTRY, number=1, version=n) for n in range(300))
    await crowd(node, to_the_axis(16, sender=FINANCE, first=500))
    plain = steps_to_write(node, claim_some)
    await crowd(node, versions)
    assert steps_to_write(node, claim_some) < 1.5 * plain
    with writing(node) as tables:
        claimed = [dispatch for dispatch in claim_some(tables) if sender_of(tables, dispatch) == HEALTH]
    assert len(claimed) == 1


async def test_accepting_costs_the_same_however_much_was_accepted(node: Node) -> None:
    """Who has a document already is asked of its own thread, not of all there ever was."""

    def ask(tables: sqlite3.Connection) -> None:
        (thread_id,) = tables.execute("SELECT id FROM threads ORDER BY id LIMIT 1").fetchone()
        assert dispatches.reached_by(tables, thread_id, None) == {MINISTRY}

    await crowd(node, to_the_axis(200))
    short = steps_to_write(node, ask)
    await crowd(node, to_the_axis(1800, first=200))
    assert steps_to_write(node, ask) < 1.2 * max(1, short)


async def test_looking_for_missing_receipts_costs_the_same_however_much_is_open(node: Node) -> None:
    """Ten times as much waits in mailboxes and was taken by the axis; one look takes no more steps."""

    async def cost() -> tuple[int, int]:
        with writing(node) as tables:
            tables.execute(
                "UPDATE dispatches SET state = 'delivered', ended_at = created_at WHERE destination = 'axis'"
            )
            tables.commit()
        async with office(node) as opened:
            looks = (expectations.list_uncollected, expectations.list_unheard)
            long_ago = now() - timedelta(days=1)
            for look in looks:
                assert await look(opened.database, until=long_ago, limit=16) == []
                assert len(await look(opened.database, until=now(), limit=16)) == 16
            early, late = [
                await steps_to_read(opened.database, partial(look, opened.database, until=now(), limit=16))
                for look in looks
            ]
            return early, late

    await crowd(node, to_finance(200))
    await crowd(node, to_the_axis(200))
    short = await cost()
    await crowd(node, to_finance(1800, first=200))
    await crowd(node, to_the_axis(1800, first=200))
    assert max(long / max(1, brief) for long, brief in zip(await cost(), short, strict=True)) < 1.2


async def test_fetching_receipts_from_behind_the_last_costs_the_same_however_many_there_are(
    node: Node,
) -> None:
    """A poller's page is found by its key."""

    async def cost() -> int:
        async with office(node) as opened:
            (newest,) = node.rows("SELECT max(seq) FROM log")[0]

            async def page() -> list[object]:
                pages = receipts.list_receipts(
                    opened.database,
                    SystemId("SYT"),
                    side="sent",
                    kind=Kind.DOCUMENT,
                    since=now() - timedelta(days=1),
                    until=now(),
                    after=newest - 50,
                    limit=50,
                )
                return [kept async for some in pages for kept in some]

            assert len(await page()) == 50
            return await steps_to_read(opened.database, page)

    await crowd(node, to_finance(200))
    short = await cost()
    await crowd(node, to_finance(1800, first=200))
    assert await cost() < 1.2 * max(1, short)


def claim_some(tables: sqlite3.Connection, *, limit: int = 16) -> list[Dispatch]:
    """Claim as the worker does."""
    claimed = dispatches.claim_due(tables, at=now(), lease=LEASE, limit=limit, by="a node")
    return [dispatch for dispatch, _ in claimed]


def sender_of(tables: sqlite3.Connection, dispatch: Dispatch) -> str:
    """Tell whose package a dispatch carries."""
    (sender,) = tables.execute("SELECT sender FROM packages WHERE id = ?", (dispatch.package_id,)).fetchone()
    return str(sender)


# -- whose turn it is -----------------------------------------------------------------------------------


async def test_senders_take_turns_and_each_goes_by_age(node: Node) -> None:
    """Whoever has fifty waiting gets every second place while another has two, then all of them."""
    await crowd(node, to_the_axis(50))
    await crowd(node, to_the_axis(2, sender=FINANCE, first=100))
    with writing(node) as tables:
        claimed = [*claim_some(tables, limit=3), *claim_some(tables, limit=1), *claim_some(tables, limit=4)]
        senders = [sender_of(tables, dispatch) for dispatch in claimed]
    assert sorted(senders[:2]) == sorted(senders[2:4]) == sorted([HEALTH, FINANCE])
    assert senders[4:] == [HEALTH] * 4
    for sender in (HEALTH, FINANCE):
        ids = [dispatch.id for dispatch, who in zip(claimed, senders, strict=True) if who == sender]
        assert ids == sorted(ids)


async def test_what_is_urgent_goes_first_whoever_waits(node: Node) -> None:
    """The last to come is the first to leave."""
    await crowd(node, to_the_axis(20))
    await crowd(node, to_the_axis(1, sender=FINANCE, first=100, priority=3))
    with writing(node) as tables:
        (first, second) = claim_some(tables, limit=2)
        assert (sender_of(tables, first), sender_of(tables, second)) == (FINANCE, HEALTH)


async def test_a_sender_whose_dispatches_are_put_off_does_not_hold_the_others(node: Node) -> None:
    """What is not due is leapt over, all of it at once."""
    await crowd(node, to_the_axis(30))
    await crowd(node, to_the_axis(3, sender=FINANCE, first=100))
    with writing(node) as tables:
        later = to_micros(now() + timedelta(hours=1))
        tables.execute("UPDATE dispatches SET due_at = ? WHERE sender = ?", (later, HEALTH))
        assert {sender_of(tables, dispatch) for dispatch in claim_some(tables)} == {FINANCE}


async def test_in_a_thread_nothing_leaves_before_what_came_before_it(node: Node) -> None:
    """Version by version, whichever way each ends; the next may leave when its predecessor is gone."""
    letters = [Letter(sender=HEALTH, recipient=MINISTRY, number=1, version=n) for n in range(3)]
    await crowd(node, iter(letters))
    left = []
    with writing(node) as tables:
        for event in (Event.REFUSE, Event.DELIVER, Event.DELIVER):
            (dispatch,) = claim_some(tables)
            assert claim_some(tables) == []
            dispatches.end(tables, dispatch.id, event, at=now())
            left.append(dispatch.id)
        assert claim_some(tables) == []
    assert left == sorted(left)


async def test_what_is_made_anew_for_single_recipients_keeps_its_place_in_its_thread(node: Node) -> None:
    """The axis refused the first version for all; tried one by one it still goes before the second."""
    await crowd(node, iter(Letter(sender=HEALTH, recipient=MINISTRY, number=1, version=n) for n in range(2)))
    with writing(node) as tables:
        (first,) = claim_some(tables)
        dispatches.end(tables, first.id, Event.REFUSE, at=now())
        package, _ = find_with_content(tables, first.package_id)
        anew = [DispatchId(f"{first.id[:-1]}{letter}") for letter in "xy"]
        for dispatch_id in anew:
            insert_dispatch(Unbatched(tables), replace(first, id=dispatch_id), package)
        assert [dispatch.id for dispatch in claim_some(tables)] == anew
        for dispatch_id in anew:
            dispatches.end(tables, dispatch_id, Event.DELIVER, at=now())
        (second,) = claim_some(tables)
        assert second.package_id > first.package_id


async def test_the_counts_of_the_queues_are_those_of_their_rows(node: Node) -> None:
    """However dispatches end, what is on its way is what the table of queues says."""
    await crowd(node, to_the_axis(6))
    await crowd(node, to_finance(4))
    with writing(node) as tables:
        one, two, three, *_ = claim_some(tables)
        dispatches.end(tables, one.id, Event.DELIVER, at=now())
        dispatches.end(tables, two.id, Event.REFUSE, at=now())
        dispatches.defer(tables, three.id, due_at=now(), unknown=True, fault="outcome-unknown")
        dispatches.end(tables, three.id, Event.EXPIRE, at=now())
        tables.commit()
    counted = node.rows(
        "SELECT destination, coalesce(mailbox, '') AS mailbox, kind, count(*) - count(ended_at) AS open,"
        " count(ended_at) AS ended FROM dispatches GROUP BY 1, 2, 3"
    )
    kept = node.rows(
        "SELECT destination, mailbox, kind, open_count, ended_count FROM queues ORDER BY 1, 2, 3"
    )
    assert list(map(tuple, counted)) == list(map(tuple, kept))
    assert ("axis", "", "document", 3, 3) in map(tuple, kept)


# -- long mailboxes and long reports ------------------------------------------------------------------


async def test_a_dms_that_confirms_late_still_sees_what_is_new(served: Node) -> None:
    """More waits than is listed: what was collected makes room for what was not."""
    await crowd(served, to_finance(1040))
    await served.start()
    finance = served.dms("STC", keep_alive=True)
    first = [item["docId"] for item in (await finance.received()).items]
    for doc_id in first[:60]:
        assert (await finance.get(doc_id)).ok
    second = [item["docId"] for item in (await finance.received()).items]
    assert (len(first), len(second)) == (1000, 1000)
    assert len({*first, *second}) == 1040
    assert second[-20:] == first[:20]
    assert (await finance.count_documents()).count == 1040
    await finance.close()


async def test_a_long_report_comes_whole_and_newest_first(served: Node) -> None:
    """Three pages, one answer; what nobody was left to get has no line and does not end the report."""
    await crowd(served, to_the_axis(450))
    await served.start()
    health = served.dms("SYT")
    (status_of,) = {item["messageType"] for item in (await health.sent()).items}
    items = (await health.sent()).items
    assert status_of == "edoc"
    assert len({item["senderDocId"] for item in items}) == len(items) == 450
    assert [item["sentTime"] for item in items] == sorted((item["sentTime"] for item in items), reverse=True)
    assert (await health.sent("status")).items == []


async def test_packages_without_a_dispatch_do_not_end_a_report(node: Node) -> None:
    """A page of nothing but such is followed by the next."""
    await crowd(node, to_the_axis(450))
    with writing(node) as tables:
        tables.execute(
            "DELETE FROM dispatches WHERE package_id IN (SELECT id FROM packages ORDER BY id DESC LIMIT 300)"
        )
        tables.commit()
    async with office(node) as opened:
        pages = mailboxes.list_sent(
            opened.database,
            SystemId("SYT"),
            since=now() - timedelta(days=1),
            until=now(),
            kind=None,
            limit=120,
        )
        assert sum([len(page) async for page in pages]) == 120


# -- late answers -----------------------------------------------------------------------------------------


async def test_statuses_find_their_document_step_by_step(served: Node) -> None:
    """Seventy wait for one document, one of them unreadable by now: the others are matched when it comes."""
    await served.start()
    sent = Sent(sender=HEALTH)
    finance = served.dms("STC", keep_alive=True)
    for number in range(70):
        said = status(sent, "03", by=FINANCE, description=f"lần {number}")
        assert (await finance.send(said, sender=FINANCE)).ok
    await finance.close()
    assert (await served.dms("SYT").send(document(sent, [FINANCE]), sender=HEALTH)).ok
    await served.stop()
    with writing(served) as tables:
        tables.execute(
            "DELETE FROM blobs WHERE digest = (SELECT digest FROM packages WHERE kind = 'status' LIMIT 1)"
        )
        tables.commit()
    async with office(served) as opened:
        matching = Matching(
            database=opened.database,
            blobs=opened.blobs,
            directory=opened.directory,
            notary=opened.notary,
            books=furnish_books(opened, Mint()),
            limits=package_limits(opened.config),
        )
        steps = 1
        while await matching.retry(at=now()):
            steps += 1
    assert 3 <= steps <= 5
    assert len(served.rows("SELECT 1 FROM answers WHERE thread_id IS NULL")) == 1


async def test_matching_costs_the_same_however_many_statuses_wait_for_something_else(node: Node) -> None:
    """A new document asks for its own, and is told by an index that there are none."""

    async def cost() -> int:
        async with office(node) as opened:
            return await steps_to_read(
                opened.database, lambda: threads.next_awaited(opened.database, after=0, until=10)
            )

    def wait(tables: sqlite3.Connection, count: int) -> None:
        (package_id,) = tables.execute("SELECT id FROM packages LIMIT 1").fetchone()
        tables.executemany(
            "INSERT INTO answers (package_id, recipient, document_id, notation, status, recorded_at)"
            " VALUES (?, 'x', ?, ?, '03', 0)",
            [(package_id, f"other {n}", f"{n}/other") for n in range(count)],
        )
        tables.commit()

    await crowd(node, to_the_axis(10))
    with writing(node) as tables:
        wait(tables, 100)
        short = await cost()
        wait(tables, 2000)
        assert await cost() <= 1.2 * max(1, short)


# -- overload -------------------------------------------------------------------------------------------


async def test_who_waits_to_be_asked_is_not_asked_for_what_there_is_no_room_for(tmp_path: Path) -> None:
    """The queue to the axis is full: an early no with Retry-After, and never a ``100 Continue``."""
    nobody = ("http://127.0.0.1:9", "TINH", "secret")
    node = prepare_node(tmp_path / "node", code=PROVINCE, below=nobody, http={"queue_limit": 1})
    for agency, system in SYSTEMS.items():
        await node.connect(system, [agency])
    await crowd(node, to_the_axis(1))
    await node.start()
    try:
        beyond = await ask_before_sending(node, MINISTRY)
        assert beyond.startswith(b"HTTP/1.1 200 OK")
        assert b"queue-full" in beyond
        assert b"Retry-After: 300" in beyond
        assert b"Connection: close" in beyond
        here = await ask_before_sending(node, FINANCE)
        assert here.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
        assert b'"ErrorCode":"0"' in here
    finally:
        await node.stop()


async def ask_before_sending(node: Node, recipient: AgencyCode) -> bytes:
    """Send a document as curl does a large one: its head first, and its body when it is asked for."""
    package = document(Sent(sender=HEALTH, number="7"), [recipient])
    lines = dms_head(node, package, recipient)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(node.url.rsplit(":", 1)[1]))
    writer.write(lines)
    said = await reader.readuntil(b"\r\n\r\n")
    if b" 100 " in said:
        writer.write(package)
    said += await reader.read()
    writer.close()
    return said


def dms_head(node: Node, package: bytes, recipient: AgencyCode) -> bytes:
    """Write the head of a sendEdoc that waits to be asked for its body."""
    digest = Digest(sha256(package).hexdigest())
    headers = sign_headers(
        write_send(sender=HEALTH, recipients=(recipient,), kind=Kind.DOCUMENT, digest=digest),
        system=SystemId("SYT"),
        secret=node.secrets["SYT"].encode(),
        at=now(),
        content_type=FORMS[Operation.SEND].content_type,
    )
    fields = [*headers, ("Host", "x"), ("Content-Length", str(len(package))), ("Expect", "100-continue")]
    lines = [f"{name}: {value}" for name, value in [*fields, ("Connection", "close")]]
    return "\r\n".join(["POST /vxp/sendEdoc HTTP/1.1", *lines, "", ""]).encode()


async def test_each_who_is_turned_away_is_sent_behind_those_before(tmp_path: Path) -> None:
    """Two places are taken: the more have been turned away, the later the next should come."""
    limits = Limits(requests_per_second=0, burst=1, uploads_count=2, downloads_count=2)
    told = []
    with limits.uploading(SystemId("a")), limits.uploading(SystemId("b")):
        for _ in range(5):
            with pytest.raises(Delay) as refused, limits.uploading(SystemId("c")):
                pass
            told.append(refused.value.after)
    assert told == sorted(told)
    assert len(set(told)) == 5
    with limits.uploading(SystemId("c")):
        pass


async def test_a_writer_that_lags_turns_new_work_away_until_it_has_caught_up(node: Node) -> None:
    """While a change waits for the disk nothing new is promised; then it is again, without a restart."""
    async with office(node) as opened:
        admission = Admission(
            database=opened.database,
            blobs=opened.blobs,
            free_space_floor_bytes=0,
            queue_limit=10,
            longest_lag=timedelta(milliseconds=50),
        )
        admission.check_writer()
        stuck = threading.Event()
        change = asyncio.create_task(opened.database.write(lambda _: stuck.wait(10)))
        await asyncio.sleep(0.2)
        with pytest.raises(Delay, match="writer-behind") as refused:
            admission.check_writer()
        assert refused.value.after >= 2 * timedelta(milliseconds=150)
        stuck.set()
        await change
        await opened.database.write(lambda _: None)
        admission.check_writer()


async def test_who_asks_for_the_queue_at_once_shares_one_look(node: Node) -> None:
    """A second is over, and all walks under way find that out together."""
    async with office(node) as opened:
        admission = Admission(
            database=opened.database, blobs=opened.blobs, free_space_floor_bytes=0, queue_limit=10
        )
        await asyncio.gather(*(admission.check_queue() for _ in range(8)))
        assert len(admission._looks) == 1


async def test_a_full_queue_says_when_it_will_have_eased(node: Node) -> None:
    """Nothing leaves: as late as may be. Something leaves: as soon as a tenth has left at that pace."""
    await crowd(node, to_the_axis(20))
    async with office(node) as opened:
        admission = Admission(
            database=opened.database, blobs=opened.blobs, free_space_floor_bytes=0, queue_limit=10
        )
        with pytest.raises(Delay, match="queue-full") as away:
            await admission.check_queue()
        assert away.value.after == timedelta(minutes=5)
        with writing(node) as tables:
            for dispatch in claim_some(tables, limit=8):
                dispatches.end(tables, dispatch.id, Event.DELIVER, at=now())
            tables.commit()
        await asyncio.sleep(1.1)
        with pytest.raises(Delay, match="queue-full") as draining:
            await admission.check_queue()
        assert draining.value.after < timedelta(seconds=5)
    assert node.log(LogKind.REFUSED) == []
