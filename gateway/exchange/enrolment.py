"""Which of this node's agencies stand at the axis: registered and deleted there by an operator.

Systems do both for themselves (registry.py); this is for agencies whose systems do not.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from gateway.clients.axis import Axis
from gateway.errors import Fault, LienthongError, Refusal
from gateway.exchange.directory import Directory
from gateway.exchange.notary import Notary
from gateway.model.agency import Agency
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.vxp.requests import Registration


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Speaks to the axis of agencies that are served here; each act has its entry in the audit log."""

    axis: Axis
    database: Database
    directory: Directory
    notary: Notary

    def register(self, codes: Sequence[AgencyCode], *, by: str, at: datetime) -> AsyncIterator[AgencyCode]:
        """Register agencies that are open here; yield the code each goes by once it is done.

        Errors: Refusal ``agencies-wrong`` with every fault, before the axis is asked; whatever the axis says
        of one, which it names.
        """

        async def ask(agency: Agency) -> None:
            await self.axis.register(
                Registration(code=agency.code, name=agency.name, mail=agency.mail, parent=agency.parent)
            )
            passed(Point.ENROLLED)

        return self._each(codes, ask, "agency-enrolled", is_open=True, by=by, at=at)

    def delete(self, codes: Sequence[AgencyCode], *, by: str, at: datetime) -> AsyncIterator[AgencyCode]:
        """Delete agencies that are closed here; yield the code each goes by once it is done.

        Errors: as `register`.
        """

        async def ask(agency: Agency) -> None:
            await self.axis.delete(agency.code)
            passed(Point.WITHDRAWN)

        return self._each(codes, ask, "agency-withdrawn", is_open=False, by=by, at=at)

    async def _each(
        self,
        codes: Sequence[AgencyCode],
        ask: Callable[[Agency], Awaitable[None]],
        act: str,
        *,
        is_open: bool,
        by: str,
        at: datetime,
    ) -> AsyncIterator[AgencyCode]:
        for agency in await self._served(codes, is_open=is_open):
            try:
                await ask(agency)
            except LienthongError as error:
                faults = [replace(fault, where=fault.where or agency.code) for fault in error.faults]
                raise type(error)(error.code, faults) from error
            entry = self.notary.entry(
                LogKind.ADMINISTERED, at=at, act=act, by=by, details={"agency": agency.code}
            )
            await self.database.write(partial(append_entry, entry=entry))
            passed(Point.ENROLMENT_RECORDED)
            yield agency.code

    async def _served(self, codes: Sequence[AgencyCode], *, is_open: bool) -> list[Agency]:
        directory = await self.directory.current(certainly=True)
        served = {
            code: directory.agencies[code] for code in directory.served_by if code in directory.agencies
        }
        found = {code: served.get(directory.canonical(code)) for code in codes}
        if faults := [*_faults(found, is_open=is_open)]:
            raise Refusal("agencies-wrong", faults)
        return [agency for agency in found.values() if agency is not None]


def _faults(found: dict[AgencyCode, Agency | None], *, is_open: bool) -> Iterator[Fault]:
    for code, agency in found.items():
        if agency is None:
            yield Fault(
                rule="agency-not-served",
                where=code,
                vi="không phải cơ quan được phục vụ ở đây",
                en="this agency is not served here",
            )
        elif is_open and agency.closed_at is not None:
            yield Fault(rule="agency-closed", where=code, vi="đã đóng ở đây", en="this agency is closed here")
        elif not is_open and agency.closed_at is None:
            yield Fault(
                rule="agency-open",
                where=code,
                vi="còn mở ở đây: hãy đóng hay sáp nhập trước",
                en="this agency is open here: close or merge it first",
            )
