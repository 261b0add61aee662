"""The desk of an agency without a DMS: its people work in this node's console, which is its system.

What is written here becomes a package like any other and is sent as a DMS sends it, through outbound.py, so
that every law holds for it. The same act done twice makes the same bytes, and those have their promise.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.edxml.outline import Limits
from gateway.edxml.reader import read_package
from gateway.errors import Refusal
from gateway.exchange.acceptance import Promise
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.ids import Mint
from gateway.exchange.outbound import Outbound
from gateway.model.agency import Agency, System
from gateway.model.identifiers import AgencyCode, PackageId
from gateway.model.package import Organization, Package
from gateway.model.people import Permission, User
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.packages import StoredPackage, find_sent
from gateway.store.spool import Spool


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Sends for the agencies whose system is the console."""

    database: Database
    blobs: Blobs
    directory: Directory
    outbound: Outbound
    mint: Mint
    limits: Limits

    async def agencies_of(self, user: User) -> list[Agency]:
        """List the agencies that work in the console and are among a user's, by name."""
        directory = await self.directory.current()
        codes = [code for code in directory.served_by if _sees(user, code, directory)]
        found = [directory.agencies[code] for code in codes if works_here(code, directory)]
        return sorted(found, key=lambda agency: agency.name)

    async def is_for(self, user: User) -> bool:
        """Tell whether any of a user's agencies works in the console."""
        directory = await self.directory.current()
        at_console = (stored.system for stored in directory.systems.values() if stored.system.at_console)
        codes = (code for system in at_console for code in system.serves)
        return any(works_here(code, directory) and _sees(user, code, directory) for code in codes)

    async def system_for(self, code: AgencyCode, user: User, permission: Permission) -> System:
        """Return the console's system that serves an agency, for somebody who may act there.

        Errors: Refusal ``not-allowed``; ``not-found``, in the same words whether the agency is another's,
        has a DMS of its own, or does not exist.
        """
        if not user.may(permission):
            raise Refusal.because(
                "not-allowed",
                vi="Vai trò của bạn không được làm việc này.",
                en="Your role may not do this.",
            )
        directory = await self.directory.current()
        system = _system_of(code, directory)
        if system is None or not _sees(user, code, directory):
            raise Refusal.because(
                "not-found",
                vi="Không có cơ quan nào như vậy làm việc trên trang này.",
                en="No such agency works in this console.",
            )
        return system

    async def send(
        self, chunks: Iterable[bytes], *, system: System, sender: AgencyCode, by: User, at: datetime
    ) -> Promise:
        """Send a package for an agency; the same bytes again get their first promise, whatever became of it.

        Errors: as `Outbound.accept`, the refusal recorded.
        """
        self.outbound.admission.check_disk()
        self.outbound.admission.check_writer()
        spool = await self.blobs.take(self.mint.new(at), chunks, scan=self.outbound.judge.begin())
        try:
            # Outbound takes what came back and is sent again for a new round. A form sent twice is none.
            if (earlier := await self._find(system, spool)) is not None:
                return earlier
            return await self.outbound.accept(
                spool, caller=system, claimed_sender=sender, requested=None, at=at, by=by.login
            )
        finally:
            spool.discard()

    async def read(self, package: StoredPackage) -> Package:
        """Read a kept package again, off the loop.

        Errors: Delay when the disk does not give it.
        """
        with await self.blobs.open(package.digest) as source:
            read = await asyncio.to_thread(read_package, source, limits=self.limits)
        assert read.package is not None  # noqa: S101 - it was read and judged when it came
        return read.package

    async def _find(self, system: System, spool: Spool) -> Promise | None:
        sent = await find_sent(self.database, system.id, spool.digest)
        return None if sent is None else repeated(*sent)


def repeated(package_id: PackageId, receipt: bytes) -> Promise:
    """Give again the promise a package got when it was first sent."""
    return Promise(package_id=package_id, receipt=receipt, is_repetition=True)


def organization_of(code: AgencyCode, directory: Snapshot) -> Organization:
    """Name an agency as a package does, with what the directory has of it."""
    agency = directory.agencies.get(directory.canonical(code))
    if agency is None:
        return Organization(code=code, name=str(code))
    parent = None if agency.parent is None else directory.agencies.get(agency.parent)
    return Organization(
        code=agency.code, name=agency.name, in_charge=parent.name if parent else None, email=agency.mail
    )


def works_here(code: AgencyCode, directory: Snapshot) -> bool:
    """Tell whether an agency's people work in this node's console."""
    return _system_of(code, directory) is not None


def _system_of(code: AgencyCode, directory: Snapshot) -> System | None:
    system_id = directory.served_by.get(directory.canonical(code))
    system = None if system_id is None else directory.systems[system_id].system
    return system if system is not None and system.at_console and system.disabled_at is None else None


def _sees(user: User, code: AgencyCode, directory: Snapshot) -> bool:
    return any(user.sees(name) for name in directory.names_of(code))
