"""A field in which somebody names one agency, by its name or its code."""

import asyncio
from collections.abc import Collection, Sequence
from itertools import chain, islice

from gateway.errors import Fault
from gateway.exchange.directory import Snapshot
from gateway.exchange.lookup import agencies_called
from gateway.model.agency import Agency
from gateway.model.identifiers import AgencyCode
from gateway.model.text import fold

_OFFERED = 200
_NAMED = 4


def agencies_to_offer(directory: Snapshot, only: Collection[AgencyCode] | None = None) -> list[str]:
    """Name those that are looked for most: the ones served here, then others as far as a list is of use."""
    if only is not None:
        codes = map(directory.canonical, sorted(only))
        return [directory.agencies[code].name for code in codes if code in directory.agencies]
    served = [code for code in directory.agencies if code in directory.served_by]
    others = (code for code in directory.agencies if code not in directory.served_by)
    return [directory.agencies[code].name for code in islice(chain(served, others), _OFFERED)]


async def find_one(
    typed: str, directory: Snapshot, *, where: str, only: Collection[AgencyCode] | None = None
) -> Agency | Fault:
    """Find the one agency somebody means, among some or all; a fault of the field when it is not one."""
    found = await asyncio.to_thread(agencies_called, typed, directory)
    if only is not None:
        own = {directory.canonical(code) for code in only}
        found = [agency for agency in found if agency.code in own]
    exact = [agency for agency in found if fold(agency.name) == fold(typed)]
    meant = exact if len(exact) == 1 else found
    return meant[0] if len(meant) == 1 else _fault(typed, meant, where)


def _fault(typed: str, found: Sequence[Agency], where: str) -> Fault:
    if not typed:
        return Fault(rule="missing", where=where, vi="Chưa ghi cơ quan.", en="No agency is named.")
    if not found:
        return Fault(
            rule="agency-unknown",
            where=where,
            vi="Không có cơ quan nào như vậy trong danh bạ, hoặc không phải cơ quan của bạn.",
            en="The directory has no such agency, or it is not yours.",
        )
    named = "; ".join(f"{agency.name} ({agency.code})" for agency in found[:_NAMED])
    return Fault(
        rule="agency-unclear",
        where=where,
        vi=f"Có {len(found)} cơ quan như vậy, hãy ghi mã: {named}.",
        en=f"There are {len(found)} of that name, write the code: {named}.",
    )
