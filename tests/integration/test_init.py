"""``flask genvoris init`` from the first question to the check, as a merchant runs it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from genvoris_flask.testing import Sandbox
from genvoris_flask.testing.sandbox import API_KEY as KEY
from tests.integration.conftest import ROOT, RedisServer
from tests.support.init_shops import Project, factory_shop, small_shop


def run(shop: Project, *arguments: str) -> tuple[int, str]:
    """Run ``flask --app shop genvoris init``; return the exit status and both outputs."""
    kept = {name: value for name, value in os.environ.items() if "GENVORIS" not in name}
    paths = os.pathsep.join([str(shop.folder), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "shop", "genvoris", "init", *arguments],
        cwd=shop.folder,
        env=kept | {"PYTHONPATH": paths, "GENVORIS_PAGE_BUDGET": "10"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert "Traceback" not in done.stdout, done.stdout
    return done.returncode, done.stdout


def test_smallest_shop(tmp_path: Path, genvoris_sandbox: Sandbox) -> None:
    """A shop is set up although Genvoris is away, is mended by a second run, and then works."""
    shop = small_shop(tmp_path)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    status, output = run(shop, "--sandbox", "http://127.0.0.1:9", "--guests", "--yes")
    assert status == 1
    assert "flask genvoris sandbox --port 9" in output
    assert "wrong  reach" in output
    (tmp_path / "key").write_text(f"{KEY}\n")
    status, output = run(shop, "--sandbox", genvoris_sandbox.url, "--api-key-file", "key", "--yes")
    assert status == 0, output
    assert "Everyone may try on as a guest." in output
    assert KEY not in output
    assert shop.text(".env").count("GENVORIS_API_KEY=") == 1
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert subprocess.run(["git", "check-ignore", ".env"], cwd=tmp_path).returncode == 0
    assert shop.text(".gitignore") == ".env\n"
    page = "from shop import app; print(app.test_client().get('/').text)"
    shown = subprocess.run(
        [sys.executable, "-c", f"import dotenv; dotenv.load_dotenv('.env'); {page}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert 'data-product-image="/static/shirt.png"' in shown
    assert "data-phone-handover" in shown  # the widget's tag


def test_factory_with_everything(
    tmp_path: Path, genvoris_sandbox: Sandbox, redis_server: RedisServer
) -> None:
    """With Flask-Login, Flask-SQLAlchemy and Stripe, all is there after a run, and once."""
    shop = factory_shop(tmp_path / "project")
    (shop.folder / "key").write_text(KEY)
    options = (
        *("--yes", "--sandbox", genvoris_sandbox.url, "--api-key-file", "key"),
        *("--shop-url", "http://localhost:5000/", "--charging", "subscription,credits"),
        *("--plan", "Pro:100:price_pro:9 €", "--upgrade-url", "/plans"),
        *("--stripe-secret-file", "stripe", "--store-url", redis_server.url),
    )
    status, output = run(shop, *options)
    assert "Found: Flask-Login, Flask-SQLAlchemy, Stripe." in output
    assert status == 0, output
    saved = shop.text(".env")
    assert saved.startswith("THE_SHOPS_OWN='untouched'  # and its comment\nOTHER_SECRET=hunter2\n")
    secret = saved.partition("GENVORIS_WEBHOOK_SECRET=")[2].split("\n")[0]
    assert len(secret) > 30
    for hidden in (secret, "whsec_of_stripe", "hunter2", KEY):
        assert hidden not in output
    source = shop.text("shop/__init__.py")
    assert "from flask import Flask\nfrom genvoris_flask import GenvorisFlask\n\n" in source
    assert "from .catalogue import bp\n\ngenvoris = GenvorisFlask()\n\n\ndef" in source
    assert "\n    genvoris.init_app(app)\n    return app\n" in source
    assert "genvoris_widget()" in shop.text("shop/pages/catalogue/product.html")
    tables = sqlite3.connect(shop.folder / "instance/shop.db")
    assert tables.execute("select count(*) from genvoris_lots").fetchone() == (0,)
    tables.close()
    done = shop.files()
    status, output = run(shop, *options)
    assert (status, shop.files()) == (0, done), output
    client = genvoris_sandbox.client
    assert [plan.name for plan in client.plans.list()] == ["Pro"]
    assert [each.url for each in client.webhook_endpoints.list()] == [
        "http://localhost:5000/genvoris/webhook"
    ]
