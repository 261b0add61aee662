"""Figures to be reproduced: what one office published of a year, to the last document.

What was not published is decided here, and said beside the figure. A figure of None leaves its matter out.
"""

from dataclasses import dataclass, field, replace

from gateway.model.obligation import ObligationKind
from gateway.sandbox.nation.courses import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What becomes of so many obligations by the last day."""

    done_in_time: int = 0
    done_late: int = 0
    open_in_time: int = 0
    open_overdue: int = 0
    passed_on: int = 0
    guided: int = 0

    @property
    def total(self) -> int:
        """Count all."""
        ended = self.done_in_time + self.done_late + self.passed_on + self.guided
        return ended + self.open_in_time + self.open_overdue

    def scaled(self, scale: float) -> "Owed":
        """Shrink or multiply all of it."""
        return Owed(**{name: round(getattr(self, name) * scale) for name in Owed.__slots__})

    def by_outcome(self) -> dict[Outcome, int]:
        """Tell how many shall come out how."""
        return {Outcome[name.upper()]: getattr(self, name) for name in Owed.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """The documents of one agency: arrivals, documents sent, and of these so many of some types."""

    arrived: int
    sent: int
    sent_by_type: dict[str, int] = field(default_factory=dict)

    def scaled(self, scale: float) -> "Papers":
        """Shrink or multiply all of it."""
        by_type = {name: round(count * scale) for name, count in self.sent_by_type.items()}
        return Papers(
            arrived=round(self.arrived * scale), sent=round(self.sent * scale), sent_by_type=by_type
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What one office owed and wrote; dossiers are its one-stop centre's."""

    vi: str
    en: str
    owed: dict[ObligationKind, Owed] = field(default_factory=dict)
    papers: Papers | None = None

    def scaled(self, scale: float) -> "Preset":
        """Shrink or multiply the bulk, documents and dossiers; tasks and petitions are few and stay."""
        owed = {
            kind: one.scaled(scale) if kind is ObligationKind.DOSSIER else one
            for kind, one in self.owed.items()
        }
        return replace(self, owed=owed, papers=self.papers and self.papers.scaled(scale))


_TASKS_149 = Owed(done_in_time=99, done_late=1, open_in_time=47, open_overdue=2)
# Of 246 there were 97 done and 106 in work in time. The other 43 are overdue; all that is done was in time.
_TASKS_246 = Owed(done_in_time=97, open_in_time=106, open_overdue=43)
_PAPERS = Papers(
    arrived=44_375,
    sent=13_769,
    sent_by_type={"Quyết định": 3_062, "Kế hoạch": 238, "Báo cáo": 315, "Thông báo": 175},
)
# 95.7 % of the 50,788 resolved are 48,604; what is open is in time.
_DOSSIERS = Owed(done_in_time=48_604, done_late=2_184, open_in_time=1_610)
# Of 398 petitions 201 were passed on and 67 guided; the other 130 are resolved, in time.
_PETITIONS = Owed(passed_on=201, guided=67, done_in_time=130)

PRESETS: dict[str, Preset] = {
    "tasks-149": Preset(
        vi="149 nhiệm vụ: 99 đúng hạn, 1 quá hạn, 47 đang thực hiện, 2 quá hạn chưa xong",
        en="149 tasks: 99 done in time, 1 late, 47 open in time, 2 overdue",
        owed={ObligationKind.TASK: _TASKS_149},
    ),
    "tasks-246": Preset(
        vi="246 nhiệm vụ: 97 đã xong, 106 đang thực hiện, 43 quá hạn",
        en="246 tasks: 97 done, 106 open in time, 43 overdue",
        owed={ObligationKind.TASK: _TASKS_246},
    ),
    "documents": Preset(
        vi="44.375 văn bản đến, 13.769 văn bản đi",
        en="44,375 documents in, 13,769 out",
        papers=_PAPERS,
    ),
    "dossiers": Preset(
        vi="52.398 hồ sơ, 50.788 đã giải quyết, 95,7% đúng hạn",
        en="52,398 dossiers, 50,788 resolved, 95.7% in time",
        owed={ObligationKind.DOSSIER: _DOSSIERS},
    ),
    "petitions": Preset(
        vi="398 đơn thư: 201 chuyển đơn, 67 hướng dẫn",
        en="398 petitions: 201 passed on, 67 guided",
        owed={ObligationKind.PETITION: _PETITIONS},
    ),
    "office": Preset(
        vi="một văn phòng cấp tỉnh trong một năm: tất cả các số trên, 149 nhiệm vụ",
        en="a province office's year: all of these, with 149 tasks",
        owed={
            ObligationKind.TASK: _TASKS_149,
            ObligationKind.DOSSIER: _DOSSIERS,
            ObligationKind.PETITION: _PETITIONS,
        },
        papers=_PAPERS,
    ),
}
