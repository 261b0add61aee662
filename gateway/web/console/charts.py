"""Where bars and lines of a figure stand. Drawn by the macros of templates/macros.html, with a table beside.

A figure stretches to any width, so nothing in it is text: labels stand around it as text of the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass

# The drawing's own units; the page stretches them.
WIDTH = 1000.0
HEIGHT = 200.0
_FILLED = 0.72


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one kind, one for each label of the figure.

    Shape: tone names a colour of the style sheet: ``in``, ``out``, ``bad``, ``wait``, ``calm``.
    """

    words: str
    tone: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, from its upper left corner, and what it stands for."""

    series: Series
    label: str
    value: float
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Axis:
    """The upright scale: its highest mark, and all marks from top to bottom."""

    top: float
    marks: tuple[float, ...]


def scale(highest: float) -> Axis:
    """Choose round marks that reach above a value."""
    step = 1.0
    while step * 4 < highest:
        step = _next_round(step)
    count = max(1, min(4, -(-int(highest) // int(step))))
    return Axis(top=step * count, marks=tuple(step * n for n in range(count, -1, -1)))


def _next_round(step: float) -> float:
    """Go from 1 to 2, 5, 10, 20, 50 and so on."""
    leading = int(f"{step:.0e}"[0])
    return step * (2.5 if leading == 2 else 2)


def bars(labels: Sequence[str], series: Sequence[Series]) -> list[Bar]:
    """Place the bars of all series side by side at each label."""
    axis = scale(highest(series))
    slot = WIDTH / max(1, len(labels))
    width = slot * _FILLED / max(1, len(series))
    found = []
    for place, label in enumerate(labels):
        left = place * slot + slot * (1 - _FILLED) / 2
        for number, one in enumerate(series):
            value = one.values[place]
            height = round(value / axis.top * HEIGHT, 2)
            found.append(
                Bar(
                    series=one,
                    label=label,
                    value=value,
                    x=round(left + number * width, 2),
                    y=round(HEIGHT - height, 2),
                    width=round(width, 2),
                    height=height,
                )
            )
    return found


def line(values: Sequence[float], *, top: float | None = None) -> str:
    """Write the points of a line through values, ``x,y x,y …``, each where a bar of it would stand."""
    ceiling = top or scale(max(values, default=0)).top
    slot = WIDTH / max(1, len(values))
    points = (((n + 0.5) * slot, HEIGHT - value / ceiling * HEIGHT) for n, value in enumerate(values))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def highest(series: Sequence[Series]) -> float:
    """Return the highest value of all series; at least 1, so that an empty figure has a scale."""
    return max((value for one in series for value in one.values), default=0) or 1


def some_labels(labels: Sequence[str], count: int) -> list[tuple[float, str]]:
    """Choose labels evenly, the last among them, for below a figure of bars.

    Units: each with the middle of its bars, in percent of the width.
    """
    step = max(1, -(-len(labels) // count))
    places = range((len(labels) - 1) % step, len(labels), step)
    return [(round((place + 0.5) / len(labels) * 100, 2), labels[place]) for place in places]
