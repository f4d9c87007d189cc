"""Settings that are changed while the shop runs: seen by every process, and after a restart."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from genvoris_flask.core.ledger.audit import AuditEntry, AuditLog, Change
from genvoris_flask.core.ledger.changed_settings import (
    REMOVED,
    ChangedSettings,
    Changes,
    OutdatedChangeError,
    settings_table,
)
from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.products import Product
from genvoris_flask.settings import Settings
from genvoris_flask.settings.changeable import CHANGEABLE, SettingsRefusedError, plain
from genvoris_flask.settings.live import LiveSettings
from tests.support.cli import run_command
from tests.support.flask_shop import Shop
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.waiting import until
from tests.unit.test_changeable_settings import VALUES


class Owner:
    """Changes a shop's settings, and remembers what was recorded."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    @property
    def live(self) -> LiveSettings:
        live = self.shop.state.live
        assert live is not None
        return live

    def change(self, version: int | None = None, **new: Any) -> None:
        changes = {f"GENVORIS_{name.upper()}": value for name, value in new.items()}
        self.live.change(changes, actor="fen", version=version)

    def change_key(self, key: str, value: Any) -> None:
        self.live.change({key: value}, actor="fen")

    def history(self) -> list[AuditEntry]:
        """Return what was recorded, the newest first."""
        database = self.shop.state.database
        assert database is not None
        return AuditLog(database, self.shop.state.clock).entries(1000)


@pytest.fixture
def owner(genvoris: LocalGenvoris, tmp_path: Path) -> Owner:
    return Owner(ledger_shop(genvoris, tmp_path))


@pytest.fixture
def other(genvoris: LocalGenvoris, owner: Owner) -> Shop:
    """Return the same shop in another process, as far as memory goes."""
    return another(genvoris, owner)


def another(genvoris: LocalGenvoris, owner: Owner, **config: Any) -> Shop:
    url = owner.shop.app.config["GENVORIS_DATABASE_URL"]
    return Shop(genvoris, **{"GENVORIS_DATABASE_URL": url, **config})


def unexpected(_settings: Settings) -> None:
    pytest.fail("nothing was changed")


def refresh(shop: Shop) -> None:
    live = shop.state.live
    assert live is not None
    live.refresh()


def test_each(genvoris: LocalGenvoris, owner: Owner, other: Shop) -> None:
    """Each setting can be changed, is seen by a second process, and survives a restart."""
    for key, declared in CHANGEABLE.items():
        name, value = declared.name, VALUES[key][0]
        before = getattr(other.state.settings, name)
        owner.change_key(key, value)
        changed = getattr(owner.shop.state.settings, name)
        assert changed != before, key
        refresh(other)
        assert getattr(other.state.settings, name) == changed, key
        assert getattr(another(genvoris, owner).state.settings, name) == changed, key
        owner.change_key(key, REMOVED)
        assert getattr(owner.shop.state.settings, name) == before, key
        undone, done = owner.history()[:2]
        assert done.change == undone.change == Change("fen", "setting.change", key)
        if declared.kind == "wording":  # only the texts that were changed
            assert done.before == undone.after == {}
            assert done.after == undone.before == {"de title": "Am Körper"}
        else:
            assert done.before == undone.after == {"value": plain(before)}
            assert done.after == undone.before == {"value": plain(changed)}


def test_by_itself(owner: Owner, other: Shop) -> None:
    """A process that only serves pages sees a change within seconds."""
    assert 'data-shop-name="Ada' not in other.browser.get("/product").text
    owner.change(shop_name="Ada & Co")
    until(lambda: 'data-shop-name="Ada &amp; Co"' in other.browser.get("/product").text)


def test_wrong(owner: Owner) -> None:
    """A wrong value changes nothing and is not recorded, nor is what came with it."""
    with pytest.raises(SettingsRefusedError):
        owner.change(shop_name="Ada", tryons_per_day=0)
    with pytest.raises(SettingsRefusedError):
        owner.change(api_key="gvk_live_other")
    with pytest.raises(SettingsRefusedError):  # without packs there is nothing to sell
        owner.change(charging="pay_per_use")
    assert owner.live.table.read() == Changes(0, {})
    assert not owner.history()


def test_meanwhile(owner: Owner) -> None:
    """What was decided upon an older version is refused."""
    owner.change(version=0, shop_name="Ada")
    with pytest.raises(OutdatedChangeError):
        owner.change(version=0, shop_name="Eve")
    assert owner.shop.state.settings.shop_name == "Ada"


def test_recording_fails(owner: Owner) -> None:
    """A change that cannot be recorded is not made."""

    def fail(*_args: object) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        owner.live.table.change(
            {"GENVORIS_SHOP_NAME": "Ada"}, check=lambda _values: None, record=fail
        )
    assert owner.live.table.read() == Changes(0, {})


def test_nothing_new(owner: Owner) -> None:
    """Saving what is there already is no change."""
    owner.change(shop_name="Ada")
    owner.change(shop_name="Ada")
    assert owner.live.table.version() == len(owner.history()) == 1


def test_database_is_away(
    owner: Owner, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database is away the last known values apply, and the log says so once."""
    owner.change(shop_name="Ada")
    away = Database("sqlite:////nowhere/at/all.sqlite", sleep=lambda _seconds: None)
    settings = owner.shop.state.settings
    live = LiveSettings(
        settings,
        ChangedSettings(away, lambda: 0.0),
        unexpected,
        reads_here=lambda: True,
        poll_seconds=0.0,
    )
    monkeypatch.setattr(owner.shop.state, "live", live)
    for _ in range(3):
        assert 'data-shop-name="Ada"' in owner.shop.browser.get("/product").text
    told = [each for each in caplog.records if "Changed settings cannot be read" in each.message]
    assert len(told) == 1


def test_no_table_yet(
    genvoris: LocalGenvoris, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A shop whose tables are not made yet has the settings of ``app.config``, without a warning.

    ``flask genvoris db upgrade`` would begin with one otherwise.
    """
    shop = Shop(genvoris, GENVORIS_DATABASE_URL=f"sqlite:///{tmp_path}/new.sqlite")
    assert shop.browser.get("/product").status_code == 200
    assert shop.state.settings.shop_name is None
    assert shop.state.live is not None
    shop.state.live.refresh()
    assert "Changed settings cannot be read" not in caplog.text


def test_slow_database(owner: Owner) -> None:
    """The first page of a process waits for a moment only."""
    is_over = threading.Event()

    class Slow(ChangedSettings):
        def version(self) -> int:
            is_over.wait(20)
            return 0

    slow = Slow(Database("sqlite://"), lambda: 0.0)
    live = LiveSettings(owner.shop.state.settings, slow, unexpected)
    thread = threading.Thread(target=live.start)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    is_over.set()


def test_config_changes(
    genvoris: LocalGenvoris, owner: Owner, caplog: pytest.LogCaptureFixture
) -> None:
    """A change that a new ``app.config`` makes wrong is ignored, and can be replaced."""
    packs = [{"try_ons": 1, "price": "0.99 €"}]
    owner.change(packs=packs, shop_name="Ada")
    owner.change(charging="pay_per_use")
    with owner.live.table._database.engine.begin() as connection:
        row = settings_table.c.key == "GENVORIS_PACKS"
        connection.execute(settings_table.update().where(row).values(value="[]"))
    later = another(genvoris, owner)
    with caplog.at_level(logging.ERROR):
        settings = later.state.settings
    assert (settings.shop_name, settings.packs, settings.charging) == ("Ada", (), ())
    assert "GENVORIS_PACKS was changed while the shop ran, and is ignored" in caplog.text
    new = Owner(later)
    new.change(shop_name="Eve")  # which the others must not be in the way of
    new.change(packs=packs)
    assert [pack.price for pack in later.state.settings.packs] == ["0.99 €"]
    assert later.state.settings.charging == ("pay_per_use",)


# What settings do


def test_limits(owner: Owner) -> None:
    """A new rate counts at once."""
    owner.change(limit_session="2/minute")
    codes = [owner.shop.post("/session").status_code for _ in range(3)]
    assert [code == 429 for code in codes] == [False, False, True]
    owner.change(limit_session="5/minute")
    assert owner.shop.post("/session").status_code != 429


def test_free_allowance(genvoris: LocalGenvoris, owner: Owner) -> None:
    """Free try-ons begin as soon as the shop charges that way."""
    ledger = owner.shop.state.spending
    assert ledger is not None
    assert ledger.balance("u", verified_email="u@example.com").available == 0
    owner.change(charging="freemium", free_tryons=3)
    assert ledger.balance("u", verified_email="u@example.com").available == 3
    owner.change(free_tryons=5)
    assert ledger.balance("v", verified_email="v@example.com").available == 5


def test_orders(owner: Owner) -> None:
    """What an order brings follows the setting."""
    owner.change(credits=4)
    with owner.shop.app.app_context():
        owner.shop.extension.billing.order_paid("order-1", external_id="ada")
        assert owner.shop.extension.billing.balance("ada").available == 4


def test_checkout(owner: Owner) -> None:
    """Single try-ons can be sold as soon as the setting says so, and no longer than that."""
    owner.shop.extension.checkout(lambda *_args: "/pay")
    assert owner.shop.post("/checkout?try_ons=1").status_code == 404
    owner.change(packs=[{"try_ons": 1, "price": "0.99 €"}], charging="pay_per_use")
    assert owner.shop.post("/checkout?try_ons=1").get_json() == {"url": "/pay"}
    owner.change(charging=None)
    assert owner.shop.post("/checkout?try_ons=1").status_code == 404


def test_categories(owner: Owner) -> None:
    """Products of other categories have no button, and cannot be tried on."""
    owner.change(categories=["home"])
    assert owner.shop.button() == ""
    assert owner.shop.button(category="shoes") == ""
    assert "Try it on" in owner.shop.button(category="home")
    refused = owner.shop.tryon(product_category="apparel")
    assert (refused.status_code, refused.get_json()["error"]) == (403, "product_unavailable")
    owner.change(categories=REMOVED)
    assert "Try it on" in owner.shop.button()


def test_filter_remains(owner: Owner) -> None:
    """The shop's own filter counts in addition to the categories."""
    owner.shop.extension.product_filter(lambda product: product.id != "hat")
    owner.change(categories=["home"])
    state = owner.shop.state
    assert state.may_try_on(Product(id="lamp", category="home"))
    assert not state.may_try_on(Product(id="hat", category="home"))
    assert not state.may_try_on(Product(id="lamp"))


def test_button(owner: Owner) -> None:
    """A design is on the next page, and no part of the old one with it."""
    owner.change(button={"label": "Anprobieren", "borderRadius": 8})
    assert 'data-button-border-radius="8"' in owner.shop.browser.get("/product").text
    owner.change(button={"label": "Anprobieren"})
    assert "border-radius" not in owner.shop.browser.get("/product").text
    assert "Anprobieren" in owner.shop.button()


# Commands


def test_export(owner: Owner) -> None:
    """``settings export`` writes what was changed, and no secret of the shop's."""
    assert "Nothing was changed" in run_command(owner.shop.app, "settings", "export").output
    owner.change(shop_name="Ada")
    written = run_command(owner.shop.app, "settings", "export").output
    assert written == "app.config.update(\n    GENVORIS_SHOP_NAME='Ada',\n)\n"
    env = run_command(owner.shop.app, "settings", "export", "--format", "env").output
    assert env == "GENVORIS_SHOP_NAME='Ada'\n"
    assert "GENVORIS_SHOP_NAME" in run_command(owner.shop.app, "settings", "list").output


@pytest.mark.parametrize("name", ["GENVORIS_SHOP_NAME", "shop_name"])
def test_reset(owner: Owner, name: str) -> None:
    """``settings reset`` undoes the change of one setting, and the audit log says so."""
    owner.change(shop_name="Ada", tryons_per_day=7)
    answer = run_command(owner.shop.app, "settings", "reset", name)
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout.startswith("GENVORIS_SHOP_NAME is again what app.config")
    assert owner.live.table.read().values == {"GENVORIS_TRYONS_PER_DAY": 7}
    assert owner.shop.state.settings.shop_name is None
    assert owner.history()[0].change == Change(
        "flask genvoris settings", "setting.change", "GENVORIS_SHOP_NAME"
    )
    before = len(owner.history())
    again = run_command(owner.shop.app, "settings", "reset", name)
    assert again.exit_code == 0
    assert "was not changed" in again.output
    assert len(owner.history()) == before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("GENVORIS_SHOPNAME", "Did you mean GENVORIS_SHOP_NAME?"),
        ("GENVORIS_API_KEY", "cannot be changed while the shop runs"),
        ("version", "is not a setting"),
        (" ", "it is empty"),
    ],
)
def test_reset_of_another(owner: Owner, name: str, said: str) -> None:
    """``settings reset`` refuses what cannot have been changed, and changes nothing."""
    owner.change(shop_name="Ada")
    answer = run_command(owner.shop.app, "settings", "reset", name)
    assert answer.exit_code != 0
    assert said in answer.stderr
    assert owner.live.table.read().values == {"GENVORIS_SHOP_NAME": "Ada"}


def test_reset_of_an_unknown_one(owner: Owner) -> None:
    """A change that this version does not know, as after a downgrade, can be taken away."""
    database = owner.shop.state.database
    assert database is not None
    owner.change(shop_name="Ada")
    row = {"key": "GENVORIS_LATER", "value": "1", "at": datetime.now(UTC)}
    database.run(lambda connection: connection.execute(settings_table.insert(), row))
    answer = run_command(owner.shop.app, "settings", "reset", "GENVORIS_LATER")
    assert answer.exit_code == 0, answer.output
    assert owner.live.table.read().values == {"GENVORIS_SHOP_NAME": "Ada"}


def test_export_without_database(genvoris: LocalGenvoris) -> None:
    """A shop without a database is told what to set."""
    result = run_command(Shop(genvoris).app, "settings", "export")
    assert result.exit_code == 1
    assert "GENVORIS_DATABASE_URL" in result.output
