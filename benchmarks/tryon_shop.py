"""A shop for gunicorn with try-ons, made by the extension or by a blocking proxy."""

from __future__ import annotations

import os

import httpx
from flask import Flask, Response, render_template_string, request

from genvoris_flask import GenvorisFlask, Shopper

HOST = os.environ["BENCH_TRYON_URL"]
PAGE = """<!doctype html><title>Shirt</title><h1>A shirt</h1>
{% for line in range(60) %}<p>Line {{ line }} of a page that has something to say.</p>{% endfor %}
{{ genvoris_button(image="/static/shirt.png", title="Shirt") }}{{ genvoris_widget() }}"""

app = Flask(__name__)
app.config.update(
    SECRET_KEY="bench",
    GENVORIS_API_KEY="gvk_test_bench",
    GENVORIS_API_URL=f"{HOST}/api/v1",
    GENVORIS_TRYON_URL=HOST,
    GENVORIS_STORE_URL=os.environ.get("BENCH_STORE_URL"),
    GENVORIS_TRYON_CONCURRENCY=int(os.environ.get("BENCH_CONCURRENCY", "8")),
    GENVORIS_LIMIT_TRYONS="1000000/minute",
    GENVORIS_PACE_TRYONS="1000000/minute",
)
genvoris = GenvorisFlask(app)
http = httpx.Client(timeout=120)


@genvoris.shopper_loader
def who() -> Shopper | None:
    return Shopper(request.args.get("user", "ada"))


@app.get("/")
def page() -> str:
    return render_template_string(PAGE)


@app.post("/blocking")
def blocking() -> Response:
    """Forward a try-on and wait for it: a proxy in a dozen lines."""
    answer = http.post(
        f"{HOST}/api/tryon",
        content=request.get_data(),
        headers={"Content-Type": request.content_type or "", "Idempotency-Key": "blocking"},
    )
    return Response(answer.content, answer.status_code, mimetype="application/json")
