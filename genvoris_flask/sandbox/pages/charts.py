"""The charts of the overview: try-ons per day, and the funnel from widget to order.

They are SVG, so that the page needs no JavaScript; ``core.charts`` draws them.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass

from markupsafe import Markup

from ...core.charts import Column, bar_chart, share_bar

DAY = 86_400
DAYS = 30


@dataclass(frozen=True)
class Chart:
    """The chart of try-ons per day."""

    columns: list[Column]
    failed: int
    summary: str

    @property
    def svg(self) -> Markup:
        """The chart as SVG."""
        return Markup(bar_chart(self.columns, f"Try-ons a day: {self.summary}"))  # noqa: S704


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
    """Return the chart of some days."""
    total, failed = sum(day.made for day in days), sum(day.failed for day in days)
    best = max(days, key=lambda day: day.made)
    summary = f"{total:,} try-ons in {len(days)} days"
    if total:
        summary += f", most on {_date(best.date)}: {best.made:,}"
    return Chart([_column(day) for day in days], failed, summary + ".")


def _column(day: Day) -> Column:
    label = _date(day.date)
    title = f"{label}: {day.made:,}" + (f", {day.failed:,} failed" if day.failed else "")
    return Column(label, title, day.made, day.failed)


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
    """The number of widget sessions that reached a stage, as a share of the widest."""

    label: str
    sessions: int
    share: float

    @property
    def bar(self) -> Markup:
        """The share as a bar."""
        return Markup(share_bar(self.share))  # noqa: S704


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
    return [FunnelStage(label, count, count / widest) for label, count in reached]
