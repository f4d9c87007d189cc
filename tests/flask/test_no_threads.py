"""A process in which the system starts no more threads: what shoppers and the shop see of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from genvoris_flask import Shopper
from genvoris_flask.core.concurrency import threads
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.waiting import LIMIT


def refuse(name: str, run: Callable[[], object]) -> None:
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize("has_ledger", [False, True])
def test_nothing_is_lost_or_broken(
    genvoris: LocalGenvoris, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_ledger: bool
) -> None:
    """Orders arrive, pages and log-outs work, and a try-on says when to come back."""
    genvoris.customer("ada")
    options = {"GENVORIS_CHARGING": "free"} if has_ledger else {}
    shop = ledger_shop(genvoris, tmp_path, **options) if has_ledger else Shop(genvoris)
    shop.log_in()
    assert shop.post("/session").status_code == 200
    with monkeypatch.context() as patch:
        patch.setattr(threads, "start_thread", refuse)
        with shop.app.test_request_context():
            shop.extension.conversion("o1", 100)
            shop.state.broker.forget(Shopper("ada"))
        event = {"type": "dialog_opened"}
        assert shop.post("/events", json={"events": [event]}).status_code < 500
        assert shop.browser.get("/product").status_code == 200
        assert shop.browser.get("/genvoris/status", headers=SAME_ORIGIN).status_code == 200
        busy = shop.tryon()
        assert (busy.status_code, busy.get_json()["error"]) == (503, "busy")
        assert "Retry-After" in busy.headers
    assert shop.finish(shop.tryon())["state"] == "done"
    assert shop.state.outbox.flush(LIMIT)
    assert shop.transport.count("/conversions") == 1
