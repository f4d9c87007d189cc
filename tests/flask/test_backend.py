"""The routes that browsers call, on a real local Genvoris."""

from __future__ import annotations

import io
import logging
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from PIL import Image

from genvoris_flask import Paywall, PaywallOption, Refusal, Shopper
from genvoris_flask.signals import credits_depleted, customer_linked, quota_exhausted
from tests.support.fake_genvoris import ISSUER, KEY, claims_for, sign
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.local_genvoris import API_KEY, LocalGenvoris
from tests.support.pictures import jpeg_claiming, picture, png_claiming


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# The story


def test_try_on(shop: Shop) -> None:
    """It is accepted at once, made in the background, metered once and served as a picture."""
    answer = shop.tryon()
    assert answer.get_json()["state"] in ("queued", "running")
    job = shop.finish(answer)
    assert job["state"] == "done"
    assert job["quota"] == {"used": 1, "limit": 3, "remaining": 2}
    image = shop.browser.get(job["image_url"])
    assert Image.open(io.BytesIO(image.data)).format == "JPEG"
    assert image.mimetype == "image/jpeg"
    assert shop.genvoris.used() == 1


def test_fields_sent_to_genvoris(shop: Shop) -> None:
    """The key is a header, and the token is the server's own."""
    shop.finish(shop.tryon(product_id="s1", product_category="home"))
    sent = next(each for each in shop.transport.requests if each.url.path == "/api/tryon")
    assert sent.headers["X-API-Key"] == API_KEY
    assert "Authorization" not in sent.headers
    body = sent.content.decode("latin-1")
    for name in ("end_customer_token", "product_image_url", "product_id", "page_url", "photo"):
        assert f'name="{name}"' in body
    assert "http://localhost/static/shirt.png" in body
    assert API_KEY not in body


def test_spent_quota_shows_the_paywall(shop: Shop) -> None:
    """The shop's hook gets shopper and product."""

    @shop.extension.paywall
    def paywall(refusal: Refusal) -> Paywall:
        assert refusal.shopper
        assert refusal.product
        options = [PaywallOption("subscribe", "Pro", "9 €", "/plans")]
        page = str(refusal.product.page_path)
        return Paywall(f"Hello {refusal.shopper.external_id}", page, options=options)

    shop.genvoris.spend(3)
    job = shop.finish(shop.tryon())
    assert job["state"] == "refused"
    assert (job["error"], job["reason"]) == ("end_customer_quota", "quota_exhausted")
    assert (job["used"], job["limit"]) == (3, 3)
    assert job["paywall"] == {
        "kind": "offer",
        "title": "Hello ada",
        "message": "/product",
        "action_label": None,
        "action_url": None,
        "options": [PaywallOption("subscribe", "Pro", "9 €", "/plans").fields()],
    }
    query = {"product_title": "Shirt", "page_url": "http://localhost/product"}
    status = shop.browser.get("/genvoris/status", query_string=query).get_json()
    assert status["options"] == job["paywall"]["options"]


@pytest.mark.parametrize("status", ["PAUSED", "CANCELLED"])
def test_inactive_shopper_gets_an_account_message(shop: Shop, status: str) -> None:
    """Whether or not they had a token already."""
    shop.browser.get("/product")
    shop.genvoris.call("PATCH", "/customers/ada", {"status": status})
    with_a_token = shop.finish(shop.tryon())
    with shop.app.app_context():
        shop.extension.forget(Shopper("ada"))
    without_one = shop.finish(shop.tryon())
    for job in (with_a_token, without_one):
        assert (job["error"], job["reason"]) == ("end_customer_quota", status.lower())
        assert job["paywall"]["kind"] == "account"


def test_unknown_shopper_is_offered_a_plan(shop: Shop) -> None:
    """Genvoris answers 404 for them, which is not a failure."""
    shop.log_in("stranger")
    job = shop.finish(shop.tryon())
    assert (job["error"], job["reason"]) == ("end_customer_quota", "no_plan")
    assert job["paywall"]["action_url"] == "/plans"


def test_empty_credit_pool_is_the_merchants_problem(
    tmp_path: Path, genvoris: LocalGenvoris, caplog: pytest.LogCaptureFixture
) -> None:
    """The shopper sees an apology; the merchant gets a signal and a line in the log."""
    poor = LocalGenvoris(tmp_path / "poor", credits_at_start=0)
    poor.customer("ada")
    shop = Shop(poor)
    shop.log_in()
    heard: list[Refusal] = []

    def listener(sender: Any, refusal: Refusal) -> None:
        heard.append(refusal)

    with credits_depleted.connected_to(listener, sender=shop.app):
        job = shop.finish(shop.tryon())
    assert (job["state"], job["error"]) == ("refused", "credit_limit_reached")
    assert job["paywall"]["kind"] == "unavailable"
    assert job["paywall"]["action_url"] is None
    assert [refusal.reason for refusal in heard] == ["credit_limit_reached"]
    assert "credits are used up" in caplog.text


def test_refusal_is_signalled_once(shop: Shop) -> None:
    """Polling the job does not repeat it; the sender is the app."""
    shop.genvoris.spend(3)
    heard: list[Refusal] = []

    def listener(sender: Any, refusal: Refusal) -> None:
        heard.append(refusal)

    with quota_exhausted.connected_to(listener, sender=shop.app):
        answer = shop.tryon()
        shop.finish(answer)
        shop.finish(answer)
    assert [(refusal.reason, refusal.limit) for refusal in heard] == [("quota_exhausted", 3)]


def test_customer_id_is_signalled(shop: Shop) -> None:
    """So that the shop can store Genvoris's id."""
    heard: list[tuple[str, str]] = []
    told = threading.Event()

    def listener(sender: Any, shopper: Any, customer_id: str) -> None:
        heard.append((shopper.external_id, customer_id))
        told.set()

    with customer_linked.connected_to(listener, sender=shop.app):
        shop.browser.get("/product")
        assert told.wait(60)
    assert heard == [("ada", shop.genvoris.call("GET", "/customers/ada").get_json()["id"])]


# Session and status


def test_session_is_token_and_expiry(shop: Shop) -> None:
    """The end is the token's own."""
    answer = shop.post("/session").get_json()
    claims = shop.state.verifier.verify(answer["token"])
    assert claims.expires_at == answer["expires_at"]


def test_session_needs_a_login(shop: Shop) -> None:
    """The answer says where to log in."""
    shop.log_in(None)
    answer = shop.post("/session")
    assert answer.status_code == 401
    assert answer.get_json() == {
        "error": "login_required",
        "about": "shopper",
        "detail": "Please log in to try this on.",
        "login_url": "/login",
    }


def test_session_of_unknown_shopper_is_an_offer(shop: Shop) -> None:
    """Nobody is registered without a default plan."""
    shop.log_in("stranger")
    answer = shop.post("/session")
    assert answer.status_code == 402
    assert answer.get_json()["reason"] == "no_plan"


@pytest.mark.parametrize("path", ["/status", "/api/status"])
def test_status_of_active_shopper(shop: Shop, path: str) -> None:
    """It has what is left of their plan, at both addresses."""
    shop.genvoris.spend(1)
    status = shop.browser.get(f"/genvoris{path}").get_json()
    expected = {
        "access": "ALLOWED",
        "ctaType": "tryon",
        "canTryOn": True,
        "remaining": 2,
        "plan": "Pro",
        "externalId": "ada",
        "overageEnabled": False,
        "paywall": None,
        "options": [],
    }
    assert {name: status[name] for name in expected} == expected
    assert status["quota"] == {"used": 1, "limit": 3, "resetsAt": "2023-12-14T22:13:20Z"}


def test_status_of_others(shop: Shop) -> None:
    """Each reason has its own access, call to action and paywall."""

    def status() -> tuple[str, str, str | None]:
        query = {"product_title": "Shirt", "page_url": "http://localhost/product"}
        answer = shop.browser.get("/genvoris/status", query_string=query).get_json()
        assert answer["canTryOn"] is False
        return answer["access"], answer["ctaType"], (answer["paywall"] or {}).get("kind")

    shop.genvoris.spend(3)
    assert status() == ("EXHAUSTED", "upgrade", "offer")
    shop.genvoris.call("PATCH", "/customers/ada", {"status": "PAUSED"})
    assert status() == ("LOCKED", "account", "account")
    shop.genvoris.call("PATCH", "/customers/ada", {"status": "ACTIVE", "planId": None})
    assert status() == ("LOCKED", "upgrade", "offer")
    shop.log_in("stranger")
    assert status() == ("LOCKED", "upgrade", "offer")
    shop.log_in(None)
    assert status() == ("LOCKED", "login", None)
    shop.log_in()
    shop.transport.fault = lambda request: httpx.Response(400)
    assert status() == ("ERROR", "none", None)


def test_status_registers_nobody(shop: Shop) -> None:
    """Neither the status nor a page creates a customer."""
    shop.log_in("stranger")
    shop.browser.get("/genvoris/status")
    shop.browser.get("/product")
    assert shop.genvoris.call("GET", "/customers/stranger").status_code == 404


# Bad input

PHOTOS: list[tuple[bytes, int, str]] = [
    (b"", 400, "no_photo"),
    (b"hello, I am not a photo", 400, "not_a_photo"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 400, "not_a_photo"),
    (picture("JPEG")[:3000], 400, "broken_photo"),
    (png_claiming(40_000, 40_000), 400, "photo_too_many_pixels"),
    (jpeg_claiming(40_000, 40_000), 400, "photo_too_many_pixels"),
    (picture("JPEG") + b"\0" * (10 * 1024 * 1024), 413, "photo_too_large"),
    (picture("JPEG") + b"\0" * (12 * 1024 * 1024), 413, "photo_too_large"),
]


@pytest.mark.parametrize(
    ("photo", "status", "error"), PHOTOS, ids=[f"{row[2]}-{len(row[0])}" for row in PHOTOS]
)
def test_bad_photo_is_refused(shop: Shop, photo: bytes, status: int, error: str) -> None:
    """It never reaches Genvoris."""
    answer = shop.tryon(photo)
    assert (answer.status_code, answer.get_json()["error"]) == (status, error)
    assert answer.get_json()["detail"].endswith(".")
    assert shop.genvoris.used() == 0
    assert shop.transport.count("/api/tryon") == 0


def test_incomplete_form_is_refused(shop: Shop) -> None:
    """Photo and product are required, and the body must be a form."""
    no_photo = shop.post(
        "/tryons", data={"product_image": "/a.png"}, content_type="multipart/form-data"
    )
    assert no_photo.get_json()["error"] == "no_photo"
    assert shop.tryon(product_image=None).get_json()["error"] == "no_product"
    assert shop.tryon(product_image="javascript:alert(1)").get_json()["error"] == "no_product"
    no_form = shop.post("/tryons", json={"photo": "x"})
    assert (no_form.status_code, no_form.get_json()["error"]) == (400, "invalid_body")


def test_title_may_contain_anything(shop: Shop) -> None:
    """Markup, line ends and emoji do no harm."""
    title = "</script>\"'<img src=x onerror=alert(1)>\r\nX-Evil: 1 \u202e 💃"
    assert shop.finish(shop.tryon(product_title=title))["state"] == "done"


def test_logged_out_shopper_must_log_in(shop: Shop) -> None:
    """A valid token does not replace the cookie session."""
    token = shop.post("/session").get_json()["token"]
    shop.log_in(None)
    answer = shop.tryon(headers=bearer(token))
    assert (answer.status_code, answer.get_json()["error"]) == (401, "login_required")
    assert shop.genvoris.used() == 0


def test_own_token_is_accepted(shop: Shop) -> None:
    """A token in the header does no harm."""
    token = shop.post("/session").get_json()["token"]
    assert shop.finish(shop.tryon(headers=bearer(token)))["state"] == "done"


def test_token_of_another_shopper_is_refused(shop: Shop) -> None:
    """A page that holds it must not go on."""
    shop.genvoris.customer("ben")
    answer = shop.tryon(headers=bearer(shop.genvoris.token("ben")))
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_session_token")
    assert shop.genvoris.used("ben") == 0


def test_token_of_another_shop_is_refused(shop: Shop, tmp_path: Path) -> None:
    """Even though Genvoris signs for both with one key."""
    # The same Genvoris signs for both shops, so both have its key.
    (tmp_path / "other").mkdir()
    shutil.copy(tmp_path / "genvoris" / "signing-key.pem", tmp_path / "other")
    other = LocalGenvoris(tmp_path / "other")
    other.customer("ada")
    answer = shop.tryon(headers=bearer(other.token()))
    assert (answer.status_code, answer.get_json()["error"]) == (403, "token_store_mismatch")


def test_expired_token_is_refused(shop: Shop) -> None:
    """The page then gets a new one, which is accepted."""
    old = shop.post("/session").get_json()["token"]
    shop.genvoris.clock.now += 1000
    answer = shop.tryon(headers=bearer(old))
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_session_token")
    new = shop.post("/session").get_json()["token"]
    assert new != old
    assert shop.finish(shop.tryon(headers=bearer(new)))["state"] == "done"


@pytest.mark.parametrize(
    "token",
    ["x", "a.b.c", sign(claims_for("ec_1", iss=ISSUER), KEY)],
    ids=["word", "dots", "another key"],
)
def test_forged_token_is_refused(shop: Shop, token: str) -> None:
    """Whatever is wrong with it."""
    answer = shop.tryon(headers=bearer(token))
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_session_token")


def test_revoked_token_is_replaced(shop: Shop) -> None:
    """The try-on is made with a new one and charged once."""
    token = shop.post("/session").get_json()["token"]
    jti = jwt.decode(token, options={"verify_signature": False})["jti"]
    shop.genvoris.call("DELETE", f"/customers/ada/sessions/{jti}")
    assert shop.finish(shop.tryon())["state"] == "done"
    assert shop.genvoris.used() == 1


def test_double_click_is_one_job(shop: Shop) -> None:
    """Both requests have one Idempotency-Key."""
    key = {"Idempotency-Key": "click-1"}
    first, second = shop.tryon(headers=key), shop.tryon(headers=key)
    assert first.get_json()["id"] == second.get_json()["id"]
    shop.finish(second)
    assert shop.genvoris.used() == 1


def test_job_of_another_shopper_does_not_exist(shop: Shop) -> None:
    """Job, picture and removal are all answered 404."""
    job = shop.finish(shop.tryon())
    other = shop.app.test_client()
    shop.log_in("ben", other)
    for path in (f"/genvoris/tryons/{job['id']}", job["image_url"]):
        answer = other.get(path)
        assert (answer.status_code, answer.get_json()["error"]) == (404, "not_found")
    assert other.delete(f"/genvoris/tryons/{job['id']}", headers=SAME_ORIGIN).status_code == 404
    assert shop.browser.get(job["image_url"]).status_code == 200


def test_removed_try_on_is_gone(shop: Shop) -> None:
    """And its picture with it."""
    job = shop.finish(shop.tryon())
    path = f"/genvoris/tryons/{job['id']}"
    removed = shop.browser.delete(path, headers=SAME_ORIGIN)
    assert removed.json == {"id": job["id"], "outcome": "deleted"}
    assert shop.browser.get(path).status_code == 404
    assert shop.browser.get(job["image_url"]).status_code == 404


def test_full_queue_is_busy(genvoris: LocalGenvoris) -> None:
    """The answer says when to retry, and what was accepted is made."""
    genvoris.customer("ada", quota=20)
    shop = Shop(genvoris, GENVORIS_TRYON_CONCURRENCY=1, GENVORIS_TRYONS_PER_SHOPPER=8)
    shop.log_in()
    release = threading.Event()

    def hold(request: httpx.Request) -> None:
        if request.url.path == "/api/tryon":
            release.wait(60)

    shop.transport.fault = hold
    accepted = [shop.tryon() for _ in range(5)]
    refused = shop.tryon()
    release.set()
    assert (refused.status_code, refused.get_json()["error"]) == (503, "busy")
    assert refused.headers["Retry-After"] == "5"
    assert {shop.finish(answer)["state"] for answer in accepted} == {"done"}
    assert genvoris.used() == 5


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(500), "upstream_unreachable"),
        (httpx.Response(429, headers={"Retry-After": "999"}), "shop_budget"),
        (httpx.Response(401, json={"error": "invalid_api_key"}), "internal_error"),
        (httpx.Response(403, json={"error": "account_inactive"}), "internal_error"),
        (httpx.Response(200, text="<html>"), "upstream_unreachable"),
        (httpx.Response(200, json={"images": []}), "upstream_unreachable"),
        (httpx.Response(200, json={"image": "bm90IGEgcGljdHVyZQ=="}), "upstream_unreachable"),
        (httpx.Response(400, json={"error": "invalid_body"}), "invalid_body"),
    ],
    ids=["500", "429", "401", "403", "html", "none", "text", "400"],
)
def test_error_of_genvoris_fails_the_job(shop: Shop, answer: httpx.Response, error: str) -> None:
    """In the shop's own words, and the request is not repeated."""

    def fail(request: httpx.Request) -> httpx.Response | None:
        return answer if request.url.path == "/api/tryon" else None

    shop.transport.fault = fail
    job = shop.finish(shop.tryon())
    assert (job["state"], job["error"]) == ("failed", error)
    assert job["detail"].endswith(".")
    assert "Genvoris" not in job["detail"]
    assert shop.transport.count("/api/tryon") == 1


# Who may


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, False),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({}, False),
    ],
    ids=str,
)
def test_cross_origin_request_is_refused(
    shop: Shop, headers: dict[str, str], allowed: bool
) -> None:
    """Only the shop's own pages may change anything."""
    for method, path in (("POST", "/session"), ("POST", "/tryons"), ("DELETE", "/tryons/x")):
        answer = shop.browser.open(f"/genvoris{path}", method=method, headers=headers)
        assert (answer.status_code != 403) is allowed
    if not allowed:
        assert answer.get_json()["error"] == "cross_origin"
        assert shop.transport.requests == []


def test_guests_must_be_allowed(genvoris: LocalGenvoris) -> None:
    """By default, a visitor must log in."""
    shop = Shop(genvoris)
    assert shop.tryon().status_code == 401
    open_shop = Shop(genvoris, GENVORIS_ALLOW_GUESTS=True)
    job = open_shop.finish(open_shop.tryon())
    assert job["state"] == "done"
    assert open_shop.post("/session").get_json() == {"token": None, "expires_at": None}
    assert open_shop.browser.get("/genvoris/status").get_json()["access"] == "ALLOWED"
    stranger = open_shop.app.test_client()
    assert stranger.get(job["image_url"]).status_code == 404


def test_security_headers(shop: Shop) -> None:
    """Responses are not cached, sniffed, framed or shared with other origins."""
    job = shop.finish(shop.tryon())
    answers = [
        shop.browser.get("/genvoris/status"),
        shop.browser.get(job["image_url"]),
        shop.post("/session"),
        shop.browser.get("/genvoris/tryons/nothing"),
        shop.browser.post("/genvoris/session"),
    ]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
    assert "sandbox" in answers[1].headers["Content-Security-Policy"]


def test_photo_is_not_written_to_disk(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Werkzeug would put a large one into a temporary file."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a temporary file was made")

    for name in ("TemporaryFile", "SpooledTemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(f"werkzeug.formparser.{name}", refuse, raising=False)
        monkeypatch.setattr(tempfile, name, refuse)
    file = io.BytesIO()
    Image.effect_noise((1500, 1500), 100).save(file, "PNG")
    assert len(file.getvalue()) > 1_000_000
    assert shop.tryon(file.getvalue()).status_code == 202


def test_no_secret_is_logged(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """Key, token and photo are in no log line, and the key is in no response."""
    caplog.set_level(logging.DEBUG)
    token = shop.post("/session").get_json()["token"]
    texts = [shop.browser.get("/product").text, shop.browser.get("/genvoris/status").text]
    texts.append(str(shop.finish(shop.tryon(headers=bearer(token)))))
    shop.tryon(headers=bearer(token + "x"))
    shop.genvoris.spend(2)
    texts.append(str(shop.finish(shop.tryon())))
    shop.transport.fault = lambda request: httpx.Response(500, json={"detail": API_KEY})
    texts.append(str(shop.finish(shop.tryon())))
    for text in [*texts, caplog.text]:
        assert API_KEY not in text
    assert token not in caplog.text
    assert "\\xff\\xd8" not in caplog.text
