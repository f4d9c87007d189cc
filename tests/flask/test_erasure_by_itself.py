"""A log-out deletes pictures, and a deleted user is erased, where the shop asks for it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from flask_login import LoginManager, UserMixin, login_user, logout_user
from flask_security import Security, SQLAlchemyUserDatastore
from flask_security.models import fsqla_v3
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, event

from genvoris_flask import GenvorisFlask
from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.migrate import upgrade
from genvoris_flask.signals import shopper_erased
from genvoris_flask.web.privacy import own_jobs_of
from genvoris_flask.web.state import get_state
from tests.support.flask_shop import SAME_ORIGIN
from tests.support.local_genvoris import API_KEY, LocalGenvoris
from tests.support.phones import Phone
from tests.support.pictures import picture

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


class LoginShop:
    """A shop with Flask-SQLAlchemy and users of a kind, of whom user 1 is logged in.

    Args:
        genvoris: Its Genvoris.
        folder: Where its databases are.
        kind: What logs in, out, and deletes: Flask-Login, or Flask-Security's own pages and store.
        config: Further settings.
    """

    def __init__(
        self, genvoris: LocalGenvoris, folder: Path, kind: str = "login", **config: Any
    ) -> None:
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
        self.db = SQLAlchemy(app)
        self.delete: Callable[[Any], None]
        open_users = {"login": self._open_login, "security": self._open_security}[kind]
        self.User, user = open_users()
        GenvorisFlask().init_app(app, transport=genvoris.transport, clock=genvoris.clock)
        with app.app_context():
            self.db.create_all()
            self.db.session.add(user)
            self.db.session.commit()
        self.browser = app.test_client()
        answer = self.browser.post("/login", data={"email": "ada@shop.example", "password": "pw"})
        assert answer.status_code < 400

    def _open_login(self) -> tuple[Any, Any]:
        """Return the class of Flask-Login's users, and one of them."""
        db = self.db

        class User(UserMixin, db.Model):  # type: ignore[name-defined, misc]
            id = db.Column(db.Integer, primary_key=True)

        login = LoginManager(self.app)
        login.user_loader(lambda user_id: db.session.get(User, int(user_id)))
        self.app.post("/login", endpoint="in")(lambda: str(login_user(db.session.get(User, 1))))
        self.app.post("/logout", endpoint="out")(lambda: str(logout_user()))
        self.delete = db.session.delete
        return User, User(id=1)

    def _open_security(self) -> tuple[Any, Any]:
        """Return the class of Flask-Security's users, whose get_id() is a token, and one."""
        db, models = self.db, cast("Any", fsqla_v3)
        models.FsModels.set_db_info(db)
        self.app.config.update(
            SECURITY_PASSWORD_SALT="salt",
            SECURITY_PASSWORD_HASH="plaintext",
            SECURITY_PASSWORD_SCHEMES=["plaintext"],
            WTF_CSRF_ENABLED=False,
        )

        class Role(db.Model, models.FsRoleMixin):  # type: ignore[name-defined, misc]
            pass

        class User(db.Model, models.FsUserMixin):  # type: ignore[name-defined, misc]
            pass

        users = SQLAlchemyUserDatastore(db, User, Role)
        Security(self.app, users)
        self.delete = users.delete_user
        ada = {"id": 1, "email": "ada@shop.example", "active": True, "password": "pw"}
        return User, User(fs_uniquifier="a token", **ada)

    def try_on(self) -> None:
        photo = (io.BytesIO(picture()), "me.jpg")
        fields = {"photo": photo, "product_image": "/a.png"}
        answer = self.browser.post("/genvoris/tryons", data=fields, headers=SAME_ORIGIN)
        assert answer.status_code == 202

    def link_phone(self) -> Phone:
        link = self.browser.post("/genvoris/handovers", headers=SAME_ORIGIN).get_json()
        return Phone(self.app, link["url"])

    def tryons(self) -> int:
        return len(own_jobs_of(get_state(self.app)).of("shopper:1"))


def use_savepoints(engine: Engine) -> None:
    """Have SQLite begin transactions where SQLAlchemy does, as savepoints need it."""

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")


@pytest.fixture
def erased() -> Iterator[list[str]]:
    """Return the ids of those who are erased."""
    ids: list[str] = []

    def listen(_app: object, external_id: str, **_: object) -> None:
        ids.append(external_id)

    with shopper_erased.connected_to(listen):
        yield ids


@pytest.mark.parametrize("kind", ["login", "security"])
@pytest.mark.parametrize(("deletes", "left", "linked"), [(True, 0, 410), (False, 1, 200)])
def test_log_out(
    genvoris: LocalGenvoris, tmp_path: Path, kind: str, deletes: bool, left: int, linked: int
) -> None:
    """Pictures and a phone's link go with a log-out if the shop says so, and stay otherwise."""
    shop = LoginShop(genvoris, tmp_path, kind, GENVORIS_ERASE_ON_LOGOUT=deletes)
    shop.try_on()
    assert shop.tryons() == 1
    phone = shop.link_phone()
    assert shop.browser.post("/logout").status_code < 400
    assert shop.tryons() == left
    assert phone.connect().status_code == linked


@pytest.mark.parametrize("kind", ["login", "security"])
def test_deleted_user(
    genvoris: LocalGenvoris, tmp_path: Path, kind: str, erased: list[str]
) -> None:
    """Erased once the deletion is committed, and not if it is rolled back."""
    shop = LoginShop(genvoris, tmp_path, kind, GENVORIS_ERASE_DELETED_USERS=True)
    shop.try_on()
    assert shop.tryons() == 1
    session = shop.db.session
    with shop.app.app_context():
        shop.delete(session.get(shop.User, 1))
        session.flush()
        session.rollback()
        session.commit()
        assert erased == []
        shop.delete(session.get(shop.User, 1))
        session.commit()
    assert erased == ["1"]
    assert shop.tryons() == 0


def test_deleted_user_and_savepoints(
    genvoris: LocalGenvoris, tmp_path: Path, erased: list[str]
) -> None:
    """A savepoint is no commit, and another one that is rolled back is no end of the deletion."""
    shop = LoginShop(genvoris, tmp_path, GENVORIS_ERASE_DELETED_USERS=True)
    session = shop.db.session
    with shop.app.app_context():
        shop.db.engine.dispose()
        use_savepoints(shop.db.engine)
        with session.begin_nested():
            shop.delete(session.get(shop.User, 1))
        assert erased == []
        session.rollback()
        with session.begin_nested() as outer:
            with session.begin_nested():
                shop.delete(session.get(shop.User, 1))
            outer.rollback()
        session.commit()
        assert session.get(shop.User, 1)
        assert erased == []
        shop.delete(session.get(shop.User, 1))
        session.flush()
        session.close()
        session.commit()
        assert session.get(shop.User, 1)
        assert erased == []
        shop.delete(session.get(shop.User, 1))
        session.flush()
        session.begin_nested().rollback()
        session.commit()
    assert erased == ["1"]
