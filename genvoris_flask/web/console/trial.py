"""The page "Does it pay?": visitors with the button beside those of the hold-out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from markupsafe import Markup

from ...core.charts import span_chart
from ...core.figures.export import in_major_units
from ...core.figures.holdout import SCALE, share_of
from ...core.figures.statistics import Interval
from ...core.figures.trial import Group, Trial, read_trial
from ...core.locales.numbers import localize
from ..errors import page_language
from ..state import get_state
from .figures import chart_style
from .page import render


@dataclass(frozen=True)
class Measure:
    """One thing in which both groups are compared.

    Attributes:
        name: Its name.
        unit: What it is in: ``%`` or a currency.
        shown: That of visitors with the button; empty if there is none.
        held: That of the others.
        difference: The difference; empty if it is not known yet.
        low: The lower end of its range.
        high: The upper end.
        chart: The range as a chart.
    """

    name: str
    unit: str
    shown: str
    held: str
    difference: str = ""
    low: str = ""
    high: str = ""
    chart: Markup | None = None


def show_trial() -> Any:
    """Show both groups, what tells them apart, and what can be said."""
    state = get_state()
    if state.figures is None or state.recorder is None:
        return render("no_database.html", "common.nav.trial", "trial")
    share = share_of(state.settings.holdout)
    trial = read_trial(state.figures, share, state.recorder.today()) if share else None
    return render(
        "trial.html",
        "common.nav.trial",
        "trial",
        chart_style=chart_style(),
        trial=trial,
        span=[_isolated(each) for each in (trial.first, trial.last)] if trial else [],
        share=100 * share / SCALE,
        measures=_measures(trial) if trial else [],
    )


def _isolated(day: date) -> str:
    """Return a day that keeps its order within a sentence in Arabic or Urdu."""
    return f"\N{LEFT-TO-RIGHT ISOLATE}{day}\N{POP DIRECTIONAL ISOLATE}"


def _measures(trial: Trial) -> list[Measure]:
    shown, held = trial.shown, trial.held
    found = [
        _shares("conversion", (shown.buyers, shown.visitors), (held.buyers, held.visitors), trial)
    ]
    found += [_revenue(currency, each, trial) for currency, each in trial.revenue.items()]
    return [
        *found,
        _shares("returns", (shown.returns, shown.orders), (held.returns, held.orders), trial),
    ]


def _shares(name: str, shown: tuple[int, int], held: tuple[int, int], trial: Trial) -> Measure:
    interval = trial.conversion if name == "conversion" else trial.returns
    measure = Measure(name, "%", _percent(*shown), _percent(*held))
    if not shown[1] or not held[1]:
        return measure
    ends = [f"{100 * each:+.2f}" for each in (interval.estimate, interval.low, interval.high)]
    return _with_range(measure, ends, interval)


def _revenue(currency: str, interval: Interval, trial: Trial) -> Measure:
    shown, held = (_per_visitor(group, currency) for group in (trial.shown, trial.held))
    measure = Measure("revenue", currency, shown, held)
    if not math.isfinite(interval.low):
        return measure
    values = (interval.estimate, interval.low, interval.high)
    ends = [("+" if each > 0 else "") + in_major_units(each, currency) for each in values]
    return _with_range(measure, ends, interval)


def _with_range(measure: Measure, ends: list[str], interval: Interval) -> Measure:
    difference, low, high = (
        localize(each, page_language()).replace("-", "\N{MINUS SIGN}") for each in ends
    )
    title = f"{difference} ({low} … {high})"
    chart = Markup(span_chart(interval.low, interval.estimate, interval.high, title))  # noqa: S704
    return replace(measure, difference=difference, low=low, high=high, chart=chart)


def _per_visitor(group: Group, currency: str) -> str:
    if not group.visitors:
        return ""
    return localize(in_major_units(group.sample(currency).mean, currency), page_language())


def _percent(count: int, size: int) -> str:
    return localize(f"{100 * count / size:.2f}", page_language()) if size else ""
