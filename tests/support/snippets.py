"""A shop in which the code blocks of the documents run."""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import itertools
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from prometheus_client import CollectorRegistry

from genvoris_flask import GenvorisFlask, Pack, Photo, Product, Refusal, Shopper
from genvoris_flask.core.ledger.migrate import upgrade
from genvoris_flask.testing import Sandbox
from tests.support.documents import Block

# Functions that are defined and looked at, but not called.
NOT_CALLED = {
    "start_subscription",  # these two ask Stripe
    "start_checkout",
    "stripe_events",  # needs a delivery that Stripe has signed: tests/contract/test_stripe.py
    "test_large_upload_is_logged",  # is a test, of fixtures that a contributor has
}


class Event(dict[str, Any]):
    """An event of PayPal's, and one of Genvoris's."""

    balance = 12


class Snippets:
    """A shop with a ledger, in which a page's Python blocks run one after another.

    Args:
        sandbox: The local Genvoris.
        folder: For the shop's database.
        set_up: Whether the shop has the extension already; a page may set it up itself.
    """

    def __init__(self, sandbox: Sandbox, folder: Path, *, set_up: bool) -> None:
        self.app = Flask("shop")
        self.app.config.update(
            sandbox.config,
            SECRET_KEY="secret",
            SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'shop.sqlite'}",
        )
        self.db = SQLAlchemy(self.app)
        self.sandbox = sandbox
        found = models(self.db)
        self._user = found["User"]
        self.names: dict[str, Any] = {"app": self.app, "db": self.db, **found}
        self._numbers = itertools.count(1)
        for endpoint in ("plans", "account", "thanks", "buy"):
            self.app.add_url_rule(f"/{endpoint}", endpoint, lambda: "")
        self.app.add_url_rule("/products/<id>", "product", lambda id: id)  # noqa: A006
        with self.app.app_context():
            self.db.create_all()
            self.db.session.add(found["Item"](sku="shirt", fits_people="yes"))
            self.db.session.add(found["Garment"](sku="shirt", picture="picture"))
            self.db.session.commit()
        if set_up:
            self._set_up()
        else:
            sandbox.client.plans.create(
                name="Pro", monthly_try_ons=100, external_price_id="price_pro"
            )

    def _set_up(self) -> None:
        self.app.config.update(
            GENVORIS_DATABASE=self.db,
            GENVORIS_PLANS=[
                {"name": "Pro", "monthly_try_ons": 100, "price_ids": ["price_1NXXXX", "price_pro"]},
                {"name": "Max", "monthly_try_ons": 500},
            ],
            GENVORIS_CREDITS=5,
            GENVORIS_STRIPE_WEBHOOK_SECRET="whsec_test",
            GENVORIS_WEBHOOK_SECRET="whsec_test_of_deliveries",
        )
        genvoris = GenvorisFlask()
        genvoris.shopper_loader(lambda: Shopper("user_42", "ada@example.com"))
        genvoris.init_app(self.app)
        self.names["genvoris"] = genvoris
        with self.app.app_context():
            upgrade(self.db.engine)

    def run(self, block: Block) -> None:
        """Run a block, and the functions that it defines."""
        number = next(self._numbers)
        for name, value in self.context().items():
            self.names.setdefault(name, value)
        self.names.update(self.events(number))
        code = compile(block.code, str(block), "exec")
        if block.reason:
            return
        with self.app.test_request_context("/products/shirt"):
            exec(code, self.names)
            self.db.session.rollback()
            unknown = {name for name in global_names(code) if not self.knows(name)}
            assert not unknown, f"{block}: {unknown}"
            self.check_calls(block)
            self.call_functions(block)

    def call_functions(self, block: Block) -> None:
        """Call the functions that a block defines, with what their parameters' names say."""
        arguments = self.arguments()
        for node in ast.parse(block.code).body:
            if isinstance(node, ast.FunctionDef) and node.name not in NOT_CALLED:
                function = self.names[node.name]
                names = [each.arg for each in (*node.args.args, *node.args.kwonlyargs)]
                function(**{name: arguments[name] for name in names})

    def arguments(self) -> dict[str, Any]:
        """Return an argument for each name of a parameter."""
        capture = {"custom_id": "o1", "amount": {"value": "9.99", "currency_code": "EUR"}}
        event = Event(event_type="PAYMENT.CAPTURE.COMPLETED", resource=capture)
        shopper = Shopper("1", "ada@example.com")
        return {
            "app": self.app,
            "user": self.names["user"],
            "order": SimpleNamespace(
                id="o2", user_id="1", try_ons=5, paid=500, refunded=100, dispute="won"
            ),
            "payment": SimpleNamespace(id="p1", user_id="1", try_ons=5),
            "event": event,
            "notice": SimpleNamespace(
                external_id="1",
                try_ons=3,
                expires_at=datetime.now(UTC),
                spent=5,
                pool=9,
                paused="all",
            ),
            "ids": ["1", "user_42"],
            "rating": SimpleNamespace(tryon_id="t1", product_id="shirt", liked=True),
            "shopper": shopper,
            "product": Product(id="shirt", title="Shirt", page_url="/products/shirt"),
            "photo": Photo(b"photo", "image/jpeg", 1, 1),
            "pack": Pack(1, "0.99 €"),
            "refusal": Refusal("quota_exhausted", 3, 3, shopper),
            "garment": SimpleNamespace(image_url=f"{self.sandbox.url}/"),
            "old_balances": [SimpleNamespace(id=1, external_id="1", left=3)],
            "worker": SimpleNamespace(pid=1),
            **dict.fromkeys(("server", "sender")),
            "stripe_customer": "cus_1",
            "customer_id": "ec_1",
            "return_url": "/products/shirt",
            "language": "en",
            "user_id": "42",
            "is_cancelled": lambda: True,
        }

    def knows(self, name: str) -> bool:
        return name in self.names or hasattr(builtins, name)

    def check_calls(self, block: Block) -> None:
        """Assert that calls of the extension fit the functions that they name."""
        for node in ast.walk(ast.parse(block.code)):
            if not isinstance(node, ast.Call) or "genvoris" not in self.names:
                continue
            path = ast.unparse(node.func)
            if re.fullmatch(r"genvoris(\.\w+)+", path):
                function = eval(path, self.names)
                inspect.signature(function).bind(
                    *node.args, **{each.arg: None for each in node.keywords if each.arg}
                )

    def events(self, number: int) -> dict[str, Any]:
        """Return what a shop's own records are in a block; each block has others."""
        names = ("order", "event", "renewal", "end", "invoice", "refund", "yearly")
        records = {
            name: SimpleNamespace(
                id=f"{name}-{number}",
                price_id="price_pro",
                email="guest@example.com",
                total_cents=4990,
                tryon_visit=None,
            )
            for name in names
        }
        return {**records, "user": self.user(number), "refunded_cents": 4990}

    def user(self, number: int) -> Any:
        """Return a user who has just been stored."""
        user = self._user(email=f"ada{number}@example.com", stripe_customer_id="cus_1")
        with self.app.app_context():
            self.db.session.add(user)
            self.db.session.commit()
            self.db.session.refresh(user)
            self.db.session.expunge(user)
        return user

    def context(self) -> dict[str, Any]:
        """Return the shop's own functions and objects that the documents assume."""
        picture = b"picture"
        model = SimpleNamespace(
            dress=lambda _photo, _garment: picture,
            steps=lambda _photo: [None],
            picture=lambda: picture,
        )
        return {
            "registry": CollectorRegistry(),
            "my_model": model,
            "next_month": datetime.now(UTC) + timedelta(days=30),
            "next_year": datetime.now(UTC) + timedelta(days=365),
            "csrf": SimpleNamespace(exempt=lambda view: view),
            "place_order": lambda: self.names["order"],
            "start_payment": lambda *_of, **_more: SimpleNamespace(url="https://pay.example/1"),
            "user_of": lambda _order: "1",
            "order_of": lambda _resource: "o1",
            "session_customer": lambda: SimpleNamespace(id=7),
            **dict.fromkeys(
                ("mail_the_owner", "send_mail", "celery_init_app"), lambda *_arguments: None
            ),
        }


def models(db: SQLAlchemy) -> dict[str, Any]:
    """Return the models of the shop that the documents assume."""
    found = {
        "User": ("name", "email", "stripe_customer_id", "fs_uniquifier", "genvoris_customer_id"),
        "Item": ("sku", "fits_people"),
        "Garment": ("sku", "picture", "image_url"),
        "Opinion": ("tryon_id", "product", "liked"),
    }
    return {
        name: type(
            name,
            (db.Model,),
            {
                "id": db.mapped_column(db.Integer, primary_key=True),
                **{column: db.mapped_column(db.String, nullable=True) for column in columns},
            },
        )
        for name, columns in found.items()
    }


def global_names(code: CodeType) -> set[str]:
    """Return the global names that the functions of a block use."""
    found = set()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= {
                str(each.argval)
                for each in dis.get_instructions(constant)
                if each.opname == "LOAD_GLOBAL"
            } | global_names(constant)
    return found
