"""A table for a page of a known width: where it is narrow, lines break between words, and within one last."""

from collections.abc import Sequence

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Column, Table

_ANY_WIDTH = 10_000


class Sheet(Table):
    """Facts in rows under headings. A sheet is laid out for the page that it is first printed on."""

    def __init__(self, *, has_totals: bool = False) -> None:
        """Begin a sheet; with totals the footers of its columns are its last row."""
        super().__init__(
            box=box.SIMPLE_HEAD,
            padding=(0, 0, 0, 1),
            header_style="",
            show_edge=False,
            show_footer=has_totals,
        )

    def fits(self, page: Console) -> bool:
        """Tell whether a page is wide enough for every word."""
        needs, room = self._measure(page, page.options)
        return sum(need.minimum for need in needs) <= room

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Give each column its width, then draw."""
        widths = _share(*self._measure(console, options), self.columns)
        for column, width in zip(self.columns, widths, strict=True):
            column.width = width
        yield from super().__rich_console__(console, options)

    def _measure(self, page: Console, options: ConsoleOptions) -> tuple[list[Measurement], int]:
        """Measure what each column needs, and how much room there is for all."""
        wide = options.update_width(_ANY_WIDTH)
        needs = [_need(column, page, wide) for column in self.columns]
        between = Measurement.get(page, wide, self).maximum - sum(need.maximum for need in needs)
        return needs, options.max_width - between


def _need(column: Column, page: Console, options: ConsoleOptions) -> Measurement:
    """Measure the longest word of a column, and its longest line."""
    if column.width is not None:
        return Measurement(column.width, column.width)
    said = [Measurement.get(page, options, cell) for cell in (column.header, *column.cells, column.footer)]
    longest = max(each.maximum for each in said)
    return Measurement(longest if column.no_wrap else max(each.minimum for each in said), longest)


def _share(needs: Sequence[Measurement], room: int, columns: Sequence[Column]) -> list[int]:
    """Share the room of a page: the widest column gives way first, down to its words, then through them."""
    widths = [need.maximum for need in needs]
    words = [need.minimum for need in needs]
    unbroken = [width if column.no_wrap else 1 for width, column in zip(widths, columns, strict=True)]
    for floors in (words, unbroken, [1] * len(widths)):
        while sum(widths) > room:
            wider = [i for i, floor in enumerate(floors) if widths[i] > floor]
            if not wider:
                break
            widths[max(wider, key=widths.__getitem__)] -= 1
    return widths
