"""Alerts: what an operator is told without asking, once when it begins and once when it has ended."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AlertRule(StrEnum):
    """Everything an operator can be woken for. docs/operations.md says what to do about each."""

    AXIS_AWAY = "axis-away"
    DELIVERY_STUCK = "delivery-stuck"
    DELIVERIES_FAILED = "deliveries-failed"
    MAILBOX_LEFT = "mailbox-left"
    SEAL_ENDS = "seal-ends"
    URGENT_LATE = "urgent-late"
    ARRIVALS_UNTOLD = "arrivals-untold"
    CALENDAR_MISSING = "calendar-missing"
    DISK_LOW = "disk-low"
    DISK_FAILING = "disk-failing"
    OBJECTS_AWAY = "objects-away"
    LOG_ALTERED = "log-altered"
    LOG_UNSTAMPED = "log-unstamped"
    LOG_CONTRADICTED = "log-contradicted"
    TRIAL = "trial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that is not as it should be, as it was found.

    Shape: subject says which one of several (a system, a log), and is empty where there is only one; vi and
    en are a sentence each.
    """

    rule: AlertRule
    vi: str
    en: str
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A condition that was found, and whether it still holds.

    Shape: told_at is when it was last told, cleared_at when it was first found to have ended.
    """

    condition: Condition
    raised_at: datetime
    told_at: datetime | None = None
    cleared_at: datetime | None = None
