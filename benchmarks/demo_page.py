"""The demo shop's app for gunicorn: with a token, without it, or without the extension's tags."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from flask import session
from markupsafe import Markup

from examples.demo_shop.app import create_app

folder = Path(tempfile.mkdtemp(prefix="bench-shop-"))
app = create_app(
    {
        "SECRET_KEY": "bench",
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'shop.sqlite3'}",
        "GENVORIS_API_KEY": "gvk_test_bench",
        "GENVORIS_API_URL": os.environ["BENCH_API_URL"],
        "GENVORIS_TRYON_URL": os.environ["BENCH_API_URL"].removesuffix("/api/v1"),
        "GENVORIS_INLINE_SESSION": os.environ.get("BENCH_WITHOUT") != "token",
    }
)
if os.environ.get("BENCH_WITHOUT") == "tags":
    app.jinja_env.globals["genvoris_button"] = lambda **_: Markup("<button>Try it on</button>")
    app.jinja_env.globals["genvoris_widget"] = lambda **_: Markup("")


@app.get("/bench-log-in")
def log_in() -> str:
    session["_user_id"] = "1"
    session["_fresh"] = True
    return "ok"
