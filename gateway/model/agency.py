"""Agencies, and the systems that speak for them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.model.identifiers import AgencyCode, SystemId
from gateway.model.signature import SignaturePolicy

Names = Callable[[AgencyCode], str]
"""Says what an agency is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An organisation in the directory.

    Shape: aliases are its other codes (the old or the QĐ 20 form, codes of merged agencies); closed
    agencies stay, since old documents name them; merged_into says who answers for them now.
    """

    code: AgencyCode
    name: str
    parent: AgencyCode | None = None
    mail: str | None = None
    aliases: tuple[AgencyCode, ...] = ()
    from_axis: bool = False
    closed_at: datetime | None = None
    merged_into: AgencyCode | None = None


class SystemKind(StrEnum):
    """What a connected system is."""

    DMS = "dms"
    GATEWAY = "gateway"
    AXIS = "axis"


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What connects and authenticates, and the agencies it serves.

    Shape: at_console says that it is no other program: its agencies' people work in this node's console.
    """

    id: SystemId
    kind: SystemKind
    serves: frozenset[AgencyCode]
    policy: SignaturePolicy = SignaturePolicy.WARN
    disabled_at: datetime | None = None
    at_console: bool = False
