"""An archive checked by whoever has it: no database, no network, nothing believed that can be computed.

What must hold: the manifest is signed; every part is what it says; the entries, from the tree they go on
from, lead to every checkpoint, and each checkpoint is signed; the packages are those that the entries tell
of, no more and no fewer.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

from gateway.errors import Fault, Refusal
from gateway.evidence.archive import Manifest, digest_told, find_signer, read_manifest
from gateway.evidence.replay import FAULTS_TOLD, Item, read_export, replay
from gateway.store.archive_file import (
    ABSENT,
    CERTIFICATES,
    LOG,
    MANIFEST,
    ArchiveReader,
    Ledger,
    reading_archive,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found in an archive.

    Shape: signer is the certificate its manifest is signed with, None when it is none of those that were
    given, or of those in the archive when none was. faults holds the first of faults_count.
    """

    manifest: Manifest
    signer: x509.Certificate | None
    checkpoints_count: int
    faults: tuple[Fault, ...]
    faults_count: int


@dataclass(slots=True)
class _Faults:
    """Gathers faults, the first of them to be told."""

    told: list[Fault] = field(default_factory=list)
    count: int = 0

    def add(self, rule: str, where: str, vi: str, en: str) -> None:
        self.count += 1
        if len(self.told) < FAULTS_TOLD:
            self.told.append(Fault(rule=rule, where=where, vi=vi, en=en))


def check_archive(path: Path, *, certificates: Sequence[x509.Certificate] = ()) -> Checked:
    """Check an archive; without certificates under those in it, which proves no more than that it is whole.

    Blocks: to be run in a thread where there is a loop.
    Errors: Refusal when it cannot be read as an archive.
    """
    faults = _Faults()
    with reading_archive(path) as archive, Ledger.new() as ledger:
        manifest, receipt = read_manifest(archive.read_small(MANIFEST))
        trusted = tuple(certificates) or tuple(_certificates_in(archive))
        # 1. The manifest is signed.
        signer = find_signer(receipt, trusted)
        if signer is None:
            faults.add(
                "archive-unsigned",
                MANIFEST,
                "không mang chữ ký bằng chứng thư đã cho",
                "not signed with a certificate that was given",
            )
        # 2. The entries lead to every checkpoint, the last of which ends with the last entry.
        items = _noting(read_export(archive.lines(LOG)), ledger)
        found = replay(items, origin=manifest.origin, certificates=trusted, before=manifest.frontier())
        if found.size != manifest.last_seq or found.vouched != found.size:
            faults.add(
                "log-unvouched",
                LOG,
                f"nhật ký trong bản lưu trữ không tới mục {manifest.last_seq} có điểm chốt đã ký",
                f"the log in it does not reach entry {manifest.last_seq} with a signed checkpoint",
            )
        # 3. The packages are those the entries tell of: here, or said to have been erased before.
        _check_packages(archive, manifest, ledger, faults)
        # 4. Every part is what the manifest says, and there is no other.
        archive.read_rest()
        _check_parts(archive, manifest, faults)
    return Checked(
        manifest=manifest,
        signer=signer,
        checkpoints_count=found.checkpoints_count,
        faults=(*faults.told, *found.faults)[:FAULTS_TOLD],
        faults_count=faults.count + found.faults_count,
    )


def _certificates_in(archive: ArchiveReader) -> Iterator[x509.Certificate]:
    for name in archive.names():
        if name.startswith(CERTIFICATES):
            try:
                yield x509.load_pem_x509_certificate(archive.read_small(name))
            except ValueError as error:
                raise Refusal.because(
                    "archive-damaged", where=name, vi="không phải chứng thư", en="not a certificate"
                ) from error


def _noting(items: Iterator[Item], ledger: Ledger) -> Iterator[Item]:
    for item in items:
        digest = digest_told(item)
        if digest is not None:
            ledger.expect(digest)
        yield item


def _check_packages(archive: ArchiveReader, manifest: Manifest, ledger: Ledger, faults: _Faults) -> None:
    count = 0
    for name, content in archive.packages():
        count += 1
        digest = hashlib.sha256()
        while chunk := content.read():
            digest.update(chunk)
        if digest.hexdigest() != name:
            faults.add(
                "package-altered", name, "nội dung gói tin đã bị sửa", "the package is not what it was"
            )
        ledger.meet(name)
    absent_count = 0
    for line in archive.lines(ABSENT):
        absent_count += 1
        if not ledger.meet(line.decode("ascii", "replace")):
            faults.add("absent-present", ABSENT, "ghi là vắng nhưng có", "said to be absent and is here")
    for digest_text in ledger.missing():
        faults.add("package-missing", digest_text, "thiếu gói tin", "the package is missing")
    for digest_text in ledger.unexpected():
        faults.add(
            "package-untold",
            digest_text,
            "không mục nào nói tới gói tin này",
            "no entry tells of this package",
        )
    if (count, absent_count) != (manifest.package_count, manifest.absent_count):
        faults.add("packages-miscounted", MANIFEST, "số gói tin sai", "the count of packages is wrong")


def _check_parts(archive: ArchiveReader, manifest: Manifest, faults: _Faults) -> None:
    if sorted(archive.names()) != sorted([*manifest.files, MANIFEST]):
        faults.add(
            "parts-differ", MANIFEST, "thiếu hoặc thừa phần", "parts are missing, or do not belong here"
        )
    for name, digest in manifest.files.items():
        if archive.found.get(name, digest) != digest:
            faults.add("part-altered", name, "phần này đã bị sửa", "the part is not what was signed")
