"""Keeping the directory: what operators, systems and the axis say about agencies.

Who may say what: an operator everything; a system only about the agencies it serves and those below
them, so that none can take over another's; the axis about everybody who is not served here.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from gateway.clients.axis import Axis
from gateway.errors import Refusal
from gateway.evidence.receipts import JSON
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.directory_news import what_is_new
from gateway.exchange.notary import Notary
from gateway.model.agency import Agency, System
from gateway.model.identifiers import AgencyCode, SystemId, is_above, is_agency_code
from gateway.model.log import LogEntry, LogKind
from gateway.model.signature import SignaturePolicy
from gateway.points import Point, passed
from gateway.store import directory as tables_of_directory
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.directory import StoredSystem
from gateway.store.tables import Tables
from gateway.trust.secrets import NONCE_BYTES, seal_secret
from gateway.vxp.requests import Registration

# A country has tens of thousands of agencies, and the writer is everybody's.
_WRITTEN_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Changes the directory, each change with its entry in the audit log."""

    database: Database
    directory: Directory
    notary: Notary
    secrets_key: bytes
    axis: Axis | None = None

    async def put_agency(self, agency: Agency, *, by: str, at: datetime) -> None:
        """Write an agency for an operator."""
        entry = self._entry("agency-written", by=by, at=at, agency=agency.code, name=agency.name)

        def act(tables: Tables) -> None:
            tables_of_directory.put_agency(tables, agency)
            append_entry(tables, entry)

        await self._write(act)

    async def put_agencies(
        self,
        agencies: Sequence[Agency],
        *,
        served_by: Mapping[AgencyCode, SystemId],
        by: str,
        at: datetime,
    ) -> None:
        """Write a list of agencies for an operator, and who serves them: all of it or nothing.

        Shape: served_by takes an agency over from whoever served it; those not in it stay where they are.
        """
        entries = [
            self._entry("agency-written", by=by, at=at, agency=agency.code, name=agency.name)
            for agency in agencies
        ]
        entries += [
            self._entry("agency-served", by=by, at=at, agency=code, system=system_id)
            for code, system_id in served_by.items()
        ]

        def act(tables: Tables) -> None:
            for agency in agencies:
                tables_of_directory.put_agency(tables, agency)
            for code, system_id in served_by.items():
                tables_of_directory.serve_agencies(tables, system_id, [code])
            for entry in entries:
                append_entry(tables, entry)

        await self._write(act)

    async def close_agency(
        self, code: AgencyCode, *, by: str, at: datetime, merged_into: AgencyCode | None = None
    ) -> None:
        """Close an agency, or merge it into another that answers for it from now on.

        Closed as it already is, it stays closed since then.

        Errors: Refusal when either is unknown, or the successor is the agency itself.
        """
        directory = await self.directory.current(certainly=True)
        for wanted in (code, merged_into):
            if wanted is not None and wanted not in directory.agencies:
                raise unknown_agency(wanted)
        if merged_into is not None and directory.successor(merged_into) == code:
            raise Refusal.because(
                "merged-into-itself",
                vi="Một cơ quan không thể được sáp nhập vào chính nó.",
                en="An agency cannot be merged into itself.",
            )
        act_name = "agency-closed" if merged_into is None else "agency-merged"
        entry = self._entry(act_name, by=by, at=at, agency=code, successor=merged_into)

        def act(tables: Tables) -> None:
            if tables_of_directory.close_agency(tables, code, at=at, merged_into=merged_into):
                append_entry(tables, entry)

        await self._write(act)

    async def put_system(self, system: System, *, by: str, at: datetime) -> str:
        """Connect a system and return its secret, which nobody can read again."""
        system = replace(system, serves=await self._canonical(system.serves))
        secret = new_secret()
        sealed = self._seal(system.id, secret)
        entry = self._entry(
            "system-connected",
            by=by,
            at=at,
            system=system.id,
            kind=system.kind.value,
            policy=system.policy.value,
            serves=sorted(system.serves),
            console=system.at_console,
        )

        def act(tables: Tables) -> None:
            stored = StoredSystem(system=system, sealed_secret=sealed)
            tables_of_directory.put_system(tables, stored, at=at)
            append_entry(tables, entry)

        await self._write(act)
        return secret

    async def rotate_secret(self, system_id: SystemId, *, by: str, at: datetime) -> str:
        """Give a system a new secret and return it; the old one stops at once.

        Errors: Refusal when there is no such system, or it is this node's console, which has none.
        """
        if (await self._known_system(system_id)).at_console:
            raise Refusal.because(
                "no-secret",
                vi=f"Hệ thống {system_id} là trang quản trị của nút này, không có khóa bí mật.",
                en=f"System {system_id} is this node's console and has no secret.",
            )
        secret = new_secret()
        sealed = self._seal(system_id, secret)
        entry = self._entry("secret-rotated", by=by, at=at, system=system_id)

        def act(tables: Tables) -> None:
            tables_of_directory.change_secret(tables, system_id, sealed)
            append_entry(tables, entry)

        await self._write(act)
        return secret

    async def change_policy(
        self, system_id: SystemId, policy: SignaturePolicy, *, by: str, at: datetime
    ) -> None:
        """Change what is asked of the signatures on a system's packages.

        Errors: Refusal when there is no such system.
        """
        await self._known_system(system_id)
        entry = self._entry("policy-changed", by=by, at=at, system=system_id, policy=policy.value)

        def act(tables: Tables) -> None:
            tables_of_directory.change_policy(tables, system_id, policy)
            append_entry(tables, entry)

        await self._write(act)

    async def disable_system(self, system_id: SystemId, *, by: str, at: datetime) -> None:
        """Stop trusting a system; what waits for it stays.

        Errors: Refusal when there is no such system.
        """
        await self._known_system(system_id)
        entry = self._entry("system-disabled", by=by, at=at, system=system_id)

        def act(tables: Tables) -> None:
            tables_of_directory.disable_system(tables, system_id, at=at)
            append_entry(tables, entry)

        await self._write(act)

    async def register(self, caller: System, registration: Registration, *, at: datetime) -> None:
        """Write an agency for the system that serves it or one above it, and serve it through that system.

        Errors: Refusal ``agency-not-yours``; whatever the axis says when there is one.
        """
        directory = await self.directory.current(certainly=True)
        registration = replace(registration, code=directory.canonical(registration.code))
        self._check_right(caller, registration.code, directory)
        if self.axis is not None:
            await self.axis.register(registration)
            passed(Point.REGISTERED_ABOVE)
        parent = next((code for code in caller.serves if is_above(code, registration.code)), None)
        agency = Agency(code=registration.code, name=registration.name, mail=registration.mail, parent=parent)
        entry = self._entry("agency-registered", by=caller.id, at=at, agency=agency.code, name=agency.name)

        def act(tables: Tables) -> None:
            tables_of_directory.put_agency(tables, agency)
            tables_of_directory.serve_agencies(tables, caller.id, [agency.code])
            append_entry(tables, entry)

        await self._write(act)

    async def delete(self, caller: System, code: AgencyCode, *, at: datetime) -> None:
        """Close an agency for the system that serves it or one above it; its history stays.

        The axis is asked each time: a registration that was long on its way may have opened it there again.

        Errors: Refusal ``agency-not-yours``; whatever the axis says when there is one.
        """
        directory = await self.directory.current(certainly=True)
        code = directory.canonical(code)
        self._check_right(caller, code, directory)
        if self.axis is not None:
            await self.axis.delete(code)
            passed(Point.DELETED_ABOVE)
        if self.axis is None or code in directory.agencies:
            await self.close_agency(code, by=caller.id, at=at)

    async def renew_from_axis(self, *, at: datetime) -> int:
        """Take over the axis's directory; what is served here stays as it was written here.

        Errors: Delay when the axis is away.
        """
        if self.axis is None:
            return 0
        items = [*await self.axis.list_agencies(), *await self.axis.list_agencies_qd20()]
        passed(Point.DIRECTORY_READ)
        directory = await self.directory.current(certainly=True)
        news = what_is_new(items, directory)
        for start in range(0, len(news), _WRITTEN_AT_ONCE):
            some = news[start : start + _WRITTEN_AT_ONCE]
            entry = self._entry("directory-renewed", by="axis", at=at, count=len(some))
            await self._write(partial(_put_all, agencies=some, entry=entry))
        return len(news)

    def _check_right(self, caller: System, code: AgencyCode, directory: Snapshot) -> None:
        known = directory.agencies.get(directory.canonical(code))
        if not is_agency_code(code) or (known is not None and known.merged_into is not None):
            raise not_yours(code)
        if directory.serves(caller, code):
            return
        taken = directory.served_by.get(directory.canonical(code))
        if taken not in (None, caller.id) or not any(is_above(served, code) for served in caller.serves):
            raise not_yours(code)

    async def _canonical(self, codes: Iterable[AgencyCode]) -> frozenset[AgencyCode]:
        # Mailboxes are kept under canonical codes; served under another, an agency's would stay empty.
        directory = await self.directory.current(certainly=True)
        return frozenset(directory.canonical(code) for code in codes)

    async def _known_system(self, system_id: SystemId) -> System:
        directory = await self.directory.current(certainly=True)
        if system_id not in directory.systems:
            raise Refusal.because(
                "unknown-system",
                vi=f"Không có hệ thống {system_id}.",
                en=f"There is no system {system_id}.",
            )
        return directory.systems[system_id].system

    async def _write(self, act: Callable[[Tables], None]) -> None:
        await self.database.write(act)
        passed(Point.DIRECTORY_CHANGED)
        self.directory.expire()

    def _seal(self, system_id: SystemId, secret: str) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return seal_secret(secret.encode(), key=self.secrets_key, system_id=system_id, nonce=nonce)

    def _entry(self, act: str, *, by: str, at: datetime, **facts: JSON) -> LogEntry:
        return self.notary.entry(LogKind.ADMINISTERED, at=at, act=act, by=by, details=facts)


def _put_all(tables: Tables, *, agencies: Sequence[Agency], entry: LogEntry) -> None:
    for agency in agencies:
        tables_of_directory.put_agency(tables, agency)
    append_entry(tables, entry)


def new_secret() -> str:
    """Make a secret that no dictionary holds: 256 bits in letters, digits, ``-`` and ``_``."""
    return secrets.token_urlsafe(32)


def unknown_agency(code: AgencyCode) -> Refusal:
    """Say that an agency is not in the directory."""
    return Refusal.because(
        "unknown-agency",
        vi=f"Không có cơ quan {code} trong danh bạ.",
        en=f"Agency {code} is not in the directory.",
    )


def not_yours(code: AgencyCode) -> Refusal:
    """Say that a system may not speak about an agency."""
    return Refusal.because(
        "agency-not-yours",
        vi=f"Hệ thống không phục vụ cơ quan {code} nên không được đổi; bên vận hành nút có thể giao cho.",
        en=f"The system does not serve agency {code} and may not change it; the node's operator can let it.",
    )
