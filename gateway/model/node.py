"""Nodes: the processes that serve one gateway together, and the duties that one of them at a time does."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Duty(StrEnum):
    """What must not run twice at once. Deliveries are none: every node carries out what it claimed.

    The alerts tell the troubles of the log, which whoever makes its checkpoints knows: one duty.
    """

    AXIS = "axis"
    LOG = "log"
    REMINDERS = "reminders"
    UPKEEP = "upkeep"


DUTY_NAMES: dict[Duty, tuple[str, str]] = {
    Duty.AXIS: ("hỏi trục", "asks the axis"),
    Duty.LOG: ("giữ nhật ký, cảnh báo", "keeps the log, tells alerts"),
    Duty.REMINDERS: ("nhắc việc, gửi báo cáo", "reminds, sends reports"),
    Duty.UPKEEP: ("dọn dẹp, đối chiếu", "tidies, matches"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A process that serves. Shape: name is made at its start and never again, fit for a file's name."""

    name: str
    host: str
    pid: int
    address: str
    version: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenNode:
    """A node as the others see it: when by its own clock it was there, and what it does for all."""

    node: Node
    seen_at: datetime
    beat_count: int
    duties: tuple[Duty, ...]
