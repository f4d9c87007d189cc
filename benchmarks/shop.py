"""The shop that is measured: a page with several ways to get a token.

Settings come from the environment, since gunicorn imports this by name.
"""

from __future__ import annotations

import os
import time
from typing import Any

import httpx
from flask import Flask, render_template_string, request

from genvoris_flask import GenvorisFlask, Shopper

API_URL = os.environ["BENCH_API_URL"]
KEY = "gvk_test_bench"
PAGE = """<!doctype html><title>Shirt</title><h1>A shirt</h1>
{% for line in range(60) %}<p>Line {{ line }} of a page that has something to say.</p>{% endfor %}
<button data-genvoris-trigger>Try it on</button>{{ tag }}"""

app = Flask(__name__)
app.config.update(
    SECRET_KEY="bench",
    GENVORIS_API_KEY=KEY,
    GENVORIS_API_URL=API_URL,
    GENVORIS_PAGE_BUDGET=float(os.environ.get("BENCH_BUDGET", "0.8")),
    GENVORIS_STORE_URL=os.environ.get("BENCH_STORE_URL"),
)
genvoris = GenvorisFlask(app)
http = httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, timeout=10)
cache: dict[str, tuple[float, str]] = {}


@genvoris.shopper_loader
def who() -> Shopper | None:
    return Shopper(request.args.get("user", "ada"))


def page(tag: str = "") -> str:
    return render_template_string(PAGE, tag=tag)


def quickstart_token(user: str) -> str:
    """Upsert and mint, as on a page that does the quickstart's steps 3 and 4 itself."""
    customer = http.post(f"{API_URL}/customers", json={"externalId": user}).json()
    answer = http.post(f"{API_URL}/customers/{customer['id']}/sessions").json()
    return str(answer["token"])


@app.get("/plain")
def plain() -> str:
    return page()


@app.get("/ours")
def ours() -> str:
    return render_template_string(PAGE.replace("{{ tag }}", "{{ genvoris_widget() }}"))


@app.get("/quickstart")
def quickstart() -> str:
    return page(quickstart_token(request.args.get("user", "ada")))


@app.get("/fixed-ttl")
def fixed_ttl() -> str:
    """Cache tokens in a dictionary with a fixed lifetime, without single flight."""
    user = request.args.get("user", "ada")
    until, token = cache.get(user, (0.0, ""))
    if until < time.time():
        answer: Any = http.post(f"{API_URL}/customers/ec_{user}/sessions").json()
        token = str(answer["token"])
        cache[user] = (time.time() + 840, token)
    return page(token)
