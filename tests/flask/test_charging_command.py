"""``flask genvoris charging``: how a shop charges, and moving from plans into the ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.migrate import upgrade
from tests.support.cli import run_command
from tests.support.flask_shop import Shop
from tests.support.ledgers import LedgerFixture, ledger_shop
from tests.support.local_genvoris import DAY, LocalGenvoris

PLANS = [{"name": "Pro", "monthly_try_ons": 100, "external_price_id": "price_pro"}]
PACKS = [{"try_ons": 1, "price": "0.99 €"}]
CHANGES = ("POST", "PATCH", "DELETE")


class OldShop:
    """A shop whose shoppers have plans at Genvoris, and the same shop with a ledger."""

    def __init__(self, genvoris: LocalGenvoris, folder: Path, **config: Any) -> None:
        self.genvoris = genvoris
        self.config = {"GENVORIS_PLANS": PLANS, "GENVORIS_CHARGING": "subscription", **config}
        self.before = Shop(genvoris, **self.config)
        with self.before.app.app_context():
            self.before.extension.billing.sync_plans()
            self.before.extension.billing.activate("ada", price_id="price_pro")
        self.url = f"sqlite:///{folder}/shop.sqlite"

    def customer(self, name: str, quota: int, price: str | None = None, used: int = 0) -> None:
        """Register a shopper on a plan of their own, and use some of it."""
        plan = {"name": f"Plan of {name}", "monthlyTryOns": quota, "externalPriceId": price}
        made = self.genvoris.call("POST", "/plans", plan).get_json()
        self.genvoris.call("POST", "/customers", {"externalId": name, "planId": made["id"]})
        if used:
            self.genvoris.spend(used, name)

    def after(self, **config: Any) -> Shop:
        """Return the shop with a ledger, in which Ada is logged in."""
        upgrade(Database(self.url).engine)
        shop = Shop(self.genvoris, **{**self.config, **config, "GENVORIS_DATABASE_URL": self.url})
        shop.log_in()
        return shop

    def check(self) -> None:
        """Assert that the ledger's sums are right."""
        LedgerFixture(Database(self.url)).check()


@pytest.fixture
def old(genvoris: LocalGenvoris, tmp_path: Path) -> OldShop:
    """Return a shop that sells plans, of which Ada has bought one and used two try-ons."""
    shop = OldShop(genvoris, tmp_path)
    genvoris.spend(2)
    return shop


def move(shop: Shop, *options: str, to: str = "subscription,credits") -> dict[str, Any]:
    result = run_command(shop.app, "charging", "--to", to, "--json", *options)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def available(shop: Shop, name: str = "ada") -> int:
    with shop.app.app_context():
        return shop.extension.billing.balance(name).available


def plan_of(genvoris: LocalGenvoris, name: str) -> str:
    usage = genvoris.call("GET", f"/customers/{name}/usage").get_json()["data"]
    return str(usage["plan"]["name"])


def test_subscriber(old: OldShop) -> None:
    """A subscriber keeps what is left until the period ends, and renews as before."""
    shop = old.after()
    (row,) = move(shop)["shoppers"]
    assert (row["external_id"], row["genvoris"], row["ledger"], row["after"]) == ("ada", 98, 0, 98)
    assert plan_of(old.genvoris, "ada") == "Counted by the shop"
    assert shop.finish(shop.tryon())["quota"] == {"used": 3, "limit": 100, "remaining": 97}
    with shop.app.app_context():
        shop.extension.billing.grant("ada", 1)
        shop.extension.billing.renew("ada", event_id="invoice")
    assert available(shop) == 101
    old.genvoris.clock.now += 62 * DAY
    assert available(shop) == 1
    old.check()


def test_granted_and_free(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """Granted try-ons become a gift without end; those of new shoppers end with their period."""
    free = genvoris.plan(3, "Free")
    old = OldShop(genvoris, tmp_path, GENVORIS_DEFAULT_PLAN=free)
    genvoris.call("POST", "/customers", {"externalId": "ben", "planId": free})
    genvoris.spend(1, "ben")
    old.customer("cy", 5, "granted-try-ons:5", used=2)
    old.customer("dan", 4, "granted-try-ons:4", used=4)
    shop = old.after()
    move(shop)
    assert [available(shop, name) for name in ("ada", "ben", "cy", "dan")] == [100, 2, 3, 0]
    genvoris.clock.now += 31 * DAY
    assert [available(shop, name) for name in ("ada", "ben", "cy", "dan")] == [0, 0, 3, 0]
    old.check()


def test_paused_and_cancelled(old: OldShop) -> None:
    """A pause holds what was moved until it ends; who is cancelled has nothing to move."""
    old.customer("ben", 5, used=1)
    old.customer("cy", 5, "granted-try-ons:5", used=1)
    for name, status in (("ada", "PAUSED"), ("ben", "CANCELLED"), ("cy", "PAUSED")):
        old.genvoris.call("PATCH", f"/customers/{name}", {"status": status})
    shop = old.after()
    rows = {row["external_id"]: row for row in move(shop)["shoppers"]}
    assert {name: (row["after"], row["held"]) for name, row in rows.items()} == {
        "ada": (0, 98),
        "cy": (0, 4),
    }
    with shop.app.app_context():
        shop.extension.billing.resume("ada")
        shop.extension.billing.resume("cy")
    assert (available(shop, "ada"), available(shop, "cy")) == (98, 4)
    assert shop.finish(shop.tryon())["state"] == "done"
    old.check()


def test_dry_run(old: OldShop) -> None:
    """A dry run says exactly what the move then does, and changes nothing anywhere."""
    old.customer("ben", 5, used=1)
    shop = old.after()
    shop.transport.requests.clear()
    planned = move(shop, "--dry-run")
    assert not [each.url for each in shop.transport.requests if each.method in CHANGES]
    assert (available(shop), plan_of(old.genvoris, "ada")) == (0, "Pro")
    assert planned == {**move(shop), "dry_run": True}
    assert len(planned["shoppers"]) == 2


def test_dry_run_without_a_ledger(old: OldShop) -> None:
    """A shop sees what would be moved before it has a ledger, and which settings it needs."""
    found = move(old.before, "--dry-run", to="subscription,pay_per_use")
    assert [row["after"] for row in found["shoppers"]] == [98]
    assert "set GENVORIS_DATABASE_URL" in found["settings"][0]
    assert "set GENVORIS_PACKS" in found["settings"][1]
    result = run_command(old.before.app, "charging", "--to", "pay_per_use")
    assert result.exit_code == 1
    assert "Nothing was changed" in result.stderr


def test_twice(old: OldShop) -> None:
    """Moving again changes nothing, also when Genvoris has begun a new period since."""
    shop = old.after()
    move(shop)
    assert shop.finish(shop.tryon())["state"] == "done"
    old.genvoris.clock.now += 29 * DAY
    assert move(shop)["shoppers"] == []
    assert available(shop) == 97
    old.check()


def test_interrupted(old: OldShop) -> None:
    """A move that breaks off in the middle of a shopper is continued, and nobody has it twice."""
    names = [f"shopper{number}" for number in range(6)]
    for name in names:
        old.customer(name, 5, used=1)
    shop = old.after()
    left = iter([None, None, None])

    def fail(request: httpx.Request) -> httpx.Response | None:
        if request.method == "PATCH":
            return next(left, httpx.Response(503, json={"error": "unavailable"}))
        return None

    shop.transport.fault = fail
    result = run_command(shop.app, "charging", "--to", "subscription,credits")
    assert (result.exit_code, "Run the same command again" in result.stderr) == (3, True)
    shop.transport.fault = lambda _request: None
    move(shop)
    assert [available(shop, name) for name in names] == [4] * 6
    assert {plan_of(old.genvoris, name) for name in names} == {"Counted by the shop"}
    assert move(shop)["shoppers"] == []
    old.check()


def test_many_pages(old: OldShop) -> None:
    """All customers are moved, whatever page they are on; those of another shop are not."""
    plan = {"planId": old.genvoris.plan(5, "Mini")}
    for number in range(205):
        name = f"b:{number}" if number == 1 else f"a:{number}"
        has_plan = plan if number in (0, 1, 100, 204) else {}
        old.genvoris.call("POST", "/customers", {"externalId": name, **has_plan})
        old.genvoris.clock.now += 60  # not too many customers an hour
    shop = old.after(GENVORIS_EXTERNAL_ID_PREFIX="a:")
    rows = move(shop)["shoppers"]
    assert sorted(row["external_id"] for row in rows) == ["0", "100", "204"]
    assert plan_of(old.genvoris, "b:1") == "Mini"


def test_show(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """The ways in force are shown with what shoppers have."""
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_CHARGING="credits")
    with shop.app.app_context():
        shop.extension.billing.order_paid("1", external_id="ada", try_ons=5)
        shop.extension.billing.order_paid("2", external_id="ben", try_ons=5)
        shop.extension.billing.grant("ben", 2)
        shop.extension.billing.dispute("2", "opened")
    found = json.loads(run_command(shop.app, "charging", "--json").stdout)
    assert (found["ways"], found["regime"]) == (["credits"], "ledger")
    assert found["holdings"] == [
        {"kind": "gift", "shoppers": 1, "left": 2, "held": 0},
        {"kind": "order", "shoppers": 2, "left": 5, "held": 5},
    ]
    assert "KIND" in run_command(shop.app, "charging").stdout
    plans = Shop(genvoris, GENVORIS_CHARGING="freemium", GENVORIS_DEFAULT_PLAN="pln_1")
    assert "by plans at Genvoris" in run_command(plans.app, "charging").stdout


def test_within_the_ledger(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """Lots live on when the ways change, and whoever has a subscription is named."""
    config = {"GENVORIS_PLANS": PLANS, "GENVORIS_PACKS": PACKS}
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_CHARGING="subscription", **config)
    with shop.app.app_context():
        shop.extension.billing.activate("ada", price_id="price_pro")
    result = run_command(shop.app, "charging", "--to", "pay_per_use")
    assert "1 shopper have try-ons of a running subscription" in result.stdout
    assert 'Set GENVORIS_CHARGING = "pay_per_use"' in result.stdout
    assert available(shop) == 100


def test_wrong_usage(old: OldShop) -> None:
    """An unknown way, and a preview of nothing, say what there is."""
    assert "one or several of free" in run_command(old.before.app, "charging", "--to", "x").stderr
    assert run_command(old.before.app, "charging", "--dry-run").exit_code == 2
