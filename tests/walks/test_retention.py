"""Content goes when its time is over, and everything that proves it stays."""

import asyncio
import base64
import hashlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.back_office import house_of, place_of
from gateway.cli.history import gather
from gateway.cli.root import lienthong
from gateway.config import load_config
from gateway.evidence.receipts import read_receipt, verify_receipt
from gateway.exchange.auditing import verify_log
from gateway.exchange.checkpoints import Checkpoints, log_name, prove_entry
from gateway.exchange.examination import examine
from gateway.exchange.holding import Holding
from gateway.model.agency import SystemKind
from gateway.model.log import LogKind
from gateway.office import now, open_office
from gateway.settings import Role
from gateway.store.backup import check_backup, make_backup, put_back, read_manifest
from gateway.store.folder import files_kept
from tests.databases import changing, on_postgresql, source_in, unguarded
from tests.keys import issued
from tests.packages import Sent, document, status
from tests.walks.test_killed_between_steps import Mortal
from tests.walks.world import FINANCE, HEALTH, HUB, MINISTRY, PROVINCE, Node, collect_all, prepare_node, until

LARGE = b"x" * 200_000
YEAR = timedelta(days=366)


async def found_node(folder: Path, **settings: object) -> Node:
    """A hub with two departments on it that erases after ten years what it is told to."""
    rules: dict[str, object] = {
        "every": "50ms",
        "patience": "0s",
        "documents": "10y",
        "statuses": "10y",
    }
    node = prepare_node(folder, code=HUB, role=Role.HUB, retention=rules | settings)
    await node.connect("SYT", [HEALTH])
    await node.connect("STC", [FINANCE])
    await node.connect("BO", [MINISTRY])
    await node.start()
    return node


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    node = await found_node(tmp_path / "node")
    yield node
    await node.stop()


async def travel(node: Node, sent: Sent, *, attachment: bytes = b"%PDF-1.4", to: str = "STC") -> bytes:
    """Send a document and let its recipient take and confirm it."""
    recipient = {"STC": FINANCE, "BO": MINISTRY}[to]
    package = document(sent, [recipient], attachment=attachment)
    assert (await node.dms("SYT").send(package, sender=HEALTH)).ok
    await collect_all(node.dms(to))
    return package


def digest_of(package: bytes) -> str:
    return hashlib.sha256(package).hexdigest()


def kept(node: Node, package: bytes) -> bool:
    """Whether the bytes of a package are anywhere in the data directory."""
    digest = digest_of(package)
    inline = node.rows("SELECT 1 FROM blobs WHERE digest = ?", digest)
    return bool(inline) or (node.directory / "blobs" / digest[:2] / digest[2:4] / digest).exists()


async def wait_for(condition: Callable[[], bool], *, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - it happens in the node
            await asyncio.sleep(0.02)


async def some_rounds(node: Node) -> None:
    """Long enough for several rounds, each of which would have erased what is due."""
    await asyncio.sleep(0.4)


def erased(node: Node) -> list[dict[str, Any]]:
    return node.log(LogKind.ERASED)


def errors(node: Node, **later: float) -> list[str]:
    house = house_of(load_config(node.directory / "config.toml"))
    ailments = {"seal-invalid-now", "clock-behind", "file-exposed", "seal-ends-soon"}  # of the set clock
    return [finding.code for finding in examine(house, at=node.clock()) if finding.code not in ailments]


async def test_content_goes_when_its_time_is_over_and_not_before(node: Node) -> None:
    """A small and a large one, nine years on both there, ten years on both gone, and no byte left of them."""
    marked = b"SECRET-CONTENT-THAT-MUST-GO" * 40
    small = await travel(node, Sent(sender=HEALTH), attachment=marked)
    large = await travel(node, Sent(sender=HEALTH, number="413"), attachment=LARGE)
    node.clock.ahead = 9 * YEAR
    await some_rounds(node)
    assert (kept(node, small), kept(node, large), erased(node)) == (True, True, [])
    node.clock.ahead = 10 * YEAR + timedelta(days=1)
    await wait_for(lambda: not kept(node, small) and not kept(node, large))
    await wait_for(lambda: node.rows("SELECT * FROM files_to_remove") == [])
    assert list((node.directory / "spool").rglob("*.part")) == []
    assert errors(node) == []
    entry = next(entry for entry in erased(node) if entry["sha256"] == digest_of(small))
    assert (entry["bytes"], entry["rule"], entry["kept_days"]) == (len(small), "document", 3660)
    assert (entry["sender"], entry["recipients"], entry["carries"]) == (HEALTH, [FINANCE], "document")
    if not on_postgresql():  # there VACUUM overwrites, when it comes by
        with closing(sqlite3.connect(node.directory / "lienthong.db")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert base64.b64encode(marked)[:60] not in (node.directory / "lienthong.db").read_bytes()


async def test_an_erasure_is_signed_and_stands_in_the_documents_history(node: Node) -> None:
    """Who asks what became of it finds the rule, the digest and our seal under it."""
    sent = Sent(sender=HEALTH)
    await travel(node, sent)
    node.clock.ahead = 11 * YEAR
    await wait_for(lambda: len(erased(node)) > 0)
    (row,) = node.rows(
        "SELECT receipt FROM log WHERE kind = 'erased' AND CAST(statement AS TEXT) LIKE '%\"document\"%'"
    )
    assert verify_receipt(read_receipt(row["receipt"]), issued(HUB).certificate)
    history = await gather(node.directory, f"{sent.number}/{sent.notation}")
    (package,) = [each for each in history.packages if each.status is None]
    assert package.erased_at is not None
    assert package.subject == "Về việc báo cáo công tác tiêm chủng"
    assert LogKind.ERASED in {entry.kind for entry in history.entries}
    place = ["hold", "place", f"{sent.number}/{sent.notation}", "--reason", "Muộn", "-d", str(node.directory)]
    assert "đã xóa trước đó" in (await asyncio.to_thread(CliRunner().invoke, lienthong, place)).output


async def test_what_was_erased_is_refused_in_clear_words(node: Node) -> None:
    """A system that collects it once more is told that its time is over, not that it never was."""
    assert (await node.dms("SYT").send(document(Sent(sender=HEALTH), [FINANCE]), sender=HEALTH)).ok
    listed = await until(node.dms("STC").received, lambda answer: bool(answer.items))
    doc_id = listed.items[0]["docId"]
    assert (await node.dms("STC").get(doc_id)).ok
    assert (await node.dms("STC").confirm(doc_id)).ok
    node.clock.ahead = 11 * YEAR
    await wait_for(lambda: len(erased(node)) > 0)
    node.clock.ahead = timedelta()  # callers' headers are of today
    answer = await node.dms("STC").get(doc_id)
    assert not answer.ok
    assert "content-erased" in str(answer.members["ErrorDesc"])


@pytest.mark.parametrize("attachment", [b"%PDF-1.4", LARGE], ids=["small", "large"])
async def test_the_same_package_again_gets_its_first_receipt_and_brings_nothing_back(
    node: Node, attachment: bytes
) -> None:
    """The submission is known though its bytes are not: no second document, no bytes on the disk."""
    package = document(Sent(sender=HEALTH), [FINANCE], attachment=attachment)
    first = await node.dms("SYT").send(package, sender=HEALTH)
    await collect_all(node.dms("STC"))
    node.clock.ahead = 11 * YEAR
    await wait_for(lambda: not kept(node, package))
    node.clock.ahead = timedelta()
    again = await node.dms("SYT").send(package, sender=HEALTH)
    assert (again.doc_id, again.members["Receipt"]) == (first.doc_id, first.members["Receipt"])
    await wait_for(lambda: not kept(node, package))
    assert (await node.dms("STC").received()).items == []
    assert errors(node) == []


async def test_a_delivery_the_axis_repeats_is_recognised_after_its_content_went(tmp_path: Path) -> None:
    """Confirmed as done once more; no second document, and nothing fetched again."""
    hub = prepare_node(tmp_path / "hub", code=HUB, role=Role.HUB)
    await hub.connect("BO", [MINISTRY])
    secret = await hub.connect("TINH", [PROVINCE, HEALTH, FINANCE], kind=SystemKind.GATEWAY)
    await hub.start()
    rules: dict[str, object] = {"documents": "10y", "every": "50ms", "patience": "0s"}
    node = prepare_node(tmp_path / "node", code=PROVINCE, below=(hub.url, "TINH", secret), retention=rules)
    await node.connect("SYT", [HEALTH])
    await node.start()
    package = document(Sent(sender=MINISTRY, number="7", notation="BTN-VP"), [HEALTH])
    assert (await hub.dms("BO").send(package, sender=MINISTRY)).ok
    await collect_all(node.dms("SYT"))
    await collect_all(hub.dms("BO"), "status")
    await wait_for(lambda: node.rows("SELECT 1 FROM dispatches WHERE ended_at IS NULL") == [])
    (arrived,) = node.rows("SELECT digest FROM packages WHERE direction = 'inbound'")
    await node.stop()
    node.clock.ahead = 11 * YEAR
    await node.start()
    await wait_for(lambda: [entry["sha256"] for entry in erased(node)] == [arrived["digest"]])
    await node.stop()
    with unguarded(source_in(hub.directory)) as connection:
        # The hub forgets that it was confirmed, as one restored from a backup does.
        connection.execute("UPDATE dispatches SET state = 'claimed', ended_at = NULL WHERE kind = 'document'")
        connection.execute("UPDATE queues SET open_count = 1, ended_count = 0 WHERE kind = 'document'")
    node.clock.ahead = timedelta()
    await node.start()
    await wait_for(lambda: hub.rows("SELECT 1 FROM dispatches WHERE ended_at IS NULL") == [])
    assert (await node.dms("SYT").received()).items == []
    assert len(node.rows("SELECT 1 FROM packages WHERE direction = 'inbound'")) == 1
    assert node.rows("SELECT 1 FROM blobs WHERE digest = ?", arrived["digest"]) == []
    await node.stop()
    await hub.stop()


async def test_what_is_still_open_stays_however_old(node: Node) -> None:
    """Not collected; collected and not confirmed; a recall nobody answered; a status without its document."""
    health, finance = node.dms("SYT"), node.dms("STC")
    waiting = document(Sent(sender=HEALTH, number="1"), [MINISTRY])
    collected = document(Sent(sender=HEALTH, number="2"), [MINISTRY])
    recalled = Sent(sender=HEALTH, number="3")
    first = await travel(node, recalled)
    for package in (waiting, collected):
        assert (await health.send(package, sender=HEALTH)).ok
    listed = await until(node.dms("BO").received, lambda answer: len(answer.items) == 2)
    assert (await node.dms("BO").get(listed.items[0]["docId"])).ok
    recall = document(recalled, [FINANCE], business=1, target=recalled.document_id)
    assert (await health.send(recall, sender=HEALTH)).ok
    await collect_all(finance)
    unmatched = status(Sent(sender=HEALTH, number="99"), "03", by=FINANCE)
    assert (await finance.send(unmatched, sender=FINANCE, kind="status")).ok
    await collect_all(health, "status")
    node.clock.ahead = 30 * YEAR
    await some_rounds(node)
    assert [kept(node, each) for each in (waiting, collected, first, recall, unmatched)] == [True] * 5
    node.clock.ahead = timedelta()
    agreed = status(recalled, "15", by=FINANCE)
    assert (await finance.send(agreed, sender=FINANCE, kind="status")).ok
    await collect_all(health, "status")
    node.clock.ahead = 30 * YEAR
    # It was looked at in thirty years' time: what closed it then would be of then. Rules anew look anew.
    with changing(source_in(node.directory)) as connection:
        connection.execute("UPDATE retention SET revising_from = 0")
    await wait_for(lambda: not kept(node, first) and not kept(node, recall))
    assert [kept(node, each) for each in (waiting, collected, unmatched)] == [True] * 3
    assert errors(node) == []


async def test_something_that_happens_to_a_document_keeps_it_longer(node: Node) -> None:
    """An answer after nine years: everything about the document is kept ten years from then."""
    sent = Sent(sender=HEALTH)
    package = await travel(node, sent)
    row = "UPDATE {} SET {} = {} - 9 * 366 * 86400000000"
    with unguarded(source_in(node.directory)) as connection:
        # Nine years pass: everything that has happened so far lies that far back.
        for table, column in (("log", "at"), ("packages", "accepted_at"), ("packages", "kept_since")):
            connection.execute(row.format(table, column, column))
    answer = status(sent, "03", by=FINANCE)
    assert (await node.dms("STC").send(answer, sender=FINANCE, kind="status")).ok
    await collect_all(node.dms("SYT"), "status")
    node.clock.ahead = 9 * YEAR
    await some_rounds(node)
    assert kept(node, package)
    node.clock.ahead = 10 * YEAR + timedelta(days=1)
    await wait_for(lambda: not kept(node, package))


async def test_of_several_rules_the_longest_counts(tmp_path: Path) -> None:
    """Finance keeps its documents for ever, the ministry its own for a year only; everybody else ten."""
    node = await found_node(tmp_path / "node")
    await node.stop()
    config = node.directory / "config.toml"
    tables = f'[[retention.agencies]]\ncode = "{FINANCE}"\ndocuments = "permanent"\n'
    tables += f'[[retention.agencies]]\ncode = "{MINISTRY}"\ndocuments = "1y"\n'
    config.write_text(config.read_text() + tables)
    await node.start()
    to_finance = await travel(node, Sent(sender=HEALTH))
    to_ministry = await travel(node, Sent(sender=HEALTH, number="413"), to="BO")
    both = document(Sent(sender=HEALTH, number="414"), [FINANCE, MINISTRY])
    assert (await node.dms("SYT").send(both, sender=HEALTH)).ok
    await collect_all(node.dms("STC"))
    await collect_all(node.dms("BO"))
    node.clock.ahead = 2 * YEAR
    await wait_for(lambda: not kept(node, to_ministry))
    (entry,) = erased(node)
    assert (entry["rule"], entry["kept_days"]) == (f"{MINISTRY} document", 366)
    node.clock.ahead = 100 * YEAR
    await wait_for(lambda: len([each for each in erased(node) if each["carries"] == "document"]) == 1)
    await some_rounds(node)
    assert (kept(node, to_finance), kept(node, both)) == (True, True)
    assert errors(node) == []
    await node.stop()


async def test_other_rules_count_for_what_is_there_already(tmp_path: Path) -> None:
    """Kept for ever, until the operator decides otherwise and starts the node again."""
    node = await found_node(tmp_path / "node", documents="permanent", statuses="10y")
    package = await travel(node, Sent(sender=HEALTH))
    node.clock.ahead = 20 * YEAR
    await some_rounds(node)
    assert kept(node, package)
    await node.stop()
    config = node.directory / "config.toml"
    config.write_text(config.read_text().replace('documents = "permanent"', 'documents = "5y"'))
    await node.start()
    await wait_for(lambda: not kept(node, package))
    await node.stop()


async def test_a_leap_of_the_clock_or_new_rules_are_not_believed_at_once(tmp_path: Path) -> None:
    """Eleven years on in a moment: nothing goes for a week, and nothing at all when the clock comes back."""
    node = await found_node(tmp_path / "node", patience="7d")
    package = await travel(node, Sent(sender=HEALTH))
    node.clock.ahead = 11 * YEAR
    await some_rounds(node)
    assert kept(node, package)
    node.clock.ahead = timedelta()
    await some_rounds(node)
    node.clock.ahead = 11 * YEAR + timedelta(days=8)  # a leap again: the week begins again
    await some_rounds(node)
    assert kept(node, package)
    node.clock.ahead += timedelta(days=6)
    await some_rounds(node)
    assert kept(node, package)
    node.clock.ahead += timedelta(days=2)
    await wait_for(lambda: not kept(node, package))
    await node.stop()


async def test_bytes_that_two_packages_share_stay_until_both_may_go(node: Node) -> None:
    """The same file declined and sent anew, years later: one content, two packages, the younger counts."""
    sent = Sent(sender=HEALTH)
    package = document(sent, [FINANCE], attachment=LARGE)
    assert (await node.dms("SYT").send(package, sender=HEALTH)).ok
    listed = await until(node.dms("STC").received, lambda answer: bool(answer.items))
    doc_id = listed.items[0]["docId"]
    assert (await node.dms("STC").get(doc_id)).ok
    assert (await node.dms("STC").confirm(doc_id, "fail", description="Không mở được")).ok
    await collect_all(node.dms("SYT"), "status")
    node.clock.ahead = 11 * YEAR
    await wait_for(lambda: not kept(node, package))
    node.clock.ahead = timedelta()
    assert (await node.dms("SYT").send(package, sender=HEALTH)).ok
    taken = await collect_all(node.dms("STC"))
    assert len(taken) == 1
    assert kept(node, package)
    rows = node.rows("SELECT erased_at FROM packages WHERE digest = ? ORDER BY id", digest_of(package))
    assert [row["erased_at"] is None for row in rows] == [False, True]
    assert errors(node) == []


async def hold(node: Node, **wanted: str) -> int:
    async with open_office(load_config(node.directory / "config.toml")) as office:
        holding = Holding(database=office.database, directory=office.directory, notary=office.notary)
        reason, by, at = "Thanh tra số 7", "thanhtra", now()
        if "agency" in wanted:
            return await holding.hold_agency(wanted["agency"], reason=reason, by=by, at=at)
        return await holding.hold_document(wanted["document"], reason=reason, by=by, at=at)


async def release(node: Node, number: int) -> None:
    async with open_office(load_config(node.directory / "config.toml")) as office:
        holding = Holding(database=office.database, directory=office.directory, notary=office.notary)
        await holding.release(number, reason="Thanh tra kết thúc", by="thanhtra", at=now())


@pytest.mark.parametrize("wanted", [{"document": "412/SYT-VP"}, {"agency": FINANCE}], ids=["one", "all"])
async def test_what_is_held_stays_and_goes_when_it_is_released(node: Node, wanted: dict[str, str]) -> None:
    """Both words are on record with who said them and why; others go in their time."""
    held = await travel(node, Sent(sender=HEALTH))
    free = await travel(node, Sent(sender=HEALTH, number="413"), to="BO")
    number = await hold(node, **wanted)
    node.clock.ahead = 11 * YEAR
    await wait_for(lambda: not kept(node, free))
    await some_rounds(node)
    assert kept(node, held)
    await release(node, number)
    await wait_for(lambda: not kept(node, held))
    acts = [entry for entry in node.log(LogKind.ADMINISTERED) if entry["act"].startswith("hold-")]
    assert [(entry["act"], entry["by"], entry["details"]["reason"]) for entry in acts] == [
        ("hold-placed", "thanhtra", "Thanh tra số 7"),
        ("hold-released", "thanhtra", "Thanh tra kết thúc"),
    ]
    assert errors(node) == []


async def test_proofs_of_erased_content_still_verify(node: Node) -> None:
    """The log replays from its first entry, and the entry of the acceptance is proved, as before."""
    await travel(node, Sent(sender=HEALTH))
    node.clock.ahead = 11 * YEAR
    await wait_for(lambda: len(erased(node)) > 0)
    await node.stop()
    certificate = issued(HUB).certificate
    async with open_office(load_config(node.directory / "config.toml")) as office:
        checkpoints = Checkpoints(database=office.database, seal=office.seal, origin=log_name(HUB))
        made = await checkpoints.make(at=now())
        assert made is not None
        (row,) = node.rows("SELECT min(seq) AS seq FROM log WHERE kind = 'accepted'")
        assert await prove_entry(office.database, row["seq"]) is not None
        (row,) = node.rows("SELECT max(seq) AS seq FROM log WHERE kind = 'erased'")
        assert await prove_entry(office.database, row["seq"]) is not None
        found = await verify_log(office.database, origin=log_name(HUB), certificates=[certificate])
        assert (found.faults, found.vouched) == ((), made.size)


async def test_a_backup_after_an_erasure_is_whole_and_restores(node: Node, tmp_path: Path) -> None:
    """What is gone is not missed, and not brought back."""
    gone = await travel(node, Sent(sender=HEALTH), attachment=LARGE)
    node.clock.ahead = 11 * YEAR
    await wait_for(lambda: not kept(node, gone))
    node.clock.ahead = timedelta()
    stays = await travel(node, Sent(sender=HEALTH, number="413"), attachment=LARGE + b"y")
    place = place_of(load_config(node.directory / "config.toml"), node.directory)
    make_backup(place, tmp_path / "copy", at=now(), program="test", with_keys=True)
    manifest = read_manifest(tmp_path / "copy")
    check_backup(tmp_path / "copy", manifest)
    put_back(tmp_path / "copy", manifest, tmp_path / "restored")
    restored = Node(directory=tmp_path / "restored")
    assert (kept(restored, gone), kept(restored, stays)) == (False, True)
    assert errors(restored) == []


@pytest.mark.parametrize("point", ["CONTENT_ERASED", "FILES_SET_ASIDE", "FILES_REMOVED"])
async def test_an_erasure_cut_short_is_finished_by_the_next_process(tmp_path: Path, point: str) -> None:
    """Killed between the record and the last trace of the file: nothing is wrong, and nothing is left."""
    node = await found_node(tmp_path / "node")
    small = await travel(node, Sent(sender=HEALTH))
    large = await travel(node, Sent(sender=HEALTH, number="413"), attachment=LARGE)
    await node.stop()
    later = 11 * YEAR
    mortal = Mortal(node)
    await mortal.start(point, str(later.days))
    assert await mortal.died()
    node.clock.ahead = later
    assert set(errors(node)) <= {"spool-left"}  # which the next start clears
    await mortal.start("", str(later.days))
    await wait_for(lambda: not kept(node, small) and not kept(node, large))
    await wait_for(lambda: node.rows("SELECT 1 FROM files_to_remove") == [])
    await mortal.stop()
    assert list((node.directory / "spool").rglob("*.part")) == []
    assert len([each for each in erased(node) if each["carries"] == "document"]) == 2
    assert errors(node) == []


async def test_no_file_goes_while_a_backup_reads(node: Node) -> None:
    """Recorded at once, removed once the backup has what its copy of the database names."""
    package = await travel(node, Sent(sender=HEALTH), attachment=LARGE)
    with files_kept(node.directory / "blobs"):
        node.clock.ahead = 11 * YEAR
        await wait_for(lambda: any(entry["sha256"] == digest_of(package) for entry in erased(node)))
        await some_rounds(node)
        assert kept(node, package)
        assert errors(node) == []
    await wait_for(lambda: not kept(node, package))
