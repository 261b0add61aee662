"""Reads the nodes' audit logs as an auditor would: through ``lienthong log``, believing nothing unproved."""

import asyncio
import json
import sys
import zipfile
from asyncio.subprocess import DEVNULL, PIPE
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import LienthongError
from gateway.evidence.merkle import hash_leaf
from gateway.evidence.receipts import read_receipt, read_statement, verify_receipt, write_entry
from gateway.model.log import SIGNED_KINDS
from gateway.sandbox.world import Node, own_environment

_EVERYTHING = "1000000"
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedLog:
    """One node's log, every entry checked. receipts are the statements that were signed."""

    node: Node
    entries_count: int
    kinds: Mapping[str, int]
    receipts: frozenset[bytes]


async def check_logs(nodes: Sequence[Node]) -> list[CheckedLog]:
    """Read and check the logs of some nodes, side by side.

    Errors: LienthongError ``log-unsound`` naming the node and the entry.
    """
    return list(await asyncio.gather(*map(_check_log, nodes)))


async def _check_log(node: Node) -> CheckedLog:
    if await _run("-m", "gateway", "log", "verify", "-d", str(node.folder)) is None:
        raise _unsound(node, "cây băm hoặc điểm chốt không đúng", "its tree or a checkpoint does not hold")
    lines = (await _read_log(node)).splitlines()
    certificate = node.certificate
    kinds: Counter[str] = Counter()
    receipts = set()
    for expected, line in enumerate(lines, 1):
        entry = json.loads(line)
        statement = entry["statement"].encode()
        receipt = None if entry["receipt"] is None else read_receipt(json.dumps(entry["receipt"]).encode())
        sound = (
            entry["seq"] == expected
            and read_statement(statement)["event"] == entry["kind"]
            and hash_leaf(write_entry(statement, receipt)).hex() == entry["leaf"]
            and (receipt is None) == (entry["kind"] not in SIGNED_KINDS)
            and (receipt is None or verify_receipt(receipt, certificate))
        )
        if not sound:
            raise _unsound(node, f"mục {expected}", f"entry {expected}")
        kinds[entry["kind"]] += 1
        if receipt is not None:
            receipts.add(receipt.statement)
    return CheckedLog(node=node, entries_count=len(lines), kinds=kinds, receipts=frozenset(receipts))


async def prove_to_a_stranger(node: Node, document: str, *, hub: Node) -> Path:
    """Export a document's evidence, and check it with the script in it, which knows nothing of ours.

    Shape: the hub's receipts are in it, and its authority is above every seal.

    Errors: LienthongError ``log-unsound`` when it does not hold.
    """
    bundle = node.folder.parent / "bang-chung.asice"
    export = ("evidence", "export", document, "-d", str(node.folder), "-o", str(bundle))
    theirs = ("--certificate", str(hub.folder / "seal.pem"))
    if await _run("-m", "gateway", *export, *theirs) is None:
        raise _unsound(node, "không xuất được bằng chứng", "its evidence cannot be exported")
    script = bundle.with_name("verify.py")
    with zipfile.ZipFile(bundle) as archive:
        script.write_bytes(archive.read("verify.py"))
    # Isolated: without this program's folder and environment.
    if await _run("-I", str(script), str(bundle), "--anchor", str(hub.folder / "authority.pem")) is None:
        raise _unsound(node, "hồ sơ bằng chứng không đúng", "its evidence does not hold")
    return bundle


async def _read_log(node: Node) -> bytes:
    said = await _run("-m", "gateway", "log", "-d", str(node.folder), "--json", "--last", _EVERYTHING)
    if said is None:
        raise _unsound(node, "không đọc được", "cannot be read")
    return said


async def _run(*command: str) -> bytes | None:
    """Run Python in a process of its own; None when it fails."""
    reader = await asyncio.create_subprocess_exec(
        *(sys.executable, *command),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
        env=own_environment(),
    )
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            said, _ = await reader.communicate()
    finally:
        if reader.returncode is None:
            reader.kill()
    return said if reader.returncode == 0 else None


def _unsound(node: Node, vi: str, en: str) -> LienthongError:
    return LienthongError.because("log-unsound", where=node.plan.folder, vi=f"nhật ký: {vi}", en=f"log: {en}")
