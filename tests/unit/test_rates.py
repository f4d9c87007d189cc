"""Rates in settings mean what the limits library takes them for, which counts them in Redis."""

from __future__ import annotations

import limits
import pytest

from genvoris_flask.core.rates import Rate, parse_rates


@pytest.mark.parametrize(
    "text",
    [
        "30/minute",
        "10 per hour",
        "5 per 2 days",
        "20/minute; 200/hour",
        "3/4months, 9/YEAR",
        "1 / second | 2 per 3 minutes",
        "7/0 hour",
    ],
)
def test_rates_are_those_of_limits(text: str) -> None:
    """Amounts, windows and the keys in Redis are the same."""
    ours, theirs = parse_rates(text), limits.parse_many(text)
    assert [(rate.amount, rate.seconds) for rate in ours] == [
        (item.amount, item.get_expiry()) for item in theirs
    ]
    assert [limits.parse(str(rate)).key_for("x") for rate in ours] == [
        item.key_for("x") for item in theirs
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "often",
        "1",
        "1/",
        "1/week",
        "-1/minute",
        "1.5/minute",
        "1/minute;",
        "1/m 2/h",
    ],
)
def test_other_strings_are_refused(text: str) -> None:
    """Nothing is a rate that limits would not take."""
    with pytest.raises(ValueError, match="rate"):
        parse_rates(text)
    with pytest.raises(ValueError, match=r"rate|granularity"):
        limits.parse_many(text)


def test_a_factor_multiplies_the_amount() -> None:
    """The window stays."""
    assert Rate(20, 2, "hour").times(5) == Rate(100, 2, "hour")


@pytest.mark.parametrize("text", ["0/minute", "20/minute; 00/hour"])
def test_rate_of_nothing_is_refused(text: str) -> None:
    """A window that never has room has no time to wait for."""
    with pytest.raises(ValueError, match="rate"):
        parse_rates(text)
