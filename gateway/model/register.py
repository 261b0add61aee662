"""Lines of the registers that every office keeps of the documents it receives and sends."""

from dataclasses import dataclass
from datetime import date

from gateway.model.report import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """What stands on a register above its lines."""

    issuer: str
    over: str = ""
    period: Words
    made_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingLine:
    """One incoming document (văn bản đến).

    Shape: abstract begins with the type of document; holder is the unit or person that has it.
    Source: Nghị định 30/2020/NĐ-CP, phụ lục IV.
    """

    arrived_on: date
    arrival_number: int | str
    author: str
    code: str
    dated: date | None
    abstract: str
    holder: str = ""
    passed_on: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingLine:
    """One outgoing document (văn bản đi).

    Shape: abstract begins with the type of document; archived_by is the unit or person that has its copy.
    Source: Nghị định 30/2020/NĐ-CP, phụ lục IV.
    """

    code: str
    dated: date
    abstract: str
    signer: str
    recipients: str
    archived_by: str = ""
    copies_count: int | None = None
    note: str = ""
