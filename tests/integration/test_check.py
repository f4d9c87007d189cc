"""``flask genvoris check`` as a merchant runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from flask import Flask

from genvoris_flask import GenvorisFlask
from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.testing import Sandbox
from genvoris_flask.testing.sandbox import API_KEY as KEY
from genvoris_flask.web.health_checks.genvoris import check_clock, check_page_budget
from tests.integration.conftest import ROOT, RedisServer, free_port
from tests.support.cli import run_command


@pytest.fixture
def genvoris(genvoris_sandbox: Sandbox) -> str:
    return genvoris_sandbox.url


def check(config: Mapping[str, object], *, loader: bool = True) -> tuple[int, str]:
    """Run the command here, for a shop whose loader knows nobody."""
    app = Flask("shop")
    # Busy machines take longer than a page would wait.
    app.config.update({"GENVORIS_PAGE_BUDGET": 10, **config})
    genvoris = GenvorisFlask(app)
    if loader:
        genvoris.shopper_loader(lambda: None)
    done = run_command(app, "check")
    return done.exit_code, done.output


LOADER = "genvoris.shopper_loader(lambda: None)"


def check_program(folder: Path, config: Mapping[str, object], *more: str) -> tuple[int, str]:
    """Run the command as a process, as a merchant does."""
    config = {"GENVORIS_PAGE_BUDGET": 10, **config}
    lines = [f"app.config[{name!r}] = {value!r}" for name, value in config.items()]
    program = ["from flask import Flask", "from genvoris_flask import GenvorisFlask"]
    program += ["app = Flask(__name__)", *lines, "genvoris = GenvorisFlask(app)"]
    program += more
    (folder / "shop_to_check.py").write_text("\n".join(program))
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "shop_to_check", "genvoris", "check"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_correct_setup(tmp_path: Path, genvoris: str, redis_server: RedisServer) -> None:
    """A correct set-up has no findings."""
    shop = {
        "GENVORIS_API_KEY": KEY,
        "GENVORIS_API_URL": f"{genvoris}/api/v1",
        "GENVORIS_STORE_URL": redis_server.url,
    }
    status, text = check_program(tmp_path, shop, LOADER)
    assert status == 0, text
    for name in ("reach", "key", "clock", "page budget", "JWKS", "store", "phone", "widget"):
        assert f"ok     {name}:" in text
    assert KEY not in text


@pytest.mark.parametrize(
    ("config", "status", "said"),
    [
        ({}, 1, "Nobody can ever try on"),
        ({"GENVORIS_ALLOW_GUESTS": True}, 0, "as a guest"),
    ],
)
def test_missing_shopper_loader(
    genvoris: str, config: dict[str, object], status: int, said: str
) -> None:
    """A shop without a shopper loader is reported."""
    shop: dict[str, object] = {"GENVORIS_API_KEY": KEY, "GENVORIS_API_URL": f"{genvoris}/api/v1"}
    done, text = check(shop | config, loader=False)
    assert (done, said in text) == (status, True), text


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({}, "warn   paywall: Shoppers without try-ons left are told so, but offered no way"),
        ({"GENVORIS_UPGRADE_URL": "/plans"}, "ok     paywall: Shoppers without try-ons left are"),
    ],
    ids=["none", "set"],
)
def test_missing_upgrade_url(genvoris: str, config: dict[str, object], line: str) -> None:
    """It is a warning: a shop may sell no more try-ons."""
    shop = {"GENVORIS_API_KEY": KEY, "GENVORIS_API_URL": f"{genvoris}/api/v1", **config}
    status, text = check(shop)
    assert (status, line in text) == (0, True), text


@pytest.mark.parametrize("declared", [True, False])
def test_guests_beside_plans(genvoris: str, declared: bool) -> None:
    """Guests beside plans with a quota cause a warning."""
    shop: dict[str, object] = {"GENVORIS_API_KEY": KEY, "GENVORIS_API_URL": f"{genvoris}/api/v1"}
    shop |= {"GENVORIS_ALLOW_GUESTS": True, "SECRET_KEY": "s"}
    status, text = check(shop, loader=False)
    assert (status, "guests:" in text) == (0, False), text
    if declared:
        shop["GENVORIS_DEFAULT_PLAN"] = "pln_free"
    else:
        GenvorisClient(KEY, f"{genvoris}/api/v1").plans.create(name="Pro", monthly_try_ons=5)
    status, text = check(shop, loader=False)
    assert (status, "warn   guests: Guests may try on as well" in text) == (0, True), text


LOGIN = """
from flask_login import LoginManager, UserMixin
LoginManager(app)
class Person(UserMixin):
    id = 7
    def get_id(self):
        return "a token"
"""


@pytest.mark.parametrize(
    ("config", "program", "said"),
    [
        ({}, LOGIN, "warn   shoppers: Flask-Login says who is shopping, by the primary key of Pe"),
        ({}, LOGIN.replace("def get_id", "def other"), "ok     shoppers: Flask-Login says"),
        ({"GENVORIS_USER_ID_ATTRIBUTE": "id"}, LOGIN, "ok     shoppers: Flask-Login says"),
        ({"GENVORIS_USER_ID_ATTRIBUTE": "get_id"}, LOGIN, "which may be a secret token"),
    ],
)
def test_shopper_id(
    tmp_path: Path, genvoris: str, config: dict[str, object], program: str, said: str
) -> None:
    """The id by which shoppers are known is shown."""
    shop: dict[str, object] = {"GENVORIS_API_KEY": KEY, "GENVORIS_API_URL": f"{genvoris}/api/v1"}
    done, text = check_program(tmp_path, shop | config, program)
    assert (done, said in text) == (0, True), text


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({}, "warn   log-in: Those who are not logged in are asked to log in, but"),
        (
            {"GENVORIS_LOGIN_URL": "/in"},
            "ok     log-in: Those who are not logged in are led to /in.",
        ),
        ({"GENVORIS_ALLOW_GUESTS": True}, "ok     log-in: Nobody needs to log in"),
    ],
    ids=["none", "set", "guests"],
)
def test_missing_login_url(genvoris: str, config: dict[str, object], line: str) -> None:
    """A missing log-in URL is reported."""
    shop = {"GENVORIS_API_KEY": KEY, "GENVORIS_API_URL": f"{genvoris}/api/v1", **config}
    status, text = check(shop)
    assert (status, line in text) == (0, True), text


def test_differing_plans_and_memory_store(genvoris: str) -> None:
    """Differing plans and a store in memory are reported."""
    shop: dict[str, object] = {
        "GENVORIS_API_KEY": KEY,
        "GENVORIS_API_URL": f"{genvoris}/api/v1",
        "GENVORIS_PLANS": [{"name": "Pro", "monthly_try_ons": 5}],
        "GENVORIS_STRIPE_WEBHOOK_SECRET": "whsec_a_secret",
    }
    status, text = check(shop)
    assert status == 1
    assert "wrong  plans: Genvoris's plans are not those of GENVORIS_PLANS (1 differ)" in text
    assert "wrong  Stripe:" in text
    assert "GENVORIS_STORE_URL" in text
    assert "warn   phone: A photo taken with a phone reaches the dialog only if a single" in text
    assert "whsec_a_secret" not in text


def test_equal_plans(genvoris: str, redis_server: RedisServer) -> None:
    """Plans that agree are reported."""
    GenvorisClient(KEY, f"{genvoris}/api/v1").plans.create(name="Pro", monthly_try_ons=5)
    shop: dict[str, object] = {
        "GENVORIS_API_KEY": KEY,
        "GENVORIS_API_URL": f"{genvoris}/api/v1",
        "GENVORIS_PLANS": [{"name": "Pro", "monthly_try_ons": 5}],
        "GENVORIS_STRIPE_WEBHOOK_SECRET": "whsec_a_secret",
        "GENVORIS_STORE_URL": redis_server.url,
    }
    status, text = check(shop)
    assert status == 0, text
    assert "ok     plans:" in text
    assert "ok     Stripe: Its events are accepted at /genvoris/stripe" in text


def test_invalid_settings(tmp_path: Path) -> None:
    """Invalid settings cause a message without a traceback."""
    wrong = "gvk-with-a-slip"
    status, text = check_program(tmp_path, {"GENVORIS_API_KEY": wrong}, LOADER)
    assert status == 1
    assert text.startswith("Error: GENVORIS_API_KEY must start with gvk_live_ or gvk_test_")
    assert wrong not in text


def test_wrong_key(genvoris: str) -> None:
    """A wrong API key is reported."""
    wrong = "gvk_test_wrong"
    status, text = check({"GENVORIS_API_KEY": wrong, "GENVORIS_API_URL": f"{genvoris}/api/v1"})
    assert status == 1
    assert "wrong  key: Genvoris refuses the key" in text
    assert wrong not in text


def test_unreachable_server(tmp_path: Path) -> None:
    """An unreachable server is reported."""
    url = f"http://127.0.0.1:{free_port()}/api/v1"
    store = f"redis://:password@127.0.0.1:{free_port()}"
    shop: dict[str, object] = {"GENVORIS_API_KEY": KEY, "GENVORIS_API_URL": url}
    status, text = check_program(tmp_path, shop | {"GENVORIS_STORE_URL": store}, LOADER)
    assert status == 1
    assert f"wrong  reach: {url} does not answer" in text
    assert "wrong  JWKS" in text
    assert "wrong  store: The shop cannot use its Redis. It cannot be reached" in text
    assert "password" not in text


def test_clock_difference() -> None:
    """A difference of the clocks is reported with its direction."""
    date = "Tue, 14 Nov 2023 22:13:20 GMT"
    assert check_clock(date, 1_700_000_010).ok
    assert "behind" in check_clock(date, 1_700_000_000 - 90).text
    ahead = check_clock(date, 1_700_000_000 + 90)
    assert not ahead.ok
    assert "90 s ahead" in ahead.text
    assert check_clock(None, 0).ok
    assert check_clock("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_799).ok


def test_small_page_budget() -> None:
    """A page budget that is too small is reported."""
    assert check_page_budget(0.1, 0.8).ok
    assert "GENVORIS_PAGE_BUDGET" in check_page_budget(1.0, 0.8).text
    assert not check_page_budget(1.0, 0.8).ok
