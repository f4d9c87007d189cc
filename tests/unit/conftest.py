"""Fixtures of the unit tests."""

from __future__ import annotations

import pytest

from tests.support.jobs import Processes
from tests.support.stripe_payloads import Stripe


@pytest.fixture(params=["basil", "acacia"])
def stripe(request: pytest.FixtureRequest) -> Stripe:
    """Return a Stripe customer whose events have the shapes since, and before, 2025-03-31."""
    return Stripe(request.param == "basil")


@pytest.fixture
def processes() -> Processes:
    """Return the processes of a shop, on one store and on clocks that a test moves."""
    return Processes()
