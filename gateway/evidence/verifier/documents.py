"""One document's folder: its entries, receipts and packages, and the record that people read."""

from __future__ import annotations

import html
import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from gateway.evidence.verifier.certificates import Certificate, Judge
from gateway.evidence.verifier.container import Container
from gateway.evidence.verifier.findings import Findings
from gateway.evidence.verifier.forms import Part, b64, need, read_instant, read_json, unb64
from gateway.evidence.verifier.proofs import Checkpoint, Entry, read_entry, receipt_signer, write_receipt

SIGNED = {
    "accepted",
    "collected",
    "confirmed",
    "contradicted",
    "delivered",
    "erased",
    "evidenced",
    "expired",
    "overdue",
    "refused",
    "turned-away",
}
# What a statement says of a package, and envelope.json repeats.
SAID = ("direction", "carries", "business", "status", "sha256", "bytes", "document", "sender", "recipients")
CLOCKS_APART = timedelta(minutes=5)
_HEADER_BYTES = 256 << 10


class Log(NamedTuple):
    """The log that a bundle's entries are proved to be in, and who may have signed for it."""

    gateway: str
    note: bytes
    checkpoint: Checkpoint
    seals: Mapping[str, Certificate]
    others: Mapping[str, Certificate]
    judge: Judge


class Document:
    """One folder being checked."""

    def __init__(self, folder: str, names: Sequence[str], container: Container, findings: Findings) -> None:
        self.folder, self.names = folder, set(names)
        self.container, self.findings = container, findings
        self.entries: list[Entry] = []
        self.wanted = {f"{folder}/envelope.json", f"{folder}/summary.html"}

    def check(self, log: Log) -> list[int]:
        """Check everything in the folder; return the numbers of its entries."""
        for name in sorted(self.names, key=lambda name: (len(name), name)):
            if "/proofs/" in name:
                self._check_entry(name, log)
        with self.findings.checking("record", self.folder):
            envelope = json.loads(self.container.read(f"{self.folder}/envelope.json"))
            founding = self._founding()
            for package in envelope["packages"]:
                with self.findings.checking("packages", f"{self.folder} {package['package']}"):
                    self._check_package(package, founding[package["package"]])
            self._check_record(envelope, founding)
        with self.findings.checking("order", self.folder):
            self._check_order(log)
        return [entry.seq for entry in self.entries]

    def _check_entry(self, name: str, log: Log) -> None:
        seq = int(name.rpartition("/")[2].partition(".")[0])
        self.wanted.add(f"{self.folder}/proofs/{seq}.tlog-proof")
        with self.findings.checking("entries", name):
            entry = read_entry(self.container.read(name), log.note, log.checkpoint, seq)
            need(entry.said["gateway"] == log.gateway, "gateway:", entry.said["gateway"])
            self.entries.append(entry)
            self.findings.counts["entries"] += 1
            with self.findings.checking("receipts", name):
                self._check_receipt(entry, log)
                if "far_receipt" in entry.said:
                    self._check_far_receipt(entry, log)

    def _check_receipt(self, entry: Entry, log: Log) -> None:
        if not entry.signature:
            need(entry.said["event"] not in SIGNED, "thiếu biên nhận · no receipt:", entry.said["event"])
            return
        signer = receipt_signer(
            entry.statement, entry.algorithm, entry.fingerprint, entry.signature, log.seals
        )
        need(signer, "thiếu chứng thư · no certificate", entry.fingerprint)
        assert signer is not None  # noqa: S101 - it was needed
        log.judge.believe(signer, at=read_instant(entry.said["at"]), holder=log.gateway)
        name = f"{self.folder}/receipts/{entry.seq}.json"
        self.wanted.add(name)
        need(self.container.read(name) == write_receipt(entry, b64(entry.signature)), name)
        self.findings.counts["receipts"] += 1

    def _check_far_receipt(self, entry: Entry, log: Log) -> None:
        """The other side's receipt, as it stands in our statement: about the same bytes, and signed."""
        name = f"{self.folder}/far-receipts/{entry.seq}.json"
        self.wanted.add(name)
        need(self.container.read(name) == entry.said["far_receipt"].encode(), name)
        told = json.loads(entry.said["far_receipt"])
        if not isinstance(told, dict) or told.get("form") != "lienthong-receipt-1":
            self.findings.counts["far-unknown"] += 1
            return
        statement = told["statement"].encode()
        said = read_json(statement)
        same = "sha256" not in entry.said or said.get("sha256") == entry.said["sha256"]
        need(same, name, "về byte khác · about other bytes")
        fingerprint = told["certificate_sha256"]
        signature = unb64(told["signature"])
        signer = receipt_signer(statement, told["algorithm"], fingerprint, signature, log.others)
        believed = signer and log.judge.believes(signer, at=read_instant(said["at"]), holder=said["gateway"])
        self.findings.counts["far-receipts" if believed else "far-unsigned"] += 1

    def _founding(self) -> dict[str, Entry]:
        """Find for each package the entry that names its bytes first."""
        founding: dict[str, Entry] = {}
        for entry in self.entries:
            if entry.said["event"] in ("accepted", "answered") and "sha256" in entry.said:
                founding.setdefault(entry.said["package"], entry)
        return founding

    def _check_package(self, package: Mapping[str, Any], founded: Entry) -> None:
        """Compare the bytes that came, and those that left, with every statement that names them."""
        digest = founded.said["sha256"]
        need(
            package["said"] == {key: founded.said[key] for key in SAID if key in founded.said},
            "envelope.json",
        )
        need(package["seq"] == founded.seq, "envelope.json: seq")
        kept = {digest}
        if package["as_sent"] is None:
            need(package["as_left"] is None, "as_left")
            self.findings.counts["packages-gone"] += 1
            return
        sent = self._part(package["as_sent"])
        need(sent.sha256 == digest, "SHA-256", sent.sha256, "≠", digest)
        need(sent.size == founded.said.get("bytes", sent.size), "byte:", sent.size)
        self.findings.counts["packages"] += 1
        if package["as_left"] is not None:
            left, at = self._part(package["as_left"]["file"]), package["as_left"]["seal_at"]
            without, seal = self.container.without(left.name, at, at + left.size - sent.size)
            is_seal = seal.startswith(b"<ds:Signature ") and seal.find(b"</ds:Signature>") == len(seal) - 15
            need(without == digest and is_seal, left.name, "khác ngoài dấu · differs in more than the seal")
            kept.add(left.sha256)
        for entry in self.entries:
            if entry.said.get("package") == package["package"] and "sha256" in entry.said:
                # A package that was sealed anew left with other bytes before, and those are not kept.
                if entry.said["event"] == "delivered" and entry.said["sha256"] not in kept:
                    self.findings.counts["left-otherwise"] += 1
                elif entry.said["event"] != "delivered":
                    need(entry.said["sha256"] == digest, "mục · entry", entry.seq, "SHA-256")

    def _part(self, name: str) -> Part:
        self.wanted.add(f"{self.folder}/{name}")
        need(f"{self.folder}/{name}" in self.container.parts, "thiếu · missing:", name)
        return self.container.parts[f"{self.folder}/{name}"]

    def _check_record(self, envelope: Mapping[str, Any], founding: Mapping[str, Entry]) -> None:
        """Hold what people read against what was signed, as far as that says it, and against the package."""
        listed = [{"at": e.said["at"], "event": e.said["event"], "seq": e.seq} for e in self.entries]
        need(envelope["entries"] == listed, "entries")
        need([package["package"] for package in envelope["packages"]] == list(founding), "packages")
        need(self.names == self.wanted, "tệp thừa, thiếu · files:", *sorted(self.names ^ self.wanted))
        strangers = [e.seq for e in self.entries if e.said.get("package") not in founding]
        need(not strangers, "mục của văn bản khác · entries about another document:", strangers)
        document = envelope["document"]
        by_number = [e.seq for e in founding.values() if not self._is_about(e, document["document_id"])]
        need(
            len(by_number) < len(founding), "không lời nào nêu · no statement names", document["document_id"]
        )
        self.findings.counts["by-number"] += len(by_number)
        statuses = {entry.said.get("status") for entry in self.entries} | {None}
        for recipient in envelope["recipients"]:
            need(recipient["status"] in statuses, recipient["code"], "status", recipient["status"])
        first = next((p for p in envelope["packages"] if p["said"].get("carries") == "document"), None)
        if first and first["as_sent"]:
            header = self.container.read_start(self._part(first["as_sent"]).name, _HEADER_BYTES)
            text = _words(html.unescape(header.decode("utf-8", "replace")))
            need(_words(document["subject"]) in text, "trích yếu không có trong gói tin · subject")
        self.findings.counts["documents"] += 1

    def _is_about(self, founded: Entry, document_id: str) -> bool:
        """Tell whether a package's own statements name the document; else it was matched by its number."""
        for entry in self.entries:
            if entry.said.get("package") == founded.said["package"]:
                said = entry.said
                if document_id in (said.get("document"), said.get("target"), *said.get("replaced", ())):
                    return True
        return False

    def _check_order(self, log: Log) -> None:
        need(self.entries, "không có mục nào · no entries")
        begun: dict[str, Entry] = self._founding()
        for entry in self.entries:
            first, at = begun[entry.said["package"]], read_instant(entry.said["at"])
            need(at <= log.checkpoint.at + CLOCKS_APART, entry.seq, "sau điểm chốt · after the checkpoint")
            # A repetition may have set out before what it repeats was recorded.
            if entry.said["event"] != "repeated":
                need(entry.seq >= first.seq, entry.seq, "trước mục · before entry", first.seq)
                need(at >= read_instant(first.said["at"]) - CLOCKS_APART, entry.seq, "at:", entry.said["at"])


def _words(text: str) -> str:
    """Bring a text to the form in which equal ones are equal."""
    return " ".join(unicodedata.normalize("NFC", text).split())
