"""The charts of the overview: try-ons per day, and the funnel from widget to order.

They are rendered as SVG, so that the page needs no JavaScript.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass

DAY = 86_400
DAYS = 30
WIDTH, HEIGHT = 440, 210
LEFT, RIGHT, TOP, BOTTOM = 36, 4, 10, 28
GAP = 0.28  # of a day's width
LABEL_EVERY = 7


@dataclass(frozen=True)
class Bar:
    """The bar of a day: its position in pixels, and its labels."""

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
class Chart:
    """The chart of try-ons per day."""

    bars: list[Bar]
    ticks: list[Tick]
    total: int
    failed: int
    summary: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = HEIGHT - BOTTOM
    right: int = WIDTH - RIGHT


@dataclass(frozen=True)
class Day:
    """The try-ons of one day in UTC, by the sandbox's clock."""

    date: dt.date
    made: int
    failed: int


def read_days(db: sqlite3.Connection, now: float) -> list[Day]:
    """Return the try-ons of each of the last days, oldest first, including days without any."""
    today = int(now // DAY)
    query = (
        "SELECT CAST(created_at / 86400 AS INTEGER) AS day, "
        "SUM(success) AS made, "
        "SUM(NOT success) AS failed FROM tryons WHERE created_at >= ? AND created_at < ? "
        "GROUP BY day"
    )
    span = ((today - DAYS + 1) * DAY, (today + 1) * DAY)
    counts = {row["day"]: (row["made"], row["failed"]) for row in db.execute(query, span)}
    epoch = dt.date(1970, 1, 1)
    return [
        Day(epoch + dt.timedelta(days=day), *counts.get(day, (0, 0)))
        for day in range(today - DAYS + 1, today + 1)
    ]


def draw_chart(days: list[Day]) -> Chart:
    """Compute the chart's layout."""
    top = scale_top(max((day.made + day.failed for day in days), default=0))
    total, failed = sum(day.made for day in days), sum(day.failed for day in days)
    best = max(days, key=lambda day: day.made)
    summary = f"{total:,} try-ons in {len(days)} days"
    if total:
        summary += f", most on {_date(best.date)}: {best.made:,}"
    return Chart(
        bars=[_bar(number, day, len(days), top) for number, day in enumerate(days)],
        ticks=[Tick(_y(level, top), f"{level:,}") for level in sorted({0, top // 2, top})],
        total=total,
        failed=failed,
        summary=summary + ".",
    )


def scale_top(largest: int) -> int:
    """Return the number at the top of the scale: 2, 4, 10, 20, 40, 100 and so on."""
    top = 2
    while top < largest:
        top = top * 5 // 2 if str(top).startswith("4") else top * 2
    return top


def _bar(number: int, day: Day, count: int, top: int) -> Bar:
    step = (WIDTH - LEFT - RIGHT) / count
    base = HEIGHT - BOTTOM
    made_y = _y(day.made, top)
    failed_y = _y(day.made + day.failed, top)
    title = f"{_date(day.date)}: {day.made:,}" + (f", {day.failed:,} failed" if day.failed else "")
    labelled = (count - 1 - number) % LABEL_EVERY == 0
    return Bar(
        x=round(LEFT + step * (number + GAP / 2), 2),
        y=made_y,
        width=round(step * (1 - GAP), 2),
        height=round(base - made_y, 2),
        failed_y=failed_y,
        failed_height=round(made_y - failed_y, 2),
        title=title,
        label=_date(day.date) if labelled else None,
    )


def _y(level: int, top: int) -> float:
    plot_height = HEIGHT - BOTTOM - TOP
    return round(HEIGHT - BOTTOM - plot_height * level / top, 2)


def _date(date: dt.date) -> str:
    return f"{date.day} {date:%b}"


STAGES = {
    "WIDGET_OPENED": "Opened the widget",
    "PHOTO_UPLOADED": "Gave a photo",
    "TRYON_GENERATED": "Got a try-on",
    "TRYON_VIEWED": "Looked at it",
    "ADDED_TO_CART": "Put it in the cart",
    "CHECKOUT_STARTED": "Went to the checkout",
}
ORDERED = "Ordered"


@dataclass(frozen=True)
class FunnelStage:
    """The number of widget sessions that reached a stage; ``share`` is in percent of the widest."""

    label: str
    sessions: int
    share: float


def read_funnel(db: sqlite3.Connection, since: float) -> list[FunnelStage]:
    """Return the number of widget sessions that reached each stage."""
    query = (
        "SELECT event_type, COUNT(DISTINCT session_id) AS sessions FROM events "
        "WHERE created_at >= ? GROUP BY event_type"
    )
    counts = {row["event_type"]: row["sessions"] for row in db.execute(query, (since,))}
    query = (
        "SELECT COUNT(DISTINCT session_id) FROM conversions WHERE attributed AND created_at >= ?"
    )
    (ordered,) = db.execute(query, (since,)).fetchone()
    reached = [(label, counts.get(type_, 0)) for type_, label in STAGES.items()]
    reached.append((ORDERED, ordered))
    widest = max(count for _label, count in reached) or 1
    return [FunnelStage(label, count, round(100 * count / widest, 1)) for label, count in reached]
