"""The directory in memory: who is who, under which codes, and which system speaks for whom.

Every walk looks at one unchanging `Snapshot`. `Directory` renews it when an operator's command, the
axis or a system's registration changed the tables, within a second and without a restart.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.errors import Fault
from gateway.model.agency import Agency, Names, System, SystemKind
from gateway.model.identifiers import (
    AgencyCode,
    SystemId,
    is_centre_code,
    structural_alias,
)
from gateway.store.database import Database
from gateway.store.directory import StoredSystem, load_agencies, load_systems, read_version

_FRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The directory at one instant. served_by is by canonical code."""

    agencies: Mapping[AgencyCode, Agency]
    aliases: Mapping[AgencyCode, AgencyCode]
    systems: Mapping[SystemId, StoredSystem]
    served_by: Mapping[AgencyCode, SystemId]

    @classmethod
    def of(cls, agencies: Iterable[Agency], systems: Iterable[StoredSystem]) -> "Snapshot":
        """Index what the tables hold."""
        by_code = {agency.code: agency for agency in agencies}
        stored = {item.system.id: item for item in systems}
        aliases = {alias: agency.code for agency in by_code.values() for alias in agency.aliases}
        unserved = cls(agencies=by_code, aliases=aliases, systems=stored, served_by={})
        served_by = {
            unserved.canonical(code): system_id
            for system_id, item in stored.items()
            for code in item.system.serves
        }
        return replace(unserved, served_by=served_by)

    def canonical(self, code: AgencyCode) -> AgencyCode:
        """Return the one code under which an agency is kept here; unknown codes stay as they are."""
        if code in self.agencies:
            return code
        if code in self.aliases:
            return self.aliases[code]
        other = structural_alias(code)
        if other is None:
            return code
        return other if other in self.agencies else self.aliases.get(other, code)

    def names_of(self, code: AgencyCode) -> frozenset[AgencyCode]:
        """Return every code an agency goes by."""
        canonical = self.canonical(code)
        agency = self.agencies.get(canonical)
        return frozenset({code, canonical, *(agency.aliases if agency else ())})

    def successor(self, code: AgencyCode) -> AgencyCode:
        """Return the agency that answers for a code today, following mergers."""
        return self.successors(code)[-1]

    def successors(self, code: AgencyCode, *, at: datetime | None = None) -> list[AgencyCode]:
        """Return an agency and those it was merged into one after the other, by an instant or by today."""
        code = self.canonical(code)
        found = [code]
        while (agency := self.agencies.get(code)) and agency.merged_into:
            is_later = at is not None and agency.closed_at is not None and agency.closed_at > at
            if is_later or (code := self.canonical(agency.merged_into)) in found:
                break
            found.append(code)
        return found

    def speaks_for(self, speaker: AgencyCode, code: AgencyCode) -> bool:
        """Tell whether an agency speaks for itself, or for one merged into it; both by canonical code."""
        return speaker in (code, self.successor(code))

    def answered_for(
        self, codes: Iterable[AgencyCode], *, at: datetime | None = None
    ) -> frozenset[AgencyCode]:
        """Name every code that agencies answer for, by an instant or today: theirs, and of those merged."""
        own = frozenset(map(self.canonical, codes))
        merged = (agency.code for agency in self.agencies.values() if agency.merged_into is not None)
        joined = {code for code in merged if not own.isdisjoint(self.successors(code, at=at))}
        return frozenset(name for code in own | joined for name in self.names_of(code))

    def has_mailbox(self, code: AgencyCode) -> bool:
        """Tell whether an agency is served here; while its system is disabled its mail waits."""
        system_id = self.served_by.get(self.canonical(code))
        return system_id is not None and self.systems[system_id].system.kind is not SystemKind.AXIS

    def is_at_home(self, code: AgencyCode) -> bool:
        """Tell whether an agency's own system collects here, so that no other node lies between."""
        system_id = self.served_by.get(self.canonical(code))
        return system_id is not None and self.systems[system_id].system.kind is SystemKind.DMS

    def serves(self, system: System, code: AgencyCode) -> bool:
        """Tell whether a system speaks for an agency, under whichever of its codes."""
        return self.served_by.get(self.canonical(code)) == system.id

    def knows_the_axis(self) -> bool:
        """Tell whether the axis's directory was ever fetched, so that an unknown code means something."""
        return any(agency.from_axis for agency in self.agencies.values())

    def addressable(self) -> list[Agency]:
        """List the agencies one may write to."""
        return [agency for agency in self.agencies.values() if self.is_addressable(agency)]

    def is_addressable(self, agency: Agency) -> bool:
        """Tell whether one may write to an agency: an open one, no centre."""
        return agency.closed_at is None and not is_centre_code(agency.code)


def namer(directory: Snapshot) -> Names:
    """Make what says how an agency is called: by its name, else by its code."""

    def name(code: AgencyCode) -> str:
        agency = directory.agencies.get(directory.canonical(code))
        return str(code) if agency is None else agency.name

    return name


def known_as(
    codes: frozenset[AgencyCode] | None, directory: Snapshot
) -> tuple[frozenset[AgencyCode] | None, list[Fault]]:
    """Bring somebody's agencies to the codes they have here, and name those that are not; None is all."""
    if codes is None:
        return None, []
    codes = frozenset(map(directory.canonical, codes))
    return codes, [
        Fault(
            rule="unknown-agency",
            where="agencies",
            vi=f"không có cơ quan {code} trong danh bạ",
            en=f"agency {code} is not in the directory",
        )
        for code in sorted(codes)
        if code not in directory.agencies
    ]


@dataclass(slots=True)
class Directory:
    """Keeps the newest snapshot at hand."""

    database: Database
    _snapshot: Snapshot = field(default_factory=lambda: Snapshot.of([], []))
    _version: int = -1
    _looked_at: float = float("-inf")
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _looks_begun: int = 0
    _last_look: int = 0

    async def current(self, *, certainly: bool = False) -> Snapshot:
        """Return the directory as of the last second; as of now when `certainly`."""
        if certainly or time.monotonic() - self._looked_at > _FRESH_SECONDS:
            await self._renew()
        return self._snapshot

    def expire(self) -> None:
        """Look again at the next question; said by whoever changed the directory here."""
        self._looked_at = float("-inf")

    async def _renew(self) -> None:
        # One look for all who ask at once: the first that began after they asked.
        begun = self._looks_begun
        async with self._looking:
            if self._last_look > begun:
                return
            self._looks_begun += 1
            await self._load_what_changed()
            self._last_look = self._looks_begun

    async def _load_what_changed(self) -> None:
        version = await read_version(self.database)
        if version != self._version:
            agencies, systems = await load_agencies(self.database), await load_systems(self.database)
            self._snapshot = Snapshot.of(agencies, systems)
            self._version = version
        self._looked_at = time.monotonic()
