"""A bundle checked from its first byte to its last, each check leaning on those before it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, BinaryIO

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.evidence.verifier.certificates import (
    SEALING,
    STAMPING,
    Certificate,
    Judge,
    algorithm_of,
    fingerprint_of,
    name_of,
    read_token,
    signed_by,
)
from gateway.evidence.verifier.container import Container, stamp_of
from gateway.evidence.verifier.documents import CLOCKS_APART, Document, Log
from gateway.evidence.verifier.findings import Findings
from gateway.evidence.verifier.forms import (
    FORM,
    INDEX,
    MANIFEST,
    SIGNATURES,
    b64,
    need,
    read_instant,
    unb64,
    write_index,
    write_manifest,
    write_signatures,
)
from gateway.evidence.verifier.proofs import Checkpoint, read_checkpoint, roots_over

_UNNAMED = (
    "chứng thư không nêu mã cơ quan; tự biết là của cổng thì đưa vào --anchor"
    " · names no agency; if you know that it is the gateway's, give it with --anchor"
)
_FIRST_LINE = '{"bundle":'


def verify(
    file: BinaryIO, anchors: Iterable[Certificate] = (), tsa_anchors: Iterable[Certificate] = ()
) -> Findings:
    """Check a bundle. Anchors are certificates the auditor trusts: of seals, and of timestamps."""
    audit = Audit(file, Judge(SEALING, anchors), Judge(STAMPING, tsa_anchors))
    findings = audit.findings
    for check, step in (
        ("container", audit.open_container),
        ("lists", audit.check_lists),
        ("holder", audit.load_certificates),
        ("seal", audit.check_signature),
        ("checkpoint", audit.check_checkpoint),
        ("history", audit.check_history),
        ("stamps", audit.check_stamps),
        ("entries", audit.check_documents),
    ):
        with findings.checking(check):
            step()
        if findings.faults[check] and check not in ("seal", "history", "stamps"):
            break
    return findings


class Audit:
    """One bundle being checked."""

    def __init__(self, file: BinaryIO, judge: Judge, stamp_judge: Judge) -> None:
        self.container, self.findings = Container(file), Findings()
        self.judge, self.stamp_judge = judge, stamp_judge
        self.head: dict[str, Any] = {}
        self.chain: list[Certificate] = []
        self.seals: dict[str, Certificate] = {}
        self.others: dict[str, Certificate] = {}
        self.main: tuple[bytes, Checkpoint]

    def open_container(self) -> None:
        """Find the parts; every byte of the file is one of theirs or as it must be."""
        self.container.open()
        count, size = len(self.container.parts), self.container.size
        self.findings.tell("container", f"{count} phần · parts, {size} byte")

    def check_lists(self) -> None:
        """The two lists name every part and nothing else; what the bundle says it is stands in one."""
        parts = list(self.container.parts.values())[1:-2]
        line = self.container.read_start(INDEX, 1 << 20).partition(b"\n")[0].decode()
        self.head = json.loads(line[len(_FIRST_LINE) : -1])
        need(self.head["form"] == FORM, self.head["form"])
        self.container.compare(INDEX, write_index(self.head, parts[:-1]))
        self.container.compare(MANIFEST, write_manifest(parts))
        need(self.container.stamp == stamp_of(read_instant(self.head["made_at"])), "made_at ≠ zip")
        self.findings.tell("lists", f"{self.head['gateway']}, {self.head['program']}, {self.head['made_at']}")

    def load_certificates(self) -> None:
        """Seals are the gateway's own, this bundle's first; the others are of whoever signed, too."""
        for names, kept in ((self.head["seals"], self.seals), (self.head["others"], self.others)):
            for name in names:
                leaf, *more = x509.load_pem_x509_certificates(self.container.read(name))
                need(fingerprint_of(leaf)[:16] == name[-20:-4], name)
                # Behind another's certificate stand those above it, or its former ones.
                signers = [leaf] if kept is self.seals else [leaf, *more]
                kept.update({fingerprint_of(each): each for each in signers})
                self.judge.learn(more)
        here = {name for name in self.container.parts if name.startswith("certificates/")}
        need(here == {*self.head["seals"], *self.head["others"]}, "certificates/")
        self.chain = x509.load_pem_x509_certificates(self.container.read(self.head["seals"][0]))
        self.judge.believe(self.chain[0], at=read_instant(self.head["made_at"]), holder=self.head["gateway"])
        self.findings.tell("holder", name_of(self.chain[0]))
        gateway = self.head["gateway"]
        unnamed = [each for each in self.seals.values() if not self.judge.is_named(each, gateway)]
        self.findings.tell("holder", _UNNAMED, len(unnamed))
        if self.judge.is_open or unnamed:
            self.findings.open.add("holder")

    def check_signature(self) -> None:
        """The signature's file is written anew around the value that stands there."""
        leaf = self.chain[0]
        key: Any = leaf.public_key()
        is_ecdsa = isinstance(key, ec.EllipticCurvePublicKey)
        size = (key.key_size + 7) // 8 * (2 if is_ecdsa else 1)

        def read_value(digest: bytes) -> str:
            written = self.container.file.read((size + 2) // 3 * 4).decode()
            value = unb64(written)
            if is_ecdsa:
                r, s = (int.from_bytes(half, "big") for half in (value[: size // 2], value[size // 2 :]))
                value = utils.encode_dss_signature(r, s)
            need(signed_by(leaf, digest, value), "giá trị chữ ký sai · the value was not made by this key")
            return written

        signed = list(self.container.parts.values())[1:-2]
        pieces = write_signatures(
            signed,
            algorithm=algorithm_of(leaf),
            at=self.head["made_at"][:19] + "Z",
            chain=[each.public_bytes(Encoding.DER) for each in self.chain],
            value_of=read_value,
        )
        self.container.compare(SIGNATURES, pieces)
        self.findings.tell("seal", f"{len(signed)} phần · parts, {algorithm_of(leaf)}")

    def check_checkpoint(self) -> None:
        """The checkpoint that all entries are proved under."""
        self.main = self._read_checkpoint(self.head["checkpoint"])
        _, checkpoint = self.main
        others = [(name, by) for name, by in checkpoint.signers if name != checkpoint.origin]
        witnesses = {name for name, by in others if self._is_witness(name, by, checkpoint)}
        need(read_instant(self.head["made_at"]) >= checkpoint.at - CLOCKS_APART, "made_at")
        told = f"{checkpoint.origin} {checkpoint.size}, {checkpoint.at:%Y-%m-%d %H:%M:%S}Z"
        self.findings.tell("checkpoint", told)
        self.findings.tell(
            "checkpoint", f"nhân chứng · witnesses: {', '.join(sorted(witnesses))}", len(witnesses)
        )
        unknown = checkpoint.unknown + len({name for name, _ in others} - witnesses)
        told = f"{unknown} chữ ký không có chứng thư đáng tin · signatures without a trusted certificate"
        self.findings.tell("checkpoint", told, unknown)

    def _is_witness(self, name: str, by: Certificate, checkpoint: Checkpoint) -> bool:
        return self.judge.believes(by, at=checkpoint.at, holder=name.removesuffix("/log"))

    def _read_checkpoint(self, size: int) -> tuple[bytes, Checkpoint]:
        note = self.container.read(f"checkpoints/{size}.txt")
        checkpoint = read_checkpoint(note, [*self.seals.values(), *self.others.values()])
        need(
            checkpoint.origin == f"{self.head['gateway']}/log",
            "nhật ký khác · another log:",
            checkpoint.origin,
        )
        need(checkpoint.size == size, "size:", checkpoint.size)
        at, gateway, seals = checkpoint.at, self.head["gateway"], self.seals.values()
        own = [by for name, by in checkpoint.signers if name == checkpoint.origin and by in seals]
        need(own, "cổng không ký · not signed by the gateway")
        # A certificate may have been renewed for the same key: one of them was valid then.
        valid = (by for by in own if self.judge.believes(by, at=at, holder=gateway))
        self.judge.believe(next(valid, own[0]), at=at, holder=gateway)
        return note, checkpoint

    def check_history(self) -> None:
        """Every other checkpoint is of the same log: one begins with the other."""
        others = [size for size in self.head["checkpoints"] if size != self.head["checkpoint"]]
        names = {f"checkpoints/{size}.txt" for size in self.head["checkpoints"]}
        for size in others:
            old, new = sorted(((size, self._read_checkpoint(size)[1]), (self.main[1].size, self.main[1])))
            name = f"checkpoints/{old[0]}-{new[0]}.consistency"
            proof = [unb64(line) for line in self.container.read(name).decode().splitlines()]
            written = "".join(f"{b64(each)}\n" for each in proof).encode()
            need(written == self.container.read(name), name)
            need(roots_over(old[0], new[0], old[1].root, proof) == (old[1].root, new[1].root), name)
            names.add(name)
        for size in self.head["stamped"]:
            names |= {f"checkpoints/{size}.note", f"checkpoints/{size}.tst"}
        here = {name for name in self.container.parts if name.startswith("checkpoints/")}
        need(
            here == names and self.head["checkpoint"] in self.head["checkpoints"],
            "checkpoints/",
            *(here ^ names),
        )
        self.findings.tell("history", ", ".join(map(str, others)), len(others))
        if not others:
            self.findings.tell_none("history", "không có · none")

    def check_stamps(self) -> None:
        """A token is over the note as it was first published, without what witnesses put under it."""
        for size in self.head["stamped"]:
            note, checkpoint = self._read_checkpoint(size)
            first = self.container.read(f"checkpoints/{size}.note")
            need(note.startswith(first) and first.count(b"\n\xe2\x80\x94 ") == 1, f"{size}.note")
            at, by, certificates = read_token(self.container.read(f"checkpoints/{size}.tst"), first)
            need(at >= checkpoint.at - CLOCKS_APART, f"{size}.tst: {at} < {checkpoint.at}")
            self.stamp_judge.learn(certificates)
            self.stamp_judge.believe(by, at=at)
            self.findings.tell("stamps", f"≤ {size}: {at:%Y-%m-%d %H:%M:%S}Z, {name_of(by)}")
            if self.stamp_judge.is_open:
                self.findings.open.add("stamps")
        if not self.head["stamped"]:
            self.findings.tell_none(
                "stamps", "không có: thời điểm là lời của cổng · none: instants are its own word"
            )

    def check_documents(self) -> None:
        """Each document in its folder; no entry belongs to two."""
        folders: dict[str, list[str]] = {}
        for name in self.container.parts:
            if name.startswith("documents/"):
                folders.setdefault("/".join(name.split("/")[:2]), []).append(name)
        log = Log(self.head["gateway"], *self.main, self.seals, self.others, self.judge)
        seen: set[int] = set()
        need(folders, "documents/")
        for check in ("entries", "receipts", "packages", "order", "record"):
            self.findings.reached.add(check)
        for folder, names in folders.items():
            seqs = Document(folder, names, self.container, self.findings).check(log)
            need(seen.isdisjoint(seqs), folder, "mục của văn bản khác · entries of another document")
            seen.update(seqs)
        need(len(folders) == self.head["documents"], "documents:", len(folders))
        self._tell_counts()
        for size in self.head["stamped"]:
            covered = sum(seq <= size for seq in seen)
            self.findings.tell(
                "stamps", f"{covered}/{len(seen)} mục ở đây có trước đó · entries here were there"
            )

    def _tell_counts(self) -> None:
        counts, tell = self.findings.counts, self.findings.tell
        tell("entries", f"{counts['entries']}")
        tell("receipts", f"{counts['receipts']}, tất cả bằng dấu của cổng · all by the gateway's seal")
        tell("receipts", f"của bên kia · far side's: {counts['far-receipts']}", counts["far-receipts"])
        unjudged = counts["far-unsigned"] + counts["far-unknown"]
        tell(
            "receipts",
            f"của bên kia, chưa tin được · far side's, no trusted certificate: {unjudged}",
            unjudged,
        )
        tell("packages", f"{counts['packages']}", counts["packages"])
        if not counts["packages"]:
            self.findings.tell_none("packages", "không còn gói nào · none is left")
        gone = counts["packages-gone"]
        tell("packages", f"{gone} đã xóa khi hết hạn lưu · {gone} deleted after retention", gone)
        again = counts["left-otherwise"]
        tell("packages", f"{again} lần đi với dấu cũ không còn · {again} left under a seal not kept", again)
        tell("order", f"±{CLOCKS_APART.seconds // 60} min")
        tell("record", f"{counts['documents']} văn bản · documents")
        by_number = counts["by-number"]
        tell("record", f"{by_number} gói khớp theo số, ký hiệu · matched by number", by_number)
