"""``lienthong send``: hand a package over as a connected system would."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from gateway.cli.terminal import card, done, json_option, receipt_option, show, show_json
from gateway.cli.wire import Account, account_options, calling, make_account

if TYPE_CHECKING:
    from gateway.evidence.receipts import Receipt
    from gateway.model.code_lists import Kind
    from gateway.model.identifiers import AgencyCode, Digest
    from gateway.vxp.answers import SendAnswer

_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What is handed over, and what the request says about it."""

    path: Path
    size_bytes: int
    digest: "Digest"
    sender: "AgencyCode"
    recipients: "tuple[AgencyCode, ...] | None"
    kind: "Kind"

    async def pieces(self) -> AsyncIterator[bytes]:
        """Read the file, streamed."""
        with self.path.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                yield piece


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True))
@account_options
@click.option(
    "--from",
    "sender",
    metavar="CODE",
    help="Mã cơ quan gửi; mặc định theo gói tin. · The sender; else as the package says.",
)
@click.option(
    "--recipients",
    metavar="CODE,CODE…",
    help="Chỉ gửi tới các cơ quan này trong gói tin. · Only to these of the package's recipients.",
)
@receipt_option
@json_option
def send(
    file: Path,
    systemid: str,
    secret_file: TextIO,
    url: str | None,
    ca_file: Path | None,
    folder: Path,
    sender: str | None,
    recipients: str | None,
    receipt_file: Path | None,
    as_json: bool,
) -> None:
    """Gửi gói tin FILE như một hệ thống kết nối.

    Send a package over the VXP wire as a connected system, and show the receipt. What the package says about
    itself is believed: the node at the other end decides.
    """
    account = make_account(systemid, secret_file, url, ca_file, folder)
    sending = _prepare(file, sender, recipients)
    answer = asyncio.run(_hand_over(account, sending))
    receipt = _receipt(answer)
    if receipt_file is not None and receipt is not None:
        from gateway.evidence.receipts import write_receipt

        receipt_file.write_bytes(write_receipt(receipt) + b"\n")
    if as_json:
        show_json({"doc_id": answer.doc_id, "sha256": sending.digest, "receipt": answer.receipt})
    else:
        _show(sending, answer, receipt, receipt_file)


def _prepare(path: Path, sender: str | None, recipients: str | None) -> Sending:
    """Find out what the request must say.

    Errors: Refusal when the package cannot be understood and nobody says who sends it.
    """
    import hashlib

    from gateway.edxml.reader import read_package
    from gateway.errors import Refusal
    from gateway.model.code_lists import Kind
    from gateway.model.identifiers import AgencyCode, Digest, normalise_code

    digest, named, kind = hashlib.sha256(), None, Kind.DOCUMENT
    with path.open("rb") as source:
        while piece := source.read(_PIECE_BYTES):
            digest.update(piece)
        size_bytes = source.tell()
        try:
            read = read_package(source)
        except Refusal:
            if sender is None:
                raise
        else:
            if read.package is not None:
                named, kind = read.package.sender.code, read.package.kind
            elif sender is None:
                raise Refusal("package-refused", read.faults)
    codes = [normalise_code(code) for code in (recipients or "").split(",") if code.strip()]
    return Sending(
        path=path,
        size_bytes=size_bytes,
        digest=Digest(digest.hexdigest()),
        sender=normalise_code(sender) if sender else named or AgencyCode(""),
        recipients=tuple(codes) or None,
        kind=kind,
    )


async def _hand_over(account: Account, sending: Sending) -> "SendAnswer":
    async with calling(account) as axis:
        return await axis.hand_over(
            sending.pieces,
            sending.size_bytes,
            sending.digest,
            sender=sending.sender,
            recipients=sending.recipients,
            kind=sending.kind,
        )


def _receipt(answer: "SendAnswer") -> "Receipt | None":
    """Read the receipt that came with the answer; axes other than ours give none."""
    import json

    from gateway.evidence.receipts import read_receipt

    return None if answer.receipt is None else read_receipt(json.dumps(answer.receipt).encode())


def _show(
    sending: Sending, answer: "SendAnswer", receipt: "Receipt | None", receipt_file: Path | None
) -> None:
    from gateway.evidence.receipts import read_statement
    from gateway.exchange.narration import when
    from gateway.exchange.words import GRADES
    from gateway.model.signature import Grade

    stated: dict[str, Any] = {} if receipt is None else read_statement(receipt.statement)
    grade = GRADES[Grade(stated["signature"])] if "signature" in stated else None
    none = "trục không cấp biên nhận ký số · none was given"
    show(
        done("Đã gửi, nút đã ghi nhận", "sent, and accepted"),
        card(
            [
                ("Mã gói tin", "DocId", answer.doc_id),
                ("SHA-256", "digest", sending.digest),
                ("Lúc", "at", when(stated)),
                ("Bên gửi", "from", stated.get("sender", sending.sender)),
                ("Nơi nhận", "to", ", ".join(stated.get("recipients", [])) or None),
                ("Chữ ký", "signature", " · ".join(grade) if grade else None),
                ("Cảnh báo", "warnings", ", ".join(stated.get("warnings", [])) or None),
                ("Biên nhận của", "receipt by", str(stated["gateway"]) if stated else none),
                ("Ký bằng", "signed with", str(receipt.algorithm) if receipt else None),
                ("Chứng thư", "certificate", receipt.certificate_sha256 if receipt else None),
                ("Đã lưu", "saved", str(receipt_file) if receipt and receipt_file else None),
            ]
        ),
    )
