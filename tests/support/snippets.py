"""The code blocks of the documents, and a shop in which they run."""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from prometheus_client import CollectorRegistry

from genvoris_flask import GenvorisFlask, Shopper
from genvoris_flask.core.ledger.migrate import upgrade
from genvoris_flask.testing import Sandbox

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "examples/README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
# A comment above a block says why it can only be compiled.
FENCE = re.compile(
    r"^(?: *<!-- only compiled: ([^\n]+) -->\n)?( *)```(\w+)\n(.*?)^\2```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A code block of a page."""

    page: Path
    kind: str
    code: str
    line: int
    reason: str | None  # why it can only be compiled

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(*kinds: str) -> list[Block]:
    """Return all blocks of these kinds, page by page."""
    return [block for page in PAGES for block in blocks_of(page) if block.kind in kinds]


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for found in FENCE.finditer(text):
        reason, indent, kind, code = found.groups()
        code = re.sub(f"^{indent}", "", code, flags=re.MULTILINE)
        yield Block(page, kind, code, text[: found.start()].count("\n") + 1, reason)


def commands_of(block: Block) -> list[list[str]]:
    """Return the command lines of a shell block, without prompts, comments and output."""
    code = block.code.replace("\\\n", " ")
    if block.kind == "console":
        typed = re.findall(r"^\$ ((?:[^'\n]|'[^']*')*)$", code, re.MULTILINE)
        code = "\n".join(typed)
    commands: list[list[str]] = [[]]
    words = shlex.shlex(code, posix=True, punctuation_chars="&\n")
    words.whitespace, words.whitespace_split = " \t", True
    for word in words:
        if set(word) <= {"&", "\n"}:
            commands.append([])
        else:
            commands[-1].append(word)
    return [command for command in commands if command]


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
        """Run a block, and check what stands in its functions, which nobody calls here."""
        number = next(self._numbers)
        for name, value in self.context(number).items():
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

    def context(self, number: int) -> dict[str, Any]:
        """Return the shop's own functions and objects that the documents assume."""
        from datetime import UTC, datetime, timedelta

        return {
            "registry": CollectorRegistry(),
            "my_model": SimpleNamespace(dress=None, steps=None, picture=None),
            "garment": SimpleNamespace(image_url=f"{self.sandbox.url}/healthz", number=number),
            "next_month": datetime.now(UTC) + timedelta(days=30),
            "next_year": datetime.now(UTC) + timedelta(days=365),
            "csrf": SimpleNamespace(exempt=lambda view: view),
            **dict.fromkeys(
                (
                    "mail_the_owner",
                    "send_mail",
                    "place_order",
                    "start_payment",
                    "user_of",
                    "order_of",
                    "session_customer",
                    "celery_init_app",
                ),
                lambda *_arguments: None,
            ),
        }


def models(db: SQLAlchemy) -> dict[str, Any]:
    """Return the models of the shop that the documents assume."""
    found = {
        "User": ("email", "stripe_customer_id", "fs_uniquifier", "genvoris_customer_id"),
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
