"""Measures the CPU time that the extension adds to a page: a section of benchmarks/RESULTS.md.

One process calls WSGI apps in turn, so that neither a server nor the load is measured. CPU time
tells pages apart that differ by a few microseconds, which wall time on a shared machine cannot.
"""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
from flask import Flask, render_template, session
from flask_login import LoginManager, UserMixin, current_user
from werkzeug.test import EnvironBuilder

from benchmarks.harness import median
from genvoris_flask import GenvorisFlask, Shopper
from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.migrate import upgrade

ROUNDS = 80
PAGES_PER_ROUND = 100
AIM = 40  # microseconds
KEY = "gvk_test_bench"
TOKEN = f"{'x' * 100}.{'y' * 400}.{'z' * 342}"  # as long as Genvoris's
HEAD = "<!doctype html><title>Shirt</title><h1>A shirt for {{ name() }}</h1>"
LINES = "{% for line in range(60) %}<p>Line {{ line }} of a page about a shirt.</p>{% endfor %}"
BUTTON = "{{ genvoris_button(image='/shirt.webp', title='Shirt', id='shirt', class_='btn') }}"
PLAIN = HEAD + LINES + "<button>Try it on</button>"
WITH_TOKEN = PLAIN + "{{ genvoris_widget() }}"
WITH_BUTTON = HEAD + LINES + BUTTON + "{{ genvoris_widget() }}"
WITH_BALANCE = HEAD + LINES + "<b>{{ genvoris_balance() }}</b>" + BUTTON + "{{ genvoris_widget() }}"
PAGES = {"no tag": PLAIN, "a cached token": WITH_TOKEN, "a cached token and a button": WITH_BUTTON}
# In a shop with a ledger, which gives pages no token.
OF_LEDGER = {
    "a ledger and a button": WITH_BUTTON,
    "a ledger, a cached balance and a button": WITH_BALANCE,
}
WITHOUT = "without the extension"

Page = Callable[[], bytes]


class User(UserMixin):  # type: ignore[misc]  # which has no types
    """A shopper of the shop with Flask-Login."""

    def __init__(self, user_id: str) -> None:
        self.id = user_id


def main() -> None:
    from benchmarks.report import section, write_part

    rows = []
    for title, with_flask_login in (("a shopper_loader", False), ("Flask-Login", True)):
        pages = {name: page(with_flask_login, template) for name, template in PAGES.items()}
        pages |= {
            name: page(with_flask_login, template, ledger=True)
            for name, template in OF_LEDGER.items()
        }
        pages[WITHOUT] = page(with_flask_login, PLAIN, extended=False)
        times, wall = measure(pages)
        plain = times.pop(WITHOUT)
        for name, found in times.items():
            added = sorted(mine - other for mine, other in zip(found, plain, strict=True))
            low, high = added[len(added) // 10], added[-len(added) // 10]
            ratios = [ratio(found, plain), ratio(wall[name], wall[WITHOUT])]
            rows.append([title, name, f"{median(added):+.0f}", f"{low:.0f} to {high:.0f}", *ratios])
    table = section(
        "A page for a logged-in shopper, against the same page without the extension",
        ["shoppers by", "page with", "µs added", "in 8 of 10 rounds", "ratio", "of wall time"],
        rows,
        f"At most {AIM} µs for a cached token is the aim. A balance is read again in the "
        "background once it is two seconds old.",
    )
    how = f"CPU time of the process, in {ROUNDS} rounds of {PAGES_PER_ROUND} pages of each in turn."
    write_part("pages", "What a page costs", how, [table])


def ratio(found: list[float], plain: list[float]) -> str:
    return f"{median(found) / median(plain):.3f}"


def measure(pages: dict[str, Page]) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return the microseconds per page of each round: of CPU time, and of wall time."""
    for each in pages.values():
        for _ in range(PAGES_PER_ROUND):
            each()
    times: dict[str, list[float]] = {name: [] for name in pages}
    wall: dict[str, list[float]] = {name: [] for name in pages}
    names = list(pages)
    for number in range(ROUNDS):
        for name in names if number % 2 else reversed(names):
            before = time.perf_counter()
            times[name].append(time_pages(pages[name]))
            wall[name].append((time.perf_counter() - before) * 1e6 / PAGES_PER_ROUND)
    return times, wall


def time_pages(each: Page) -> float:
    """Return the microseconds of CPU time that a page takes."""
    before = time.process_time_ns()
    for _ in range(PAGES_PER_ROUND):
        each()
    return (time.process_time_ns() - before) / 1000 / PAGES_PER_ROUND


def page(
    with_flask_login: bool, template: str, *, extended: bool = True, ledger: bool = False
) -> Page:
    """Set up a shop of its own; return what requests its page as a shopper."""
    app = make_shop(with_flask_login, template, extended, ledger)
    browser = app.test_client()
    browser.get("/log-in")
    cookie = browser.get_cookie("session")
    assert cookie
    headers = [("Cookie", f"session={cookie.value}"), ("Accept-Language", "en")]
    environ = EnvironBuilder("/shirt", headers=headers).get_environ()

    def request() -> bytes:
        body = app({**environ}, lambda _status, _headers, _exc_info=None: lambda _data: None)
        return _read(body)

    assert (TOKEN.encode() in request()) == (template != PLAIN and not ledger)
    assert (b"<b>7</b>" in request()) == (template == WITH_BALANCE)
    return request


def _read(body: Iterable[bytes]) -> bytes:
    content = b"".join(body)
    if close := getattr(body, "close", None):
        close()
    return content


def make_shop(with_flask_login: bool, template: str, extended: bool, ledger: bool) -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY="bench", GENVORIS_API_KEY=KEY, GENVORIS_PAGE_BUDGET=10)
    genvoris = GenvorisFlask()
    if with_flask_login:
        LoginManager(app).user_loader(User)
        app.jinja_env.globals["name"] = lambda: current_user.id
    else:
        genvoris.shopper_loader(lambda: Shopper(session["_user_id"]))
        app.jinja_env.globals["name"] = lambda: session["_user_id"]
    if ledger:
        folder = tempfile.mkdtemp(prefix="genvoris-pages-")
        atexit.register(shutil.rmtree, folder)
        app.config["GENVORIS_DATABASE_URL"] = f"sqlite:///{folder}/ledger.sqlite"
        upgrade(Database(app.config["GENVORIS_DATABASE_URL"]).engine)
    if extended:
        genvoris.init_app(app, transport=httpx.MockTransport(answer))
    if ledger:
        with app.app_context():
            genvoris.billing.grant("42", 7)

    @app.get("/log-in")
    def log_in() -> str:
        session.update({"_user_id": "42", "_fresh": True})
        return "ok"

    compiled = app.jinja_env.from_string(template)

    @app.get("/shirt")
    def shirt() -> str:
        return render_template(compiled)

    return app


def answer(_request: httpx.Request) -> httpx.Response:
    """Answer for Genvoris: a token that lives for 15 minutes."""
    fields = {"token": TOKEN, "expires_in": 900, "customer": {"id": "ec_42"}}
    return httpx.Response(200, json=fields)


if __name__ == "__main__":
    main()
