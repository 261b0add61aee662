"""Judges a package that came in: read it, check it, verify its signature, apply its sender's policy.

Steps 3, 4 and 6 of the walk. The crafts do the work; what is decided here is only where they run: a
small package on the loop, since a hop to a thread costs as much as the judgement, a large one off it.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from gateway.edxml.outline import Limits
from gateway.edxml.reader import read_package
from gateway.edxml.validation import check_package
from gateway.exchange.directory import Snapshot
from gateway.model.identifiers import AgencyCode
from gateway.model.signature import SignaturePolicy, VerifiedPackage
from gateway.store.spool import Spool
from gateway.trust.certificates import Anchors
from gateway.trust.policy import apply_policy
from gateway.trust.xml_signing import find_seal_place
from gateway.trust.xml_verification import verify_package
from gateway.vxp.signing import VIETNAM

# Judging this much takes a millisecond or two; more, or a file made to be slow, would stall others.
_ON_THE_LOOP_BYTES = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Holds what judging needs. vouchers are holders believed for any sender."""

    limits: Limits
    anchors: Anchors
    vouchers: frozenset[AgencyCode]

    async def inspect(
        self, spool: Spool, directory: Snapshot, *, policy: SignaturePolicy, at: datetime
    ) -> VerifiedPackage:
        """Judge one package.

        Errors: Refusal with every fault found.
        """
        if spool.size_bytes <= _ON_THE_LOOP_BYTES:
            return self.judge(spool, directory, policy=policy, at=at)
        return await asyncio.to_thread(self.judge, spool, directory, policy=policy, at=at)

    def judge(
        self, spool: Spool, directory: Snapshot, *, policy: SignaturePolicy, at: datetime
    ) -> VerifiedPackage:
        """Judge one package on this thread; see `inspect`."""
        with spool.open() as source:
            read = read_package(source, limits=self.limits, digest=spool.digest)
            package = check_package(read, today=at.astimezone(VIETNAM).date())
            # A certificate may name its holder by another of its codes than the package does.
            vouchers = self.vouchers | directory.names_of(package.sender.code)
            verdict = verify_package(read, source, self.anchors, at=at, vouchers=vouchers)
            return apply_policy(package, verdict, policy, seal_at=find_seal_place(read.outline, read.element))
