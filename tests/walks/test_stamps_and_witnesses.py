"""Outsiders vouch for the log: an authority stamps its checkpoints, a peer watches it and rings."""

import asyncio
import hashlib
import json
import shutil
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.clients.peer_log import PeerLog
from gateway.config import load_config
from gateway.errors import Delay
from gateway.evidence.checkpoint import Verdict, verify_checkpoint
from gateway.evidence.note import read_note, verify_note
from gateway.evidence.timestamp import verify_token
from gateway.exchange.checkpoints import Checkpoints, log_name
from gateway.model.identifiers import PackageId
from gateway.model.log import LogKind
from gateway.office import load_own_seal, now, open_office
from gateway.store.audit_log import append_entry
from gateway.trust.keys import Seal
from tests.databases import source_in, unguarded
from tests.stamping_authority import StampingAuthority
from tests.walks.world import FINANCE, HEALTH, Node, prepare_node

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")

QUICK: dict[str, object] = {"checkpoint_every": "100ms", "witness_every": "100ms", "timestamp_timeout": "2s"}


def seal_of(node: Node) -> Seal:
    return load_own_seal(load_config(node.directory / "config.toml"))


async def happen(node: Node, count: int = 1) -> None:
    """Let something happen at a node, as an operator's act would."""
    async with open_office(load_config(node.directory / "config.toml")) as office:
        entries = [
            office.notary.entry(LogKind.DEFERRED, at=now(), package_id=PackageId(f"p{number}"))
            for number in range(count)
        ]
        await office.database.write(lambda tables: [append_entry(tables, each) for each in entries])


async def wait_for(seen: Callable[[], Any], *, seconds: float = 15) -> Any:
    """Wait until something is so, and return it."""
    async with asyncio.timeout(seconds):
        while not (found := seen()):  # noqa: ASYNC110 - another process's view of the disk
            await asyncio.sleep(0.05)
    return found


async def told(node: Node, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"{node.url}{path}") as answer:
        return answer.status, await answer.text()


async def remarks(node: Node) -> dict[str, str]:
    status, body = await told(node, "/readyz")
    assert status == 200
    return dict(json.loads(body)["remarks"])


async def until_remarked(node: Node, about: str, code: str) -> dict[str, str]:
    async with asyncio.timeout(15):
        while code not in (found := await remarks(node)).get(about, ""):  # noqa: ASYNC110 - asked over HTTP
            await asyncio.sleep(0.1)
    return found


async def metric(node: Node, name: str) -> float:
    _, body = await told(node, "/metrics")
    (line,) = [line for line in body.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


# -- timestamps -----------------------------------------------------------------------------------------


@pytest.fixture
async def authority(tmp_path: Path) -> AsyncIterator[StampingAuthority]:
    """An authority that serves."""
    async with StampingAuthority(folder=tmp_path / "tsa").serving() as authority:
        yield authority


def stamped_node(folder: Path, authority: StampingAuthority) -> Node:
    node = prepare_node(
        folder,
        code=HEALTH,
        audit={**QUICK, "timestamp_url": authority.url, "timestamp_anchors_file": "tsa.pem"},
    )
    (folder / "tsa.pem").write_bytes(authority.root_pem)
    return node


@pytest.fixture
async def node(tmp_path: Path, authority: StampingAuthority) -> AsyncIterator[Node]:
    """A gateway whose checkpoints are stamped."""
    node = stamped_node(tmp_path / "node", authority)
    await happen(node)
    await node.start()
    yield node
    await node.stop()


def stamps(node: Node) -> dict[int, bytes | None]:
    return {row["size"]: row["token"] for row in node.rows("SELECT size, token FROM checkpoints")}


async def test_every_checkpoint_gets_a_timestamp_that_anybody_can_check(
    node: Node, authority: StampingAuthority
) -> None:
    """Over the note as it was published, by openssl as well as by us."""
    await wait_for(lambda: stamps(node).get(1))
    await happen(node)
    await wait_for(lambda: stamps(node).get(2))
    for row in node.rows("SELECT note, token FROM checkpoints"):
        assert authority.agrees(row["note"], row["token"])
    assert await remarks(node) == {}
    assert await metric(node, "lienthong_log_unstamped_seconds") == 0


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ({"status": 500}, "timestamp-failed"),
        ({"delay": 5}, "timestamp-away"),
        ({"spoil": lambda answer: answer[:-9] + b"\x00" * 9}, "timestamp-"),
        ({"spoil": lambda answer: b"<html>"}, "timestamp-malformed"),
        ({"spoil": lambda answer: b"x" * 100_000}, "answer-too-large"),
        ({"spoil": lambda answer: bytes.fromhex("30053003020102")}, "timestamp-refused"),
    ],
    ids=["broken", "slow", "altered", "page", "endless", "unwilling"],
)
async def test_an_authority_that_gives_nothing_of_use_stops_nothing(
    node: Node, authority: StampingAuthority, trouble: dict[str, Any], code: str
) -> None:
    """The node stays ready and says since when; once the authority is well, everything is stamped."""
    await wait_for(lambda: stamps(node).get(1))
    for name, value in trouble.items():
        setattr(authority, name, value)
    await happen(node)
    await wait_for(lambda: 2 in stamps(node))
    found = await until_remarked(node, "timestamp", code)
    assert "since" in found["unstamped"]
    assert await metric(node, "lienthong_log_unstamped_seconds") > 0
    assert stamps(node)[2] is None
    authority.status, authority.delay, authority.spoil = 200, 0, bytes
    await wait_for(lambda: all(stamps(node).values()))
    assert await remarks(node) == {}


async def test_when_the_authority_is_back_the_newest_goes_first_and_none_is_left_out(
    tmp_path: Path, authority: StampingAuthority
) -> None:
    """One answer ends the exposure; the older ones follow, each with a timestamp of its own."""
    node = stamped_node(tmp_path / "node", authority)
    async with open_office(load_config(node.directory / "config.toml")) as office:
        checkpoints = Checkpoints(database=office.database, seal=office.seal, origin=log_name(HEALTH))
        for _ in range(5):
            await happen(node)
            await checkpoints.make(at=now() - timedelta(hours=1))
    await node.start()
    await wait_for(lambda: all(stamps(node).values()))
    order = node.rows("SELECT size, note, token FROM checkpoints ORDER BY size")
    serials = {
        row["size"]: verify_token(
            row["token"], hashlib.sha256(row["note"]).digest(), authority.anchors
        ).serial
        for row in order
    }
    assert sorted(serials, key=serials.__getitem__) == [5, 4, 3, 2, 1]
    await node.stop()


async def test_a_timestamp_by_a_clock_that_is_not_ours_is_not_kept(
    tmp_path: Path, authority: StampingAuthority
) -> None:
    """One of the two is wrong, and a timestamp is kept for ever."""
    node = stamped_node(tmp_path / "node", authority)
    await happen(node)
    node.clock.ahead = timedelta(minutes=6)
    await node.start()
    await until_remarked(node, "timestamp", "timestamp-clock")
    assert stamps(node) == {1: None}
    node.clock.ahead = timedelta()
    await wait_for(lambda: stamps(node)[1])
    await node.stop()


async def test_a_node_that_is_told_to_stop_does_not_wait_for_an_authority(
    tmp_path: Path, authority: StampingAuthority
) -> None:
    """Nor for a peer: what they would have said comes another time."""
    node = stamped_node(tmp_path / "node", authority)
    await happen(node)
    authority.delay = 30
    await node.start()
    await wait_for(lambda: authority.asked)
    began = asyncio.get_running_loop().time()
    await node.stop()
    assert asyncio.get_running_loop().time() - began < 1.5


# -- witnesses ------------------------------------------------------------------------------------------


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Node, Node]]:
    """Two gateways, each other's witness."""
    nodes = [prepare_node(tmp_path / code, code=code, audit=dict(QUICK)) for code in (HEALTH, FINANCE)]
    async with AsyncExitStack() as running:
        for own, other, code in ((nodes[0], nodes[1], FINANCE), (nodes[1], nodes[0], HEALTH)):
            shutil.copy(other.directory / "seal.pem", own.directory / "peer.pem")
            port = _free_port()
            config = other.directory / "config.toml"
            config.write_text(config.read_text().replace("port = 0", f"port = {port}"))
            with (own.directory / "config.toml").open("a") as written:
                written.write(
                    f'\n[[audit.peers]]\norigin = "{code}/log"\nurl = "http://127.0.0.1:{port}"\n'
                    'certificate_file = "peer.pem"\n'
                )
        for node in nodes:
            await happen(node, 3)
            await node.start()
            running.push_async_callback(node.stop)
        yield nodes[0], nodes[1]


def _free_port() -> int:
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def seen(node: Node, size: int) -> list[sqlite3.Row]:
    return node.rows("SELECT * FROM witnessed WHERE size >= ?", size)


def lines(node: Node, size: int) -> list[sqlite3.Row]:
    return node.rows("SELECT * FROM cosignatures WHERE size = ?", size)


async def test_two_nodes_sign_each_others_checkpoints(pair: tuple[Node, Node]) -> None:
    """And whoever asks gets the note with both signatures under it."""
    for node, other in (pair, pair[::-1]):
        await happen(node, 300)
        await wait_for(lambda node=node: lines(node, 303))
        _, body = await told(node, "/log/checkpoint")
        note = read_note(body.encode())
        checkpoint = verify_checkpoint(note, seal_of(node).certificate)
        assert checkpoint is not None
        assert checkpoint.size == 303
        by = seal_of(other)
        assert verify_note(note, log_name(by.holder), by.certificate)
        assert await remarks(node) == {}
        assert (await told(node, "/log/checkpoint/303"))[1] == body
        assert (await told(node, "/log/checkpoint/302"))[0] == 404
        assert (await told(node, "/log/consistency/3/303"))[0] == 200
        assert (await told(node, "/log/consistency/303/3"))[0] == 404


@pytest.mark.parametrize("line", ["", "rubbish", "— a AAAA\n", "x" * 20_000, "\ud800"], ids=str)
async def test_nobody_else_puts_a_line_under_a_checkpoint(pair: tuple[Node, Node], line: str) -> None:
    """Not what is no line, not a stranger's, not without end."""
    node, _ = pair
    body = line.encode("utf-8", "surrogatepass")
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{node.url}/log/cosignature/3", data=body) as answer,
    ):
        assert answer.status in (400, 403)
    assert {row["witness"] for row in lines(node, 3)} <= {f"{FINANCE}/log"}


async def test_a_peers_line_over_something_else_is_refused(pair: tuple[Node, Node]) -> None:
    """Its own signature, but not over this checkpoint; or over one that was never made."""
    node, _ = pair
    await wait_for(lambda: lines(node, 3))
    await happen(node, 5)
    await wait_for(lambda: lines(node, 8))
    (first,) = lines(node, 3)
    async with aiohttp.ClientSession() as session:
        for size, status in ((8, 403), (7, 404), (3, 204)):
            url = f"{node.url}/log/cosignature/{size}"
            async with session.post(url, data=first["line"].encode()) as answer:
                assert answer.status == status


def tamper(node: Node, *statements: str) -> None:
    """Write into a database as somebody with the disk in his hands would; no trace of it is left."""
    with unguarded(source_in(node.directory)) as tables:
        for statement in statements:
            tables.execute(statement)


WITHOUT_A_TRACE = ("DELETE FROM cosignatures", "DELETE FROM checkpoints", "DELETE FROM tiles")


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE log SET leaf = zeroblob(32) WHERE seq = 2"],
        ["DELETE FROM log WHERE seq = 2", "UPDATE log SET seq = seq - 1 WHERE seq > 2"],
        [
            "UPDATE log SET seq = -1 WHERE seq = 2",
            "UPDATE log SET seq = 2 WHERE seq = 3",
            "UPDATE log SET seq = 3 WHERE seq = -1",
        ],
    ],
    ids=["changed", "removed", "moved"],
)
async def test_a_log_that_was_changed_and_signed_anew_is_found_out_by_its_witness(
    pair: tuple[Node, Node], statements: list[str]
) -> None:
    """With disk and key in one hand the node itself sees nothing; the other one has the old checkpoint."""
    node, witness = pair
    await happen(node, 7)
    await wait_for(lambda: [row for row in seen(witness, 10) if row["origin"] == f"{HEALTH}/log"])
    await node.stop()
    tamper(node, *statements, *WITHOUT_A_TRACE)
    await happen(node, 5)
    await node.start()
    (entry,) = await wait_for(lambda: witness.log(LogKind.CONTRADICTED))
    assert (entry["log"], entry["verdict"], entry["seen_size"]) == (f"{HEALTH}/log", Verdict.FORK, 10)
    assert (await remarks(witness))[f"contradiction {HEALTH}/log"].startswith("fork since")
    assert await metric(witness, "lienthong_log_contradictions") == 1
    assert lines(node, 15) == []
    await asyncio.sleep(0.3)  # and it is on record once, however often it is seen
    assert len(witness.log(LogKind.CONTRADICTED)) == 1


async def test_a_log_that_lost_its_end_is_found_out_by_its_witness(pair: tuple[Node, Node]) -> None:
    """Restored from a backup without a word, or cut off: a rollback."""
    node, witness = pair
    await happen(node, 7)
    await wait_for(lambda: [row for row in seen(witness, 10) if row["origin"] == f"{HEALTH}/log"])
    await node.stop()
    tamper(node, "DELETE FROM log WHERE seq > 5", *WITHOUT_A_TRACE)
    await node.start()
    (entry,) = await wait_for(lambda: witness.log(LogKind.CONTRADICTED))
    assert (entry["verdict"], entry["seen_size"], entry["shown_size"]) == (Verdict.ROLLBACK, 10, 5)


async def test_a_node_signs_nothing_over_a_log_that_was_changed(pair: tuple[Node, Node]) -> None:
    """Whoever leaves checkpoints and tree as they were gets no further one: the node itself rings."""
    node, witness = pair
    await happen(node, 7)
    await wait_for(lambda: [row for row in seen(witness, 10) if row["origin"] == f"{HEALTH}/log"])
    tamper(node, "UPDATE log SET leaf = zeroblob(32) WHERE seq = 2")
    await happen(node, 5)
    await until_remarked(node, "log", "log-altered")
    assert await metric(node, "lienthong_log_altered") == 1
    assert {row["size"] for row in node.rows("SELECT size FROM checkpoints")} <= {3, 10}


async def test_a_peer_that_is_away_is_a_remark_and_no_alarm(pair: tuple[Node, Node]) -> None:
    """Seen again, it is where it was."""
    node, witness = pair
    await wait_for(lambda: seen(witness, 3))
    await node.stop()
    await until_remarked(witness, f"peer {HEALTH}/log", "peer-away")
    await happen(node, 4)
    await node.start()
    await wait_for(lambda: lines(node, 7))
    assert await remarks(witness) == {}
    assert witness.log(LogKind.CONTRADICTED) == []


async def test_a_peer_that_has_published_nothing_yet_is_said_to_be_empty() -> None:
    """Two nodes are set up one after the other; until the second has a checkpoint nothing is wrong."""
    empty = web.Application()  # to us every address of it is one that is not there
    async with TestServer(empty) as server, aiohttp.ClientSession() as session:
        log = PeerLog(session=session, url=str(server.make_url("")).rstrip("/"), timeout=timedelta(seconds=5))
        with pytest.raises(Delay, match="no checkpoint yet") as caught:
            await log.fetch_checkpoint()
    assert caught.value.code == "peer-empty"
