"""Judges a package that came in: read it, check it, verify its signature, apply its sender's policy.

Steps 3, 4 and 6 of the walk. The crafts do the work; what is decided here is only where they run: a
small package on the loop, since a hop to a thread costs as much as the judgement, with those that came
beside it (sitting.py); a large one off it. It was scanned while it came (store/spool.py), so that little
is left to do when its last byte has come.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import BinaryIO

from gateway.edxml.early import EarlyScan
from gateway.edxml.outline import Limits
from gateway.edxml.reader import ReadPackage, read_outline
from gateway.edxml.validation import check_package
from gateway.edxml.xml import scan_package
from gateway.errors import Refusal
from gateway.exchange.directory import Snapshot
from gateway.exchange.forms import Forms
from gateway.exchange.sitting import Sitting
from gateway.model.identifiers import AgencyCode
from gateway.model.signature import SignaturePolicy, VerifiedPackage
from gateway.store.spool import Spool
from gateway.trust.certificates import Anchors
from gateway.trust.policy import apply_policy
from gateway.trust.xml_signing import find_seal_place, hash_form
from gateway.trust.xml_verification import verify_package
from gateway.vxp.signing import VIETNAM

# Judging this much takes a few milliseconds at most; more, or a file made to be slow, would stall others: in
# a small one elements and attributes take long, each of which has a mark, ``<`` or ``=``.
_ON_THE_LOOP_BYTES = 64 << 10
_ON_THE_LOOP_MARKS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Holds what judging needs. vouchers are holders believed for any sender; forms are for who seals."""

    limits: Limits
    anchors: Anchors
    vouchers: frozenset[AgencyCode]
    forms: Forms = field(default_factory=Forms)
    sitting: Sitting = field(default_factory=Sitting)

    def begin(self) -> EarlyScan:
        """Begin to read a package that is about to come; what is wrong with it `inspect` says."""
        return EarlyScan(self.limits)

    async def inspect(
        self, spool: Spool, directory: Snapshot, *, policy: SignaturePolicy, at: datetime
    ) -> VerifiedPackage:
        """Judge one package.

        Errors: Refusal with every fault found.
        """
        judge = partial(self.judge, spool, directory, policy=policy, at=at)
        if _is_small(spool):
            verified = await self.sitting.hear(judge)
        else:
            verified = await asyncio.to_thread(judge)
        if verified.form is not None:
            self.forms.remember(spool.digest, verified.form)
        return verified

    def judge(
        self, spool: Spool, directory: Snapshot, *, policy: SignaturePolicy, at: datetime
    ) -> VerifiedPackage:
        """Judge one package on this thread; see `inspect`."""
        with spool.open() as source:
            if spool.scan is None or spool.scan.is_given_up:
                outline = scan_package(source, limits=self.limits, digest=spool.digest)
            else:
                outline = spool.scan.finish(spool.digest)
            read = read_outline(outline, limits=self.limits)
            package = check_package(read, today=at.astimezone(VIETNAM).date())
            # A certificate may name its holder by another of its codes than the package does.
            vouchers = self.vouchers | directory.names_of(package.sender.code)
            verdict = verify_package(read, source, self.anchors, at=at, vouchers=vouchers)
            seal_at = find_seal_place(read.outline, read.element)
            form = None if seal_at is None else _find_form(read, source)
            return apply_policy(package, verdict, policy, seal_at=seal_at, form=form)


def _is_small(spool: Spool) -> bool:
    if spool.path is not None or spool.size_bytes > _ON_THE_LOOP_BYTES:
        return False
    return spool.content.count(b"<") + spool.content.count(b"=") <= _ON_THE_LOOP_MARKS


def _find_form(read: ReadPackage, source: BinaryIO) -> bytes | None:
    """Hash what the seal will sign: all of it has just been read."""
    try:
        return hash_form(read.outline, read.element, source)
    except Refusal:  # which is no fault of the package: it leaves without
        return None
