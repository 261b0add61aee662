"""The tables of config.toml about what agencies owe: what asks for it, until when, who hears of it.

The others, and how all of them are explained and read: settings.py.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from gateway.model.obligation import ObligationKind
from gateway.model.span import Span
from gateway.section import Section
from gateway.setting_types import (
    Addressee,
    Code,
    Duration,
    Hour,
    OptionalHour,
    Text,
    WorkingDays,
    read_duration,
    read_hour,
    whole,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice(Section):
    """[practice]: how documents are read for what they ask, since the standard has no field that says it."""

    steering_codes: tuple[int, ...] = (1,)
    report_codes: tuple[int, ...] = (2,)
    dossier_applications: tuple[Text, ...] = ("MCDT_DT",)
    petition_applications: tuple[Text, ...] = ("DON_THU",)
    field_report_applications: tuple[Text, ...] = ("PAHT",)
    report_types: tuple[Text, ...] = ("Báo cáo",)
    passing_types: tuple[Text, ...] = ("Phiếu chuyển",)
    guiding_types: tuple[Text, ...] = ("Hướng dẫn",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines(Section):
    """[deadlines]: what the law leaves open of the times within which documents are worked on."""

    noon: Hour = read_hour("12:00")
    urgent_within: Duration = read_duration("15m")
    received_until: OptionalHour = None
    recall_answered_within_working_days: WorkingDays = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminders(Section):
    """[reminders]: which agencies are reminded of what they owe, when, and how."""

    ways: tuple[Literal["document", "mail", "webhook"], ...] = ("mail", "webhook")
    agencies: Literal["served", "all"] = "served"
    kinds: tuple[ObligationKind, ...] = tuple(ObligationKind)
    at: Hour = read_hour("08:00")
    before: tuple[WorkingDays, ...] = (3, 1)
    on_the_day: bool = True
    after: tuple[WorkingDays, ...] = (1,)
    then_every: Annotated[int, whole(0, 250)] = 5
    escalate_after: Annotated[int, whole(0, 250)] = 5
    every: Duration = read_duration("1m")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledReport(Section):
    """One of [[reports.scheduled]]: which report goes out by itself, when, and to whom."""

    what: Span
    to: tuple[Addressee, ...]
    agency: Code | None = None
    after: WorkingDays = 3
    at: Hour = read_hour("08:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports(Section):
    """[reports]: what stands around the tables of this node's reports, and which go out by themselves."""

    over: str = ""
    place: str = ""
    notation: Text = "BC"
    recipients: tuple[Text, ...] = ("Lưu: VT.",)
    competence: str = ""
    position: str = ""
    signer: str = ""
    scheduled: tuple[ScheduledReport, ...] = ()
    every: Duration = read_duration("5m")
