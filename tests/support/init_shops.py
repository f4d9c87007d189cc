"""Shops that ``flask genvoris init`` is tried on, as folders of files."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from flask import Flask

PICTURE = """<!doctype html>
<title>{{ item.title }}</title>
<h1>{{ item.title }}</h1>
<a href="/large">
  <img src="{{ url_for('static', filename=item.image) }}" alt="">
</a>
<p>{{ item.sku }}</p>
"""
FIVE_LINES = """from flask import Flask, render_template

app = Flask(__name__)
app.secret_key = "secret"


@app.get("/")
def product():
    item = {"title": "Shirt", "image": "shirt.png", "sku": "shirt"}
    return render_template("product.html", item=item)
"""
ACCOUNTS = """from flask_login import LoginManager, UserMixin
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
logins = LoginManager()


class User(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)


@logins.user_loader
def load_user(user_id):
    return db.session.get(User, user_id)
"""
FACTORY = '''"""A shop."""

from flask import Flask

from .accounts import db, logins
from .catalogue import bp


def create_app():
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY="secret",
        SQLALCHEMY_DATABASE_URI="sqlite:///shop.db",
        STRIPE_API_KEY="sk_test_of_the_shop",
    )
    db.init_app(app)
    logins.init_app(app)
    app.register_blueprint(bp)
    return app
'''
CATALOGUE = """from flask import Blueprint, render_template

bp = Blueprint("catalogue", __name__, template_folder="pages")


@bp.get("/<sku>")
def show(sku):
    item = {"title": "Shirt", "image": "shirt.png", "sku": sku}
    return render_template("catalogue/product.html", item=item)
"""
CELERY = """from celery import Celery
from flask import Flask

app = Flask(__name__)
app.config["CELERY"] = {"broker_url": "redis://:hunter2@127.0.0.1:6390/3"}
app.extensions["celery"] = Celery("shop")
"""


class Project:
    """A shop's folder.

    Args:
        folder: Where it is.
        files: The texts of its files.
    """

    def __init__(self, folder: Path, files: dict[str, str]) -> None:
        self.folder = folder
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)

    def files(self) -> dict[str, bytes]:
        """Return what is in its files, but for those of Git and of Flask's instance."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and not {".git", "instance", "__pycache__"} & set(path.parts)
        }

    def text(self, name: str) -> str:
        """Return a file's text."""
        return (self.folder / name).read_text()

    def load(self) -> Flask:
        """Import ``shop.py``, as ``flask --app shop`` does in its folder."""
        sys.modules.pop("shop", None)
        sys.path.insert(0, str(self.folder))
        try:
            app: Flask = importlib.import_module("shop").app
            return app
        finally:
            sys.path.pop(0)


def small_shop(folder: Path) -> Project:
    """Return the smallest shop."""
    return Project(folder, {"shop.py": FIVE_LINES, "templates/product.html": PICTURE})


def factory_shop(folder: Path) -> Project:
    """Return a shop with a factory, a blueprint, Flask-Login, Flask-SQLAlchemy and Stripe."""
    return Project(
        folder,
        {
            "shop/__init__.py": FACTORY,
            "shop/accounts.py": ACCOUNTS,
            "shop/catalogue.py": CATALOGUE,
            "shop/pages/catalogue/product.html": PICTURE,
            ".env": "THE_SHOPS_OWN='untouched'  # and its comment\nOTHER_SECRET=hunter2",
            "stripe": "whsec_of_stripe",
        },
    )


def celery_shop(folder: Path) -> Project:
    """Return a shop with a Celery app and no templates."""
    return Project(folder, {"shop.py": CELERY})
