"""Fixtures: a shop on a local Genvoris, both in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.flask_shop import Shop
from tests.support.local_genvoris import LocalGenvoris, product_png


@pytest.fixture
def genvoris(tmp_path: Path) -> LocalGenvoris:
    """Return a local Genvoris that does not fetch product pictures from the test's shop."""
    return LocalGenvoris(tmp_path / "genvoris", fetch_image=lambda _url: product_png())


@pytest.fixture
def shop(genvoris: LocalGenvoris) -> Shop:
    """Return a shop in which Ada, who has three try-ons, is logged in."""
    genvoris.customer("ada", quota=3)
    shop = Shop(genvoris)
    shop.log_in()
    return shop
