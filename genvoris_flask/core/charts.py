"""Charts as SVG, for the console and the sandbox.

They have classes in place of styles and need no script, so the strictest Content-Security-Policy
allows them: ``plot``, ``grid``, ``base``, ``track``, ``made``, ``failed``, ``span`` and ``point``
get their colours from the page's style sheet. A table beside each has the numbers.

Positions are percentages, so that a chart fills whatever room the style sheet gives it, and its
texts keep their size. The padding of a ``plot`` has room for the labels of its axes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

GAP = 0.28  # of a column's width
WIDE = 7  # percent
LABELS = 10  # at most; a style sheet may hide every second one, of the class ``more``


@dataclass(frozen=True)
class Column:
    """What one column of a chart shows.

    Attributes:
        label: Its place on the axis, such as a day.
        title: The numbers in words.
        made: The height of the lower part.
        failed: The height of the part on top.
    """

    label: str
    title: str
    made: int
    failed: int = 0


@dataclass(frozen=True)
class Bar:
    """The bar of a column: its position in percent, and its labels.

    Attributes:
        x: Its left edge.
        y: The upper edge of the lower part.
        width: Its width.
        height: The height of the lower part.
        failed_y: The upper edge of the part on top.
        failed_height: The height of the part on top.
        title: The numbers in words.
        label: Its place on the axis; None if it is not written.
        is_spare: Whether the label is left out where there is little room.
    """

    x: float
    y: float
    width: float
    height: float
    failed_y: float
    failed_height: float
    title: str
    label: str | None
    is_spare: bool


@dataclass(frozen=True)
class Tick:
    """A horizontal line of the scale, at a percentage of the height, with its label."""

    y: float
    label: str


@dataclass(frozen=True)
class Plot:
    """The layout of a chart."""

    bars: list[Bar]
    ticks: list[Tick]


def lay_out(columns: Sequence[Column], write: Callable[[int], str] = "{:,}".format) -> Plot:
    """Compute the layout of a chart.

    Args:
        columns: What it shows, from left to right.
        write: Returns a number of the scale as text.
    """
    top = scale_top(max((each.made + each.failed for each in columns), default=0))
    return Plot(
        bars=[_bar(number, each, len(columns), top) for number, each in enumerate(columns)],
        ticks=[Tick(_y(level, top), write(level)) for level in sorted({0, top // 2, top})],
    )


def scale_top(largest: int) -> int:
    """Return the number at the top of the scale: 2, 4, 10, 20, 40, 100 and so on."""
    top = 2
    while top < largest:
        top = top * 5 // 2 if str(top).startswith("4") else top * 2
    return top


def bar_chart(
    columns: Sequence[Column], title: str, write: Callable[[int], str] = "{:,}".format
) -> str:
    """Return a chart of columns as SVG.

    Args:
        columns: What it shows, from left to right.
        title: What it says to those who do not see it.
        write: Returns a number of the scale as text.
    """
    plot = lay_out(columns, write)
    grid = [
        f'<line class="grid" x2="100%" y1="{tick.y}%" y2="{tick.y}%"/>'
        f'<text x="-8" y="{tick.y}%" dy="4.5" text-anchor="end">{escape(tick.label)}</text>'
        for tick in plot.ticks
    ]
    base = '<line class="base" x2="100%" y1="100%" y2="100%"/>'
    content = "".join([*grid, *map(_write_bar, plot.bars), base])
    return f'<svg class="plot" role="img" aria-label="{escape(title)}">{content}</svg>'


def share_bar(share: float) -> str:
    """Return a bar of which a share is filled, from 0 to 1, for a row of a table."""
    return (
        '<svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="10"/>'
        f'<rect class="made" width="{round(100 * share, 1)}" height="10"/></svg>'
    )


def span_chart(low: float, estimate: float, high: float, title: str) -> str:
    """Return an estimate with the range that it is in, and where zero is.

    Args:
        low: The lower end of the range.
        estimate: The estimate.
        high: The upper end.
        title: What it says to those who do not see it.
    """
    reach = max(abs(low), abs(high)) or 1.0

    def x(value: float) -> str:
        return f"{round(50 + 50 * value / reach, 2)}%"

    return (
        f'<svg class="plot interval" role="img" aria-label="{escape(title)}">'
        '<line class="grid" x2="100%" y1="50%" y2="50%"/>'
        '<line class="base" x1="50%" x2="50%" y2="100%"/>'
        '<text x="50%" y="100%" dy="14" text-anchor="middle">0</text>'
        f'<line class="span" x1="{x(low)}" x2="{x(high)}" y1="50%" y2="50%"/>'
        f'<circle class="point" cx="{x(estimate)}" cy="50%" r="6"/></svg>'
    )


def _bar(number: int, column: Column, count: int, top: int) -> Bar:
    step = 100 / count
    made_y, failed_y = _y(column.made, top), _y(column.made + column.failed, top)
    every = -(-count // LABELS)
    from_last = count - 1 - number
    return Bar(
        x=round(step * (number + GAP / 2), 2),
        y=made_y,
        width=round(step * (1 - GAP), 2),
        height=round(100 - made_y, 2),
        failed_y=failed_y,
        failed_height=round(made_y - failed_y, 2),
        title=column.title,
        label=None if from_last % every else column.label,
        is_spare=from_last // every % 2 == 1,
    )


def _y(level: int, top: int) -> float:
    return round(100 - 100 * level / top, 2)


def _write_bar(bar: Bar) -> str:
    parts = [f"<g><title>{escape(bar.title)}</title>"]
    for name, y, height in (
        ("made", bar.y, bar.height),
        ("failed", bar.failed_y, bar.failed_height),
    ):
        if height:
            parts.append(
                f'<rect class="{name}" x="{bar.x}%" y="{y}%" width="{bar.width}%" '
                f'height="{height}%" rx="2"/>'
            )
    if bar.label:
        parts.append(_write_label(bar, bar.label))
    return "".join([*parts, "</g>"])


def _write_label(bar: Bar, label: str) -> str:
    """Return a label that is in the middle of its bar, or ends with it if the bar is narrow."""
    is_wide = bar.width >= WIDE
    x, anchor = (bar.x + bar.width / 2, "middle") if is_wide else (bar.x + bar.width, "end")
    spare = ' class="more"' if bar.is_spare else ""
    return (
        f'<text{spare} x="{x:.2f}%" y="100%" dy="20" text-anchor="{anchor}">{escape(label)}</text>'
    )
