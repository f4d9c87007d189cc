"""The OpenAPI document that ships with the sandbox, and its pages."""

from __future__ import annotations

import re

from genvoris_flask.sandbox.contract import contract
from tests.support.local_genvoris import LocalGenvoris

PAGES = {"docs.document", "docs.page"}


def test_the_document_names_every_route_and_no_other(sandbox: LocalGenvoris) -> None:
    routes = {
        (rule.endpoint, method, re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in sandbox.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint not in PAGES and not rule.endpoint.startswith(("page.", "actions."))
    }
    written = {(each.id, each.method, each.path) for each in contract().operations.values()}
    assert written == routes


def test_the_document_is_served_as_it_ships(sandbox: LocalGenvoris) -> None:
    answer = sandbox.http.get("/openapi.json")
    assert answer.mimetype == "application/json"
    assert answer.get_json() == contract().document
    assert contract().document["openapi"].startswith("3.1")


def test_every_operation_that_needs_a_key_says_what_comes_without_one() -> None:
    for operation in contract().operations.values():
        if operation.security:
            assert {"401", "403"} <= set(operation.fields["responses"]), operation.id


def test_the_page_shows_every_operation_field_and_refusal(sandbox: LocalGenvoris) -> None:
    page = sandbox.http.get("/docs").get_data(as_text=True)
    for operation in contract().operations.values():
        assert f"<code>{operation.path}</code>" in page
        for status in operation.fields["responses"]:
            assert f"<code>{status}</code>" in page
    for name in ("monthlyTryOns", "end_customer_token", "attributionWindowMinutes", "events[]."):
        assert name in page
    assert "a whole number from 1 to 1000000" in page


def test_the_page_takes_nothing_from_elsewhere_and_runs_no_script(sandbox: LocalGenvoris) -> None:
    page = sandbox.http.get("/docs").get_data(as_text=True)
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert "@import" not in page
    assert "url(" not in page
