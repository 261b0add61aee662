"""A node lost and restored: what happened since its backup is found, not repeated."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.back_office import place_of
from gateway.cli.root import lienthong
from gateway.config import load_config
from gateway.errors import Misconfiguration
from gateway.model.log import LogKind
from gateway.office import now
from gateway.sandbox.dms import SampleDms
from gateway.settings import Role
from gateway.store.backup import check_backup, make_backup, put_back, read_manifest
from tests.packages import Sent, document
from tests.tls_files import write_certificate
from tests.walks.world import FINANCE, HEALTH, HUB, MINISTRY, Node, World, collect_all, prepare_node, until

LARGE = b"x" * 200_000


def run(*arguments: object) -> str:
    """Run a command as an operator does; it must succeed."""
    result = CliRunner().invoke(lienthong, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def back_up(node: Node, target: Path) -> Path:
    run("backup", target, "-d", node.directory)
    return target


async def lose_and_restore(node: Node, backup: Path) -> None:
    """Stop it, remove every file, and restore."""
    await node.stop()
    shutil.rmtree(node.directory)
    await asyncio.to_thread(run, "restore", backup, "-d", node.directory)


async def see(dms: SampleDms, seen: dict[str, bytes]) -> None:
    """Take what waits; a DMS that knows an id takes nothing twice under it."""
    for kind in ("edoc", "status"):
        for item in (await dms.received(kind)).items:
            content = (await dms.get(item["docId"])).document
            assert seen.setdefault(item["docId"], content) == content
            assert (await dms.confirm(item["docId"])).ok


def letters(*numbers: int, attachment: bytes = b"x") -> list[bytes]:
    sent = [Sent(sender=HEALTH, number=str(number)) for number in numbers]
    return [document(each, [MINISTRY], attachment=attachment) for each in sent]


@pytest.mark.both_engines
async def test_what_was_sent_since_the_backup_is_not_sent_again(world: World, tmp_path: Path) -> None:
    """Three documents leave after the backup; sent again by their DMS, the axis gets none of them twice."""
    for letter in letters(1):
        assert (await world.health.send(letter, sender=HEALTH)).ok
    await collect_all(world.ministry)
    backup = await asyncio.to_thread(back_up, world.gateway, tmp_path / "backup")
    since = letters(2, 3, attachment=LARGE) + letters(4)
    for letter in since:
        assert (await world.health.send(letter, sender=HEALTH)).ok
    await collect_all(world.ministry, count=3)
    await lose_and_restore(world.gateway, backup)
    await world.gateway.start()
    health = world.gateway.dms("SYT")
    promises = [await health.send(letter, sender=HEALTH) for letter in since]
    assert all(promise.ok for promise in promises)
    await until(health.sent, lambda told: [x["sendStatus"] for x in told.items].count("done") == 4)
    assert (await world.ministry.received()).items == []
    assert len(world.hub.log(LogKind.ACCEPTED)) == 4
    found = [entry for entry in world.gateway.log(LogKind.ADMINISTERED) if entry["act"] == "sending-found"]
    assert {entry["details"]["notation"] for entry in found} == {"2/SYT-VP", "3/SYT-VP", "4/SYT-VP"}


async def test_what_waited_in_the_backup_and_left_since_is_asked_about_first(
    world: World, tmp_path: Path
) -> None:
    """Backed up while waiting, unsealed; delivered; restored: the axis has it, and gets nothing more."""
    await world.hub.stop()
    port = world.hub.url.rsplit(":", 1)[1]
    config = world.hub.directory / "config.toml"
    config.write_text(config.read_text().replace("port = 0", f"port = {port}"))
    first, second = letters(1, 2)
    assert (await world.health.send(first, sender=HEALTH)).ok
    sent = Sent(sender=HEALTH, number="1")
    recall = document(sent, [MINISTRY], business=1, target=sent.document_id)
    assert (await world.health.send(recall, sender=HEALTH)).ok
    backup = await asyncio.to_thread(back_up, world.gateway, tmp_path / "backup")
    await world.hub.start()
    ministry = world.hub.dms("BO")
    await until(ministry.received, lambda told: len(told.items) == 2)
    await lose_and_restore(world.gateway, backup)
    await world.gateway.start()
    health = world.gateway.dms("SYT")
    assert (await health.send(second, sender=HEALTH)).ok
    await until(health.sent, lambda told: [x["sendStatus"] for x in told.items] == ["done"] * 3)
    assert len(await collect_all(ministry, count=3)) == 3
    assert len(world.hub.log(LogKind.ACCEPTED)) == 3


async def test_what_was_fetched_since_the_backup_is_fetched_again_under_the_same_id(
    world: World, tmp_path: Path
) -> None:
    """Confirmed, the axis offers it no more; asked by date it does, and the DMS knows the id."""

    def letter(number: int) -> bytes:
        return document(Sent(sender=MINISTRY, number=str(number), notation="BTN-VP"), [HEALTH])

    seen: dict[str, bytes] = {}
    assert (await world.ministry.send(letter(1), sender=MINISTRY)).ok
    await until(world.health.received, lambda told: len(told.items) == 1)
    await see(world.health, seen)
    backup = await asyncio.to_thread(back_up, world.gateway, tmp_path / "backup")
    for number in (2, 3):
        assert (await world.ministry.send(letter(number), sender=MINISTRY)).ok
    await until(world.health.received, lambda told: len(told.items) == 2)
    await see(world.health, seen)
    await until(world.ministry.count_statuses, lambda told: told.count == 3)
    assert (await world.ministry.send(letter(4), sender=MINISTRY)).ok
    await until(world.health.received, lambda told: len(told.items) == 1)
    await lose_and_restore(world.gateway, backup)
    await world.gateway.start()
    health = world.gateway.dms("SYT")
    await until(health.received, lambda told: len(told.items) == 3)
    await see(health, seen)
    assert len(seen) == 4
    assert len(await collect_all(world.ministry, "status", count=4)) == 4
    await asyncio.sleep(0.5)
    assert (await world.ministry.count_statuses()).count == 0


async def test_a_restore_that_dies_half_way_repeats_nothing(world: World, tmp_path: Path) -> None:
    """Noted and asked twice: what was kept the first time is not kept or logged again."""
    backup = await asyncio.to_thread(back_up, world.gateway, tmp_path / "backup")
    (letter,) = letters(1)
    assert (await world.health.send(letter, sender=HEALTH)).ok
    await collect_all(world.ministry)
    await lose_and_restore(world.gateway, backup)
    note = (world.gateway.directory / "restored.json").read_bytes()
    await world.hub.stop()
    await world.gateway.start()
    await world.gateway.stop()
    (world.gateway.directory / "restored.json").write_bytes(note)
    port = world.hub.url.rsplit(":", 1)[1]
    config = world.hub.directory / "config.toml"
    config.write_text(config.read_text().replace("port = 0", f"port = {port}"))
    await world.hub.start()
    await world.gateway.start()
    health = world.gateway.dms("SYT")
    assert (await health.send(letter, sender=HEALTH)).ok
    await until(health.sent, lambda told: [x["sendStatus"] for x in told.items] == ["done"])
    acts = [entry["act"] for entry in world.gateway.log(LogKind.ADMINISTERED)]
    assert (acts.count("node-restored"), acts.count("sending-found")) == (1, 1)
    assert len(world.hub.log(LogKind.ACCEPTED)) == 1


async def test_a_backup_made_under_traffic_is_a_whole_node(world: World, tmp_path: Path) -> None:
    """Large packages come in all the time; the backup has the bytes of every one it names."""
    stop = asyncio.Event()

    async def send_on() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            sent = Sent(sender=HEALTH, number=str(number))
            await world.health.send(document(sent, [FINANCE], attachment=LARGE), sender=HEALTH)

    sending = asyncio.create_task(send_on())
    await asyncio.sleep(0.3)
    backup = await asyncio.to_thread(back_up, world.gateway, tmp_path / "backup")
    stop.set()
    await sending
    target = tmp_path / "again"
    await asyncio.to_thread(run, "restore", backup, "-d", target)
    (target / "restored.json").unlink()
    assert "Không có gì bất thường" in await asyncio.to_thread(run, "doctor", "-d", target)
    assert oct(backup.stat().st_mode)[-3:] == "700"
    assert {oct(path.stat().st_mode)[-3:] for path in backup.rglob("*") if path.is_file()} == {"600"}


async def test_a_restored_node_can_be_backed_up_before_it_is_served(world: World, tmp_path: Path) -> None:
    """Without large packages it has no folder for them yet."""
    backup = await asyncio.to_thread(back_up, world.gateway, tmp_path / "backup")
    await asyncio.to_thread(run, "restore", backup, "-d", tmp_path / "again")
    await asyncio.to_thread(run, "backup", tmp_path / "second", "-d", tmp_path / "again")
    assert read_manifest(tmp_path / "second").last_leaf == read_manifest(backup).last_leaf


@pytest.mark.parametrize("harm", ["changed", "missing", "added", "cut"])
async def test_a_damaged_backup_is_refused_and_the_file_named(
    world: World, tmp_path: Path, harm: str
) -> None:
    """Nothing is put anywhere before every byte is checked."""
    backup = await asyncio.to_thread(back_up, world.gateway, tmp_path / "backup")
    file = backup / "seal.pem"
    if harm == "changed":
        file.write_bytes(file.read_bytes().replace(b"A", b"B", 1))
    elif harm == "missing":
        file.unlink()
    elif harm == "added":
        (backup / "seal.pem2").write_text("x")
    else:
        manifest = backup / "manifest.json"
        manifest.write_text(manifest.read_text()[:-10])
    result = CliRunner().invoke(lienthong, ["restore", str(backup), "-d", str(tmp_path / "there")])
    assert result.exit_code == 2
    assert ("manifest" if harm == "cut" else "seal.pem") in result.output or str(backup) in result.output
    assert not (tmp_path / "there").exists()


async def test_a_backup_that_was_interrupted_is_none(world: World, tmp_path: Path) -> None:
    """Killed while copying: what lies there is called .part, is refused, and is cleared by the next one."""
    place = place_of(load_config(world.gateway.directory / "config.toml"), world.gateway.directory)
    half = tmp_path / "backup.part"
    half.mkdir()
    (half / "lienthong.db").write_bytes(b"half")
    with pytest.raises(Misconfiguration, match="no-backup-here"):
        read_manifest(half)
    manifest = make_backup(place, tmp_path / "backup", at=now(), program="x", with_keys=False)
    assert not half.exists()
    assert set(manifest.missing_keys) == {"seal.key", "secrets.key", "axis.secret"}
    assert not (tmp_path / "backup" / "seal.key").exists()
    check_backup(tmp_path / "backup", manifest)
    with pytest.raises(Misconfiguration, match="backup-target-there"):
        make_backup(place, tmp_path / "backup", at=now(), program="x", with_keys=True)


async def test_a_backup_without_keys_has_none_of_tls_whatever_it_is_called(tmp_path: Path) -> None:
    """It is named among those to be put back; the development authority's is left out, and not missed."""
    files: dict[str, object] = {"tls_certificate_file": "node.crt", "tls_key_file": "node.tls"}
    node = prepare_node(tmp_path / "node", code=HUB, role=Role.HUB, http=files)
    write_certificate(node.directory, "node")
    (node.directory / "authority.key").write_text("...")
    await node.connect("BO", [MINISTRY])
    place = place_of(load_config(node.directory / "config.toml"), node.directory)
    manifest = make_backup(place, tmp_path / "backup", at=now(), program="x", with_keys=False)
    assert manifest.missing_keys == ("node.tls", "seal.key", "secrets.key")
    there = {path.name for path in (tmp_path / "backup").rglob("*")}
    assert "node.crt" in there
    assert not there & {*manifest.missing_keys, "authority.key"}


async def test_a_node_is_never_restored_over_another(world: World, tmp_path: Path) -> None:
    """A directory that holds a node stays as it is."""
    backup = await asyncio.to_thread(back_up, world.gateway, tmp_path / "backup")
    with pytest.raises(Misconfiguration, match="node-there"):
        put_back(backup, read_manifest(backup), world.gateway.directory)
    assert json.loads((backup / "manifest.json").read_text())["form"] == "lienthong-backup-1"
    assert not (world.gateway.directory / "restored.json").exists()


async def test_a_restore_that_was_interrupted_is_no_node_and_goes_on(world: World, tmp_path: Path) -> None:
    """Nothing serves the half, or founds an empty node there; the same backup called again ends it."""
    backup = await asyncio.to_thread(back_up, world.gateway, tmp_path / "backup")
    other = await asyncio.to_thread(back_up, world.gateway, tmp_path / "other")
    half = tmp_path / "half"
    put_back(backup, read_manifest(backup), half)
    (half / "config.toml").unlink()  # what is written last
    (half / "lienthong.db").write_bytes((backup / "lienthong.db").read_bytes()[:9000])
    for command in (["serve", str(half)], ["doctor", "-d", str(half)]):
        assert "no-node-here" in (await asyncio.to_thread(CliRunner().invoke, lienthong, command)).output
    with pytest.raises(Misconfiguration, match="node-there"):
        put_back(other, read_manifest(other), half)
    await asyncio.to_thread(run, "restore", backup, "-d", half)
    assert "✓" in await asyncio.to_thread(run, "doctor", "-d", half)
    with pytest.raises(Misconfiguration, match="node-there"):
        put_back(backup, read_manifest(backup), half)


async def test_a_backup_holds_what_the_node_needs_and_no_more(world: World, tmp_path: Path) -> None:
    """No drafts; certificates behind a link too; without keys nobody's secret; never in the node itself."""
    folder = world.gateway.directory
    (folder / "certs").rename(tmp_path / "elsewhere")
    (folder / "certs").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "root.pem").write_text("x")
    (folder / "drafts").mkdir()
    for name in ("qlvb.secret", "authority.key", "tls.key", "drafts/1"):
        (folder / name).write_text("x")
    place = place_of(load_config(folder / "config.toml"), folder)
    manifest = make_backup(place, tmp_path / "backup", at=now(), program="x", with_keys=False)
    assert {Path(name).suffix for name in manifest.files} == {".db", ".pem", ".toml"}
    assert "certs/root.pem" in manifest.files
    with pytest.raises(Misconfiguration, match="backup-target-inside"):
        make_backup(place, folder / "backups" / "1", at=now(), program="x", with_keys=True)
    assert not (folder / "backups").exists()
