"""Packages far larger than the memory they may cost: DMS to DMS over three nodes, watched from outside."""

import asyncio
import base64
import hashlib
import io
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.nodes import READER, WRITER, Ground, Node
from benchmarks.stock import write_package
from gateway.sandbox.agencies import HEALTH, MINISTRY

_PIECE_BYTES = 3 << 18
_PATIENCE_SECONDS = 600
_LOOK_SECONDS = 0.1


async def measure_large(ground: Ground, megabytes: int, sha256_mebibytes: float) -> dict[str, object]:
    """Carry one package of so many megabytes end to end.

    Shape: grown_bytes by node; of_sha256 is the whole way's speed as a share of hashing the file once.
    """
    nodes = {"gateway": ground.sender, "hub": ground.hub, "receiving gateway": ground.receiver}
    path = ground.hub.folder.parent / "large.edxml"
    size_bytes = _write_large(path, megabytes * 1_000_000)
    async with AsyncExitStack() as left:
        left.callback(path.unlink)
        for node in nodes.values():
            left.callback(node.stop)
            node.start()
        writer, reader = ground.sender.dms(WRITER), ground.receiver.dms(READER)
        left.push_async_callback(writer.close)
        left.push_async_callback(reader.close)
        before = {name: _calm(node) for name, node in nodes.items()}
        busy = sum(node.busy_seconds() for node in nodes.values())
        began = time.monotonic()
        answer = await writer.send(path, sender=HEALTH.code, recipients=[MINISTRY.code])
        if not answer.ok:
            raise RuntimeError(f"not accepted: {answer.status} {answer.code} {answer.words}")
        accepted = time.monotonic() - began
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not (items := (await reader.received()).items):  # noqa: ASYNC110 - the far side is asked
                await asyncio.sleep(_LOOK_SECONDS)
        taken = path.with_name("taken.edxml")
        left.callback(taken.unlink)
        await reader.download(items[0]["docId"], into=taken)
        await reader.confirm(items[0]["docId"])
        seconds = time.monotonic() - began
        busy = sum(node.busy_seconds() for node in nodes.values()) - busy
        grown = {name: node.resident_bytes(peak=True) - before[name] for name, node in nodes.items()}
    hashing = size_bytes / (sha256_mebibytes * (1 << 20))
    return {
        "megabytes": megabytes,
        "accepted_seconds": round(accepted, 2),
        "seconds": round(seconds, 2),
        "busy_seconds": round(busy, 2),
        "of_sha256_accepted": round(hashing / accepted, 3),
        "of_sha256": round(hashing / seconds, 3),
        "grown_bytes": grown,
    }


def _calm(node: Node) -> int:
    node.forget_peak()
    return node.resident_bytes()


def _write_large(path: Path, size_bytes: int) -> int:
    """Write a package with one attachment of noise that no two pieces of share; return its size."""
    before, after = write_package(HEALTH, MINISTRY, "1", b"<>").split(base64.b64encode(b"<>"))
    with path.open("wb") as file:
        file.write(before)
        for piece in _noise(size_bytes):
            file.write(piece)
        file.write(after)
        return file.seek(0, io.SEEK_CUR)


def _noise(size_bytes: int) -> Iterator[bytes]:
    number = 0
    while size_bytes > 0:
        piece = base64.b64encode(hashlib.shake_128(number.to_bytes(8, "big")).digest(_PIECE_BYTES))
        size_bytes, number = size_bytes - len(piece), number + 1
        yield piece
