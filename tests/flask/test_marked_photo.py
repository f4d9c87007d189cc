"""Where a photo and an address go: a story with marked ones, which are then looked for."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.marked_photo import MARK, files_with, marked_photo
from tests.support.marked_shop import EMAIL


def paths_with(shop: Shop, mark: bytes) -> set[str]:
    """Return the paths of Genvoris that were sent a mark."""
    sent = [each for each in shop.transport.requests if mark in each.content]
    return {each.url.path for each in sent}


def test_marked_story(
    genvoris: LocalGenvoris, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The photo goes to the try-on alone, the address to the shop's own call, neither to disk."""
    caplog.set_level(logging.DEBUG)
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_CHARGING="free")
    shop.post("/tryons", data=b"no form")
    job = shop.finish(shop.tryon(marked_photo()))
    assert job["state"] == "done"
    with shop.app.app_context():
        shop.extension.client.customers.update("ada", email=EMAIL)
        shop.extension.conversion("order-1", 900, currency="EUR", customer_email=EMAIL)
        assert shop.state.outbox.flush(10)
    assert paths_with(shop, MARK) == {"/api/tryon"}
    assert paths_with(shop, EMAIL.encode()) == {"/api/v1/customers/ada", "/api/v1/conversions"}
    assert MARK not in shop.browser.get(job["image_url"]).data

    with shop.app.app_context():
        assert shop.extension.privacy.erase("ada").done_at is not None
    for mark in (MARK, EMAIL.encode()):
        assert mark.decode() not in caplog.text
    assert files_with(tmp_path, MARK) == []
    assert shop.browser.get(job["image_url"]).status_code == 404
