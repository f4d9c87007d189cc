"""The OpenAPI document of the sandbox, and its page."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from genvoris_flask.sandbox.http.openapi import FILE, api_document
from genvoris_flask.testing import Sandbox
from tests.support.local_genvoris import LocalGenvoris

PAGES = {"docs.document", "docs.page"}


def test_document_matches_routes(sandbox: LocalGenvoris) -> None:
    """The document describes all routes and no others."""
    routes = {
        (rule.endpoint, method, re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in sandbox.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint not in PAGES and not rule.endpoint.startswith(("page.", "actions."))
    }
    written = {(each.id, each.method, each.path) for each in api_document().operations.values()}
    assert written == routes


def test_document_is_served(sandbox: LocalGenvoris) -> None:
    """The document is served as it is in the package."""
    answer = sandbox.http.get("/openapi.json")
    assert answer.mimetype == "application/json"
    assert answer.get_json() == api_document().raw
    assert api_document().raw["openapi"].startswith("3.1")


def test_missing_key_is_documented() -> None:
    """Operations that need a key document the error without one."""
    for operation in api_document().operations.values():
        if operation.security:
            assert {"401", "403"} <= set(operation.fields["responses"]), operation.id


def test_page_shows_everything(sandbox: LocalGenvoris) -> None:
    """The page shows every operation, field and error."""
    page = sandbox.http.get("/docs").get_data(as_text=True)
    for operation in api_document().operations.values():
        assert f"<code>{operation.path}</code>" in page
        for status in operation.fields["responses"]:
            assert f"<code>{status}</code>" in page
    for name in ("monthlyTryOns", "end_customer_token", "attributionWindowMinutes", "events[]."):
        assert name in page
    assert "a whole number from 1 to 1000000" in page


def test_page_is_self_contained(sandbox: LocalGenvoris) -> None:
    """The page loads no external files and runs no scripts."""
    page = sandbox.http.get("/docs").get_data(as_text=True)
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert "@import" not in page
    assert "url(" not in page


def test_no_boolean_schemas() -> None:
    """No schema is a plain boolean, which generators cannot read."""
    assert list(booleans(api_document().raw["components"]["schemas"], "")) == []


def booleans(value: Any, at: str) -> Iterator[str]:
    """Yield the paths of boolean schemas, ``additionalProperties`` aside."""
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from booleans(each, f"{at}/{number}")
    if isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, bool) and at.endswith(("/properties", "/items", "Of")):
                yield f"{at}/{name}"
            yield from booleans(each, f"{at}/{name}")


CALL = """
from client import AuthenticatedClient
from client.api.plans import plans_create, plans_read_all
from client.models import PlanCreate

client = AuthenticatedClient("{url}", "{key}")
made = plans_create.sync(client=client, body=PlanCreate(name="Pro", monthly_try_ons=5))
print([plan.id for plan in plans_read_all.sync(client=client).data] == [made.id])
"""


def test_client_can_be_generated(tmp_path: Path, genvoris_sandbox: Sandbox) -> None:
    """A generator creates a client from the document."""
    (tmp_path / "config.yaml").write_text("post_hooks: []")
    command: list[str | Path] = [Path(sys.executable).with_name("openapi-python-client")]
    command += ["generate", "--path", FILE, "--meta", "none", "--fail-on-warning"]
    command += ["--config", tmp_path / "config.yaml", "--output-path", tmp_path / "client"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    program = CALL.format(url=genvoris_sandbox.url, key=genvoris_sandbox.api_key)
    called = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert called.stdout == "True\n", called.stderr
