"""What the axis's directory says that ours does not know yet. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from gateway.exchange.directory import Snapshot
from gateway.model.agency import Agency
from gateway.model.identifiers import AgencyCode
from gateway.vxp.items import DirectoryItem


def what_is_new(items: Iterable[DirectoryItem], directory: Snapshot) -> list[Agency]:
    """Compare the axis's lists with ours and return only what differs.

    An agency stands in one list under its old code and in the other under its QĐ 20 code: whichever
    comes first names it, the other becomes its alias. By whichever code one of ours goes, the axis gives none
    of them to another: that one would see its documents, and its certificate would hold for both.
    """
    heard: dict[AgencyCode, Agency] = {}
    kept_as: dict[AgencyCode, AgencyCode] = {}
    for item in items:
        codes = [code for code in (item.code, item.other_code) if code is not None]
        known = next((code for code in map(directory.canonical, codes) if code in directory.agencies), None)
        code = known or next((kept_as[code] for code in codes if code in kept_as), item.code)
        kept_as |= dict.fromkeys(codes, code)
        before = heard.get(code)
        aliases = dict.fromkeys((*(before.aliases if before else ()), *codes))
        ours = directory.agencies.get(code)
        # What an operator wrote here stays as it is; only further codes are learned.
        kept = ours if ours is not None and not ours.from_axis else None
        named = Agency(code=code, name=before.name if before else item.name, mail=item.mail, from_axis=True)
        free = (alias for alias in aliases if alias != code and not _is_ours(alias, directory, but=code))
        heard[code] = replace(kept or named, aliases=tuple(free))
    return [agency for agency in heard.values() if _differs(agency, directory.agencies.get(agency.code))]


def _is_ours(alias: AgencyCode, directory: Snapshot, *, but: AgencyCode) -> bool:
    """Tell whether another agency goes by this code that an operator wrote, or that is served here."""
    known = directory.agencies.get(directory.canonical(alias))
    if known is None or known.code == but:
        return False
    return not known.from_axis or known.code in directory.served_by


def _differs(agency: Agency, known: Agency | None) -> bool:
    if known is None:
        return True
    if known.merged_into is not None:
        return False  # an operator's merger holds, whatever the axis still lists
    return (
        known.name != agency.name
        or known.closed_at != agency.closed_at
        or not set(agency.aliases) <= set(known.aliases)
    )
