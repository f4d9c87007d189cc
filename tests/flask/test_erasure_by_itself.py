"""A log-out deletes pictures, and a deleted user is erased, where the shop asks for it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_login import LoginManager, UserMixin, login_user, logout_user
from flask_sqlalchemy import SQLAlchemy

from genvoris_flask import GenvorisFlask
from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.migrate import upgrade
from genvoris_flask.signals import shopper_erased
from genvoris_flask.web.privacy import own_jobs_of
from genvoris_flask.web.state import get_state
from tests.support.flask_shop import SAME_ORIGIN
from tests.support.local_genvoris import API_KEY, LocalGenvoris
from tests.support.pictures import picture


class LoginShop:
    """A shop with Flask-Login and Flask-SQLAlchemy, in which user 1 is logged in."""

    def __init__(self, genvoris: LocalGenvoris, folder: Path, **config: Any) -> None:
        url = f"sqlite:///{folder}/ledger.sqlite"
        upgrade(Database(url).engine)
        self.app = app = Flask("shop")
        app.config.update(
            SECRET_KEY="secret",
            SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder}/shop.sqlite",
            GENVORIS_API_KEY=API_KEY,
            GENVORIS_API_URL="http://127.0.0.1:8787/api/v1",
            GENVORIS_TRYON_URL="http://127.0.0.1:8787",
            GENVORIS_DATABASE_URL=url,
            GENVORIS_CHARGING="free",
            **config,
        )
        self.db = db = SQLAlchemy(app)

        class User(UserMixin, db.Model):  # type: ignore[name-defined, misc]
            id = db.Column(db.Integer, primary_key=True)

        self.User = User
        login = LoginManager(app)
        login.user_loader(lambda user_id: db.session.get(User, int(user_id)))
        GenvorisFlask().init_app(app, transport=genvoris.transport, clock=genvoris.clock)
        app.add_url_rule("/in", "in", lambda: str(login_user(db.session.get(User, 1))))
        app.add_url_rule("/out", "out", lambda: str(logout_user()))
        with app.app_context():
            db.create_all()
            db.session.add(User(id=1))
            db.session.commit()
        self.browser = app.test_client()
        self.browser.get("/in")

    def try_on(self) -> None:
        photo = (io.BytesIO(picture()), "me.jpg")
        fields = {"photo": photo, "product_image": "/a.png"}
        answer = self.browser.post("/genvoris/tryons", data=fields, headers=SAME_ORIGIN)
        assert answer.status_code == 202

    def tryons(self) -> int:
        return len(own_jobs_of(get_state(self.app)).of("shopper:1"))


@pytest.fixture
def erased() -> Iterator[list[str]]:
    """Return the ids of those who are erased."""
    ids: list[str] = []

    def listen(_app: object, external_id: str, **_: object) -> None:
        ids.append(external_id)

    with shopper_erased.connected_to(listen):
        yield ids


@pytest.mark.parametrize(("deletes", "left"), [(True, 0), (False, 1)])
def test_log_out(genvoris: LocalGenvoris, tmp_path: Path, deletes: bool, left: int) -> None:
    """Pictures go with a log-out if the shop says so, and stay otherwise."""
    shop = LoginShop(genvoris, tmp_path, GENVORIS_ERASE_ON_LOGOUT=deletes)
    shop.try_on()
    assert shop.tryons() == 1
    shop.browser.get("/out")
    assert shop.tryons() == left


def test_deleted_user(genvoris: LocalGenvoris, tmp_path: Path, erased: list[str]) -> None:
    """Erased once the deletion is committed, and not if it is rolled back."""
    shop = LoginShop(genvoris, tmp_path, GENVORIS_ERASE_DELETED_USERS=True)
    session = shop.db.session
    with shop.app.app_context():
        session.delete(session.get(shop.User, 1))
        session.flush()
        session.rollback()
        session.commit()
        assert erased == []
        session.delete(session.get(shop.User, 1))
        session.commit()
    assert erased == ["1"]
