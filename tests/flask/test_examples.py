"""The examples beside the demo shop, and the tutorial's: each sells a try-on, by the sandbox."""

from __future__ import annotations

import importlib
import io
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from flask import Flask
from PIL import Image
from werkzeug.serving import make_server

from genvoris_flask.testing import Sandbox
from tests.support.pictures import RED, picture
from tests.support.waiting import LIMIT, until

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
TUTORIAL = ROOT / "docs/tutorial.md"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def settings(genvoris_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Export the settings of a sandbox, as its start prints them."""
    for name, value in genvoris_sandbox.config.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(f"FLASK_{name}", value)
    monkeypatch.setenv("FLASK_SECRET_KEY", "secret")
    monkeypatch.setenv("GENVORIS_PAGE_BUDGET", "10")  # the page is not what is slow here
    return genvoris_sandbox


@pytest.fixture
def client(
    settings: Sandbox, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[httpx.Client]:
    """Serve an example, and yield a client with cookies."""
    if request.param == "tutorial":
        write_tutorial(tmp_path, settings)
    app = load(EXAMPLES / request.param if request.param != "tutorial" else tmp_path)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.port}"
    with httpx.Client(
        base_url=url, headers=SAME_ORIGIN, timeout=LIMIT, follow_redirects=True
    ) as client:
        yield client
    server.shutdown()
    thread.join()
    server.server_close()


def write_tutorial(folder: Path, sandbox: Sandbox) -> None:
    """Write the shop of the tutorial's code blocks, with the test's sandbox."""
    source = "\n\n".join(re.findall(r"```python\n(.*?)```", TUTORIAL.read_text(), re.DOTALL))
    for name, value in sandbox.config.items():
        source, replaced = re.subn(rf'(\b{name}=)"[^"]+"', rf'\1"{value}"', source)
        assert replaced == 1, name
    (folder / "shop.py").write_text(source)
    shutil.copytree(EXAMPLES / "five_lines/static", folder / "static")


def load(folder: Path) -> Flask:
    """Import a shop as ``flask --app shop run`` does in its folder."""
    sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module("shop")
        app: Flask = module.app if hasattr(module, "app") else module.create_app()
        return app
    finally:
        sys.path.pop(0)
        for name in [name for name in sys.modules if name.split(".")[0] == "shop"]:
            del sys.modules[name]


def try_on(client: httpx.Client, product: str = "shirt") -> httpx.Response:
    """Send a photo, and return the picture that is made of it, or the refusal."""
    fields = {
        "product_image": "/static/shirt.png",
        "product_title": "Shirt",
        "product_id": product,
        "page_url": f"{client.base_url}/",
    }
    started = client.post("/genvoris/tryons", data=fields, files={"photo": picture()})
    if started.status_code != 202:
        return started
    job = started.headers["Location"]
    until(lambda: client.get(job).json()["state"] not in ("queued", "running"))
    found = client.get(f"{job}/image")
    return found if found.is_success else client.get(job)


def widget_token(page: str) -> str | None:
    found = re.search(r'data-end-customer-token="([^"]+)"|data-token="([^"]+)"', page)
    return next(filter(None, found.groups()), None) if found else None


@pytest.mark.parametrize("client", ["five_lines"], indirect=True)
def test_five_lines(client: httpx.Client, settings: Sandbox) -> None:
    """The smallest shop shows its shopper's token, and a try-on gives a picture."""
    settings.shopper("user_42")
    page = client.get("/").text
    assert widget_token(page)
    assert 'data-product-image="/static/shirt.png"' in page
    assert try_on(client).headers["Content-Type"].startswith("image/")


@pytest.mark.parametrize("client", ["factory"], indirect=True)
def test_factory(client: httpx.Client, settings: Sandbox) -> None:
    """A shopper logs in, is offered a plan, buys it, and tries on what can be worn."""
    settings.client.plans.create(name="Pro", monthly_try_ons=100, external_price_id="price_pro")
    assert widget_token(client.get("/products/shirt").text) is None
    assert client.post("/log-in").is_success
    offer = client.get("/genvoris/status").json()
    assert offer["paywall"]["action_url"] == "/plans"
    assert client.post("/buy", data={"order": "1"}).is_success
    assert widget_token(client.get("/products/shirt").text)
    assert try_on(client).headers["Content-Type"].startswith("image/")
    assert "genvoris-trigger" not in client.get("/products/mug").text
    assert try_on(client, "mug").is_client_error


@pytest.mark.parametrize("client", ["own_engine"], indirect=True)
def test_own_engine(client: httpx.Client, settings: Sandbox) -> None:
    """The shop's own function makes the picture, and Genvoris counts it."""
    shopper = settings.shopper("user_42")
    made = Image.open(io.BytesIO(try_on(client).content))
    assert made.size == (600, 900)
    corner, middle = made.getpixel((5, 5)), made.getpixel((300, 500))
    assert isinstance(corner, tuple)
    assert max(abs(one - other) for one, other in zip(corner, RED, strict=True)) < 6
    assert middle != corner
    until(lambda: shopper.used == 1)


@pytest.mark.parametrize("client", ["tutorial"], indirect=True)
def test_tutorial(client: httpx.Client, settings: Sandbox) -> None:
    """A shopper logs in, meets the paywall, buys the plan, and tries on."""
    settings.client.plans.create(name="Pro", monthly_try_ons=100, external_price_id="price_pro")
    assert client.get("/").is_success
    assert try_on(client).json()["login_url"] == "/log-in"
    assert client.get("/log-in").is_success
    paywall = try_on(client).json()["paywall"]
    assert paywall["action_label"] == "See plans"
    assert "Pro" in client.get(paywall["action_url"]).text
    assert client.post("/buy", data={"next": "/"}).url.path == "/"
    assert try_on(client).headers["Content-Type"].startswith("image/")
    quota = client.get("/genvoris/status").json()["quota"]
    assert (quota["used"], quota["limit"]) == (1, 100)


@pytest.mark.parametrize("example", sorted(EXAMPLES.rglob("*.py")), ids=lambda path: path.name)
def test_examples_are_short(example: Path) -> None:
    """An example is read in one sitting, the demo shop apart."""
    if "demo_shop" not in example.parts:
        assert len(example.read_text().splitlines()) < 60
