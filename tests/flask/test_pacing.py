"""Who reaches for a try-on while Genvoris is asked as often as it may be is told when to return."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from flask import Flask

from genvoris_flask.core.rates import PACE
from genvoris_flask.core.tryon.burn_guard import BurnNotice
from genvoris_flask.core.webhooks.signature import HEADER, sign
from genvoris_flask.signals import credits_burning
from genvoris_flask.web.health_checks.genvoris import check_pace
from tests.support.flask_shop import Shop, read_tag
from tests.support.local_genvoris import LocalGenvoris, product_png
from tests.support.pictures import picture


def paced_shop(genvoris: LocalGenvoris, **config: object) -> Shop:
    shop = Shop(genvoris, **config)
    for name in ("ada", "bob"):
        genvoris.customer(name)
    shop.log_in()
    return shop


def test_try_on_waits_its_turn(genvoris: LocalGenvoris) -> None:
    """The shopper reads when it comes, as soon as the dialog opens; a repeat is let through."""
    shop = paced_shop(genvoris, GENVORIS_PACE_TRYONS="1 per 2 hours")
    first = shop.tryon(headers={"Idempotency-Key": "a"})
    assert shop.finish(first)["state"] == "done"
    assert shop.tryon(headers={"Idempotency-Key": "a"}).status_code == 202
    genvoris.clock.now += 70 * 60
    refused = shop.tryon()
    body = refused.get_json()
    assert (refused.status_code, body["error"], body["about"]) == (429, "shop_budget", "shop")
    assert (refused.headers["Retry-After"], body["paywall"]["kind"]) == ("3000", "unavailable")
    assert body["detail"] == "Try-on is not available right now. Please come back in 50 minutes."
    status = shop.browser.get("/genvoris/status").get_json()
    assert (status["canTryOn"], status["message"]) == (False, body["detail"])
    genvoris.clock.now += 50 * 60
    assert shop.finish(shop.tryon())["state"] == "done"


def test_new_shopper_waits_to_be_registered(genvoris: LocalGenvoris) -> None:
    """Neither their page nor known shoppers notice."""
    plan = genvoris.plan(3)
    shop = paced_shop(
        genvoris, GENVORIS_DEFAULT_PLAN=plan, GENVORIS_PACE_REGISTRATIONS="1 per 10 minutes"
    )
    shop.log_in("first")
    assert shop.post("/session").status_code == 200
    shop.log_in("second")
    for _ in range(3):
        refused = shop.post("/session")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "600")
        assert refused.get_json()["detail"].endswith("come back in 10 minutes.")
    assert shop.browser.get("/genvoris/status").get_json()["reason"] == "shop_budget"
    assert shop.tryon().get_json()["error"] == "shop_budget"
    assert "data-end-customer-token" not in read_tag(shop.browser.get("/product").text)
    assert shop.transport.count("/customers") == 1
    shop.log_in("ada")
    assert shop.post("/session").status_code == 200
    genvoris.clock.now += 600
    shop.log_in("second")
    assert shop.finish(shop.tryon())["state"] == "done"


@pytest.mark.parametrize(("seconds", "code"), [("10", 202), ("90", 429)])
def test_retry_after_is_obeyed(genvoris: LocalGenvoris, seconds: str, code: int) -> None:
    """A try-on that Genvoris puts off is queued, if that is not for long, and charged nothing."""
    shop = paced_shop(genvoris)
    late = httpx.Response(429, headers={"Retry-After": seconds}, json={"error": "rate_limited"})
    shop.transport.fault = lambda request: late if request.url.path == "/api/tryon" else None
    job = shop.tryon()
    assert job.status_code == 202
    while shop.transport.count("/api/tryon") == 0:
        shop.browser.get(job.headers["Location"])
    shop.log_in("bob")
    assert shop.tryon().status_code == code
    assert shop.transport.count("/api/tryon") == 1


@pytest.mark.parametrize("own_engine", [False, True])
def test_fast_spending_pauses_try_ons(
    tmp_path: Path, own_engine: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Guests' first; the owner is told, and a purchase ends the pause."""
    genvoris = LocalGenvoris(
        tmp_path / "genvoris", fetch_image=lambda _url: product_png(), credits_at_start=21
    )
    shop = paced_shop(genvoris, GENVORIS_ALLOW_GUESTS=True, GENVORIS_WEBHOOK_SECRET="s")
    if own_engine:
        shop.extension.tryon_engine(lambda _photo, _product, _shopper: picture())
    shop.state.burn_guard.report(20)
    for _ in range(13):
        shop.state.burn_guard.take(lambda: "guest")
    notices: list[BurnNotice] = []

    def receive(_app: Flask, notice: BurnNotice) -> None:
        notices.append(notice)

    shop.log_in(None)
    with credits_burning.connected_to(receive, shop.app):
        assert shop.finish(shop.tryon())["state"] == "done"
        refused = shop.tryon()
    assert (refused.status_code, refused.get_json()["error"]) == (429, "shop_budget")
    assert shop.browser.get("/genvoris/status").get_json()["canTryOn"] is False
    assert [(each.spent, each.paused) for each in notices] == [(14, "guests")]
    assert "14 of 20 credits were spent" in caplog.text
    shop.log_in()
    assert shop.finish(shop.tryon())["state"] == "done"
    shop.log_in(None)
    event = {"id": "evt_1", "type": "credit.balance_added", "created": int(genvoris.clock.now)}
    body = json.dumps({**event, "data": {"balance": 1019}}).encode()
    signature = sign("s", body, genvoris.clock.now)
    assert shop.post("/webhook", data=body, headers={HEADER: signature}).status_code == 200
    assert shop.finish(shop.tryon())["state"] == "done"


def test_new_shopper_waits_to_be_seen(genvoris: LocalGenvoris) -> None:
    """Somebody whom Genvoris must not see yet is told when, before their photo is read."""
    shop = paced_shop(
        genvoris,
        GENVORIS_DEFAULT_PLAN=genvoris.plan(3),
        GENVORIS_PACE_NEW_SHOPPERS="1 per 10 minutes",
    )
    for name, code in (("first", 202), ("second", 429)):
        shop.log_in(name)
        answer = shop.tryon()
        assert answer.status_code == code
        if code == 202:
            assert shop.finish(answer)["state"] == "done"
    assert (answer.get_json()["error"], answer.headers["Retry-After"]) == ("shop_budget", "600")
    assert shop.transport.count("/api/tryon") == 1


def test_turn_that_comes_too_late(genvoris: LocalGenvoris) -> None:
    """A try-on that was queued, and would have to wait for long after all, says until when."""
    shop = paced_shop(genvoris)
    late = httpx.Response(429, headers={"Retry-After": "1200"}, json={"error": "rate_limited"})
    shop.transport.fault = lambda request: late if request.url.path == "/api/tryon" else None
    job = shop.finish(shop.tryon())
    assert (job["state"], job["error"], job["charged"]) == ("failed", "shop_budget", False)
    assert (job["retry_after"], job["paywall"]["kind"]) == (1200, "unavailable")
    assert job["detail"].endswith("come back in 20 minutes.")
    genvoris.clock.now += 1000
    again = shop.browser.get(f"/genvoris/tryons/{job['id']}").get_json()
    assert again["detail"].endswith("come back in 4 minutes.")


def test_check_sees_the_pace(genvoris: LocalGenvoris) -> None:
    """It warns of rates above what Genvoris allows, and says what waits."""
    shop = paced_shop(genvoris, GENVORIS_PACE_TRYONS="1 per hour", GENVORIS_BURN_GUARD=False)
    assert shop.finish(shop.tryon())["state"] == "done"
    texts = [each.text for each in check_pace(shop.state)]
    assert texts[0].startswith(
        "Above the limits that Genvoris publishes: GENVORIS_PACE_MINTS, "
        "GENVORIS_PACE_REGISTRATIONS, GENVORIS_PACE_NEW_SHOPPERS. Keep"
    )
    assert texts[1].startswith("GENVORIS_BURN_GUARD is off")
    assert texts[2] == "Further tryons have to wait for 3600 s."
    defaults = {f"GENVORIS_PACE_{name.upper()}": rates for name, rates in PACE.items()}
    (found,) = check_pace(Shop(genvoris, **defaults).state)
    assert (found.ok, found.warning) == (True, False)
