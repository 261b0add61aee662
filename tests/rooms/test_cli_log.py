"""``lienthong log``'s commands about the tree: an operator vouches for the log, an auditor checks it."""

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.config import load_config
from gateway.evidence.proof import read_proof, verify_proof
from gateway.exchange.notary import Notary
from gateway.exchange.witness import Witness
from gateway.model.identifiers import AgencyCode
from gateway.office import load_own_seal, now, open_office
from gateway.store.checkpoints import find_newest
from tests.rooms.cli_kit import FINANCE, HEALTH, HUB, facts, found, rules, run
from tests.stamping_authority import StampingAuthority


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A hub in whose log something happened."""
    folder = found(tmp_path / "hub")
    run("agency", "add", HEALTH, "Sở Y tế tỉnh Thử Nghiệm", "-d", folder)
    return folder


def tampered(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "lienthong.db")) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)


def verified(*arguments: object, code: int = 0) -> dict[str, object]:
    return dict(json.loads(run("log", "verify", *arguments, "--json", code=code).stdout))


def test_a_log_nobody_vouched_for_does_not_pass(hub: Path) -> None:
    """Everything fits, and proves nothing."""
    said = verified("-d", hub, code=1)
    assert (said["vouched"], [fault["rule"] for fault in said["faults"]]) == (0, ["log-unvouched"])  # type: ignore[attr-defined]


def test_a_checkpoint_is_made_and_the_log_holds(hub: Path, tmp_path: Path) -> None:
    """From the database, from the export with the certificate alone, and against the note held outside."""
    note, export = tmp_path / "note.txt", tmp_path / "log.jsonl"
    run("log", "checkpoint", "-d", hub, "-o", note)
    run("agency", "add", FINANCE, "Sở Tài chính", "-d", hub)
    run("log", "-d", hub, "export", "-o", export)
    assert run("log", "export", "-d", hub).stdout == export.read_text()
    for arguments in (("-d", hub), (export, "-d", tmp_path, "--certificate", hub / "seal.pem")):
        said = verified(*arguments, "--held", note)
        assert said["holds"]
        assert (said["entries"], said["vouched"], said["checkpoints"]) == (3, 2, 2)
    shown = " ".join(run("log", "verify", "-d", hub).stdout.split())
    assert "1 ✓ 3 mục" in shown
    assert "4 – dấu thời gian: không xét" in shown
    assert "1 mục sau đó chưa ai ký" in shown
    assert "mục/giây" in shown


@pytest.mark.parametrize(
    ("statements", "rule"),
    [
        (
            ["UPDATE log SET statement = x'7b7d' WHERE seq = 2"],
            "entry-altered",
        ),
        (["DELETE FROM log WHERE seq = 1"], "log-gap"),
        (["DELETE FROM log WHERE seq = 2"], "log-altered"),
        (
            [
                "UPDATE log SET seq = -1 WHERE seq = 1",
                "UPDATE log SET seq = 1 WHERE seq = 2",
                "UPDATE log SET seq = 2 WHERE seq = -1",
            ],
            "log-altered",
        ),
        (["UPDATE log SET package_id = 'other' WHERE seq = 1"], "entry-mislabelled"),
        (
            ["UPDATE checkpoints SET note = CAST(replace(note, 'time', 'mite') AS BLOB)"],
            "checkpoint-unsigned",
        ),
        (["UPDATE checkpoints SET root = zeroblob(32)"], "checkpoint-mislabelled"),
        (["UPDATE checkpoints SET at = at + 1"], "checkpoint-mislabelled"),
        (["DELETE FROM checkpoints"], "log-unvouched"),
    ],
)
def test_each_tampering_is_found_and_named(hub: Path, statements: list[str], rule: str) -> None:
    """On the screen, with exit code 1."""
    run("log", "checkpoint", "-d", hub)
    tampered(hub, *statements)
    assert rule in rules(run("log", "verify", "-d", hub, code=1))


def test_the_status_of_a_log_that_was_changed_alarms(hub: Path) -> None:
    """Without reading the whole log: what is kept of it gives another root than was signed."""
    run("log", "checkpoint", "-d", hub)
    assert facts("log", "status", "-d", hub)["altered"] is False
    tampered(hub, "UPDATE log SET leaf = zeroblob(32) WHERE seq = 2")
    assert facts("log", "status", "-d", hub)["altered"] is True
    assert "no longer gives the root that was signed" in " ".join(
        run("log", "status", "-d", hub).stdout.split()
    )


def test_a_log_written_anew_does_not_agree_with_the_note_held_outside(hub: Path, tmp_path: Path) -> None:
    """Signed with the right key: only somebody who kept the old note can tell."""
    note = tmp_path / "note.txt"
    run("log", "checkpoint", "-d", hub, "-o", note)
    tampered(hub, "DELETE FROM log WHERE seq = 2", "DELETE FROM checkpoints")
    run("agency", "add", FINANCE, "Sở Tài chính", "-d", hub)
    run("log", "checkpoint", "-d", hub)
    assert verified("-d", hub)["holds"]
    assert rules(run("log", "verify", "-d", hub, "--held", note, code=1)) == ["log-altered"]


def test_an_export_that_was_changed_does_not_pass(hub: Path, tmp_path: Path) -> None:
    """A line gone, or a file that is no log at all."""
    run("log", "checkpoint", "-d", hub)
    export = tmp_path / "log.jsonl"
    lines = run("log", "export", "-d", hub).stdout.splitlines(keepends=True)
    export.write_text("".join(lines[1:]))
    assert set(rules(run("log", "verify", export, "-d", hub, code=1))) == {
        "log-gap",
        "log-altered",
        "log-unvouched",
    }
    export.write_text("rubbish\n")
    assert rules(run("log", "verify", export, "-d", hub, code=1)) == ["export-malformed"]


def test_an_entry_is_proved_with_a_file(hub: Path, tmp_path: Path) -> None:
    """Not before a checkpoint covers it."""
    assert rules(run("log", "prove", "1", "-d", hub, code=1)) == ["entry-not-covered"]
    run("log", "checkpoint", "-d", hub)
    run("log", "prove", "1", "-d", hub, "-o", tmp_path / "proof")
    raw = (tmp_path / "proof").read_bytes()
    assert run("log", "prove", "1", "-d", hub).stdout.encode() == raw
    seal = load_own_seal(load_config(hub / "config.toml"))
    assert verify_proof(read_proof(raw), seal.certificate)
    assert rules(run("log", "prove", "9", "-d", hub, code=1)) == ["no-such-entry"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
async def test_a_checkpoint_is_stamped_when_it_is_made(hub: Path, tmp_path: Path) -> None:
    """openssl verifies the two files; an authority that is away costs the stamp, not the checkpoint."""
    note = tmp_path / "note.txt"
    async with StampingAuthority(folder=tmp_path / "tsa").serving() as authority:
        (hub / "roots.pem").write_bytes(authority.root_pem)
        with (hub / "config.toml").open("a") as config:
            config.write(
                f'\n[audit]\ntimestamp_url = "{authority.url}"\ntimestamp_anchors_file = "roots.pem"\n'
            )
        await asyncio.to_thread(run, "log", "checkpoint", "-d", hub, "-o", note)
    assert authority.agrees(note.read_bytes(), note.with_name("note.txt.tst").read_bytes())
    said = await asyncio.to_thread(verified, "-d", hub)
    assert (said["holds"], said["timestamps"]) == (True, 1)
    status = await asyncio.to_thread(facts, "log", "status", "-d", hub)
    assert (status["timestamp"]["size"], status["unstamped_since"]) == (2, None)  # type: ignore[call-overload,index]

    await asyncio.to_thread(run, "agency", "add", FINANCE, "Sở Tài chính", "-d", hub)
    ran = await asyncio.to_thread(run, "log", "checkpoint", "-d", hub, "-o", note, code=1)
    assert rules(ran) == ["timestamp-away"]
    status = await asyncio.to_thread(facts, "log", "status", "-d", hub)
    assert status["checkpoint"]["size"] == 3  # type: ignore[call-overload,index]
    assert status["unstamped_since"] is not None  # type: ignore[call-overload]
    shown = (await asyncio.to_thread(run, "log", "status", "-d", hub)).stdout
    assert "chưa đóng dấu từ" in shown

    # A timestamp put under another checkpoint is found.
    tampered(
        hub,
        "UPDATE checkpoints SET stamped_at = 1, token = (SELECT token FROM checkpoints WHERE size = 2)"
        " WHERE size = 3",
    )
    assert rules(await asyncio.to_thread(run, "log", "verify", "-d", hub, code=1)) == ["timestamp-wrong"]


def test_a_contradiction_is_shown_until_an_operator_settles_it(hub: Path, tmp_path: Path) -> None:
    """Its keeper restored a backup and said so: forgotten, on record, and the notes stay."""
    other = found(tmp_path / "other", code=HEALTH)
    run("log", "checkpoint", "-d", other)
    asyncio.run(_see(hub, other))
    run("agency", "add", FINANCE, "Sở Tài chính", "-d", other)
    tampered(other, "DELETE FROM checkpoints", "UPDATE log SET leaf = zeroblob(32) WHERE seq = 1")
    run("log", "checkpoint", "-d", other)
    asyncio.run(_see(hub, other))
    ran = run("log", "witness", "-d", hub, code=1)
    assert "rẽ nhánh" in ran.stdout
    assert "CHƯA GIẢI QUYẾT" in ran.stdout
    (alarm,) = facts("log", "status", "-d", hub)["alarms"]  # type: ignore[call-overload]
    assert (alarm["log"], alarm["verdict"]) == (f"{HEALTH}/log", "fork")
    assert "báo động" in run("log", "status", "-d", hub).stdout.lower()
    assert "mâu thuẫn" in run("log", "-d", hub, "--kind", "contradicted").stdout

    run("log", "witness", "forget", f"{HEALTH}/log", "-d", hub)
    said = facts("log", "witness", "-d", hub)
    assert said["seen"] == []  # type: ignore[call-overload]
    (kept,) = said["contradictions"]  # type: ignore[call-overload]
    assert kept["settled_at"] is not None
    assert facts("log", "status", "-d", hub)["alarms"] == []  # type: ignore[call-overload]
    assert "bỏ điểm chốt đã thấy" in " ".join(run("log", "-d", hub).stdout.split())
    asyncio.run(_see(hub, other))
    assert rules(run("log", "witness", "forget", "nobody/log", "-d", hub, code=1)) == ["log-not-seen"]


async def _see(watching: Path, watched: Path) -> None:
    """Let one node see another's newest checkpoint, with no proof: none is needed for a fork."""
    async with open_office(load_config(watched / "config.toml")) as office:
        kept, certificate = await find_newest(office.database), office.seal.certificate
    assert kept is not None
    async with open_office(load_config(watching / "config.toml")) as office:
        notary = Notary(gateway=AgencyCode(HUB), seal=office.seal)
        witness = Witness(database=office.database, notary=notary, name=f"{HUB}/log")
        row = await office.database.fetch_one("SELECT size FROM witnessed")
        await witness.see(
            kept.note,
            origin=f"{HEALTH}/log",
            certificate=certificate,
            old=0 if row is None else row["size"],
            proof=(),
            at=now(),
        )
