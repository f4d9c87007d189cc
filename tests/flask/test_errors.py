"""Errors in one shape: a status, a code, a sentence for the shopper, a line for the log."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from genvoris_flask.core.locales import LANGUAGES
from genvoris_flask.core.tryon.error_mapping import MEANINGS
from genvoris_flask.web.errors import STATUSES, SUBJECTS
from tests.support.flask_shop import Shop
from tests.support.local_genvoris import API_KEY

# For each of Genvoris's codes: the response to the browser, and what is logged.
CONTRACT = [
    (400, "invalid_body", 400, "invalid_body", "could not use a request"),
    (400, "metadata_too_large", 400, "invalid_body", "could not use a request"),
    (401, "unauthorized", 500, "internal_error", "check GENVORIS_API_KEY"),
    (401, "invalid_key", 500, "internal_error", "check GENVORIS_API_KEY"),
    (401, "invalid_api_key", 500, "internal_error", "check GENVORIS_API_KEY"),
    (401, "invalid_session_token", 401, "invalid_session_token", "refuses a shopper's token"),
    (402, "credit_limit_reached", 402, "credit_limit_reached", "credits are used up"),
    (402, "end_customer_quota", 402, "end_customer_quota", ""),
    (402, "quota_exhausted", 402, "end_customer_quota", ""),
    (403, "account_inactive", 500, "internal_error", "account is inactive"),
    (403, "customer_inactive", 402, "end_customer_quota", ""),
    (403, "domain_not_allowed", 500, "internal_error", "verify it in the dashboard"),
    (403, "token_store_mismatch", 403, "token_store_mismatch", "belong together"),
    (403, "plan_not_found", 500, "internal_error", "GENVORIS_DEFAULT_PLAN"),
    (403, "cross_origin", 500, "internal_error", "this shop's address"),
    (404, "path_not_allowed", 500, "internal_error", "GENVORIS_TRYON_URL"),
    (404, "not_found", 500, "internal_error", "GENVORIS_TRYON_URL"),
    (429, "rate_limited", 429, "rate_limited", "limits the shop's rate"),
    (500, "internal_error", 502, "upstream_unreachable", "Genvoris failed"),
    (502, "upstream_unreachable", 502, "upstream_unreachable", "Genvoris failed"),
    (418, "teapot", 400, "invalid_body", "could not use a request"),
    (451, "", 502, "upstream_unreachable", "Genvoris failed"),
]


@pytest.mark.parametrize(
    ("theirs", "their_code", "status", "code", "line"), CONTRACT, ids=[row[1] for row in CONTRACT]
)
def test_code_and_log_line(
    shop: Shop,
    caplog: pytest.LogCaptureFixture,
    theirs: int,
    their_code: str,
    status: int,
    code: str,
    line: str,
) -> None:
    """Each of Genvoris's codes has one for the browser and a line for the merchant."""

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != "/api/tryon":
            return None
        body = {"error": their_code, "detail": f"inside {API_KEY} at db-7"}
        headers = {"X-Request-Id": "req_42"}
        return httpx.Response(theirs, json=body, headers=headers)

    shop.transport.fault = refuse
    answer = shop.post("/api/tryon", json={})
    assert (answer.status_code, answer.get_json()["error"]) == (status, code)
    assert answer.headers["X-Request-Id"] == "req_42"
    assert "db-7" not in answer.text
    assert line in caplog.text
    if line:
        assert "req_42" in caplog.text
    assert API_KEY not in caplog.text + answer.text


def test_subjects_are_those_of_known_codes() -> None:
    """No code of ``SUBJECTS`` is misspelt."""
    assert set(SUBJECTS) <= set(STATUSES)


def test_every_code_is_tested() -> None:
    """And every code for browsers has a status."""
    screens = {"credit_limit_reached", "end_customer_quota", "quota_exhausted", "customer_inactive"}
    assert {row[1] for row in CONTRACT} - screens - {"teapot", ""} == set(MEANINGS)
    assert {meaning.error for meaning in MEANINGS.values()} <= set(STATUSES)


@pytest.mark.parametrize(
    "refused",
    [
        {"error": "invalid_body", "detail": "product_image_url: cannot be fetched"},
        {"error": "Validation failed", "fieldErrors": {"product_image_url": ["Unreachable"]}},
    ],
)
def test_unusable_product_is_named(
    shop: Shop, caplog: pytest.LogCaptureFixture, refused: dict[str, Any]
) -> None:
    """The shopper is told of the product, and the log says what to check."""

    def refuse(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(422, json=refused) if request.url.path == "/api/tryon" else None

    shop.transport.fault = refuse
    job = shop.finish(shop.tryon())
    assert (job["state"], job["error"]) == ("failed", "product_unusable")
    assert job["about"] == "product"
    assert "photo" not in job["detail"]
    assert "check what genvoris_button() is given" in caplog.text
    assert "product_image_url" in caplog.text


def test_unusable_photo_is_named(shop: Shop) -> None:
    """An error about the photo is not one about the product."""

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != "/api/tryon":
            return None
        return httpx.Response(400, json={"error": "invalid_body", "detail": "photo: is broken"})

    shop.transport.fault = refuse
    job = shop.finish(shop.tryon())
    assert (job["error"], job["about"]) == ("photo_unusable", "photo")


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("tlh, fr-CA;q=0.7, en;q=0.3", "fr"),
        ("ur", "ur"),
        ("ar-EG", "ar"),
        ("es-419", "es"),
        ("ja", "en"),
        ("", "en"),
        ("*", "en"),
        ("\u00ff;;q=x,,", "en"),
    ],
)
def test_language_of_the_page(shop: Shop, accept: str, language: str) -> None:
    """The first supported language that the browser accepts."""
    shop.log_in(None)
    answer = shop.post("/session", headers={"Accept-Language": accept})
    assert answer.get_json()["detail"] == LANGUAGES[language]["login_required"]
    assert answer.headers["Content-Language"] == language


def test_language_of_paywall_and_status(shop: Shop) -> None:
    """They are in the page's language as well."""
    shop.genvoris.spend(3)
    headers = {"Accept-Language": "fr"}
    status = shop.browser.get("/genvoris/status", headers=headers).get_json()
    assert status["paywall"]["title"] == LANGUAGES["fr"]["paywall.quota_exhausted.title"]
    assert "(3)" in status["paywall"]["message"]
    assert status["paywall"]["action_label"] == LANGUAGES["fr"]["action.offer"]


def test_language_of_a_failed_job(shop: Shop) -> None:
    """It is that of the request that reads the job."""

    def fail(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(500) if request.url.path == "/api/tryon" else None

    shop.transport.fault = fail
    job = shop.finish(shop.tryon())
    headers = {"Accept-Language": "es"}
    again = shop.browser.get(f"/genvoris/tryons/{job['id']}", headers=headers).get_json()
    assert job["detail"] == LANGUAGES["en"]["upstream_unreachable"]
    assert again["detail"] == LANGUAGES["es"]["upstream_unreachable"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "path_not_allowed"),
        ("POST", "/api/nothing", 404, "path_not_allowed"),
        ("GET", "/api/tryon", 405, "method_not_allowed"),
        ("DELETE", "/session", 405, "method_not_allowed"),
        ("PATCH", "/tryons", 405, "method_not_allowed"),
        ("POST", "/widget.js", 405, "method_not_allowed"),
    ],
)
def test_flasks_errors_have_the_same_shape(
    shop: Shop, method: str, path: str, status: int, code: str
) -> None:
    """As JSON with a code and a sentence."""
    answer = shop.browser.open(f"/genvoris{path}", method=method)
    assert (answer.status_code, answer.get_json()["error"]) == (status, code)
    assert answer.get_json()["detail"].endswith(".")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert ("Allow" in answer.headers) == (status == 405)


def test_other_pages_keep_their_errors(shop: Shop) -> None:
    """Only the extension's own paths are answered with JSON."""
    shop.app.register_error_handler(404, lambda error: ("our own page", 404))
    assert shop.browser.get("/nothing").text == "our own page"
    assert shop.browser.get("/genvoris-news").text == "our own page"
    assert shop.browser.get("/genvoris/nothing").get_json()["error"] == "path_not_allowed"


def test_internal_error_hides_its_cause(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """The log has all of it, the response nothing."""
    caplog.set_level(logging.ERROR)
    shop.app.config["PROPAGATE_EXCEPTIONS"] = False

    @shop.extension.shopper_loader
    def broken() -> None:
        raise ValueError("column users.secret is missing")

    answer = shop.post("/session", headers={"Accept-Language": "de"})
    assert (answer.status_code, answer.get_json()["error"]) == (500, "internal_error")
    assert answer.get_json()["detail"] == LANGUAGES["de"]["internal_error"]
    assert "users.secret" not in answer.text
    assert "users.secret" in caplog.text


def test_retry_after_is_passed_on(shop: Shop) -> None:
    """With the id of Genvoris's request."""
    shop.transport.fault = lambda request: httpx.Response(
        429, headers={"Retry-After": "999", "X-Request-Id": "req_7"}
    )
    answer = shop.post("/session")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "999")
    assert answer.headers["X-Request-Id"] == "req_7"
