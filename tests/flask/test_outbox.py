"""Reports to Genvoris wait in the ledger's database until they have arrived."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.orm import Session

from tests.support.cli import run_command
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

DAY = 24 * 3600.0


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop with a ledger."""
    return ledger_shop(genvoris, tmp_path)


def convert(shop: Shop, order_id: str = "17", **fields: Any) -> None:
    with shop.app.app_context():
        shop.extension.conversion(order_id, 4990, **fields)


def listed(shop: Shop, *options: str) -> list[dict[str, Any]]:
    result = run_command(shop.app, "outbox", "list", "--json", *options)
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def go_away(shop: Shop) -> None:
    """Let Genvoris answer 503."""
    shop.transport.fault = lambda request: httpx.Response(503)


def come_back(shop: Shop) -> None:
    shop.transport.fault = lambda request: None


def test_order_arrives(shop: Shop) -> None:
    """An order that was reported is sent once, and is not listed any more."""
    for _each in range(2):
        convert(shop)
    assert shop.state.outbox.flush(60)
    assert shop.transport.count("/conversions") == 1
    assert listed(shop) == []
    assert [row["kind"] for row in listed(shop, "--state", "sent")] == ["conversion"]


def test_order_waits_while_genvoris_is_away(shop: Shop) -> None:
    """It is listed with the reason, and a command sends it when Genvoris is back."""
    go_away(shop)
    convert(shop)
    assert not shop.state.outbox.flush(0.01)
    (row,) = listed(shop)
    assert (row["subject"], row["state"], row["attempts"]) == ("order:custom:17", "waiting", 1)
    come_back(shop)
    shop.genvoris.clock.now += 60
    result = run_command(shop.app, "outbox", "drain")
    assert result.stdout == "1 sent, 0 tried again later, 0 given up.\n"
    assert listed(shop) == []


def test_order_of_a_transaction(shop: Shop) -> None:
    """What the shop rolls back is not reported."""
    engine = shop.state.spending.database.engine  # type: ignore[union-attr]
    for order_id, ends in (("1", "rollback"), ("2", "commit")):
        with Session(engine) as session:
            convert(shop, order_id, session=session)
            getattr(session, ends)()
    assert shop.state.outbox.flush(60)
    assert [row["subject"] for row in listed(shop, "--state", "sent")] == ["order:custom:2"]
