"""A hub served as a process, and everything an operator and two systems do with it from the command line."""

import asyncio
import itertools
import json
import os
import resource
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog

from gateway.cli.operating_log import writing_plain_lines
from gateway.cli.workers import Workers, reserve
from gateway.config import load_config
from gateway.evidence.merkle import hash_leaf
from gateway.evidence.receipts import read_receipt, verify_receipt, write_entry
from gateway.serving import alone
from gateway.trust.certificates import load_anchors
from tests.packages import Sent, document, status
from tests.rooms.cli_kit import CASES, ROOT, Server, codes, facts, found, rules, run, served
from tests.tls_files import write_certificate

# Each test has two agencies of its own on the one hub that runs for all of them.
NUMBERS = itertools.count(10)


@dataclass
class Desk:
    """One agency's system, and the options by which it calls."""

    code: str
    account: tuple[str | Path, ...]


@dataclass
class World:
    """A served hub, an agency that sends and one that receives, and a letter between them."""

    folder: Path
    server: Server
    health: Desk
    finance: Desk
    letter: Sent
    path: Path

    def send(self) -> dict[str, Any]:
        """Send the letter."""
        answer: dict[str, Any] = facts("send", self.path, *self.health.account)
        return answer

    def answer(self, code: str, words: str) -> None:
        """Answer the letter."""
        self.path.with_name("answer.edxml").write_bytes(
            status(self.letter, code, by=self.finance.code, description=words)
        )
        run("send", self.path.with_name("answer.edxml"), *self.finance.account)


def open_desk(folder: Path, url: str, tmp_path: Path, name: str) -> Desk:
    """Write an agency and connect its system."""
    number = next(NUMBERS)
    code, system = f"000.00.{number}.H57", f"qlvb-{number}"
    secret = tmp_path / f"{system}.secret"
    run("agency", "add", code, name, "-d", folder)
    run("system", "add", system, "--serves", code, "--secret-file", secret, "-d", folder)
    return Desk(code=code, account=("--as", system, "--secret-file", secret, "--to", url))


def make_world(folder: Path, server: Server, tmp_path: Path) -> World:
    """Open two desks and write a letter from one to the other."""
    health = open_desk(folder, server.url, tmp_path, "Sở Y tế")
    finance = open_desk(folder, server.url, tmp_path, "Sở Tài chính")
    letter, path = Sent(sender=health.code, number=str(next(NUMBERS))), tmp_path / "sent.edxml"
    path.write_bytes(document(letter, [finance.code], priority=2))
    return World(folder=folder, server=server, health=health, finance=finance, letter=letter, path=path)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Server]]:
    """One hub for the tests that leave it running."""
    folder = found(tmp_path_factory.mktemp("node") / "hub")
    with served(folder) as server:
        yield folder, server


@pytest.fixture
def world(running: tuple[Path, Server], tmp_path: Path) -> World:
    """Two agencies that no other test knows."""
    return make_world(*running, tmp_path)


def waiting(desk: Desk) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = facts("mailbox", "list", *desk.account)
    return items


def entries(folder: Path, *options: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("log", "-d", folder, "--json", *options).stdout.splitlines()]


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="a policy of Linux's scheduler")
def test_no_thread_of_a_node_pushes_its_loop_off_the_core(running: tuple[Path, Server]) -> None:
    """The loop goes as every program does; who writes and reads for it waits for a turn."""
    pid = running[1].process.pid
    tasks = Path(f"/proc/{pid}/task").iterdir()
    ours = [int(task.name) for task in tasks if "libuv" not in (task / "comm").read_text()]
    policies = {task: os.sched_getscheduler(task) for task in ours}
    assert policies.pop(pid) == os.SCHED_OTHER
    assert set(policies.values()) == {os.SCHED_BATCH}


def test_a_document_goes_from_one_system_to_another_and_back_comes_an_answer(
    world: World, tmp_path: Path
) -> None:
    """Send, list, collect, check, confirm, answer, look: the whole life, in commands."""
    sent = world.send()
    (item,) = waiting(world.finance)
    assert (item["from"], item["to"]) == (world.health.code, world.finance.code)
    assert (item["kind"], item["priority"]) == ("document", 2)

    collected = tmp_path / "collected.edxml"
    run("mailbox", "get", item["doc_id"], *world.finance.account, "-o", collected)
    judged = facts("check", collected, "--anchors", world.folder / "certs")
    assert judged["signature"]["grade"] == "valid"  # the hub is above the sender, and sealed for it
    run("mailbox", "confirm", item["doc_id"], *world.finance.account)
    assert waiting(world.finance) == []

    world.answer("03", "Đã vào sổ số 1021")
    assert codes(waiting(world.health), "kind") == ["status"]

    told = facts("document", "show", world.letter.document_id, "-d", world.folder)
    assert (told["document"]["owner"], codes(told["recipients"], "status")) == (world.health.code, ["03"])
    kinds = ["accepted", "collected", "confirmed", "accepted", "answered"]
    assert codes(told["log"], "kind") == kinds
    for way in (sent["doc_id"], item["doc_id"], f"{world.letter.number}/SYT-VP"):
        assert facts("document", "show", way, "-d", world.folder)["document"] == told["document"]


def test_a_document_is_shown_to_people_with_its_whole_way(world: World) -> None:
    """Recipients, packages, words that came with answers, timeline."""
    world.send()
    world.answer("02", "Gửi nhầm nơi")
    # As somebody might type it: small letters, another hyphen.
    shown = run("document", "show", f"{world.letter.number} / syt–vp", "-d", world.folder).stdout
    for said in (
        f"{world.letter.number}/SYT-VP ngày 10/04/2026",
        "Sở Tài chính",
        "chờ lấy",
        "02 từ chối tiếp nhận",
        "Gửi nhầm nơi",
        "nhận vào",
        "báo trạng thái",
    ):
        assert said in shown
    assert "1 từ chối tiếp nhận" in run("document", "list", "-d", world.folder).stdout
    listed = facts("document", "list", "-d", world.folder, "--last", "1")
    assert codes(listed, "document_id") == [world.letter.document_id]
    assert rules(run("document", "show", "999/XX", "-d", world.folder, code=1)) == ["unknown-document"]


def test_a_receipt_is_saved_and_holds_against_the_seal(world: World, tmp_path: Path) -> None:
    """A file a stranger can check with the node's certificate alone."""
    kept = tmp_path / "receipt.json"
    assert "Đã gửi" in run("send", world.path, *world.health.account, "--receipt", kept).stdout
    receipt = read_receipt(kept.read_bytes())
    (certificate,) = load_anchors((world.folder / "seal.pem").read_bytes()).certificates
    assert verify_receipt(receipt, certificate)
    assert json.loads(receipt.statement)["sender"] == world.health.code


def test_the_log_gives_the_bytes_that_can_be_proved(world: World) -> None:
    """Statement, receipt and leaf of every entry fit together, and none is missing."""
    world.send()
    told = entries(world.folder, "--last", "1000")
    assert codes(told, "seq") == list(range(1, len(told) + 1))
    for entry in told:
        receipt = None if entry["receipt"] is None else read_receipt(json.dumps(entry["receipt"]).encode())
        assert hash_leaf(write_entry(entry["statement"].encode(), receipt)).hex() == entry["leaf"]


def test_one_entry_is_shown_with_what_its_receipt_is_worth(world: World, tmp_path: Path) -> None:
    """The option for the directory may stand on either side of ``show``."""
    world.send()
    (accepted,) = entries(world.folder, "--kind", "accepted", "--last", "1")
    seq, here = str(accepted["seq"]), ("-d", world.folder)
    for arguments in (("show", seq, *here), (*here, "show", seq)):
        shown = run("log", *arguments).stdout
        assert "đúng dấu của nút này" in shown
        assert accepted["leaf"] in shown
        assert world.letter.document_id in shown
    kept = tmp_path / "receipt.json"
    run("log", "show", seq, *here, "--receipt", kept)
    assert json.loads(kept.read_text()) == accepted["receipt"]
    assert rules(run("log", "show", "9999", *here, code=1)) == ["no-such-entry"]
    assert rules(run("log", "show", "1", *here, "--receipt", kept, code=1)) == ["no-receipt"]


def test_the_log_is_told_in_sentences(world: World) -> None:
    """Newest last, chosen by kind or number."""
    world.send()
    shown = " ".join(run("log", "-d", world.folder).stdout.split())
    assert f"văn bản mới của {world.health.code} gửi {world.finance.code}" in shown
    assert f"kết nối hệ thống {world.health.account[1]}" in shown
    assert codes(entries(world.folder, "--last", "1"), "kind") == ["accepted"]
    assert entries(world.folder, "--last", "0") == []


def test_the_log_can_be_followed(world: World) -> None:
    """What happens is told as it happens, until somebody has seen enough."""
    command = [sys.executable, "-m", "gateway", "log", "-d", str(world.folder), "--last", "1", "--follow"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        assert "kết nối hệ thống" in follower.stdout.readline()  # the newest entry so far
        world.send()
        line = follower.stdout.readline()
        follower.send_signal(signal.SIGINT)
        assert follower.wait(timeout=20) == 0
    assert f"văn bản mới của {world.health.code}" in line


def test_the_faults_of_a_refused_package_come_back_to_its_sender(world: World) -> None:
    """Each with its rule, in both languages, although the wire has one line for all."""
    path = CASES / "63-everything-missing" / "package.edxml"
    ran = run("send", path, *world.health.account, "--from", world.health.code, code=1)
    assert rules(ran)[:2] == ["sender-missing", "recipient-missing"]
    assert "thiếu mã cơ quan gửi / the sender's agency code is missing" in ran.stderr


def test_a_package_that_cannot_be_understood_is_not_sent_unless_its_sender_is_said(world: World) -> None:
    """Its faults are told at once, all of them."""
    path = CASES / "63-everything-missing" / "package.edxml"
    before = entries(world.folder, "--last", "1")
    ran = run("send", path, *world.health.account, code=1)
    assert {"sender-missing", "recipient-missing", "subject-missing"} <= set(rules(ran))
    assert entries(world.folder, "--last", "1") == before


def test_a_system_speaks_for_its_own_agencies_only(world: World, tmp_path: Path) -> None:
    """And a wrong secret speaks for nobody."""
    assert rules(run("send", world.path, *world.finance.account, code=1)) == ["sender-not-served"]
    wrong = tmp_path / "wrong"
    wrong.write_text("sai")
    account = (*world.health.account[:2], "--secret-file", wrong, "--to", world.server.url)
    assert rules(run("send", world.path, *account, code=1)) == ["not-authenticated"]
    (entry,) = entries(world.folder, "--kind", "distrusted", "--last", "1")
    assert json.loads(entry["statement"])["claimed"] == world.health.account[1]


def test_a_change_of_the_directory_is_noticed_by_the_running_server(world: World, tmp_path: Path) -> None:
    """A secret rotated beside the server stops the old one at once."""
    system = world.finance.account[1]
    assert waiting(world.finance) == []
    run("system", "rotate", system, "--secret-file", tmp_path / "fresh", "-d", world.folder)
    time.sleep(1.1)  # the server believes its copy for a second
    assert rules(run("mailbox", "list", *world.finance.account, code=1)) == ["not-authenticated"]
    account = ("--as", system, "--secret-file", tmp_path / "fresh", "--to", world.server.url)
    assert facts("mailbox", "list", *account) == []


def test_a_package_turned_away_is_told_to_its_sender(world: World) -> None:
    """As a status 02 in the sender's mailbox."""
    world.send()
    (item,) = waiting(world.finance)
    confirm = ("mailbox", "confirm", item["doc_id"], *world.finance.account)
    assert "--fail" in run(*confirm, "--reason", "Hỏng", code=2).stderr
    run(*confirm, "--fail", "--reason", "Hỏng")
    assert codes(waiting(world.health), "kind") == ["status"]


def test_what_is_not_in_the_mailbox_leaves_no_file(world: World, tmp_path: Path) -> None:
    """A name for the file is taken only by a whole package."""
    target = tmp_path / "kept" / "p.edxml"
    target.parent.mkdir()
    ran = run("mailbox", "get", "nothing", *world.finance.account, "-o", target, code=1)
    assert rules(ran) == ["not-in-mailbox"]
    assert list(target.parent.iterdir()) == []


def test_a_collected_package_can_go_to_stdout(world: World) -> None:
    """For pipes."""
    world.send()
    (item,) = waiting(world.finance)
    ran = run("mailbox", "get", item["doc_id"], *world.finance.account, "-o", "-")
    assert ran.stdout.startswith("<?xml")


def test_a_mailbox_is_readable(world: World) -> None:
    """It shows what waits, from whom, how urgent; an empty one says so."""
    assert "Không có gì chờ nhận" in run("mailbox", "list", *world.finance.account).stdout
    world.send()
    shown = run("mailbox", "list", *world.finance.account).stdout
    for said in ("văn bản", "thượng khẩn", world.health.code, f"→ {world.finance.code}", "Chờ nhận"):
        assert said in shown


def test_a_server_told_to_stop_drains_and_ends_well(tmp_path: Path) -> None:
    """One line on stdout in its whole life; the log, on stderr, holds neither secrets nor content."""
    folder = found(tmp_path / "hub")
    with (folder / "config.toml").open("a") as settings:
        settings.write(f'\n[storage]\nblobs_dir = "{tmp_path}/elsewhere"\n')
    with served(folder) as server:
        world = make_world(folder, server, tmp_path)
        world.send()
        code, rest, log = server.stop()
    assert (code, rest) == (0, "")
    assert "operation=sendEdoc outcome=ok" in log
    assert "stopped" in log
    assert (tmp_path / "elsewhere").stat().st_mode & 0o007 == 0
    secrets = [path.read_text().strip() for path in tmp_path.glob("*.secret")]
    assert len(secrets) == 2
    for word in ("tiêm chủng", *secrets):
        assert word not in log


def test_a_log_that_nobody_takes_costs_lines_and_no_work(tmp_path: Path) -> None:
    """Its reader is gone, or its disk is full: documents go on, and the node ends well."""
    folder = found(tmp_path / "hub")
    with served(folder) as server:
        assert server.process.stderr is not None
        server.process.stderr.close()
        server.process.stderr = None
        world = make_world(folder, server, tmp_path)
        world.send()
        server.process.terminate()
        assert server.process.wait(30) == 0


@pytest.mark.parametrize("form", ["json", "logfmt"])
def test_the_operating_log_can_be_read_by_programs(tmp_path: Path, form: str) -> None:
    """JSON or key=value, one event on one line, even of what is no HTTP; an interrupt stops a server too."""
    folder = found(tmp_path / "hub")
    with (folder / "config.toml").open("a") as settings:
        settings.write(f'\n[log]\nformat = "{form}"\n')
    with served(folder) as server:
        where = urlsplit(server.url)
        with socket.create_connection((where.hostname, where.port)) as rude:
            rude.sendall(b"GET http://[::1\x1b[31m HTTP/1.1\r\n\r\n")
            assert b" 400 " in rude.recv(1000)
        code, _, log = server.stop(by=signal.SIGINT)
    lines = log.splitlines()
    if form == "logfmt":
        events = [dict(part.split("=", 1) for part in shlex.split(line))["event"] for line in lines]
    else:
        events = [json.loads(line)["event"] for line in lines]
    unreadable = "Error handling request from 127.0.0.1: InvalidURLError"
    assert (code, events) == (0, ["ready", unreadable, "stopping", "stopped"])


def test_a_plain_line_of_the_operating_log_is_the_console_s_own() -> None:
    """It is written by hand because it is quick, not to look otherwise; quotation marks and all."""
    console = structlog.dev.ConsoleRenderer(pad_event_to=0, colors=False, sort_keys=False)
    event = {"timestamp": "2026-01-05 08:00:00", "level": "info", "event": "answered", "took": "0.003s"}
    for told in ({}, {"bytes": 7, "reason": "two words", "name": "it's", "empty": "", "codes": ("a", "b")}):
        line = writing_plain_lines(console)(None, "info", {**event, **told})
        assert line == console(None, "info", {**event, **told})


def test_a_thousand_idle_callers_do_not_shut_out_the_others(tmp_path: Path) -> None:
    """A node takes as many connections as its process may, not as many as programs usually need."""
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, most))
    try:
        with served(found(tmp_path / "hub")) as server:
            wanted = 65_536 if most == resource.RLIM_INFINITY else min(most, 65_536)
            assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[0] == wanted
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (usual, most))


def test_an_address_in_use_is_said_in_one_line(world: World, tmp_path: Path) -> None:
    """Not a traceback: somebody else listens there."""
    port = world.server.url.split(":")[2].split("/")[0]
    other = found(tmp_path / "other", "--port", port)
    assert rules(run("serve", other, code=2)) == ["address-unusable"]


def test_a_directory_that_a_command_holds_for_itself_is_said_in_one_line(tmp_path: Path) -> None:
    """Several may serve it together, but nobody while it is moved or mended."""
    folder = found(tmp_path / "hub")
    with alone(folder / "lienthong.db"):
        assert rules(run("serve", folder, code=2)) == ["held-alone"]


async def test_workers_that_are_told_to_stop_before_they_are_there_stop(tmp_path: Path) -> None:
    """Whoever is made after the word hears it, too."""
    folder = await asyncio.to_thread(found, tmp_path / "hub")
    reserved = reserve("127.0.0.1", 0)
    workers = Workers.of(folder, load_config(folder / "config.toml"), reserved, backlog=16)
    workers.stop()
    assert isinstance(await asyncio.wait_for(workers.start(), 60), int)
    for each in reserved:
        each.close()


def test_a_node_on_any_port_must_be_named_by_its_address(world: World, tmp_path: Path) -> None:
    """Its settings do not say where it answers; and without a node nothing does."""
    account = world.health.account[:-2]
    for folder in (world.folder, tmp_path):
        assert "--to" in run("mailbox", "list", *account, "-d", folder, code=2).stderr


def test_a_node_that_does_not_answer_is_not_called_the_axis(tmp_path: Path) -> None:
    """Who tries a connection looks at the address he gave."""
    (tmp_path / "secret").write_text("s3cret")
    account = ("--as", "qlvb", "--secret-file", tmp_path / "secret", "--to", "http://127.0.0.1:9/vxp")
    ran = run("mailbox", "list", *account, code=1)
    assert rules(ran) == ["node-away"]
    assert "http://127.0.0.1:9/vxp" in ran.stderr


def test_a_node_whose_certificate_nobody_vouches_for_is_not_called_away(tmp_path: Path) -> None:
    """Its authority is named, and it answers."""
    chain, key = write_certificate(tmp_path, "node")
    folder = found(tmp_path / "hub")
    settings = folder / "config.toml"
    tls = f'tls_certificate_file = "{chain}"\ntls_key_file = "{key}"'
    settings.write_text(settings.read_text("utf-8").replace("[http]", f"[http]\n{tls}"), "utf-8")
    (tmp_path / "secret").write_text("s3cret")
    with served(folder) as server:
        listed = ("mailbox", "list", "--as", "qlvb", "--secret-file", tmp_path / "secret", "--to", server.url)
        assert rules(run(*listed, code=2)) == ["certificate-untrusted"]
        assert rules(run(*listed, "--ca", chain, code=1)) == ["not-authenticated"]
