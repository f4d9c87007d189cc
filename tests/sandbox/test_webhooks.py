"""Webhooks that the sandbox sends: their events, signatures and retries."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from werkzeug.test import TestResponse

from genvoris_flask.core.webhooks.signature import verify
from genvoris_flask.sandbox.context import EXTENSION_KEY
from genvoris_flask.sandbox.domain.notifications import TYPES
from genvoris_flask.testing import Sandbox
from tests.support.local_genvoris import DAY, LocalGenvoris
from tests.support.receiver import Receiver, receiver
from tests.support.waiting import until

SECRET = "whsec_sandbox"
PAUSES = [10, 30, 120, 300, 900, 1800, 2700]
# One name of each event; endpoints get the events that they subscribe to.
ONCE = [each for each in TYPES if not each.startswith("customer.")] + ["customer.plan_changed"]


def register(sandbox: LocalGenvoris, url: str, events: list[str] | None = None) -> str:
    body = {"url": url, "secret": SECRET, "events": events or list(TYPES)}
    return str(sandbox.call("POST", "/webhooks", body).get_json()["id"])


def deliver(sandbox: LocalGenvoris) -> int:
    return int(sandbox.app.extensions[EXTENSION_KEY].dispatcher.deliver_due())


def deliveries(sandbox: LocalGenvoris, query: str = "") -> list[dict[str, Any]]:
    data: list[dict[str, Any]]
    data = sandbox.http.get(f"/sandbox/deliveries{query}").get_json()["data"]
    return data


def test_delivery_is_signed(
    sandbox: LocalGenvoris,
) -> None:
    """A delivery is signed over its raw body and names its event."""
    with receiver() as shop:
        register(sandbox, shop.url)
        sandbox.plan()
        assert deliver(sandbox) == 1
    (delivery,) = shop.received
    verify(delivery.headers["X-Genvoris-Signature"], delivery.body, [SECRET], sandbox.clock.now)
    assert set(delivery.envelope) == {"id", "type", "created", "data"}
    assert delivery.headers["X-Genvoris-Event"] == delivery.envelope["type"] == "plan.created"
    assert delivery.headers["X-Genvoris-Delivery"].startswith("whd_")
    assert delivery.envelope["data"]["plan"]["name"] == "Pro"


def test_signature_uses_real_time(
    sandbox: LocalGenvoris,
) -> None:
    """A signature has the machine's time even if the clock was moved."""
    with receiver() as shop:
        register(sandbox, shop.url)
        sandbox.http.post("/sandbox/clock", json={"advance": 90 * DAY})
        sandbox.plan()
        deliver(sandbox)
    (delivery,) = shop.received
    verify(delivery.headers["X-Genvoris-Signature"], delivery.body, [SECRET], sandbox.clock.now)
    assert delivery.envelope["created"] == sandbox.clock.now + 90 * DAY


def test_subscribed_events_only(sandbox: LocalGenvoris) -> None:
    """An endpoint gets only the events it subscribes to."""
    with receiver() as plans, receiver() as customers:
        register(sandbox, plans.url, ["plan.created"])
        register(sandbox, customers.url, ["end_customer.created"])
        sandbox.customer()
        deliver(sandbox)
    assert plans.types == ["plan.created"]
    assert customers.types == ["end_customer.created"]


def told(sandbox: LocalGenvoris, shop: Receiver) -> list[str]:
    """Return the deliveries since the last call."""
    deliver(sandbox)
    types = shop.types
    shop.received.clear()
    return types


def test_customer_events(sandbox: LocalGenvoris) -> None:
    """Changes of a customer are delivered."""
    with receiver() as shop:
        sandbox.customer(quota=5)
        bigger = sandbox.plan(10)
        register(sandbox, shop.url, ONCE)
        sandbox.spend(3)
        assert told(sandbox, shop) == ["tryon.completed"] * 3
        sandbox.spend(1)
        assert told(sandbox, shop) == ["end_customer.quota_warning", "tryon.completed"]
        sandbox.spend(1)
        assert told(sandbox, shop) == ["tryon.completed"]
        sandbox.tryon(sandbox.token())
        assert told(sandbox, shop) == ["end_customer.quota_exhausted"]
        sandbox.call("PATCH", "/customers/ada", {"planId": bigger})
        assert told(sandbox, shop) == ["end_customer.updated", "customer.plan_changed"]
        sandbox.call("POST", "/customers", {"externalId": "ada"})
        assert told(sandbox, shop) == ["end_customer.period_rolled", "end_customer.updated"]
        sandbox.http.post("/sandbox/clock", json={"advance": 30 * DAY})
        assert told(sandbox, shop) == ["end_customer.period_rolled"]
        sandbox.call("DELETE", "/customers/ada")
        assert told(sandbox, shop) == ["end_customer.cancelled"]


WHATS = ("created", "updated", "cancelled", "quota_warning", "quota_exhausted", "period_rolled")


@pytest.mark.parametrize("prefix", ["customer", "end_customer"])
def test_both_event_names(sandbox: LocalGenvoris, prefix: str) -> None:
    """An endpoint gets the name of an event that it subscribes to."""
    with receiver() as shop:
        register(sandbox, shop.url, [f"{prefix}.{what}" for what in WHATS])
        sandbox.customer(quota=1)
        sandbox.spend(1)
        sandbox.tryon(sandbox.token())
        sandbox.call("PATCH", "/customers/ada", {"email": "ada@example.com"})
        sandbox.call("PATCH", "/customers/ada", {"resetPeriod": True})
        sandbox.call("DELETE", "/customers/ada")
        deliver(sandbox)
    assert set(shop.types) == {f"{prefix}.{what}" for what in WHATS}


@pytest.mark.parametrize("way", ["host", "track"])
def test_quota_exhausted_event(sandbox: LocalGenvoris, way: str) -> None:
    """A try-on refused for its quota is delivered."""
    customer_id = sandbox.customer(quota=1)
    token = sandbox.token()
    asks: dict[str, Callable[[], TestResponse]] = {
        "host": lambda: sandbox.tryon(token),
        "track": lambda: sandbox.track(end_customer_token=token),
    }
    ask = asks[way]
    with receiver() as shop:
        register(sandbox, shop.url, ["customer.quota_exhausted"])
        assert ask().status_code == 200
        deliver(sandbox)
        assert shop.types == []
        assert [ask().status_code for _ in range(2)] == [402, 402]
        deliver(sandbox)
    first, second = (each.envelope for each in shop.received)
    assert first["id"] != second["id"]
    assert first["data"] == {
        "customer_id": customer_id,
        "external_id": "ada",
        "plan_id": sandbox.call("GET", "/customers/ada").get_json()["planId"],
        "used": 1,
        "limit": 1,
        "remaining": 0,
    }


@pytest.mark.parametrize("change", [{"planId": None}, {"status": "PAUSED"}])
def test_no_event_for_other_refusals(sandbox: LocalGenvoris, change: dict[str, Any]) -> None:
    """Other refusals do not deliver an exhausted quota."""
    sandbox.customer(quota=1)
    token = sandbox.token()
    sandbox.call("PATCH", "/customers/ada", change)
    with receiver() as shop:
        register(sandbox, shop.url, ["customer.quota_exhausted"])
        assert sandbox.tryon(token).status_code == 402
        assert told(sandbox, shop) == []


def test_quota_warning_event(sandbox: LocalGenvoris) -> None:
    """A quota warning names the customer."""
    customer_id = sandbox.customer(quota=10)
    with receiver() as shop:
        register(sandbox, shop.url, ["end_customer.quota_warning"])
        sandbox.spend(10)
        deliver(sandbox)
    (delivery,) = shop.received
    assert delivery.envelope["data"] == {
        "customer_id": customer_id,
        "external_id": "ada",
        "plan_id": sandbox.call("GET", "/customers/ada").get_json()["planId"],
        "used": 8,
        "limit": 10,
        "remaining": 2,
        "threshold": 80,
    }


def test_plan_events(sandbox: LocalGenvoris) -> None:
    """Changes of a plan are delivered."""
    with receiver() as shop:
        register(sandbox, shop.url)
        plan = sandbox.plan()
        sandbox.call("PATCH", f"/plans/{plan}", {"name": "Gold"})
        sandbox.call("DELETE", f"/plans/{plan}")
        assert told(sandbox, shop) == ["plan.created", "plan.updated", "plan.disabled"]


def test_failed_try_on_event(sandbox: LocalGenvoris) -> None:
    """A failed try-on is delivered with its reason."""
    with receiver() as shop:
        register(sandbox, shop.url)
        sandbox.tryon(None, photo=(io.BytesIO(b"no photo"), "p.jpg"))
        sandbox.track(success=False, product_title="Coat")
        deliver(sandbox)
    first, second = (each.envelope for each in shop.received)
    assert (first["type"], second["type"]) == ("tryon.failed", "tryon.failed")
    assert first["data"]["reason"].startswith("photo:")
    assert second["data"]["product_title"] == "Coat"


def test_no_event_for_refused_change(sandbox: LocalGenvoris) -> None:
    """A refused change delivers nothing."""
    sandbox.customer(quota=1)
    with receiver() as shop:
        register(sandbox, shop.url)
        sandbox.call("PATCH", "/customers/ada", {"planId": "pln_unknown"})
        assert told(sandbox, shop) == []


def test_test_event(sandbox: LocalGenvoris) -> None:
    """A test is delivered to any endpoint."""
    with receiver() as shop:
        endpoint = register(sandbox, shop.url, ["plan.created"])
        sent = sandbox.call("POST", f"/webhooks/{endpoint}/test").get_json()["data"]
        deliver(sandbox)
    assert shop.types == ["webhook.test"]
    assert shop.received[0].envelope["id"] == sent["id"]
    assert list(shop.received[0].envelope["data"]) == ["message"]
    assert shop.received[0].headers["X-Genvoris-Delivery"] == sent["delivery"]


def test_eight_attempts(sandbox: LocalGenvoris) -> None:
    """A failing delivery has eight attempts."""
    with receiver(500) as shop:
        register(sandbox, shop.url)
        sandbox.plan()
        assert deliver(sandbox) == 1
        for wait in PAUSES:
            sandbox.clock.now += wait - 1
            assert deliver(sandbox) == 0
            sandbox.clock.now += 1
            assert deliver(sandbox) == 1
        sandbox.clock.now += 365 * DAY
        assert deliver(sandbox) == 0
    assert len({each.envelope["id"] for each in shop.received}) == 1
    (dead,) = deliveries(sandbox, "?state=dead")
    assert (dead["attempts"], dead["status"], dead["nextAttemptAt"]) == (8, 500, None)
    assert dead["problem"] == "answered 500"


def test_moved_clock_retries(sandbox: LocalGenvoris) -> None:
    """Moving the clock makes a retry due."""
    with receiver(503, 200) as shop:
        register(sandbox, shop.url)
        sandbox.plan()
        deliver(sandbox)
        sandbox.http.post("/sandbox/clock", json={"advance": 10})
        deliver(sandbox)
    assert len(shop.received) == 2
    assert deliveries(sandbox)[0]["state"] == "delivered"


@pytest.mark.parametrize("status", [199 + 1, 201, 204, 299])
def test_2xx_is_success(sandbox: LocalGenvoris, status: int) -> None:
    """Any 2xx status is a success."""
    with receiver(status) as shop:
        register(sandbox, shop.url)
        sandbox.plan()
        deliver(sandbox)
    assert deliveries(sandbox)[0]["state"] == "delivered"


def test_redirect_is_a_failure(sandbox: LocalGenvoris) -> None:
    """A redirect is a failure and is not followed."""
    with receiver(302) as shop:
        register(sandbox, shop.url)
        sandbox.plan()
        deliver(sandbox)
    assert len(shop.received) == 1
    assert deliveries(sandbox)[0]["state"] == "pending"


def test_unreachable_shop_is_retried(sandbox: LocalGenvoris) -> None:
    """A delivery to an unreachable shop is retried."""
    with receiver() as shop:
        url = shop.url
    register(sandbox, url)
    sandbox.plan()
    deliver(sandbox)
    (waiting,) = deliveries(sandbox)
    assert (waiting["state"], waiting["status"]) == ("pending", None)
    assert waiting["problem"] == "no answer (ConnectError)"


def test_resend(sandbox: LocalGenvoris) -> None:
    """A delivery is sent again with the same event id."""
    with receiver() as shop:
        register(sandbox, shop.url)
        sandbox.plan()
        deliver(sandbox)
        (first,) = deliveries(sandbox)
        answer = sandbox.http.post(f"/sandbox/deliveries/{first['id']}/resend")
        assert answer.get_json()["data"]["state"] == "pending"
        deliver(sandbox)
    assert shop.received[0].body == shop.received[1].body
    assert sandbox.http.post("/sandbox/deliveries/whd_x/resend").status_code == 404


def test_deleted_endpoint_gets_nothing(sandbox: LocalGenvoris) -> None:
    """A deleted endpoint gets no deliveries."""
    with receiver(500) as shop:
        endpoint = register(sandbox, shop.url)
        sandbox.plan()
        deliver(sandbox)
        sandbox.call("DELETE", f"/webhooks/{endpoint}")
        sandbox.clock.now += 10
        assert deliver(sandbox) == 0
    assert deliveries(sandbox) == []


def test_secret_is_not_shown(sandbox: LocalGenvoris) -> None:
    """No response contains the secret of an endpoint."""
    register(sandbox, "http://127.0.0.1:1/hook")
    sandbox.plan()
    for path in ("/sandbox/deliveries", "/sandbox/calls", "/"):
        assert SECRET not in sandbox.http.get(path).get_data(as_text=True)


def test_deliveries_survive_restart(tmp_path: Path) -> None:
    """Outstanding deliveries are sent after a restart."""
    before = LocalGenvoris(tmp_path)
    with receiver() as shop:
        register(before, shop.url)
        before.plan()
        deliver(LocalGenvoris(tmp_path))
    assert shop.types == ["plan.created"]


def test_hanging_endpoint_blocks_no_other(
    genvoris_sandbox: Sandbox,
) -> None:
    """A hanging endpoint does not block the others."""
    headers = {"Authorization": f"Bearer {genvoris_sandbox.api_key}"}
    with (
        receiver() as shop,
        receiver() as slow,
        httpx.Client(base_url=genvoris_sandbox.url, headers=headers) as client,
    ):
        with slow.lock:  # its response waits for this lock
            for url in (slow.url, shop.url):
                body = {"url": url, "secret": SECRET, "events": ["plan.created"]}
                client.post("/api/v1/webhooks", json=body)
            client.post("/api/v1/plans", json={"name": "Pro", "monthlyTryOns": 5})
            until(lambda: shop.received)
            assert shop.types == ["plan.created"]
        listed = client.get("/sandbox/deliveries?wait=5").json()
    assert listed["settled"] is True
    assert [each["state"] for each in listed["data"]] == ["delivered", "delivered"]


def test_low_balance_is_notified_once(tmp_path: Path) -> None:
    """A low balance is delivered once until credits are added."""
    sandbox = LocalGenvoris(tmp_path, credits_at_start=103)
    sandbox.customer(quota=50)
    with receiver() as shop:
        register(sandbox, shop.url, ["credit.low_balance"])
        for _ in range(5):
            sandbox.spend(1)
        assert told(sandbox, shop) == ["credit.low_balance"]
