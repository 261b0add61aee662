"""Judging a package file for somebody who wants to know why: like the gateway, but to the end.

Where the gateway stops at the first room that refuses, this goes on and gathers what every room would say.
Flat memory: archives are unpacked into scratch files, never into memory.
"""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from gateway.cli.terminal import VIETNAM
from gateway.edxml.attachments import NamedFile, describe_attachment
from gateway.edxml.reader import ReadPackage, read_package
from gateway.edxml.validation import check_package
from gateway.errors import Fault, Refusal
from gateway.model.identifiers import AgencyCode, Digest
from gateway.model.package import Attachment, Package
from gateway.model.signature import SignaturePolicy, Verdict
from gateway.trust.certificates import Anchors
from gateway.trust.policy import apply_policy
from gateway.trust.xml_verification import verify_package

_PIECE_BYTES = 1 << 20


class Outcome(StrEnum):
    """What the gateway would do with the package."""

    ACCEPTED = "accepted"
    WARNED = "accepted-with-warnings"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """One attachment, and what it is in the end; None when it cannot be unpacked."""

    attachment: Attachment
    file: NamedFile | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Everything that was found out about one package file.

    Shape: package is None when it could not be understood, verdict when it is not even XML; raw maps the
    path of each header element to the texts that stood there.
    """

    size_bytes: int
    digest: Digest
    package: Package | None = None
    verdict: Verdict | None = None
    files: tuple[FoundFile, ...] = ()
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    raw: Mapping[str, tuple[str, ...]]

    @property
    def outcome(self) -> Outcome:
        """Tell what follows from all of it."""
        if self.faults:
            return Outcome.REFUSED
        return Outcome.WARNED if self.warnings else Outcome.ACCEPTED


def inspect_file(
    path: Path,
    *,
    anchors: Anchors,
    vouchers: frozenset[AgencyCode],
    policy: SignaturePolicy,
    at: datetime,
) -> Inspection:
    """Inspect one package file as of an instant."""
    with path.open("rb") as source:
        try:
            read = read_package(source)
        except Refusal as refusal:
            return _unreadable(source, refusal)
        faults = _rule_faults(read, at)
        verdict = verify_package(read, source, anchors, at=at, vouchers=vouchers)
        signature_faults, warnings = _consequences(read, verdict, policy)
        files, file_warnings = _find_files(source, read.package)
    return Inspection(
        size_bytes=read.outline.size_bytes,
        digest=read.outline.digest,
        package=read.package,
        verdict=verdict,
        files=files,
        faults=(*faults, *signature_faults),
        warnings=(*warnings, *file_warnings),
        raw=read.raw,
    )


def _unreadable(source: BinaryIO, refusal: Refusal) -> Inspection:
    digest = hashlib.sha256()
    source.seek(0)
    while piece := source.read(_PIECE_BYTES):
        digest.update(piece)
    return Inspection(
        size_bytes=source.tell(), digest=Digest(digest.hexdigest()), faults=refusal.faults, raw={}
    )


def _rule_faults(read: ReadPackage, at: datetime) -> tuple[Fault, ...]:
    try:
        check_package(read, today=at.astimezone(VIETNAM).date())
    except Refusal as refusal:
        return refusal.faults
    return ()


def _consequences(
    read: ReadPackage, verdict: Verdict, policy: SignaturePolicy
) -> tuple[tuple[Fault, ...], tuple[Fault, ...]]:
    """Apply the policy; what cannot be understood is refused already, whatever its signature."""
    if read.package is None:
        return (), read.warnings
    try:
        return (), apply_policy(read.package, verdict, policy, seal_at=None).package.warnings
    except Refusal as refusal:
        return refusal.faults, read.warnings


def _find_files(source: BinaryIO, package: Package | None) -> tuple[tuple[FoundFile, ...], tuple[Fault, ...]]:
    found: list[FoundFile] = []
    warnings: list[Fault] = []
    for attachment in package.attachments if package else ():
        with tempfile.TemporaryFile() as scratch:
            try:
                file = describe_attachment(source, attachment, scratch=scratch)
            except Refusal as refusal:
                warnings += refusal.faults
                found.append(FoundFile(attachment=attachment, file=None))
            else:
                found.append(FoundFile(attachment=attachment, file=file))
    return tuple(found), tuple(warnings)
