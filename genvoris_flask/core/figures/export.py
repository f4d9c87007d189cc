"""Figures for spreadsheets and programs, and amounts as people write them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from .report import DISLIKED, LIKED, STAGES, Report, Summary
from .statistics import Interval
from .trial import Trial

_CURRENCY = re.compile(r"[A-Za-z]{3}")
# At the start of a cell, and after what separates cells where numbers have a comma.
_FORMULA = re.compile(r"(^|;)(?=\s*[=+@-]|[\t\r])")
# How many decimals the main unit has, where it is not two (ISO 4217).
_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
}
# From a product's picture to an order that stays.
PRODUCT_STAGES = ("opened", "tried", "cart", "ordered", "returned")


def as_currency(code: str | None) -> str:
    """Return a currency as it is counted: Genvoris's own default is USD."""
    return code.upper() if code and _CURRENCY.fullmatch(code) else "USD"


def in_major_units(amount: float, currency: str) -> str:
    """Return an amount in minor units as people write it, such as ``1,234.50``."""
    digits = next((each for each, codes in _DECIMALS.items() if currency in codes), 2)
    return f"{amount / 10**digits:,.{digits}f}"


def cell(value: object) -> object:
    """Return a value as a cell that spreadsheets do not take for a formula.

    Ids and titles of products come from browsers.
    """
    return _FORMULA.sub("\\1'", value) if isinstance(value, str) else value


def daily_rows(report: Report) -> Iterator[dict[str, Any]]:
    """Yield a row for each day, with a column for each stage, for a spreadsheet."""
    columns = (*STAGES, "checkout", "shared", "paywall_shown", "paywall_taken", LIKED, DISLIKED)
    for day, counts in report.daily.items():
        failed = sum(count for name, count in counts.items() if name.startswith("failed:"))
        row = {name: counts.get(name, 0) for name in columns}
        yield {"day": day.isoformat(), **row, "failed": failed}


def product_rows(report: Report) -> Iterator[dict[str, Any]]:
    """Yield a row for each product, for a spreadsheet."""
    names = (*PRODUCT_STAGES, LIKED, DISLIKED)
    for each in report.products:
        counts = {name: each.counts.get(name, 0) for name in names}
        yield {"product": each.id, "title": each.title, **counts}


def as_fields(report: Report) -> dict[str, Any]:
    """Return a report as JSON has it, for programs."""
    return {
        "from": report.now.range.first.isoformat(),
        "to": report.now.range.last.isoformat(),
        "totals": _summary_fields(report.now),
        "before": _summary_fields(report.before),
        "days": list(daily_rows(report)),
        "products": list(product_rows(report)),
    }


def _summary_fields(summary: Summary) -> dict[str, Any]:
    totals = summary.totals
    return {
        **{name: totals.get(name, 0) for name in STAGES},
        "checkout": totals.get("checkout", 0),
        "shared": totals.get("shared", 0),
        "paywall_shown": totals.get("paywall_shown", 0),
        "paywall_taken": totals.get("paywall_taken", 0),
        "liked": totals.get(LIKED, 0),
        "disliked": totals.get(DISLIKED, 0),
        "disliked_reasons": summary.of(DISLIKED),
        "failed": summary.of("failed"),
        "refused": summary.of("refused"),
        "seconds": {"half": summary.time_within(0.5), "most": summary.time_within(0.95)},
        "money": [asdict(each) for each in summary.money],
    }


def trial_fields(trial: Trial) -> dict[str, Any]:
    """Return a comparison as JSON has it."""
    groups = {
        name: {
            "visitors": group.visitors,
            "buyers": group.buyers,
            "orders": group.orders,
            "returns": group.returns,
            "money": [
                {"currency": each.currency, "amount": each.amount, "returned": each.returned}
                for each in group.by_currency.values()
            ],
        }
        for name, group in (("shown", trial.shown), ("held", trial.held))
    }
    return {
        "from": trial.first.isoformat(),
        "to": trial.last.isoformat(),
        **groups,
        "conversion": _interval(trial.conversion),
        "revenue": {currency: _interval(each) for currency, each in trial.revenue.items()},
        "returns": _interval(trial.returns),
        "verdict": asdict(trial.verdict),
    }


def _interval(interval: Interval) -> dict[str, float | None]:
    """Return an interval; what is not known is null, since JSON has nothing infinite."""
    return {
        name: value if math.isfinite(value) else None for name, value in asdict(interval).items()
    }
