"""A large package is read while it comes, and nobody can tell, whatever becomes of the rest of it."""

import asyncio
import base64
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from gateway.exchange.forms import Forms
from gateway.model.code_lists import Kind
from gateway.model.identifiers import Digest, SystemId
from gateway.model.log import LogKind
from gateway.office import now
from gateway.vxp.operations import FORMS, Operation
from gateway.vxp.requests import write_send
from gateway.vxp.signing import sign_headers
from tests.packages import Sent, document
from tests.walks.world import HEALTH, MINISTRY, Node, World, collect_all

NOISE = os.urandom(3 << 20)
LARGE = document(Sent(sender=HEALTH), [MINISTRY], attachment=NOISE)
MIDDLE = LARGE[: len(LARGE) // 2]


def digest_of(package: bytes) -> Digest:
    """The SHA-256 of a whole package."""
    return Digest(hashlib.sha256(package).hexdigest())


def files_of(node: Node) -> list[Path]:
    """What lies in a node's spool and among its large packages."""
    return [
        path for name in ("spool", "blobs") for path in (node.directory / name).rglob("*") if path.is_file()
    ]


async def until_true(ask: Callable[[], bool]) -> None:
    """Wait for something that comes by itself."""
    async with asyncio.timeout(10):
        while not ask():  # noqa: ASYNC110 - the disk is asked
            await asyncio.sleep(0.02)


WRONG = {
    "a DOCTYPE in the first piece": (LARGE.replace(b"<edXML ", b"<!DOCTYPE edXML><edXML ", 1), "doctype"),
    "a character in the middle that is not of base64": (
        MIDDLE + b"%" + LARGE[len(MIDDLE) + 1 :],
        "payload-unreadable",
    ),
    "an element within the file": (MIDDLE + b"<a/>" + LARGE[len(MIDDLE) :], "payload-markup"),
    "bytes behind the root element": (LARGE.strip() + b"<a/>", "trailing-bytes"),
    "an end that does not come": (LARGE[:-9], "cut-short"),
    "elements in each other, which are not read before all is there": (
        LARGE.replace(b"<edXML:From>", b"<a>" * 6_000 + b"</a>" * 6_000 + b"<edXML:From>", 1),
        "not-well-formed",
    ),
}


async def test_what_is_wrong_midway_is_refused_when_all_has_come(world: World) -> None:
    """The same words as ever, and a receipt that names every byte that came, also those behind the fault."""
    for what, (package, rule) in WRONG.items():
        answer = await world.health.send(package, sender=HEALTH)
        assert (answer.ok, rule in answer.words) == (False, True), what
        statement = json.loads(answer.members["Receipt"]["statement"])
        assert (statement["sha256"], statement["bytes"]) == (digest_of(package), len(package))
        assert files_of(world.gateway) == []


async def test_what_passes_is_sealed_without_being_read_again(world: World) -> None:
    """The seal holds for the hub, which judges it while it comes, and every other byte arrives as it was."""
    assert (await world.health.send(LARGE, sender=HEALTH)).ok
    (arrived,) = await collect_all(world.ministry)
    start, end = arrived.index(b"<ds:Signature "), arrived.index(b"</ds:Signature>") + 15
    assert arrived[:start] + arrived[end:] == LARGE
    (accepted,) = [one for one in world.hub.log(LogKind.ACCEPTED) if one["carries"] == Kind.DOCUMENT]
    assert (accepted["signature"], accepted["sha256"]) == ("valid", digest_of(arrived))
    # One character in it, and what was hashed on the way is not what was signed.
    at = arrived.index(base64.b64encode(NOISE)) + len(NOISE)
    other = b"A" if arrived[at : at + 1] != b"A" else b"B"
    answer = await world.ministry.send(arrived[:at] + other + arrived[at + 1 :], sender=HEALTH)
    assert (answer.ok, "signature-digest" in answer.words) == (False, True)


async def test_a_connection_cut_while_its_package_is_read_leaves_nothing(world: World) -> None:
    """Half a package has been written, hashed and read: all is forgotten, and the whole taken later."""
    for _ in range(3):
        _, writer = await begin_sending(world.gateway, LARGE, length=len(LARGE))
        writer.write(MIDDLE)
        await writer.drain()
        await until_true(lambda: files_of(world.gateway) != [])
        writer.transport.abort()
        await until_true(lambda: files_of(world.gateway) == [])
    assert world.gateway.log(LogKind.ACCEPTED) == []
    assert (await world.health.send(LARGE, sender=HEALTH)).ok
    await collect_all(world.ministry)


async def test_who_says_a_shorter_length_has_said_another_digest(world: World) -> None:
    """What was announced has come, and it is not what was signed: that is said, not what its XML lacks."""
    reader, writer = await begin_sending(world.gateway, LARGE, length=len(MIDDLE))
    writer.write(MIDDLE)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    answer = json.loads(await reader.readexactly(length))
    writer.close()
    assert "hash-mismatch" in answer["ErrorDesc"]
    assert files_of(world.gateway) == []


def test_what_seals_sign_is_remembered_of_the_last_packages() -> None:
    """So many are on their way at most; of what came before it is read again."""
    forms, packages = Forms(), [Digest(f"{number:064x}") for number in range(5000)]
    for package in packages:
        forms.remember(package, bytes.fromhex(package))
    assert forms.find(packages[0]) is None
    assert forms.find(packages[-1]) == bytes.fromhex(packages[-1])


async def begin_sending(
    node: Node, package: bytes, *, length: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection, and announce a package of some length there."""
    headers = sign_headers(
        write_send(sender=HEALTH, recipients=(MINISTRY,), kind=Kind.DOCUMENT, digest=digest_of(package)),
        system=SystemId("SYT"),
        secret=node.secrets["SYT"].encode(),
        at=now(),
        content_type=FORMS[Operation.SEND].content_type,
    )
    lines = [f"{name}: {value}" for name, value in [*headers, ("Host", "x"), ("Content-Length", str(length))]]
    reader, writer = await asyncio.open_connection("127.0.0.1", int(node.url.rsplit(":", 1)[1]))
    writer.write("\r\n".join(["POST /vxp/sendEdoc HTTP/1.1", *lines, "", ""]).encode())
    return reader, writer
