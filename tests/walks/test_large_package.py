"""A package far larger than the memory it may cost, DMS → gateway → hub → gateway → DMS."""

import asyncio
import base64
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.model.agency import SystemKind
from gateway.office import now
from gateway.sandbox.dms import SampleDms
from gateway.settings import Role
from tests.packages import Sent, document
from tests.walks.test_killed_between_steps import Mortal
from tests.walks.world import HEALTH, HUB, MINISTRY, PROVINCE, Node, prepare_node

ALLOWED_BYTES = 64 << 20
# The suite takes a package large enough to show that nobody holds one; LIENTHONG_LARGE_MB=500 takes more.
SIZE_BYTES = int(os.environ.get("LIENTHONG_LARGE_MB", "160")) << 20
_PIECE_BYTES = 3 << 18


def write_large_package(path: Path, sent: Sent, recipient: str) -> str:
    """Write a package with one attachment of noise; return the SHA-256 of the whole file."""
    before, after = document(sent, [recipient], attachment=b"<>").split(base64.b64encode(b"<>"))
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for piece in _pieces(before, after):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _pieces(before: bytes, after: bytes) -> Iterator[bytes]:
    yield before
    written = 0
    while written < SIZE_BYTES:
        piece = base64.b64encode(os.urandom(_PIECE_BYTES))
        written += len(piece)
        yield piece
    yield after


def peak_bytes(mortal: Mortal) -> int:
    """The most memory a process ever held, as its kernel knows."""
    assert mortal.running is not None
    status = Path(f"/proc/{mortal.running.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
async def test_a_large_package_crosses_four_processes_at_flat_memory(tmp_path: Path) -> None:
    """Each process grows by less than 64 MB, and what arrives is what was sent, sealed."""
    hub = Mortal(prepare_node(tmp_path / "hub", code=HUB, role=Role.HUB))
    up = await hub.node.connect("BO", [MINISTRY], kind=SystemKind.GATEWAY)
    down = await hub.node.connect("TINH", [PROVINCE, HEALTH], kind=SystemKind.GATEWAY)
    await hub.start()
    sender = Mortal(prepare_node(tmp_path / "gateway", code=PROVINCE, below=(hub.node.url, "TINH", down)))
    receiver = Mortal(prepare_node(tmp_path / "ministry", code=MINISTRY, below=(hub.node.url, "BO", up)))
    await sender.node.connect("SYT", [HEALTH])
    await receiver.node.connect("DMS-BO", [MINISTRY])
    nodes = (sender, hub, receiver)
    try:
        await sender.start()
        await receiver.start()
        before = [peak_bytes(node) for node in nodes]
        package = tmp_path / "large.edxml"
        write_large_package(package, Sent(sender=HEALTH), MINISTRY)
        assert (await dms(sender.node, "SYT").send(package, sender=HEALTH)).ok
        taken = tmp_path / "taken.edxml"
        await take_one(dms(receiver.node, "DMS-BO"), taken)
        grown = [peak_bytes(node) - peak for node, peak in zip(nodes, before, strict=True)]
        print(f"{[size >> 20 for size in grown]} MB")
        assert max(grown) < ALLOWED_BYTES, [f"{size >> 20} MB" for size in grown]
        assert without_seal(taken) == hashlib.sha256(package.read_bytes()).hexdigest()
    finally:
        for node in nodes:
            await node.stop()


def dms(node: Node, system: str) -> SampleDms:
    return SampleDms(f"{node.url}/vxp", system, node.secrets[system], made_at=now())


async def take_one(reader: SampleDms, into: Path) -> None:
    async with asyncio.timeout(90):
        while not (items := (await reader.received()).items):  # noqa: ASYNC110 - the far side is asked
            await asyncio.sleep(0.1)
    assert (await reader.download(items[0]["docId"], into=into)).size_bytes > SIZE_BYTES
    assert (await reader.confirm(items[0]["docId"])).ok


def without_seal(path: Path) -> str:
    """The SHA-256 of a package less the signature put into it."""
    content = path.read_bytes()
    start = content.index(b"<ds:Signature ")
    end = content.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    return hashlib.sha256(content[:start] + content[end:]).hexdigest()
