"""One document's folder in a bundle: gathered from the records, written part by part, then let go."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.errors import Refusal
from gateway.evidence.asic import ContainerWriter
from gateway.evidence.bundle import HeldPackage, package_name, write_envelope
from gateway.evidence.receipts import read_statement
from gateway.evidence.summary import Step, Told, write_page
from gateway.exchange.checkpoints import prove_rows
from gateway.exchange.directory import Snapshot
from gateway.exchange.narration import narrate_proof
from gateway.exchange.passing_on import Leaving
from gateway.exchange.words import EVENTS, status_words
from gateway.model.identifiers import AgencyCode, Digest
from gateway.model.log import LogKind
from gateway.model.thread import RecipientState, Thread
from gateway.store.audit_log import LogRow, list_thread_entries
from gateway.store.blobs import Blobs
from gateway.store.checkpoints import KeptCheckpoint
from gateway.store.database import Database
from gateway.store.packages import list_thread_packages
from gateway.store.threads import list_recipients

Facts = Mapping[str, Any]

_PROVED_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Where documents are gathered from. seals are the certificates that receipts may be signed with."""

    database: Database
    blobs: Blobs
    directory: Snapshot
    seals: frozenset[Digest]

    def name_of(self, code: AgencyCode) -> str:
        """Name an agency with its code, or by its code alone."""
        agency = self.directory.agencies.get(self.directory.canonical(code))
        return f"{agency.name} ({code})" if agency else code


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledDocument:
    """Everything a bundle says of one document."""

    thread: Thread
    recipients: Sequence[RecipientState]
    packages: Sequence[tuple[HeldPackage, Leaving]]
    entries: Sequence[tuple[LogRow, Facts]]

    async def write(
        self, writer: ContainerWriter, folder: str, records: Records, kept: KeptCheckpoint, *, stamped: int
    ) -> None:
        """Write the document's folder, its entries proved under a checkpoint.

        Shape: stamped is how many entries of the log a timestamp covers.
        Errors: Refusal when an entry cannot be proved.
        """
        small = list(self._small_parts(records, stamped))
        for number, (held, leaving) in enumerate(self.packages, 1):
            for left in (False, True) if held.seal_at is not None else (False,):
                name = package_name(number, left=left)
                if not held.sent:
                    continue
                if leaving.content is not None:
                    small.append((name, leaving.content if not left else _sealed(leaving, leaving.content)))
                else:
                    await _stream(writer, f"{folder}/{name}", leaving, left=left)
        await asyncio.to_thread(_add_all, writer, folder, small)
        rows = [row for row, _ in self.entries]
        for begin in range(0, len(rows), _PROVED_AT_ONCE):
            some = rows[begin : begin + _PROVED_AT_ONCE]
            proofs = await prove_rows(records.database, some, kept)
            named = [(f"proofs/{row.seq}.tlog-proof", proof) for row, proof in zip(some, proofs, strict=True)]
            await asyncio.to_thread(_add_all, writer, folder, named)

    def _small_parts(self, records: Records, stamped: int) -> Sequence[tuple[str, bytes]]:
        listed = [{"seq": row.seq, "event": said["event"], "at": said["at"]} for row, said in self.entries]
        names = {code: agency.name for code, agency in records.directory.agencies.items()}
        held = [package for package, _ in self.packages]
        parts = [
            ("envelope.json", write_envelope(self.thread, self.recipients, held, listed, names=names)),
            ("summary.html", self._page(records, stamped)),
        ]
        for row, said in self.entries:
            if row.receipt is not None:
                parts.append((f"receipts/{row.seq}.json", row.receipt))
            if "far_receipt" in said:
                parts.append((f"far-receipts/{row.seq}.json", said["far_receipt"].encode()))
        return parts

    def _page(self, records: Records, stamped: int) -> bytes:
        told = Told(
            thread=self.thread,
            owner=records.name_of(self.thread.owner),
            recipients=[
                (
                    records.name_of(state.code),
                    status_words(state.status) if state.status else None,
                    state.status_at,
                )
                for state in self.recipients
            ],
            packages=[
                (
                    package_name(number, left=False) if held.sent else "đã xóa khi hết hạn lưu · deleted",
                    str(held.said["sha256"]),
                    package_name(number, left=True) if held.sent and held.seal_at is not None else None,
                )
                for number, (held, _) in enumerate(self.packages, 1)
            ],
            steps=[
                Step(
                    seq=row.seq,
                    at=row.at,
                    what=EVENTS[row.kind],
                    told=narrate_proof(row.kind, said, records.name_of),
                    signed=row.receipt is not None,
                    stamped=row.seq <= stamped,
                )
                for row, said in self.entries
            ],
        )
        gateway = AgencyCode(self.entries[0][1]["gateway"])
        return write_page(told, gateway=records.name_of(gateway))


async def gather_document(thread: Thread, records: Records, kept: KeptCheckpoint) -> BundledDocument | None:
    """Gather everything about one document that a checkpoint covers; None when that is nothing.

    Errors: Refusal when an entry was signed with a seal whose certificate is not here.
    """
    rows = [row for row in await list_thread_entries(records.database, thread.id) if row.seq <= kept.size]
    entries = [(row, read_statement(row.statement)) for row in rows]
    _check_certificates(rows, records.seals)
    packages = await _gather_packages(thread, records, entries)
    if not packages:
        return None
    return BundledDocument(
        thread=thread,
        recipients=[_as_told(state, entries) for state in await list_recipients(records.database, thread.id)],
        packages=packages,
        entries=entries,
    )


def _as_told(state: RecipientState, entries: Sequence[tuple[LogRow, Facts]]) -> RecipientState:
    """Say where a recipient stood when the checkpoint was made; it may have answered since."""
    answers = [(row.at, said) for row, said in entries if row.kind is LogKind.ANSWERED]
    if state.status in {None, *(said.get("status") for _, said in answers)}:
        return state
    own = [(said["status"], at) for at, said in answers if said.get("sender") == state.code]
    status, at = own[-1] if own else (None, None)
    return replace(state, status=status, status_at=at)


async def _gather_packages(
    thread: Thread, records: Records, entries: Sequence[tuple[LogRow, Facts]]
) -> list[tuple[HeldPackage, Leaving]]:
    """Find the packages, in the order of the entries that name their bytes first."""
    rows = {package.id: package for package in await list_thread_packages(records.database, thread.id)}
    found: list[tuple[HeldPackage, Leaving]] = []
    for row, said in entries:
        package = rows.get(said.get("package", ""))
        if package is None or row.kind not in (LogKind.ACCEPTED, LogKind.ANSWERED) or "sha256" not in said:
            continue
        del rows[package.id]
        content = await records.blobs.load_inline(package.digest)
        is_kept = content is not None or await records.blobs.has(package.digest)
        held = HeldPackage(
            id=package.id,
            seq=row.seq,
            said=said,
            sent=is_kept,
            seal_at=package.seal_at if is_kept and package.seal is not None else None,
        )
        found.append((held, Leaving(blobs=records.blobs, package=package, content=content)))
    return found


def _check_certificates(rows: Sequence[LogRow], seals: frozenset[Digest]) -> None:
    for row in rows:
        signed_with = None if row.receipt is None else json.loads(row.receipt)["certificate_sha256"]
        if signed_with is not None and signed_with not in seals:
            raise Refusal.because(
                "certificate-missing",
                where=f"mục {row.seq} · entry {row.seq}",
                vi=f"thiếu chứng thư {signed_with} của dấu đã dùng khi đó; đặt cạnh seal.pem, tên seal-*.pem",
                en=f"the certificate {signed_with} of the seal used then is missing; put it beside seal.pem",
            )


def _add_all(writer: ContainerWriter, folder: str, parts: Sequence[tuple[str, bytes]]) -> None:
    for name, content in parts:
        writer.add(f"{folder}/{name}", content)


def _sealed(leaving: Leaving, content: bytes) -> bytes:
    at, seal = leaving.package.seal_at, leaving.package.seal
    assert at is not None and seal is not None  # noqa: S101, PT018 - it left with a seal
    return content[:at] + seal + content[at:]


async def _stream(writer: ContainerWriter, name: str, leaving: Leaving, *, left: bool) -> None:
    """Copy a large package, as it came or as it left, chunk by chunk."""
    source = leaving if left else leaving.without_seal()
    with writer.adding(name, source.size_bytes) as write:
        async for chunk in source.chunks():
            await asyncio.to_thread(write, chunk)
