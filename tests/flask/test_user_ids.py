"""By which id Flask-Login's users are known to Genvoris, with the real extensions."""

from __future__ import annotations

import logging
import re
import secrets
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from flask_login import LoginManager, UserMixin, login_user, logout_user
from flask_security import Security, SQLAlchemyUserDatastore
from flask_security.models import fsqla_v3
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from genvoris_flask import GenvorisFlask, Shopper
from genvoris_flask.core.api.models import Customer as GenvorisCustomer
from genvoris_flask.errors import ConfigurationError
from genvoris_flask.signals import customer_linked
from genvoris_flask.web.shopper import current_shopper, user_id
from genvoris_flask.web.state import get_state
from tests.support.flask_shop import SAME_ORIGIN, FaultyTransport
from tests.support.local_genvoris import API_KEY, LocalGenvoris

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
DOCS = Path(__file__).resolve().parents[2] / "docs"


def new_token() -> str:
    return secrets.token_hex(16)


class Shop:
    """A shop whose users have secret tokens for `get_id()`, and that sells by `str(user.id)`."""

    def __init__(self, genvoris: LocalGenvoris, kind: str, **config: Any) -> None:
        self.transport = FaultyTransport(genvoris.transport)
        self.app = Flask("shop")
        self.app.config.update(
            SECRET_KEY="secret",
            SQLALCHEMY_DATABASE_URI="sqlite://",
            SECURITY_PASSWORD_SALT="salt",
            SECURITY_PASSWORD_HASH="plaintext",
            SECURITY_PASSWORD_SCHEMES=["plaintext"],
            GENVORIS_API_KEY=API_KEY,
            GENVORIS_API_URL="http://127.0.0.1:8787/api/v1",
            GENVORIS_TRYON_URL="http://127.0.0.1:8787",
        )
        self.app.config.update(config)
        self.db = SQLAlchemy(self.app)
        self.User = {"alternative": alternative_tokens, "security": flask_security}[kind](self)
        self.genvoris = GenvorisFlask()
        self.genvoris.init_app(self.app, transport=self.transport, clock=genvoris.clock)
        self.app.add_url_rule("/log-in/<int:number>", "log_in", self.log_in)
        page = "{{ genvoris_widget() }}"
        self.app.add_url_rule("/product", "page", lambda: render_template_string(page))
        with self.app.app_context():
            self.db.create_all()
            self.db.session.add(self.User(id=7, email="ada@shop.example", active=True))
            self.db.session.commit()

    def log_in(self, number: int) -> str:
        return str(login_user(self.db.session.get(self.User, number)))

    def ada(self) -> Any:
        return self.db.session.get(self.User, 7)

    def browser(self) -> FlaskClient:
        """Return a browser in which Ada is logged in."""
        browser = self.app.test_client()
        assert browser.get("/log-in/7").text == "True"
        return browser

    def change_password(self) -> str:
        """Replace Ada's token, as a new password does; return the old one."""
        with self.app.app_context():
            ada = self.ada()
            old: str = ada.fs_uniquifier
            ada.fs_uniquifier = new_token()
            self.db.session.commit()
            return old

    def said(self) -> str:
        """Return all that went to Genvoris."""
        return " ".join(f"{each.url} {each.content!r}" for each in self.transport.requests)


def alternative_tokens(shop: Shop) -> Any:
    """Return the users of Flask-Login's documentation, "Alternative Tokens"."""
    db = shop.db

    class User(UserMixin, db.Model):  # type: ignore[misc, name-defined]  # publishes no types
        id = db.Column(db.Integer, primary_key=True)
        email = db.Column(db.String(80))
        active = db.Column(db.Boolean)
        fs_uniquifier = db.Column(db.String(64), unique=True, default=new_token)
        genvoris_customer_id = db.Column(db.String(64))

        def get_id(self) -> str:
            return str(self.fs_uniquifier)

    manager = LoginManager(shop.app)
    manager.user_loader(lambda token: User.query.filter_by(fs_uniquifier=token).first())
    return User


def flask_security(shop: Shop) -> Any:
    """Return the users of Flask-Security, whose `get_id()` is always a token."""
    db = shop.db
    models: Any = fsqla_v3
    models.FsModels.set_db_info(db)

    class Role(db.Model, models.FsRoleMixin):  # type: ignore[misc, name-defined]
        pass

    class User(db.Model, models.FsUserMixin):  # type: ignore[misc, name-defined]
        fs_uniquifier = db.Column(db.String(64), unique=True, nullable=False, default=new_token)
        genvoris_customer_id = db.Column(db.String(64))

    Security(shop.app, SQLAlchemyUserDatastore(db, User, Role))
    return User


@pytest.fixture(params=["alternative", "security"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_buyer_may_try_on(genvoris: LocalGenvoris, kind: str) -> None:
    """A sale names the shopper by `str(user.id)`, as the pages show, and get_id() is a token."""
    shop = Shop(genvoris, kind)
    with shop.app.app_context():
        shop.genvoris.billing.activate("7", plan_id=genvoris.plan(3))
    status = shop.browser().get("/genvoris/status").get_json()
    assert (status["access"], status["remaining"]) == ("ALLOWED", 3)
    assert status["externalId"] == "7"


def test_new_password_is_no_new_customer(genvoris: LocalGenvoris, kind: str) -> None:
    """A new customer would have a fresh quota."""
    shop = Shop(genvoris, kind, GENVORIS_DEFAULT_PLAN=genvoris.plan(3))
    browser = shop.browser()
    assert browser.get("/genvoris/status").get_json()["remaining"] == 3
    assert "data-end-customer-token" in browser.get("/product").text
    genvoris.spend(2, "7")
    shop.change_password()
    browser = shop.browser()
    assert "data-end-customer-token" in browser.get("/product").text
    assert browser.get("/genvoris/status").get_json()["remaining"] == 1
    assert genvoris.call("GET", "/customers").get_json()["data"][1:] == []


def test_get_id_token_stays_secret(genvoris: LocalGenvoris, kind: str) -> None:
    """The token from get_id() is neither logged nor sent."""
    shop = Shop(genvoris, kind, GENVORIS_DEFAULT_PLAN=genvoris.plan(3))
    browser = shop.browser()
    answers = [
        browser.get("/product").text,
        browser.get("/genvoris/status").text,
        browser.post("/genvoris/session", headers=SAME_ORIGIN).text,
    ]
    token = shop.change_password()
    assert shop.transport.count("/customers") == 1
    assert token not in shop.said() + " ".join(answers)


def test_id_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The log says once which id is used."""
    caplog.set_level(logging.INFO, "genvoris_flask.storefront")
    kind = type("UserOfThisTest", (SimpleNamespace,), {"get_id": lambda user: "token"})
    assert [user_id(kind(id=number)) for number in (7, 8)] == ["7", "8"]
    (said,) = caplog.messages
    assert "primary key of UserOfThisTest, not by its get_id()" in said
    assert "GENVORIS_USER_ID_ATTRIBUTE" in said


def test_log_out(genvoris: LocalGenvoris) -> None:
    """A log-out drops the session of the primary key."""
    shop = Shop(genvoris, "alternative")
    shop.app.add_url_rule("/log-out", "log_out", lambda: str(logout_user()))
    genvoris.customer("7")
    browser = shop.browser()
    browser.get("/product")
    broker = get_state(shop.app).broker
    assert broker.cached(Shopper("7"))
    browser.get("/log-out")
    assert broker.cached(Shopper("7")) is None


def test_get_id_by_setting(genvoris: LocalGenvoris, kind: str) -> None:
    """A shop that reported sales under `get_id()` sets it, and nothing changes."""
    shop = Shop(genvoris, kind, GENVORIS_USER_ID_ATTRIBUTE="get_id")
    with shop.app.app_context():
        token = shop.ada().get_id()
        shop.genvoris.billing.activate(token, plan_id=genvoris.plan(3))
    assert shop.browser().get("/genvoris/status").get_json()["access"] == "ALLOWED"


def test_documented_migration(genvoris: LocalGenvoris, kind: str) -> None:
    """docs/shoppers.md as it stands keeps plan and usage."""
    before = Shop(genvoris, kind, GENVORIS_USER_ID_ATTRIBUTE="get_id")
    with before.app.app_context():
        token = before.ada().get_id()
    old = genvoris.customer(token, quota=3)
    genvoris.spend(2, token)

    shop = Shop(genvoris, kind)
    with shop.app.app_context():
        shop.ada().fs_uniquifier = token
        shop.db.session.commit()
        names = {"genvoris": shop.genvoris, "db": shop.db, "User": shop.User, "app": shop.app}
        recipes: dict[str, Any] = {**names, "customer_linked": customer_linked}
        page = (DOCS / "shoppers.md").read_text()
        for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL)[1:]:
            exec(code, recipes)
        assert recipes["adopt_customers"]() == 1
        assert shop.ada().genvoris_customer_id == old
    shop.transport.requests.clear()
    browser = shop.browser()
    assert "data-end-customer-token" in browser.get("/product").text
    assert browser.get("/genvoris/status").get_json()["remaining"] == 1
    assert token not in shop.said()

    with shop.app.app_context():  # and the next sale
        new = shop.genvoris.billing.activate("7", plan_id=genvoris.plan(5, "Large"))
        assert isinstance(new, GenvorisCustomer)
        assert new.id != old
        assert shop.ada().genvoris_customer_id == new.id
    assert browser.get("/genvoris/status").get_json()["remaining"] == 5


class Base(DeclarativeBase):
    pass


class Member(UserMixin, Base):  # type: ignore[misc]  # publishes no types
    __tablename__ = "members"
    number: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[int]  # something else than the key

    def get_id(self) -> str:
        return "a token"


class Tenant(UserMixin, Base):  # type: ignore[misc]
    __tablename__ = "tenants"
    shop: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)

    def get_id(self) -> str:
        return f"{self.shop}/{self.id}"


class Customer(UserMixin, Base):  # type: ignore[misc]
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)

    def get_id(self) -> str:
        return f"customer:{self.id}"


class Reader(UserMixin, Base):  # type: ignore[misc]
    __tablename__ = "readers"
    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str]

    def get_id(self) -> str:
        return self.token


NUMBER = uuid.UUID("1b4e28ba-2fa1-11d2-883f-0016d3cca427")


def plain(login_id: object, **fields: Any) -> Any:
    return SimpleNamespace(get_id=lambda: login_id, **fields)


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        (Member(number=NUMBER, id=3), str(NUMBER)),
        (Tenant(shop="north", id=7), "north/7"),
        (Customer(id=7), "customer:7"),
        (Reader(id=7, token="reader-7"), "7"),
        (plain("7", id=7), "7"),
        (plain("token", id=7), "7"),
        (plain("token", pk=b"x".hex(), id=7), "78"),
        (plain("admin-7", id=7), "admin-7"),
        (plain("7:3", id=7), "7"),
        (plain("7:3-admin-7", id=7), "7"),
        (plain(NUMBER, id=None), str(NUMBER)),
        (plain("auth0|5f7c"), "auth0|5f7c"),
        (plain("token", id=0), "0"),
        (plain(None, id=None), None),
        (plain("None"), None),
        (plain(""), None),
        (Reader(id=None, token="secret"), None),
    ],
)
def test_primary_key(user: Any, expected: str | None) -> None:
    """get_id() is used for several columns, several tables, and objects that are not rows."""
    assert user_id(user) == expected


def test_other_attribute() -> None:
    """GENVORIS_USER_ID_ATTRIBUTE names another attribute."""
    user = plain("token", id=7, public_id="p_7", code=lambda: "c_7")
    assert user_id(user, "public_id") == "p_7"
    assert user_id(user, "code") == "c_7"
    with pytest.raises(ConfigurationError, match="GENVORIS_USER_ID_ATTRIBUTE is 'publicid'"):
        user_id(user, "publicid")


@pytest.mark.parametrize(
    ("config", "verified"), [({}, None), ({"GENVORIS_EMAIL_VERIFIED_ATTRIBUTE": "active"}, True)]
)
def test_verified_address(
    genvoris: LocalGenvoris, config: dict[str, Any], verified: bool | None
) -> None:
    """An address counts as verified only if the named attribute says so."""
    shop = Shop(genvoris, "security", **config)
    with shop.app.test_request_context():
        user = shop.ada()
        login_user(user)
        found = current_shopper()
        assert found is not None
        assert found.verified_email == (user.email if verified else None)


def test_unsaved_user(genvoris: LocalGenvoris, caplog: pytest.LogCaptureFixture) -> None:
    """All of them would be one shopper named "None"."""
    shop = Shop(genvoris, "alternative")
    with shop.app.test_request_context():
        login_user(shop.User(email="new@shop.example", fs_uniquifier="token"))
        assert current_shopper() is None
    assert "has no id yet" in caplog.text


def test_log_in_of_flask_security(genvoris: LocalGenvoris) -> None:
    """Flask-Security sets no login_view, and its own log-in is found; a setting comes first."""
    shop = Shop(genvoris, "security")
    found = shop.app.test_client().get("/genvoris/status").get_json()
    assert found["login_url"] == "/login"
    elsewhere = Shop(genvoris, "security", SECURITY_LOGIN_URL="/in", SECURITY_BLUEPRINT_NAME="auth")
    assert elsewhere.app.test_client().get("/genvoris/status").get_json()["login_url"] == "/in"
    named = Shop(genvoris, "security", GENVORIS_LOGIN_URL="/mine")
    assert named.app.test_client().get("/genvoris/status").get_json()["login_url"] == "/mine"
