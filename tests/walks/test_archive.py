"""An archive is whole or not there, checked by whoever has it, and brings back what was erased."""

import asyncio
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.back_office import house_of
from gateway.cli.root import lienthong
from gateway.config import load_config
from gateway.errors import Refusal
from gateway.exchange.archive_checking import Checked, check_archive
from gateway.exchange.archive_return import ArchiveReturn
from gateway.exchange.archiving import Archiving
from gateway.exchange.checkpoints import Checkpoints, log_name
from gateway.model.formats import local_day
from gateway.model.log import LogKind
from gateway.office import now, open_office
from gateway.store.archive_file import LOG
from gateway.store.archives import KeptArchive
from gateway.store.checkpoints import keep_cosignature, keep_token
from gateway.store.whole_log import export_log
from tests.databases import source_in
from tests.keys import issued
from tests.packages import Sent
from tests.walks.test_retention import (
    LARGE,
    YEAR,
    digest_of,
    erased,
    errors,
    found_node,
    kept,
    some_rounds,
    travel,
    wait_for,
)
from tests.walks.world import HEALTH, HUB, Node

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    node = await found_node(tmp_path / "node", only_archived=True)
    yield node
    await node.stop()


async def export(node: Node, target: Path, *, ahead: timedelta = timedelta(minutes=1)) -> KeptArchive:
    """Archive everything up to now, as the command does beside a running node."""
    async with open_office(load_config(node.directory / "config.toml")) as office:
        archiving = Archiving(
            database=office.database,
            shelves=office.blobs.shelves,
            notary=office.notary,
            seal=office.seal,
            origin=log_name(HUB),
            certificates=house_of(office.config).certificates,
        )
        return await archiving.export(target, until=now() + ahead, by="luutru", at=now())


async def bring_back(node: Node, path: Path) -> int:
    async with open_office(load_config(node.directory / "config.toml")) as office:
        returning = ArchiveReturn(
            database=office.database,
            blobs=office.blobs,
            notary=office.notary,
            origin=log_name(HUB),
            certificates=house_of(office.config).certificates,
        )
        return await returning.bring_back(path, by="luutru", at=node.clock())


def check(path: Path) -> Checked:
    return check_archive(path, certificates=[issued(HUB).certificate])


def rules(checked: Checked) -> set[str]:
    return {fault.rule for fault in checked.faults}


async def test_an_archive_is_checked_without_us(node: Node, tmp_path: Path) -> None:
    """Packages byte for byte under their digests, the log to a signed head, and ordinary tools open it."""
    small = await travel(node, Sent(sender=HEALTH))
    large = await travel(node, Sent(sender=HEALTH, number="413"), attachment=LARGE)
    made = await export(node, tmp_path / "one.zip")
    checked = check(tmp_path / "one.zip")
    assert checked.faults == ()
    assert (checked.manifest.first_seq, checked.manifest.last_seq) == (1, made.last_seq)
    assert checked.manifest.package_count == made.package_count >= 2
    assert checked.signer == issued(HUB).certificate
    with zipfile.ZipFile(tmp_path / "one.zip") as archive, archive.open("packages/000001.tar") as file:
        members = {}
        with tarfile.open(fileobj=file) as tar:
            for member in tar:
                content = tar.extractfile(member)
                assert content is not None
                members[member.name] = content.read()
    assert (members[digest_of(small)], members[digest_of(large)]) == (small, large)
    assert (tmp_path / "one.zip").stat().st_mode & 0o077 == 0
    (entry,) = [entry for entry in node.log(LogKind.ADMINISTERED) if entry["act"] == "archive-made"]
    assert entry["details"]["archive"] == made.sha256
    assert errors(node) == []


async def test_each_archive_goes_on_where_the_last_ended(node: Node, tmp_path: Path) -> None:
    """The second holds what is new and is checked alone: the seal vouches for what it goes on from."""
    await travel(node, Sent(sender=HEALTH))
    first = await export(node, tmp_path / "one.zip")
    await travel(node, Sent(sender=HEALTH, number="413"))
    second = await export(node, tmp_path / "two.zip")
    assert second.first_seq == first.last_seq + 1
    checked = check(tmp_path / "two.zip")
    assert (checked.faults, checked.manifest.package_count) == ((), second.package_count)
    with pytest.raises(Refusal, match="nothing-to-archive"):
        await export(node, tmp_path / "three.zip", ahead=-timedelta(days=1))
    assert not (tmp_path / "three.zip").exists()


async def test_an_archives_log_is_the_export_of_the_log(node: Node, tmp_path: Path) -> None:
    """Line by line, with timestamps and witnesses' signatures: what vouches for it is in the archive."""
    await travel(node, Sent(sender=HEALTH))
    async with open_office(load_config(node.directory / "config.toml")) as office:
        at, origin = now(), log_name(HUB)
        kept = await Checkpoints(database=office.database, seal=office.seal, origin=origin).make(at=at)
        assert kept is not None
        await office.database.write(lambda tables: keep_token(tables, kept.size, b"token", at=at))
        await office.database.write(
            lambda tables: keep_cosignature(tables, kept.size, witness="x/log", line="— x/log AAAA\n", at=at)
        )
    made = await export(node, tmp_path / "one.zip")
    lines = list(export_log(source_in(node.directory)))
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        archived = archive.read(LOG).splitlines(keepends=True)
    assert archived == lines[: len(archived)]
    assert f'"seq":{made.last_seq + 1},'.encode() in lines[len(archived)]
    assert sum(b'"token":"dG9rZW4="' in line and b"x/log AAAA" in line for line in archived) == 1


async def test_every_flipped_bit_is_caught(node: Node, tmp_path: Path) -> None:
    """Wherever content lies a changed byte is found: as damage, or as what it makes wrong."""
    await travel(node, Sent(sender=HEALTH), attachment=random.Random(1).randbytes(3000))
    await export(node, tmp_path / "one.zip")
    whole = (tmp_path / "one.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        places = [
            (part.header_offset + 30 + len(part.filename) + 20, part.compress_size)
            for part in archive.infolist()
        ]
    chance, caught_count = random.Random(7), 0
    for begin, size in places:
        for _ in range(6):
            place = begin + chance.randrange(size)
            damaged = bytearray(whole)
            damaged[place] ^= 1 << chance.randrange(8)
            (tmp_path / "flipped.zip").write_bytes(damaged)
            try:
                found = rules(check(tmp_path / "flipped.zip"))
            except Refusal as refusal:
                found = {refusal.code}
            # The last byte of a deflated part has bits that carry nothing.
            assert found or contents(tmp_path / "flipped.zip") == contents(tmp_path / "one.zip"), place
            caught_count += bool(found)
    assert caught_count > 20


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(source: Path, target: Path, change: dict[str, bytes | None]) -> Path:
    """An archive whose maker knows zip: parts changed, the sums that zip keeps right again."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = change.get(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


async def test_a_forger_who_knows_the_format_is_caught_by_what_he_cannot_sign(
    node: Node, tmp_path: Path
) -> None:
    """An entry changed, a package exchanged, one left out, another seal: each is named."""
    package = await travel(node, Sent(sender=HEALTH))
    await export(node, tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        log, tar = archive.read("entries.jsonl"), archive.read("packages/000001.tar")
    forged = tmp_path / "forged.zip"
    changed = log.replace(b"SYT", b"XYZ", 1)
    assert "log-altered" in rules(check(rewritten(tmp_path / "one.zip", forged, {"entries.jsonl": changed})))
    shorter = b"\n".join(log.split(b"\n")[:-4]) + b"\n"
    assert "log-unvouched" in rules(
        check(rewritten(tmp_path / "one.zip", forged, {"entries.jsonl": shorter}))
    )
    other = tar.replace("tiêm chủng".encode(), "tiêm CHỦNG".encode())
    assert other != tar
    found = rules(check(rewritten(tmp_path / "one.zip", forged, {"packages/000001.tar": other})))
    assert {"package-altered", "part-altered"} <= found
    found = rules(check(rewritten(tmp_path / "one.zip", forged, {"packages/000001.tar": None})))
    assert {"package-missing", "parts-differ"} <= found
    claimed = {"packages/000001.tar": None, "absent.txt": f"{digest_of(package)}\n".encode()}
    assert "part-altered" in rules(check(rewritten(tmp_path / "one.zip", forged, claimed)))
    stranger = check_archive(tmp_path / "one.zip", certificates=[issued(HEALTH).certificate])
    assert {"archive-unsigned", "checkpoint-unsigned"} <= rules(stranger)


async def test_nothing_goes_that_is_not_archived(node: Node, tmp_path: Path) -> None:
    """With only_archived a term that is over is not enough; the archive is what it waits for."""
    archived = await travel(node, Sent(sender=HEALTH))
    made = await export(node, tmp_path / "one.zip")
    fresh = await travel(node, Sent(sender=HEALTH, number="413"))
    node.clock.ahead = 11 * YEAR
    await wait_for(lambda: not kept(node, archived))
    await some_rounds(node)
    assert kept(node, fresh)
    assert (await export(node, tmp_path / "two.zip")).first_seq == made.last_seq + 1
    await wait_for(lambda: not kept(node, fresh))
    assert errors(node) == []


async def test_erased_content_comes_back_for_a_while(node: Node, tmp_path: Path) -> None:
    """Byte for byte, on record, once however often it is asked for; it goes again after its time."""
    small = await travel(node, Sent(sender=HEALTH))
    large = await travel(node, Sent(sender=HEALTH, number="413"), attachment=LARGE)
    await export(node, tmp_path / "one.zip")
    assert await bring_back(node, tmp_path / "one.zip") == 0
    node.clock.ahead = 11 * YEAR
    await wait_for(lambda: not kept(node, small) and not kept(node, large))
    before = len(erased(node))
    assert await bring_back(node, tmp_path / "one.zip") == before
    assert await bring_back(node, tmp_path / "one.zip") == 0
    await some_rounds(node)
    assert (kept(node, small), kept(node, large)) == (True, True)
    assert errors(node) == []
    (entry,) = [entry for entry in node.log(LogKind.ADMINISTERED) if entry["act"] == "archive-imported"]
    assert (entry["by"], entry["details"]["count"]) == ("luutru", before)
    node.clock.ahead += timedelta(days=31)
    await wait_for(lambda: not kept(node, small) and not kept(node, large))
    assert len(erased(node)) == 2 * before
    # What was set aside in the spool goes once the erasing is recorded, not before.
    await wait_for(lambda: not any((node.directory / "spool").rglob("*.part")))
    assert errors(node) == []


async def test_what_was_erased_before_is_told_as_absent(tmp_path: Path) -> None:
    """The entries of a document whose time was over are archived; that its bytes are not is signed."""
    node = await found_node(tmp_path / "node")
    gone = await travel(node, Sent(sender=HEALTH))
    node.clock.ahead = 11 * YEAR
    await wait_for(lambda: not kept(node, gone))
    await export(node, tmp_path / "one.zip", ahead=12 * YEAR)
    checked = check(tmp_path / "one.zip")
    assert checked.faults == ()
    assert checked.manifest.absent_count >= 1
    await node.stop()


async def test_nothing_strange_is_brought_in(node: Node, tmp_path: Path) -> None:
    """Another gateway's archive, and a log that does not know the packages: refused before a byte is kept."""
    await travel(node, Sent(sender=HEALTH))
    await export(node, tmp_path / "one.zip")
    empty = await found_node(tmp_path / "empty")
    with pytest.raises(Refusal, match="package-unknown-here"):
        await bring_back(empty, tmp_path / "one.zip")
    assert empty.rows("SELECT 1 FROM blobs") == []
    await empty.stop()
    (tmp_path / "cut.zip").write_bytes((tmp_path / "one.zip").read_bytes()[:-500])
    with pytest.raises(Refusal, match="archive-damaged"):
        await bring_back(node, tmp_path / "cut.zip")


async def test_what_is_damaged_here_is_not_archived_as_if_it_were_whole(node: Node, tmp_path: Path) -> None:
    """Bytes that rotted, bytes that are gone: refused by name, no file, and nothing counts as archived."""
    package = await travel(node, Sent(sender=HEALTH), attachment=LARGE)
    digest = digest_of(package)
    path = node.directory / "blobs" / digest[:2] / digest[2:4] / digest
    path.write_bytes(package[:-1] + b"!")
    with pytest.raises(Refusal, match="bytes-damaged"):
        await export(node, tmp_path / "one.zip")
    path.unlink()
    with pytest.raises(Refusal, match="bytes-missing"):
        await export(node, tmp_path / "one.zip")
    assert list(tmp_path.glob("*.zip*")) == []
    assert node.rows("SELECT 1 FROM packages WHERE archived_at IS NOT NULL") == []
    path.write_bytes(package)
    await export(node, tmp_path / "one.zip")
    assert check(tmp_path / "one.zip").faults == ()


async def test_a_full_disk_leaves_nothing_that_looks_like_an_archive(node: Node, tmp_path: Path) -> None:
    """The command fails in words; no file, no half of one, nothing noted as archived; later it works."""
    await travel(node, Sent(sender=HEALTH), attachment=random.Random(2).randbytes(3_000_000))
    target = tmp_path / "one.zip"
    archive = ("archive", "export", "--until", local_day(now()).isoformat())

    def with_room_for(
        size_bytes: int, command: tuple[str, ...] = archive
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gateway", *command, "-o", str(target), "-d", str(node.directory)],
            cwd=ROOT,
            text=True,
            capture_output=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes)),
            env={**os.environ, "COLUMNS": "100"},
        )

    failed = await asyncio.to_thread(with_room_for, 1_500_000)
    assert failed.returncode == 2, failed.stderr
    assert "file-unusable" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert list(tmp_path.glob("one.zip*")) == []
    assert node.rows("SELECT 1 FROM packages WHERE archived_at IS NOT NULL") == []
    assert node.rows("SELECT 1 FROM archives") == []
    others = ((1_500_000, ("evidence", "export", "412/SYT-VP")), (4_000, ("log", "export")))
    for room, command in others:
        failed = await asyncio.to_thread(with_room_for, room, command)
        assert (failed.returncode, "file-unusable" in failed.stderr) == (2, True), failed.stderr
    assert list(tmp_path.glob("one.zip*")) == []
    done = await asyncio.to_thread(with_room_for, 1 << 40)
    assert done.returncode == 0, done.stderr
    assert check(target).faults == ()


async def test_the_commands_tell_people_and_programs(node: Node, tmp_path: Path) -> None:
    """Export, verify with a certificate and without, list, import; a hold placed, listed, released."""
    await travel(node, Sent(sender=HEALTH))
    target, directory = str(tmp_path / "lưu trữ 1.zip"), ["-d", str(node.directory)]
    shutil.copy(node.directory / "seal.pem", tmp_path)

    def run(*words: str, code: int = 0) -> str:
        ran = CliRunner().invoke(lienthong, list(words), env={"COLUMNS": "100"})
        assert ran.exit_code == code, ran.output
        return ran.output

    def walk_through() -> None:
        day = f"{now() + timedelta(days=1):%Y-%m-%d}"
        told = json.loads(run("archive", "export", "--until", day, "-o", target, "--json", *directory))
        assert told["first_seq"] == 1
        assert "archive-there" in run(
            *("archive", "export", "--since", "2020-01-01", "--until", day, "-o", target), *directory, code=2
        )
        assert "so với bản có từ nơi khác" in run("archive", "verify", target)
        seal = str(tmp_path / "seal.pem")
        assert json.loads(run("archive", "verify", target, "--certificate", seal, "--json"))["faults"] == []
        wrong = str(node.directory / "seal.key")
        assert "certificate-unreadable" in run("archive", "verify", target, "--certificate", wrong, code=2)
        assert told["sha256"] in run("archive", "list", *directory)
        assert "Không có nội dung nào" in run("archive", "import", target, *directory)
        run("hold", "place", "412/SYT-VP", *directory, code=2)
        run("hold", "place", "412/SYT-VP", "--reason", "Thanh tra", *directory)
        assert json.loads(run("hold", "list", "--json", *directory))[0]["reason"] == "Thanh tra"
        assert "unknown-document" in run("hold", "place", "9/X", "--reason", "Thử", *directory, code=1)
        run("hold", "release", "1", "--reason", "Xong", *directory)
        assert "no-such-hold" in run("hold", "release", "1", "--reason", "Xong", *directory, code=1)
        assert "Không tạm giữ gì" in run("hold", "list", *directory)
        assert "Xong" in run("hold", "list", "--all", *directory)
        assert "bỏ tạm giữ số 1" in run("log", *directory)

    await asyncio.to_thread(walk_through)
