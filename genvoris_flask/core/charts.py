"""Charts as SVG, for the console and the sandbox.

They have classes in place of styles and need no script, so the strictest Content-Security-Policy
allows them: ``plot``, ``grid``, ``base``, ``track``, ``made``, ``failed``, ``span`` and ``point``
get their colours from the page's style sheet. A table beside each has the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 440, 210
LEFT, RIGHT, TOP, BOTTOM = 36, 4, 10, 28
GAP = 0.28  # of a column's width
LABELS = 5  # at most, apart from the last one
SPAN_WIDTH, SPAN_HEIGHT, SPAN_MARGIN = 440, 40, 12


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
    """The bar of a column: its position in pixels, and its labels."""

    x: float
    y: float
    width: float
    height: float
    failed_y: float
    failed_height: float
    title: str
    label: str | None


@dataclass(frozen=True)
class Tick:
    """A horizontal line of the scale, with its label."""

    y: float
    label: str


@dataclass(frozen=True)
class Plot:
    """The layout of a chart."""

    bars: list[Bar]
    ticks: list[Tick]
    left: int = LEFT
    base: int = HEIGHT - BOTTOM
    right: int = WIDTH - RIGHT


def lay_out(columns: Sequence[Column]) -> Plot:
    """Compute the layout of a chart."""
    top = scale_top(max((each.made + each.failed for each in columns), default=0))
    return Plot(
        bars=[_bar(number, each, len(columns), top) for number, each in enumerate(columns)],
        ticks=[Tick(_y(level, top), f"{level:,}") for level in sorted({0, top // 2, top})],
    )


def scale_top(largest: int) -> int:
    """Return the number at the top of the scale: 2, 4, 10, 20, 40, 100 and so on."""
    top = 2
    while top < largest:
        top = top * 5 // 2 if str(top).startswith("4") else top * 2
    return top


def bar_chart(columns: Sequence[Column], title: str) -> str:
    """Return a chart of columns as SVG.

    Args:
        columns: What it shows, from left to right.
        title: What it says to those who do not see it.
    """
    plot = lay_out(columns)
    grid = [
        f'<line class="grid" x1="{plot.left}" x2="{plot.right}" y1="{tick.y}" y2="{tick.y}"/>'
        f'<text x="{plot.left - 8}" y="{tick.y + 4.5}" text-anchor="end">{tick.label}</text>'
        for tick in plot.ticks
    ]
    base = (
        f'<line class="base" x1="{plot.left}" x2="{plot.right}" y1="{plot.base}" y2="{plot.base}"/>'
    )
    content = "".join([*grid, *map(_write_bar, plot.bars), base])
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{content}</svg>"
    )


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
    middle, half = SPAN_WIDTH / 2, SPAN_WIDTH / 2 - SPAN_MARGIN

    def x(value: float) -> float:
        return round(middle + half * value / reach, 2)

    return (
        f'<svg class="plot" viewBox="0 0 {SPAN_WIDTH} {SPAN_HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">'
        f'<line class="grid" x1="{SPAN_MARGIN}" x2="{SPAN_WIDTH - SPAN_MARGIN}" y1="16" y2="16"/>'
        f'<line class="base" x1="{middle}" x2="{middle}" y1="4" y2="28"/>'
        f'<text x="{middle}" y="40" text-anchor="middle">0</text>'
        f'<line class="span" x1="{x(low)}" x2="{x(high)}" y1="16" y2="16"/>'
        f'<circle class="point" cx="{x(estimate)}" cy="16" r="6"/></svg>'
    )


def _bar(number: int, column: Column, count: int, top: int) -> Bar:
    step = (WIDTH - LEFT - RIGHT) / count
    base = HEIGHT - BOTTOM
    made_y, failed_y = _y(column.made, top), _y(column.made + column.failed, top)
    every = -(-count // LABELS)
    labelled = (count - 1 - number) % every == 0
    return Bar(
        x=round(LEFT + step * (number + GAP / 2), 2),
        y=made_y,
        width=round(step * (1 - GAP), 2),
        height=round(base - made_y, 2),
        failed_y=failed_y,
        failed_height=round(made_y - failed_y, 2),
        title=column.title,
        label=column.label if labelled else None,
    )


def _y(level: int, top: int) -> float:
    plot_height = HEIGHT - BOTTOM - TOP
    return round(HEIGHT - BOTTOM - plot_height * level / top, 2)


def _write_bar(bar: Bar) -> str:
    parts = [f"<g><title>{escape(bar.title)}</title>"]
    for name, y, height in (
        ("made", bar.y, bar.height),
        ("failed", bar.failed_y, bar.failed_height),
    ):
        if height:
            parts.append(
                f'<rect class="{name}" x="{bar.x}" y="{y}" width="{bar.width}" height="{height}" '
                f'rx="{min(2, bar.width / 4):g}"/>'
            )
    if bar.label:
        x = round(bar.x + bar.width, 2)
        parts.append(f'<text x="{x}" y="{HEIGHT - 8}" text-anchor="end">{escape(bar.label)}</text>')
    return "".join([*parts, "</g>"])
