"""The page "Today": whether all is well, what needs doing, and how long the credits last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from flask import request
from werkzeug.wrappers import Response

from ...core.tryon.burn_guard import CreditLevel
from ...errors import LedgerUnavailableError, see
from ..health_checks import Finding, diagnose
from ..state import AppState, get_state
from .checkup import Checkup
from .page import go_to, link, render

# Seconds that the page waits for a check that has not been made yet.
WAIT = 1.5
# Days of which the pace is measured, and below which credits are low.
PACE_DAYS, LOW_DAYS = 7, 7
# What explains how to mend what a check has found.
PAGES = {
    "store": "redis.md",
    "queue": "queues.md",
    "ledger": "billing.md",
    "charging": "billing.md",
    "addresses": "billing.md",
    "stripe": "billing.md",
    "webhooks": "webhooks.md",
    "shoppers": "shoppers.md",
    "guests": "shoppers.md",
    "log_in": "shoppers.md",
    "paywall": "paywall.md",
    "pace": "pacing.md",
    "signing": "pictures.md",
}
# What the shop's owner does at Genvoris, in its dashboard.
AT_GENVORIS = {"key", "plans", "credits_low", "credits_none"}


@dataclass(frozen=True)
class Task:
    """Something that needs doing.

    Attributes:
        name: What it is about; its sentence is the text ``today.todo.NAME``, if there is one.
        is_urgent: Whether it keeps somebody from trying on.
        url: Where its button leads.
        button: The text of the button: ``today.button.BUTTON``.
        finding: What the check has found, for whoever looks after the server.
        days: The days that the sentence names.
    """

    name: str
    is_urgent: bool
    url: str
    button: str
    finding: Finding | None = None
    days: int = 0


@dataclass(frozen=True)
class Credits:
    """The shop's credits at Genvoris.

    Attributes:
        left: How many are left; None if that is not known.
        pace: How many try-ons a day there were lately; None if they are not counted.
    """

    left: int | None
    pace: float | None

    @property
    def days(self) -> int | None:
        """For how many days they last at this pace; None if that is not known."""
        return int(self.left / self.pace) if self.left is not None and self.pace else None


@dataclass(frozen=True)
class DayFigures:
    """What happened today and yesterday."""

    made: int
    failed: int
    made_before: int


def show_today() -> str:
    """Show what the shop's owner has to know this morning."""
    state = get_state()
    report = checkup_of(state).read(WAIT)
    level = state.burn_guard.level()
    counts = _counts(state)
    budget = Credits(level.left, _pace(counts, _today(state)))
    findings = report.findings if report else ()
    tasks = [*_credit_tasks(state, budget, level), *_tasks(state, findings)]
    return render(
        "today.html",
        "common.nav.today",
        "today",
        checked_at=datetime.fromtimestamp(report.at, UTC) if report else None,
        findings=[(slug(each.name), each) for each in findings],
        tasks=sorted(tasks, key=lambda task: not task.is_urgent),
        credits=budget,
        level=level,
        today=_figures(counts, _today(state)),
        dashboard=_dashboard(state),
    )


def check_again() -> Response:
    """Check everything again."""
    checkup_of(get_state()).forget()
    return go_to("/", done="checked")


def checkup_of(state: AppState) -> Checkup:
    """Return what checks whether all is well in an app, as seen by the server of this request."""
    if state.checkup is None:
        is_only_process = not request.environ.get("wsgi.multiprocess", True)

        def check() -> list[Finding]:
            with state.app.app_context():
                return list(diagnose(state, state.clock, is_only_process=is_only_process))

        state.checkup = Checkup(state.store, state.clock, check)
    return state.checkup


def slug(name: str) -> str:
    """Return the name of a check as it is in the names of texts."""
    return name.lower().replace("'", "").replace(" ", "_").replace("-", "_")


def _tasks(state: AppState, findings: tuple[Finding, ...]) -> list[Task]:
    return [_task(state, each) for each in findings if not each.ok or each.warning]


def _task(state: AppState, finding: Finding) -> Task:
    name = slug(finding.name)
    if name == "outbox":
        url, button = link("/deliveries"), "deliveries"
    elif name in AT_GENVORIS:
        url, button = _dashboard(state), "genvoris"
    else:
        url, button = see(PAGES.get(name, "production.md")), "docs"
    return Task(name, not finding.ok, url, button, finding)


def _credit_tasks(state: AppState, budget: Credits, level: CreditLevel) -> list[Task]:
    url = _dashboard(state)
    found = []
    if budget.left == 0:
        found.append(Task("credits_none", True, url, "credits"))
    elif budget.days is not None and budget.days < LOW_DAYS:
        found.append(Task("credits_low", False, url, "credits", days=budget.days))
    if level.paused != "nobody":
        found.append(Task(f"paused_{level.paused}", True, see("pacing.md"), "docs"))
    return found


def _dashboard(state: AppState) -> str:
    """Return where Genvoris's dashboard is."""
    parts = urlsplit(state.settings.api_url)
    return f"{parts.scheme}://{parts.netloc}/"


def _today(state: AppState) -> date:
    return datetime.fromtimestamp(state.clock(), UTC).date()


def _counts(state: AppState) -> dict[date, dict[str, int]] | None:
    """Return what was counted lately, by day; None if nothing is counted."""
    if state.figures is None:
        return None
    today = _today(state)
    try:
        return state.figures.counts(today - timedelta(days=PACE_DAYS), today)
    except LedgerUnavailableError:  # which the checks report
        return None


def _pace(counts: dict[date, dict[str, int]] | None, today: date) -> float | None:
    """Return the try-ons a day of the last whole days, since the first of which there are any."""
    if not counts:
        return None
    made = {day: each.get("tried", 0) for day, each in counts.items() if day < today}
    if not made:
        return None
    return sum(made.values()) / (today - min(made)).days


def _figures(counts: dict[date, dict[str, int]] | None, today: date) -> DayFigures | None:
    if counts is None:
        return None
    now, before = counts.get(today, {}), counts.get(today - timedelta(days=1), {})
    failed = sum(count for name, count in now.items() if name.startswith("failed:"))
    return DayFigures(now.get("tried", 0), failed, before.get("tried", 0))
