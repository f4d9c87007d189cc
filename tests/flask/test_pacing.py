"""Who reaches for a try-on while Genvoris is asked as often as it may be is told when to return."""

from __future__ import annotations

import io
import json
import traceback
from contextlib import nullcontext
from pathlib import Path

import httpx
import pytest
from flask import Flask, render_template_string

from genvoris_flask.core.outbox.memory import MemoryOutbox
from genvoris_flask.core.outbox.messages import Message, UndeliverableError
from genvoris_flask.core.rates import PACE
from genvoris_flask.core.tryon.burn_guard import BurnNotice, CreditLevel
from genvoris_flask.core.webhooks.signature import HEADER, sign
from genvoris_flask.signals import credits_burning
from genvoris_flask.web import account
from genvoris_flask.web.alerts import VALID_SECONDS, AlertError, put_alert, send_alert
from genvoris_flask.web.health_checks.genvoris import check_pace
from genvoris_flask.web.routes.proxy.body import CreditsReader
from tests.support.flask_shop import SAME_ORIGIN, SMALL_PHOTO, Shop, read_tag
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import PRODUCT_URL, LocalGenvoris, product_png
from tests.support.pictures import picture
from tests.support.receiver import receiver
from tests.support.waiting import LIMIT, until


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
    until(lambda: shop.state.pace.wait("tryons"))
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


def test_hosted_widget_pauses_too(tmp_path: Path) -> None:
    """The answers to its try-ons say how many credits are left."""
    genvoris = LocalGenvoris(tmp_path / "genvoris", credits_at_start=25)
    limit = "100/minute"
    shop = paced_shop(genvoris, GENVORIS_ALLOW_GUESTS=True, GENVORIS_LIMIT_TRYONS=limit)

    def forward() -> int:
        data = {"photo": (io.BytesIO(SMALL_PHOTO), "me.jpg"), "product_image_url": PRODUCT_URL}
        with shop.post("/api/tryon", data=data) as answer:
            return answer.status_code

    shop.log_in(None)
    ends = [forward() for _each in range(17)]
    assert ends == [200] * 16 + [429]
    assert shop.state.burn_guard.level() == CreditLevel(9, "guests")


@pytest.mark.parametrize(
    "first", ["data", "erase", "{{ genvoris_balance() }}", "{{ genvoris_account() }}"]
)
def test_new_accounts_are_asked_about_slowly(
    genvoris: LocalGenvoris, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever they do first; too many whom Genvoris has not seen would suspend the shop."""
    monkeypatch.setattr(account, "PLAN_WAIT", LIMIT)
    shop = Shop(genvoris, GENVORIS_PACE_NEW_SHOPPERS="5/hour")
    shop.app.add_url_rule("/page", "page of a tag", lambda: render_template_string(first))
    for number in range(8):
        shop.log_in(f"new {number}")
        if first == "erase":
            shop.post("/account/erase", data={"confirm": "yes"})
        else:
            path = "/genvoris/account/data" if first == "data" else "/page"
            shop.browser.get(path, headers=SAME_ORIGIN)
    asked = {each.url.path.split("/")[4] for each in shop.transport.requests}
    assert len(asked) == (4 if "balance" in first or "account" in first else 5)


@pytest.mark.parametrize(("kind", "left"), [("Image/PNG", None), ("application/json", 3)])
def test_credits_in_a_picture(genvoris: LocalGenvoris, kind: str, left: int | None) -> None:
    """They are not believed: a browser may have written them into the photo."""
    shop = paced_shop(genvoris)
    headers, stream = {"Content-Type": kind}, httpx.ByteStream(b'{"remaining_credits": 3}')
    answer = httpx.Response(200, headers=headers, stream=stream)
    shop.transport.fault = lambda request: answer if "tryon" in request.url.path else None
    with shop.post("/api/tryon", json={}) as received:
        assert received.status_code == 200
    assert shop.state.burn_guard.level().left == left


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (b'{"images": ["AAAA"], "remaining_credits": 17}', 17),
        (b'{"data":{"remainingCredits":0},"a":1}', 0),
        (b'{"title": "\\"remaining_credits\\": 3, ", "remaining_credits" : 12, "b": 2}', 12),
        (b'{"title": "\\"remaining_credits\\": 3, "}', None),
        (b'{"remaining_credits": null}', None),
        (b'"remaining_credits": 17', None),
    ],
)
def test_credits_in_an_answer(answer: bytes, left: int | None) -> None:
    """They are found in whatever pieces it arrives, and not in what a browser has sent."""
    for size in (1, 7, 100):
        reader = CreditsReader()
        pieces = [answer[start : start + size] for start in range(0, len(answer), size)]
        assert list(reader.watch(pieces)) == pieces
        assert reader.found == left


@pytest.mark.parametrize("pays", [False, True])
def test_free_try_ons_pause_before_paid_ones(genvoris: LocalGenvoris, pays: bool) -> None:
    """Free ones are those of GENVORIS_DEFAULT_PLAN; the refusal says when to come back."""
    shop = paced_shop(genvoris, GENVORIS_DEFAULT_PLAN=genvoris.plan())
    shop.log_in("ada" if pays else "new")  # Ada has another plan
    assert shop.post("/session").status_code == 200
    shop.state.burn_guard.report(20)
    for _ in range(16):
        shop.state.burn_guard.take(lambda: "paying")
    answer = shop.tryon()
    assert answer.status_code == (202 if pays else 429)
    if pays:
        assert shop.finish(answer)["state"] == "done"
    else:
        assert int(answer.headers["Retry-After"]) >= 1800


@pytest.mark.parametrize("durable", [False, True])
def test_owner_is_told_at_half(
    genvoris: LocalGenvoris, tmp_path: Path, durable: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """By a signal, in the log and at their own URL; nothing is paused yet."""
    notices: list[BurnNotice] = []

    def receive(_app: Flask, notice: BurnNotice) -> None:
        notices.append(notice)

    with receiver() as owner:
        config = {"GENVORIS_ALERT_URL": f"{owner.url}?token=S3CR3T"}
        shop = ledger_shop(genvoris, tmp_path, **config) if durable else Shop(genvoris, **config)
        guard = shop.state.burn_guard
        guard.report(20)
        with credits_burning.connected_to(receive, shop.app):
            for _ in range(9):
                assert guard.take(lambda: "guest") == 0
            assert notices == []
            guard.take(lambda: "guest")
        assert notices == [BurnNotice(10, 20, "nobody")]
        assert shop.state.outbox.flush(LIMIT)
    (told,) = owner.received
    assert told.envelope["text"] in caplog.text
    assert {**told.envelope, "text": ""} == {
        "type": "credits_burning",
        "text": "",
        "spent": 10,
        "pool": 20,
        "paused": "nobody",
    }
    assert "S3CR3T" not in caplog.text


@pytest.mark.parametrize(
    ("status", "error"),
    [(204, None), (500, AlertError), (429, AlertError), (404, UndeliverableError)],
)
def test_alert_is_answered(status: int, error: type[Exception] | None) -> None:
    """What was refused is not sent again; what comes too late, or without a URL, never is."""
    notice, messages = BurnNotice(10, 20, "nobody"), list[Message]()
    outbox = MemoryOutbox(messages.append, at_once=lambda: True)
    put_alert(outbox, notice, "Half is spent.", 1000.0)
    (message,) = messages
    with receiver(status) as owner:
        with pytest.raises(error) if error else nullcontext():
            send_alert(owner.url, message.body, 1000.0 + VALID_SECONDS)
        send_alert(owner.url, message.body, 1001.0 + VALID_SECONDS)
        send_alert(None, message.body, 1000.0)
    assert len(owner.received) == 1


def test_alert_follows_no_redirect_and_hides_its_url(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the error of a server that is away, nor its cause, names the address."""
    body = {"content": {"text": "Half is spent."}, "valid_until": 1000.0}
    with receiver(302, 200) as owner, pytest.raises(UndeliverableError, match="http_302"):
        send_alert(owner.url, body, 0.0)
    assert len(owner.received) == 1
    secret = "S3CR3T"
    with pytest.raises(AlertError) as caught:
        send_alert(f"{owner.url}?token={secret}", body, 0.0)
    shown = "".join(traceback.format_exception(caught.value))
    assert f"token={secret}" not in shown + caplog.text


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
    assert texts[2] == "Further try-ons have to wait for 3600 s."
    defaults = {f"GENVORIS_PACE_{name.upper()}": rates for name, rates in PACE.items()}
    (found,) = check_pace(Shop(genvoris, **defaults).state)
    assert (found.ok, found.warning) == (True, False)
