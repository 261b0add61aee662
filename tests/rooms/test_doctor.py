"""The doctor finds and explains each disagreement, and finds nothing where nothing is."""

import asyncio
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.back_office import house_of
from gateway.cli.root import lienthong
from gateway.config import load_config
from gateway.exchange.examination import Finding, examine, mend
from gateway.exchange.meanings import MEANINGS, Severity
from gateway.model.agency import SystemKind
from gateway.office import now
from gateway.settings import Role
from gateway.trust.issuing import issue_seal
from tests.keys import SEAL_DAYS, authority
from tests.packages import Sent, document, status
from tests.walks.world import (
    FINANCE,
    HEALTH,
    HUB,
    MINISTRY,
    PROVINCE,
    Node,
    collect_all,
    insist,
    prepare_node,
    until,
)

pytestmark = pytest.mark.sqlite_only

LARGE = b"x" * 200_000
Damage = Callable[[Path], None]


async def lived_through(tmp_path: Path) -> Node:
    """A gateway that has seen a bit of everything, at rest."""
    hub = prepare_node(tmp_path / "hub", code=HUB, role=Role.HUB)
    await hub.connect("BO", [MINISTRY])
    secret = await hub.connect("TINH", [PROVINCE, HEALTH, FINANCE], kind=SystemKind.GATEWAY)
    await hub.start()
    gateway = prepare_node(tmp_path / "gateway", code=PROVINCE, below=(hub.url, "TINH", secret))
    await gateway.connect("SYT", [HEALTH])
    await gateway.connect("STC", [FINANCE])
    await gateway.start()
    await traffic(hub, gateway)
    found = await asyncio.to_thread(look, gateway)
    assert [finding for finding in found if finding.is_error] == []
    await gateway.stop()
    await hub.stop()
    for path in ("lienthong.db", "seal.key", "secrets.key", "axis.secret"):
        (gateway.directory / path).chmod(0o600)
    return gateway


async def traffic(hub: Node, gateway: Node) -> None:
    """Documents small and large, a refusal, a repetition, answers, an update, a recall, a turning away."""
    health, finance, ministry = gateway.dms("SYT"), gateway.dms("STC"), hub.dms("BO")
    first = Sent(sender=HEALTH)
    package = document(first, [MINISTRY, FINANCE])
    assert (await health.send(package, sender=HEALTH)).ok
    assert (await health.send(package, sender=HEALTH)).ok
    assert not (await health.send(b"<x/>", sender=HEALTH)).ok
    large = document(Sent(sender=HEALTH, number="413"), [MINISTRY], attachment=LARGE)
    assert (await health.send(large, sender=HEALTH)).ok
    await collect_all(ministry, count=2)
    await collect_all(finance)
    answer = status(first, "03", by=FINANCE)
    assert (await finance.send(answer, sender=FINANCE, kind="status")).ok
    recall = document(first, [MINISTRY, FINANCE], business=1, target=first.document_id)
    assert (await health.send(recall, sender=HEALTH)).ok
    await collect_all(ministry)
    update = document(Sent(sender=HEALTH, number="414"), [FINANCE], steering=1, due=date(2026, 5, 4))
    assert (await health.send(update, sender=HEALTH)).ok
    for item in (await until(finance.received, lambda listed: len(listed.items) == 2)).items:
        assert (await finance.get(item["docId"])).document
        assert (await finance.confirm(item["docId"], "fail", description="Không mở được")).ok
    assert (
        await ministry.send(
            document(Sent(sender=MINISTRY, number="7", notation="BTN-VP"), [HEALTH]), sender=MINISTRY
        )
    ).ok
    await collect_all(health)
    await until(health.sent, lambda told: all(item["sendStatus"] != "processing" for item in told.items))


def look(node: Node, *, at: datetime | None = None, thorough: bool = True) -> list[Finding]:
    house = house_of(load_config(node.directory / "config.toml"))
    return examine(house, at=at or now(), thorough=thorough)


def changed(sql: str) -> Damage:
    """Change the database as somebody with a tool and no conscience would."""

    def damage(directory: Path) -> None:
        with closing(sqlite3.connect(directory / "lienthong.db")) as connection:
            triggers = connection.execute(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
            ).fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            connection.executescript(sql)
            for _, made in triggers:
                connection.execute(made)
            connection.commit()

    return damage


def large_file(directory: Path) -> Path:
    return next(path for path in (directory / "blobs").rglob("*") if path.is_file())


def left(path: str) -> Damage:
    """Leave a file behind, long ago."""

    def damage(directory: Path) -> None:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(b"x")
        os.utime(directory / path, (0, 0))

    return damage


DAMAGES: dict[str, Damage] = {
    "schema-unknown": changed("PRAGMA user_version = 99; UPDATE schema_programs SET since = 99"),
    "reference-broken": changed("UPDATE dispatches SET package_id = 'x' WHERE rowid = 1"),
    "log-unguarded": lambda directory: _run(directory, "DROP TRIGGER log_is_append_only_1"),
    "entry-missing": changed("DELETE FROM log WHERE kind = 'repeated'"),
    "entry-mislabelled": changed("UPDATE log SET kind = 'deferred' WHERE kind = 'repeated'"),
    "leaf-wrong": changed("UPDATE log SET leaf = zeroblob(32) WHERE seq = 3"),
    "receipt-wrong": changed(
        "UPDATE log SET receipt = (SELECT receipt FROM log WHERE kind = 'refused') WHERE kind = 'delivered'"
    ),
    "receipt-missing": changed("UPDATE log SET receipt = NULL WHERE kind = 'refused'"),
    "package-unrecorded": changed(
        "UPDATE log SET package_id = NULL WHERE kind = 'accepted' AND seq ="
        " (SELECT min(seq) FROM log WHERE kind = 'accepted')"
    ),
    "own-word-unrecorded": changed(
        "UPDATE packages SET direction = 'own', kind = 'status' WHERE id ="
        " (SELECT package_id FROM log WHERE kind = 'accepted' LIMIT 1)"
    ),
    "record-without-package": changed("DELETE FROM packages WHERE direction = 'inbound'"),
    "package-differs": changed("UPDATE packages SET size_bytes = size_bytes + 1 WHERE direction = 'inbound'"),
    "end-unrecorded": changed(
        "UPDATE dispatches SET state = 'expired' WHERE state = 'waiting';"
        "UPDATE log SET dispatch_id = 'x' WHERE kind = 'delivered'"
    ),
    "record-without-end": changed(
        "UPDATE dispatches SET state = 'waiting', ended_at = NULL, far_id = NULL WHERE destination = 'axis'"
    ),
    "collection-unrecorded": changed(
        "UPDATE dispatches SET state = 'claimed', ended_at = NULL WHERE destination"
        " = 'mailbox'; UPDATE log SET dispatch_id = NULL WHERE kind = 'collected'"
    ),
    "record-without-collection": changed(
        "UPDATE dispatches SET state = 'waiting', ended_at = NULL WHERE destination = 'mailbox'"
    ),
    "answer-unrecorded": changed("UPDATE log SET package_id = NULL WHERE kind = 'answered'"),
    "recall-unrecorded": changed(
        "UPDATE threads SET recalled_at = 1 WHERE id IN (SELECT thread_id FROM packages"
        " WHERE notation LIKE '413%'); UPDATE log SET thread_id = NULL"
        " WHERE kind IN ('amended', 'answered')"
    ),
    "status-unfounded": changed("UPDATE recipients SET status = '06'"),
    "dispatch-contradicts-itself": changed("UPDATE dispatches SET far_id = NULL"),
    "stretch-wrong": changed("INSERT INTO log_stretches VALUES (0, 1, 1)"),
    "queue-miscounted": changed("UPDATE queues SET ended_count = ended_count + 1"),
    "agency-served-unknown": changed("INSERT INTO served_agencies VALUES ('X', 'SYT')"),
    "erasure-unrecorded": changed("UPDATE packages SET erased_at = 1 WHERE direction = 'inbound'"),
    "record-without-erasure": changed(
        "INSERT INTO log (kind, at, statement, leaf, package_id)"
        " SELECT 'erased', at, statement, leaf, package_id FROM log WHERE kind = 'accepted' LIMIT 1"
    ),
    "hold-ignored": changed(
        "INSERT INTO holds (thread_id, reason, placed_at, placed_by)"
        " SELECT thread_id, 'x', 1, 'x' FROM packages WHERE direction = 'inbound';"
        "UPDATE packages SET erased_at = 2 WHERE direction = 'inbound'"
    ),
    "obligation-contradicts-steps": changed("UPDATE obligations SET due_on = '2030-01-01'"),
    "step-unrecorded": changed(
        "INSERT INTO obligation_steps (obligation_id, act, at) SELECT id, 'extend', 1 FROM obligations"
    ),
    "record-without-step": changed("DELETE FROM obligation_steps WHERE act = 'open'"),
    "register-miscounted": changed("UPDATE register_figures SET deliveries = deliveries + 1"),
    "document-not-findable": changed("DELETE FROM loose_documents"),
    "document-unregistered": changed("DELETE FROM register WHERE side = 'out'"),
    "bytes-missing": lambda directory: large_file(directory).unlink(),
    "bytes-damaged": lambda directory: large_file(directory).write_bytes(
        large_file(directory).read_bytes()[:-1] + b"!"
    ),
    "bytes-unused": changed("INSERT INTO blobs VALUES ('x', x'00')"),
    "file-astray": left("blobs/ab/cd/abcd"),
    "spool-left": left("spool/x.part"),
    "secret-unopened": lambda directory: (directory / "secrets.key").write_bytes(bytes([1]) * 32),
    "file-exposed": lambda directory: (directory / "seal.key").chmod(0o644),
    "database-damaged": lambda directory: _scratch(directory / "lienthong.db"),
}


def _run(directory: Path, sql: str) -> None:
    with closing(sqlite3.connect(directory / "lienthong.db")) as connection:
        connection.execute(sql)
        connection.commit()


def _scratch(database: Path) -> None:
    """Make an index disagree with its table, as a torn page does."""
    with closing(sqlite3.connect(database)) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'packages_by_digest'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(database.read_bytes())
    content[page * size - 40 : page * size - 20] = bytes(20)
    database.write_bytes(content)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory full of life, made once and copied for each disease."""
    return asyncio.run(lived_through(tmp_path_factory.mktemp("lived"))).directory


@pytest.fixture
def patient(lived: Path, tmp_path: Path) -> Node:
    """A copy."""
    shutil.copytree(lived, tmp_path / "node")
    return Node(directory=tmp_path / "node")


def test_a_healthy_node_has_nothing(patient: Node) -> None:
    """Everything agrees, thoroughly and quickly."""
    assert look(patient) == look(patient, thorough=False) == []


@pytest.mark.parametrize(
    "column", ["sender", "recipients", "document_id", "status", "grade", "system_id", "accepted_at"]
)
def test_whatever_of_a_package_its_entry_states_cannot_be_changed(patient: Node, column: str) -> None:
    """The console, the register and the reports tell what stands in its row."""
    changed(f"UPDATE packages SET {column} = 7 WHERE direction = 'inbound'")(patient.directory)
    assert "package-differs" in {finding.code for finding in look(patient, thorough=False)}


def test_the_word_of_an_answer_cannot_be_changed(patient: Node) -> None:
    """Nobody makes a document done that was not."""
    changed("UPDATE answers SET status = '06'; UPDATE recipients SET status = '06'")(patient.directory)
    assert "answer-unrecorded" in {finding.code for finding in look(patient, thorough=False)}


@pytest.mark.parametrize("code", DAMAGES)
def test_each_disagreement_is_found_and_explained(patient: Node, code: str) -> None:
    """What was planted is among what is found, with an example."""
    DAMAGES[code](patient.directory)
    found = {finding.code: finding for finding in look(patient)}
    assert code in found
    assert found[code].count >= 1
    assert found[code].examples


def test_a_count_that_is_missing_altogether_is_found(patient: Node) -> None:
    """Not only one that is wrong: of queues, and of the register."""
    changed("DELETE FROM queues WHERE destination = 'axis'; DELETE FROM register_figures WHERE side = 'in'")(
        patient.directory
    )
    assert [finding.code for finding in look(patient)] == ["queue-miscounted", "register-miscounted"]


def test_a_clock_behind_and_a_seal_near_its_end_are_told(patient: Node) -> None:
    """Instants are arguments: the doctor looks from another day."""

    def codes(**later: float) -> set[str]:
        return {finding.code for finding in look(patient, at=now() + timedelta(**later))}

    assert codes(days=-1) == {"clock-behind"}
    assert codes(days=SEAL_DAYS) == {"seal-invalid-now"}
    end = house_of(load_config(patient.directory / "config.toml")).certificates[0].not_valid_after_utc
    assert {found.code for found in look(patient, at=end - timedelta(days=5))} == {"seal-ends-soon"}


def test_receipts_of_a_former_seal_are_a_remark(patient: Node) -> None:
    """Rotated: verified with the old certificate where it was kept, and else said so."""
    old = (patient.directory / "seal.pem").read_bytes()
    new = issue_seal(authority(), holder=PROVINCE, name="UBND", at=now() - timedelta(hours=1), days=400)
    (patient.directory / "seal.key").write_bytes(new.key_pem)
    (patient.directory / "seal.pem").write_bytes(new.chain_pem)
    assert {finding.code for finding in look(patient)} == {"receipt-of-another-seal"}
    (patient.directory / "seal-2025.pem").write_bytes(old)
    assert look(patient) == []


def test_mending_removes_what_is_nobodys_and_nothing_else(patient: Node) -> None:
    """An old stray file goes; packages stay."""
    left("blobs/ab/cd/abcd")(patient.directory)
    house = house_of(load_config(patient.directory / "config.toml"))
    assert mend(house, at=now()) == ["abcd"]
    assert large_file(patient.directory).stat().st_size > len(LARGE)
    assert look(patient) == []


async def test_an_examination_beside_traffic_raises_no_false_alarm(tmp_path: Path) -> None:
    """What is committed between two questions is not seen by either."""
    node = prepare_node(tmp_path / "node", code=PROVINCE, role=Role.HUB)
    await node.connect("SYT", [HEALTH])
    await node.connect("STC", [FINANCE])
    await node.start()

    async def send(number: int) -> None:
        sent = Sent(sender=HEALTH, number=str(number))
        large = LARGE if number % 3 == 0 else b"y"
        package = document(sent, [FINANCE], attachment=large)
        assert (await insist(node.dms("SYT"), package, sender=HEALTH)).ok

    sending = asyncio.gather(*(send(number) for number in range(40)))
    while not sending.done():
        found = await asyncio.to_thread(look, node)
        assert [finding for finding in found if finding.is_error] == []
    await sending
    await node.stop()


def test_the_page_lists_what_the_doctor_can_say() -> None:
    """docs/operations.md has every code, and no other."""
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    section = page[page.index("## The doctor") :]
    section = section[: section.index("\n## ", 5)]
    listed = dict(re.findall(r"^\| `([a-z-]+)` \| (error|remark) \|", section, re.MULTILINE))
    assert listed == {code: meaning.severity.value for code, meaning in MEANINGS.items()}
    assert {meaning.severity for meaning in MEANINGS.values()} == set(Severity)


def test_the_command_speaks_to_people_and_to_programs(patient: Node) -> None:
    """Exit code 0 and a line; 1 and what is wrong; the same as JSON."""
    run = CliRunner().invoke
    well = run(lienthong, ["doctor", "-d", str(patient.directory)])
    assert (well.exit_code, "Không có gì bất thường" in well.output) == (0, True)
    large_file(patient.directory).unlink()
    ill = run(lienthong, ["doctor", "-d", str(patient.directory)])
    assert (ill.exit_code, "bytes-missing" in ill.output) == (1, True)
    told = run(lienthong, ["doctor", "--json", "-d", str(patient.directory)])
    assert [finding["code"] for finding in json.loads(told.output)] == ["bytes-missing"]
