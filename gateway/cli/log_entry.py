"""``lienthong log show``: one entry, its statement, its receipt, its leaf, and whether they fit together."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.node import directory_option, load_node, meant_folder, open_records
from gateway.cli.terminal import both, card, json_option, receipt_option, show, show_json, words

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rich.text import Text

    from gateway.evidence.receipts import Receipt
    from gateway.store.audit_log import LogRow


def entry_facts(row: "LogRow") -> dict[str, Any]:
    """Tell one entry for a program, its statement byte for byte as it was signed."""
    import json

    return {
        "seq": row.seq,
        "kind": row.kind.value,
        "at": row.at,
        "statement": row.statement.decode(),
        "receipt": None if row.receipt is None else json.loads(row.receipt),
        "leaf": row.leaf.hex(),
    }


@click.command("show")
@click.argument("seq", type=click.IntRange(min=1), metavar="SEQ")
@receipt_option
@directory_option
@json_option
@click.pass_context
def show_entry(ctx: click.Context, seq: int, receipt_file: Path | None, folder: Path, as_json: bool) -> None:
    """Xem mục SEQ: lời xác nhận, chữ ký, lá của cây Merkle.

    Show one entry: its statement, its receipt, its leaf, and whether they fit together.
    """
    asyncio.run(_show(meant_folder(ctx, folder), seq, receipt_file, as_json=as_json))


async def _show(folder: Path, seq: int, receipt_file: Path | None, *, as_json: bool) -> None:
    from gateway.errors import Refusal
    from gateway.store.audit_log import list_entries

    async with open_records(folder) as database:
        rows = [row async for row in list_entries(database, after=seq - 1, limit=1)]
        if not rows or rows[0].seq != seq:
            raise Refusal.because(
                "no-such-entry", vi=f"nhật ký không có mục {seq}", en=f"the log has no entry {seq}"
            )
        row = rows[0]
        if receipt_file is not None:
            if row.receipt is None:
                raise Refusal.because(
                    "no-receipt", vi="mục này không có biên nhận", en="this entry has no receipt"
                )
            receipt_file.write_bytes(row.receipt + b"\n")
        if as_json:
            show_json(entry_facts(row))
        else:
            _show_row(row, _own_certificate(folder))


def _show_row(row: "LogRow", own: "Certificate | None") -> None:
    from gateway.cli.terminal import heading
    from gateway.evidence.merkle import hash_leaf
    from gateway.evidence.receipts import read_receipt, read_statement, write_entry
    from gateway.exchange.narration import narrate_proof, when
    from gateway.exchange.words import EVENT_STYLES, EVENTS

    facts = read_statement(row.statement)
    receipt = None if row.receipt is None else read_receipt(row.receipt)
    vi, en = EVENTS[row.kind]
    if hash_leaf(write_entry(row.statement, receipt)) == row.leaf:
        fits = both("✓ lá là băm của lời xác nhận và biên nhận", "the leaf is their hash", "green")
    else:
        fits = both("✗ lá không phải băm của mục này", "the leaf is not this entry's hash", "bold red")
    show(
        words(f"\n  Mục {row.seq}: ", (vi, f"bold {EVENT_STYLES.get(row.kind, '')}"), (f" · {en}", "dim")),
        words("  ", narrate_proof(row.kind, facts)[0]),
        heading("Lời xác nhận", "statement"),
        card(_statement_rows({**facts, "at": when(facts)})),
        heading("Bằng chứng", "evidence"),
        card(
            [
                ("Biên nhận", "receipt", _judge(receipt, own)),
                ("Chứng thư", "certificate", receipt.certificate_sha256 if receipt else None),
                ("Lá Merkle", "leaf", row.leaf.hex()),
                ("Khớp", "fits", fits),
            ]
        ),
    )


def _statement_rows(facts: Mapping[str, Any], before: str = "") -> list[tuple[str, str, "str | Text | None"]]:
    """Lay a statement out, one fact on a row, under the names it is signed with."""
    from gateway.cli.terminal import plain

    rows: list[tuple[str, str, str | Text | None]] = []
    for name, fact in facts.items():
        if isinstance(fact, dict):
            rows += _statement_rows(fact, f"{before}{name}.")
        elif name == "faults":
            rows.append(
                (f"{before}{name}", "", "\n".join(f"{f['rule']} {f['where']}: {f['vi']}" for f in fact))
            )
        else:
            said = ", ".join(map(plain, fact)) if isinstance(fact, list) else plain(fact)
            rows.append((f"{before}{name}", "", said))
    return rows


def _own_certificate(folder: Path) -> "Certificate | None":
    """Load the certificate of the node's seal, without its key; None when there is none to be read."""
    from gateway.errors import Misconfiguration
    from gateway.trust.certificates import load_anchors

    try:
        return load_anchors(load_node(folder).trust.seal_chain_file.read_bytes()).certificates[0]
    except (OSError, Misconfiguration):
        return None


def _judge(receipt: "Receipt | None", own: "Certificate | None") -> "Text":
    """Say what the receipt's signature is worth, as far as this node can tell."""
    from gateway.evidence.receipts import verify_receipt
    from gateway.trust.keys import fingerprint_of

    if receipt is None:
        return both("không có: việc này không hứa gì với ai", "none: this event promises nothing")
    if own is None or receipt.certificate_sha256 != fingerprint_of(own):
        return both(f"{receipt.algorithm}, không phải dấu hiện nay của nút", "not the node's present seal")
    if verify_receipt(receipt, own):
        return both(f"✓ {receipt.algorithm}, đúng dấu của nút này", "this node's seal", "green")
    return both("✗ chữ ký sai", "the signature is wrong", "bold red")
