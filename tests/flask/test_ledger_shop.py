"""A shop whose ledger decides who may try on, on a local Genvoris that meters."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from genvoris_flask import GenvorisFlask, Shopper
from genvoris_flask.core.tryon.jobs.leases import LEASE_SECONDS
from genvoris_flask.core.tryon.jobs.local import LocalJobQueue
from genvoris_flask.errors import ConfigurationError
from genvoris_flask.web.callbacks import run_tryon
from genvoris_flask.web.state import EXTENSION_KEY
from tests.support.cli import run_command
from tests.support.fake_genvoris import Clock
from tests.support.flask_shop import Shop, read_tag
from tests.support.jobs import SharedStore
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import API_KEY, LocalGenvoris
from tests.support.pictures import picture
from tests.support.waiting import until

DAY = 24 * 3600


@pytest.fixture
def shop(genvoris: LocalGenvoris, tmp_path: Path) -> Shop:
    """Return a shop with an empty ledger, in which Ada is logged in."""
    return ledger_shop(genvoris, tmp_path)


def grant(shop: Shop, try_ons: int, **options: Any) -> None:
    with shop.app.app_context():
        shop.extension.billing.grant("ada", try_ons, **options)


def available(shop: Shop) -> int:
    with shop.app.app_context():
        return shop.extension.billing.balance("ada").available


def status(shop: Shop) -> dict[str, Any]:
    found: dict[str, Any] = shop.browser.get("/genvoris/status").get_json()
    return found


def test_without_any_try_on(shop: Shop) -> None:
    """A shopper who has bought nothing sees the paywall, and Genvoris hears nothing of them."""
    assert status(shop)["reason"] == "no_plan"
    job = shop.finish(shop.tryon())
    assert (job["state"], job["error"]) == ("refused", "end_customer_quota")
    assert job["reason"] == "no_plan"
    assert shop.transport.count("/api/tryon") == 0


def test_one_bought_one_used_months_pass(shop: Shop) -> None:
    """One single try-on is one, for ever."""
    grant(shop, 1, event_id="sale", paid=200, currency="EUR")
    assert status(shop)["remaining"] == 1
    job = shop.finish(shop.tryon())
    assert job["state"] == "done"
    assert job["quota"] == {"used": 1, "limit": 1, "remaining": 0}
    for _month in range(3):
        shop.genvoris.clock.now += 31 * DAY
        assert shop.finish(shop.tryon())["reason"] == "quota_exhausted"


def test_two_bought_before_the_first_is_used(shop: Shop) -> None:
    """Two payments are two try-ons."""
    grant(shop, 1, event_id="one")
    grant(shop, 1, event_id="two")
    grant(shop, 1, event_id="two")
    assert [shop.finish(shop.tryon())["state"] for _each in range(3)] == ["done", "done", "refused"]


def test_failure_costs_nothing(shop: Shop) -> None:
    """A try-on that fails is given back."""
    grant(shop, 1)
    shop.transport.fault = lambda request: (
        httpx.Response(500) if request.url.path.endswith("/api/tryon") else None
    )
    assert shop.finish(shop.tryon())["state"] == "failed"
    assert available(shop) == 1


def test_page_carries_no_token(shop: Shop) -> None:
    """The ledger cannot be walked around with a token from the page."""
    grant(shop, 1)
    assert "data-end-customer-token" not in read_tag(shop.browser.get("/product").text)


def test_browser_gets_no_token(shop: Shop) -> None:
    """The session route does not lead around the ledger."""
    grant(shop, 1)
    assert shop.post("/session").get_json() == {"token": None, "expires_at": None}


def forward(shop: Shop, key: str | None = None, **fields: Any) -> TestResponse:
    """Send a try-on as the hosted widget does."""
    photo = (io.BytesIO(picture()), "me.jpg")
    data = {"photo": photo, "product_image_url": "https://s.example/a.png", **fields}
    headers = {"Idempotency-Key": key} if key else {}
    answer = shop.post("/api/tryon", data=data, content_type="multipart/form-data", headers=headers)
    answer.get_data()
    answer.close()
    return answer


class TestPassThrough:
    def test_picture_is_counted(self, shop: Shop) -> None:
        """The hosted widget's try-ons are taken from the ledger, and refused when none is left."""
        grant(shop, 2)
        assert [forward(shop).status_code for _each in range(3)] == [200, 200, 402]
        assert available(shop) == 0
        assert shop.transport.count("/api/tryon") == 2
        assert forward(shop).get_json()["reason"] == "quota_exhausted"

    def test_key_is_no_second_picture(self, shop: Shop) -> None:
        """A key that is sent again, with the same photo or another, pays again."""
        grant(shop, 2)
        assert [forward(shop, "k").status_code for _each in range(3)] == [200, 200, 402]
        sent = [
            request.headers["Idempotency-Key"]
            for request in shop.transport.requests
            if request.url.path == "/api/tryon"
        ]
        assert len(set(sent)) == 2

    def test_token_of_another_is_dropped(self, shop: Shop) -> None:
        """The server puts its own token in, whatever the browser sends."""
        grant(shop, 1)
        assert forward(shop, end_customer_token="eyJ.other.token").status_code == 200
        (sent,) = [each for each in shop.transport.requests if each.url.path == "/api/tryon"]
        assert b"eyJ.other.token" not in sent.content
        assert b"end_customer_token" in sent.content

    @pytest.mark.parametrize(
        ("status", "headers"),
        [(500, {}), (400, {}), (429, {"Retry-After": "3"}), (302, {"Location": "/x"}), (200, {})],
    )
    def test_no_picture_costs_nothing(
        self,
        shop: Shop,
        status: int,
        headers: dict[str, str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """An error, or an empty answer, gives the try-on back, and says if a credit may be gone."""
        grant(shop, 1)
        shop.transport.fault = lambda request: (
            httpx.Response(status, headers=headers, stream=httpx.ByteStream(b""))
            if request.url.path == "/api/tryon"
            else None
        )
        assert forward(shop).status_code >= 400
        assert available(shop) == 1
        assert ("a credit may be gone" in caplog.text) is (status in (200, 302, 500))

    def test_answer_that_breaks_off(self, shop: Shop) -> None:
        """Half a picture is neither shown nor charged."""
        grant(shop, 1)

        class Broken(httpx.SyncByteStream):
            def __iter__(self) -> Iterator[bytes]:
                yield b"x" * 300_000
                raise httpx.ReadError("gone")

        shop.transport.fault = lambda request: (
            httpx.Response(200, stream=Broken()) if request.url.path == "/api/tryon" else None
        )
        answer = forward(shop)
        assert (answer.status_code, len(answer.data) < 1000) == (502, True)
        assert available(shop) == 1

    def test_bad_request_costs_nothing(self, shop: Shop) -> None:
        """A body that cannot be read reaches nobody and takes nothing."""
        grant(shop, 1)
        assert shop.post("/api/tryon", data=b"x", content_type="text/csv").status_code == 400
        assert available(shop) == 1

    def test_picture_is_counted_before_it_is_sent(self, shop: Shop) -> None:
        """Whoever hangs up in the middle of the picture has paid for it."""
        grant(shop, 1)
        photo = (io.BytesIO(picture()), "me.jpg")
        data = {"photo": photo, "product_image_url": "https://s.example/a.png"}
        answer = shop.post("/api/tryon", data=data, content_type="multipart/form-data")
        answer.close()
        assert available(shop) == 0

    def test_older_plan_is_lifted(self, shop: Shop) -> None:
        """A plan that is used up at Genvoris is lifted, and the widget tries again."""
        shop.genvoris.customer("ada", quota=1)
        shop.genvoris.spend(1)
        grant(shop, 1)
        first = forward(shop)
        assert (first.status_code, first.headers["Retry-After"]) == (503, "1")
        assert forward(shop).status_code == 200
        assert available(shop) == 0


def test_shopper_of_an_older_plan(shop: Shop) -> None:
    """The ledger decides, also about shoppers whose plan at Genvoris is used up."""
    shop.genvoris.customer("ada", quota=1)
    shop.genvoris.spend(1)
    grant(shop, 1)
    assert shop.finish(shop.tryon())["state"] == "done"
    assert available(shop) == 0


@pytest.mark.parametrize("state", ["PAUSED", "CANCELLED"])
def test_shopper_whose_plan_has_ended(shop: Shop, state: str) -> None:
    """A shopper who was paused or cancelled at Genvoris uses what they have bought since."""
    shop.genvoris.customer("ada", quota=5)
    shop.genvoris.call("PATCH", "/customers/ada", {"status": state})
    grant(shop, 2)
    assert shop.finish(shop.tryon())["state"] == "done"
    shop.genvoris.call("PATCH", "/customers/ada", {"status": state})
    shop.state.broker.forget(Shopper("ada"))
    assert [forward(shop).status_code for _each in range(2)] == [503, 200]
    assert available(shop) == 0


def test_status_names_what_ends_soon(shop: Shop) -> None:
    """The status says how many try-ons end next, and when."""
    grant(shop, 2, expires_in=DAY)
    grant(shop, 1)
    found = status(shop)
    assert (found["remaining"], found["balance"]["expiring"]) == (3, 2)
    assert found["balance"]["nextExpiry"].endswith("Z")


def test_order_and_its_refund(shop: Shop) -> None:
    """A shop's own order system needs two calls."""
    with shop.app.app_context():
        shop.extension.billing.order_paid(
            "o1", external_id="ada", try_ons=10, paid=1000, currency="EUR"
        )
        shop.extension.billing.order_refunded("o1", refunded=500)
    assert available(shop) == 5


def test_freemium(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """A shopper with a verified address has free try-ons, and an order's after them."""
    shop = ledger_shop(
        genvoris, tmp_path, GENVORIS_CHARGING="freemium,credits", GENVORIS_FREE_TRYONS=1
    )
    assert status(shop)["reason"] == "no_plan"
    shop.extension.shopper_loader(lambda: Shopper("ada", "ada@example.com", email_verified=True))
    assert status(shop)["remaining"] == 1
    assert shop.finish(shop.tryon())["quota"] == {"used": 1, "limit": 1, "remaining": 0}
    assert shop.finish(shop.tryon())["reason"] == "quota_exhausted"
    with shop.app.app_context():
        shop.extension.billing.order_paid("o1", email="Ada@example.com", try_ons=1)
    assert shop.finish(shop.tryon())["state"] == "done"
    shop.genvoris.clock.now += 31 * DAY
    assert status(shop)["remaining"] == 1


def test_ways_to_go_on(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """Status and refusal list them, and the command checks them."""
    shop = ledger_shop(
        genvoris,
        tmp_path,
        GENVORIS_CHARGING="subscription,freemium",
        GENVORIS_FREE_TRYONS=1,
        GENVORIS_PLANS=[
            {
                "name": "Pro",
                "monthly_try_ons": 100,
                "external_price_id": "price_pro",
                "price_text": "9 € a month",
            }
        ],
    )
    shop.extension.shopper_loader(lambda: Shopper("ada", "ada@example.com", email_verified=True))
    assert status(shop)["options"] == []
    shop.finish(shop.tryon())
    refused = shop.finish(shop.tryon())
    pro, wait = refused["paywall"]["options"]
    assert (pro["kind"], pro["title"], pro["price"]) == ("subscribe", "Pro", "9 € a month")
    assert (pro["url"], pro["tryOns"]) == ("/plans", 100)
    assert (wait["kind"], wait["at"]) == ("wait", "2023-12-14T22:13:20Z")
    assert refused["paywall"]["message"] == "You have used all your try-ons."
    assert refused["paywall"]["action_url"] is None
    assert status(shop)["options"] == [pro, wait]
    shop.extension.shopper_loader(lambda: None)
    assert status(shop)["options"][0]["kind"] == "log_in"
    checked = run_command(shop.app, "check").output
    assert "Shoppers get try-ons by subscription and freemium." in checked
    assert "email_verified=True" in checked


def test_free_for_everyone(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """The shop pays, and what shoppers have bought is kept for later."""
    shop = ledger_shop(genvoris, tmp_path, GENVORIS_CHARGING="free,credits")
    shop.genvoris.customer("ada", quota=1)
    shop.genvoris.spend(1)
    grant(shop, 1)
    found = status(shop)
    assert (found["access"], found["monetizationModel"]) == ("ALLOWED", "FREE_ALL")
    assert shop.finish(shop.tryon())["state"] == "done"
    assert available(shop) == 1


def test_commands(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """The ledger is created, filled and read at the command line."""
    shop = Shop(genvoris, GENVORIS_DATABASE_URL=f"sqlite:///{tmp_path}/new.sqlite")
    assert "run `flask genvoris db upgrade`" in run_command(shop.app, "check").output
    refused = run_command(shop.app, "balance", "ada")
    assert (refused.exit_code, "flask genvoris check" in refused.output) == (3, True)
    assert "The ledger's tables are now at version" in run_command(shop.app, "db", "upgrade").output
    assert "up to date" in run_command(shop.app, "db", "upgrade").output
    for _each in range(2):
        done = run_command(shop.app, "grant", "ada", "5", "--days", "30", "--event-id", "e")
        assert done.output.split("\n")[0].split() == ["available", "5"]
    assert "grant:e" in run_command(shop.app, "journal", "ada").output
    assert json.loads(run_command(shop.app, "balance", "ada", "--json").stdout)["available"] == 5
    assert "decide who may try on" in run_command(shop.app, "check").output


def test_commands_without_a_ledger(genvoris: LocalGenvoris) -> None:
    """Without a ledger the commands say what to set, and nothing is granted for every month."""
    shop = Shop(genvoris)
    for command in (["db", "upgrade"], ["balance", "ada"], ["grant", "ada", "1"]):
        done = run_command(shop.app, *command)
        assert (done.exit_code, "GENVORIS_DATABASE_URL" in done.output) == (1, True)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"GENVORIS_DATABASE_URL": "oracle://x"}, "must be an SQLAlchemy URL"),
        ({"GENVORIS_DATABASE": "sqlite://"}, "use GENVORIS_DATABASE_URL"),
        (
            {"GENVORIS_DATABASE_URL": "sqlite://", "GENVORIS_INLINE_SESSION": True},
            "cannot be true with a ledger",
        ),
    ],
)
def test_wrong_settings(config: dict[str, Any], message: str) -> None:
    """A wrong setting stops start-up with a sentence."""
    app = Flask("shop")
    app.config.update(GENVORIS_API_KEY=API_KEY, **config)
    with pytest.raises(ConfigurationError, match=message):
        GenvorisFlask(app)


def test_calls_that_need_a_ledger(genvoris: LocalGenvoris) -> None:
    """Without a ledger, what plans cannot carry is refused, and says what to set."""
    shop = Shop(genvoris)
    with shop.app.app_context():
        for call in (
            lambda: shop.extension.billing.order_paid("o", external_id="ada", try_ons=1),
            lambda: shop.extension.billing.grant("ada", 1),
            lambda: shop.extension.billing.take_back("ada", 1),
            lambda: shop.extension.billing.balance("ada"),
        ):
            with pytest.raises(ConfigurationError, match="GENVORIS_DATABASE_URL"):
                call()


def test_reconcile(shop: Shop) -> None:
    """Each difference from Genvoris's usage is explained, and nothing is changed."""
    grant(shop, 5)
    assert shop.finish(shop.tryon())["state"] == "done"
    same = json.loads(run_command(shop.app, "reconcile", "--json").stdout)
    assert same == {"compared": 1, "differences": [], "wrong_lots": []}
    shop.genvoris.spend(2)
    found = json.loads(run_command(shop.app, "reconcile", "ada", "--json").stdout)
    (line,) = found["differences"]
    assert (line["journal"], line["genvoris"], line["elsewhere"]) == (1, 3, 2)
    shop.transport.fault = lambda request: (
        httpx.Response(500) if request.url.path.endswith("/api/tryon") else None
    )
    shop.finish(shop.tryon())
    found = json.loads(run_command(shop.app, "reconcile", "ada", "--json").stdout)
    (line,) = found["differences"]
    assert (line["lost_answers"], line["elsewhere"]) == (1, 1)
    assert "ELSEWHERE" in run_command(shop.app, "reconcile").output
    assert available(shop) == 4


def another_process(shop: Shop, folder: Path) -> Shop:
    """Return another process of the shop, which knows nothing of try-ons that the first one made.

    That is so when Redis has lost its data.
    """
    other = Shop(shop.genvoris, GENVORIS_DATABASE_URL=f"sqlite:///{folder}/shop.sqlite")
    other.log_in()
    return other


def made(shop: Shop) -> list[httpx.Request]:
    return [each for each in shop.transport.requests if each.url.path == "/api/tryon"]


def test_repeat_that_only_the_ledger_knows(shop: Shop, tmp_path: Path) -> None:
    """A key makes one picture a day, also if nobody knows of its job any more."""
    grant(shop, 2)
    other, key, release = another_process(shop, tmp_path), {"Idempotency-Key": "a"}, Event()

    def hold(request: httpx.Request) -> None:
        if request.url.path == "/api/tryon":
            release.wait(60)

    shop.transport.fault = hold
    first = shop.tryon(headers=key)
    until(lambda: shop.transport.count("/api/tryon"))
    repeat = other.tryon(headers=key)
    until(lambda: other.browser.get(repeat.headers["Location"]).get_json()["state"] == "queued")
    release.set()
    assert shop.finish(first)["state"] == "done"
    over = other.finish(repeat)
    assert (over["error"], over["charged"], available(shop)) == ("tryon_over", False, 1)
    assert other.transport.count("/api/tryon") == 0
    shop.genvoris.clock.now += DAY + 1
    assert other.finish(other.tryon(headers=key))["state"] == "done"
    assert available(shop) == 0


def test_repeat_of_an_interrupted_try_on(shop: Shop, tmp_path: Path) -> None:
    """It has the reservation, and the key at Genvoris, of the attempt whose process died."""
    grant(shop, 2)
    other, clock, key = another_process(shop, tmp_path), Clock(), {"Idempotency-Key": "a"}
    store, release = SharedStore(shop.genvoris.clock), Event()
    for each in (shop, other):
        jobs = LocalJobQueue(
            store,
            partial(run_tryon, each.app),
            each.state.daily_limit.without_picture,
            clock=each.genvoris.clock,
            monotonic=clock,
            heartbeat_interval=DAY,
        )
        each.app.extensions[EXTENSION_KEY] = replace(each.state, jobs=jobs)

    def hold(request: httpx.Request) -> None:
        if request.url.path == "/api/tryon":
            release.wait(60)

    shop.transport.fault = hold
    job = shop.tryon(headers=key).headers["Location"]
    until(lambda: shop.transport.count("/api/tryon"))
    shop.genvoris.clock.now += LEASE_SECONDS + 1

    def is_interrupted() -> bool:
        clock.now += 1
        return bool(other.browser.get(job).get_json()["error"] == "interrupted")

    until(is_interrupted)
    assert other.finish(other.tryon(headers=key))["state"] == "done"
    assert available(shop) == 1
    assert len({each.headers["Idempotency-Key"] for each in made(shop) + made(other)}) == 1
    release.set()
