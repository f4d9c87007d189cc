"""Every table has a written period, and nothing outlasts it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Column, Date, Integer, Table, func, insert, select

from genvoris_flask.core.ledger.columns import UtcDateTime
from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.retention import TABLES
from genvoris_flask.core.ledger.schema import metadata
from genvoris_flask.core.outbox.messages import Message
from tests.support.cli import run_command
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris

ROOT = Path(__file__).parent.parent.parent
DAY = 24 * 3600.0
YEAR = 366 * DAY
# Values that no type tells: what belongs together, and states in which a row is over.
VALUES: dict[str, dict[str, Any]] = {
    "genvoris_lots": {"state": "void", "bundle": "1", "used": 0, "reserved": 0},
    "genvoris_reservations": {"state": "done"},
    "genvoris_subscriptions": {"due_at": None, "source": "1", "id": "1"},
    "genvoris_outbox": {"state": "sent", "kind": "conversion"},
    "genvoris_reversals": {"source": "1", "source_id": "1"},
    "genvoris_erasures": {"account": None},
}


def value_of(column: Column[Any], at: datetime) -> Any:
    """Return a value of a column's type; text is the same everywhere, so that keys fit."""
    if isinstance(column.type, UtcDateTime):
        return at
    if isinstance(column.type, Date):
        return at.date()
    if isinstance(column.type, JSON):
        return {}
    if isinstance(column.type, Boolean):
        return False
    return 1 if isinstance(column.type, Integer) else "1"


def fill(database: Database, at: datetime) -> None:
    """Put a row into every table there is, all of them from one moment."""
    with database.engine.begin() as connection:
        for table in metadata.sorted_tables:
            row = {column.name: value_of(column, at) for column in table.columns}
            connection.execute(insert(table), row | VALUES.get(table.name, {}))


def left(database: Database) -> set[str]:
    """Return the tables that have rows."""
    with database.engine.connect() as connection:
        return {
            table.name
            for table in metadata.sorted_tables
            if connection.execute(select(func.count()).select_from(table)).scalar_one()
        }


def swept(shop: Shop) -> dict[str, int]:
    result = run_command(shop.app, "sweep", "--json")
    assert result.exit_code == 0, result.output
    counts: dict[str, int] = json.loads(result.stdout)
    return counts


@pytest.fixture
def database(shop: Shop) -> Database:
    found = shop.state.database
    assert found is not None
    return found


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    return ledger_shop(genvoris, tmp_path)


def test_every_table_is_declared() -> None:
    """A table that is added declares its period in core/ledger/retention.py."""
    assert set(metadata.sorted_tables) == set(TABLES)
    for table, period in TABLES.items():
        assert period.words, table


def test_docs_name_every_table() -> None:
    """docs/privacy.md says how long the rows of each table are kept."""
    text = (ROOT / "docs/privacy.md").read_text("utf-8")
    missing = [table.name for table in TABLES if f"`{table.name}`" not in text]
    assert missing == []


def test_nothing_outlasts_its_period(shop: Shop, database: Database) -> None:
    """Of all tables filled, those that are about anybody are empty after the longest period."""
    fill(database, datetime.fromtimestamp(shop.genvoris.clock(), UTC))
    assert left(database) == {table.name for table in TABLES}
    assert swept(shop) | {"erasures continued": 0} == dict.fromkeys(swept(shop), 0)
    shop.genvoris.clock.now += 11 * YEAR
    swept(shop)
    assert left(database) == {"genvoris_settings"}


@pytest.mark.parametrize(
    ("days", "gone"),
    [
        (31, {"genvoris_outbox"}),
        (801, {"genvoris_figures", "genvoris_product_figures"}),
        (801, {"genvoris_figure_orders", "genvoris_figure_opinions"}),
        (1096, {"genvoris_consents", "genvoris_consent_texts", "genvoris_erasures"}),
        (3654, {"genvoris_lots", "genvoris_entries", "genvoris_accounts", "genvoris_audit"}),
    ],
)
def test_not_before(shop: Shop, database: Database, days: int, gone: set[str]) -> None:
    """Each goes when its own period is over, and not a day before."""
    fill(database, datetime.fromtimestamp(shop.genvoris.clock(), UTC))
    shop.genvoris.clock.now += (days - 2) * DAY
    swept(shop)
    assert gone <= left(database)
    shop.genvoris.clock.now += 2 * DAY
    swept(shop)
    assert not gone & left(database)


def test_what_is_owned_stays(shop: Shop, database: Database) -> None:
    """Try-ons that do not end are there after ten years, with the journal they add up to."""
    with shop.app.app_context():
        billing = shop.extension.billing
        billing.grant("ada", 3, event_id="order-1", paid=900, currency="EUR")
        billing.grant("bob", 1, event_id="order-2", paid=300, currency="EUR", expires_in=DAY)
        shop.genvoris.clock.now += 11 * YEAR
        assert swept(shop)["books"] >= 3
        assert billing.balance("ada").available == 3
        assert len(billing.journal("ada")) == 1
        assert billing.journal("bob") == []
        spending = shop.state.spending
        assert spending is not None
        assert spending.wrong_lots() == []


def test_given_up_messages(shop: Shop, database: Database) -> None:
    """A message that nobody sent again goes after ninety days, since it may name people."""
    fill(database, datetime.fromtimestamp(shop.genvoris.clock(), UTC))
    outbox = metadata.tables["genvoris_outbox"]
    with database.engine.begin() as connection:
        connection.execute(outbox.update().values(state="given_up"))
    shop.genvoris.clock.now += 89 * DAY
    swept(shop)
    assert "genvoris_outbox" in left(database)
    shop.genvoris.clock.now += 2 * DAY
    swept(shop)
    assert "genvoris_outbox" not in left(database)


def test_state_goes_with_the_account(shop: Shop, database: Database) -> None:
    """What Genvoris was told of a shopper's state goes with the account, and not before."""
    with shop.app.app_context():
        billing = shop.extension.billing
        billing.grant("ada", 1, event_id="order-1", paid=300, currency="EUR", expires_in=DAY)
    body = {"external_id": "ada", "status": "PAUSED"}
    shop.state.outbox.put(Message("customer", "customer:ada", body, "shopper:ada", is_state=True))
    assert shop.state.outbox.flush(10)
    shop.genvoris.clock.now += 9 * YEAR
    swept(shop)
    assert {"genvoris_accounts", "genvoris_outbox"} <= left(database)
    shop.genvoris.clock.now += 2 * YEAR
    swept(shop)
    assert not {"genvoris_accounts", "genvoris_outbox"} & left(database)


def test_dates_are_dates() -> None:
    """The filler knows every type of column that there is."""
    at = datetime(2026, 1, 2, tzinfo=UTC)
    tables: list[Table] = metadata.sorted_tables
    kinds = {type(value_of(column, at)) for table in tables for column in table.columns}
    assert kinds == {datetime, date, dict, bool, int, str}
