"""Every call of the typed client over a real socket on which things go wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask

from genvoris_flask import GenvorisFlask
from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.core.api.models import Event
from genvoris_flask.core.billing.service import Billing
from genvoris_flask.errors import (
    ForbiddenError,
    GenvorisError,
    MalformedAnswerError,
    RateLimitedError,
    ServerError,
    UnauthorizedError,
    UnreachableError,
)
from genvoris_flask.testing.sandbox import API_KEY as KEY
from genvoris_flask.web.state import get_state


@dataclass(frozen=True)
class Call:
    """A call, what it is on the wire, and when the documents say that it is repeated."""

    method: str
    path: str
    repeated: str
    do: Callable[[GenvorisClient], object]
    reads: bool = True


CALLS = {
    "plans.list": Call("GET", "/plans", "always", lambda client: client.plans.list()),
    "plans.create": Call(
        "POST",
        "/plans",
        "never",
        lambda client: client.plans.create(name="P", monthly_try_ons=1),
    ),
    "plans.get": Call("GET", "/plans/*", "always", lambda client: client.plans.get(plan(client))),
    "plans.update": Call(
        "PATCH",
        "/plans/*",
        "always",
        lambda client: client.plans.update(plan(client), name="Q"),
    ),
    "plans.disable": Call(
        "DELETE",
        "/plans/*",
        "always",
        lambda client: client.plans.disable(plan(client)),
        reads=False,
    ),
    "customers.upsert": Call(
        "POST",
        "/customers",
        "no effect",
        lambda client: client.customers.upsert(external_id="ada"),
    ),
    "customers.list": Call("GET", "/customers", "always", lambda client: client.customers.list()),
    "customers.get": Call(
        "GET", "/customers/*", "always", lambda client: client.customers.get("ada")
    ),
    "customers.update": Call(
        "PATCH",
        "/customers/*",
        "always",
        lambda client: client.customers.update("ada", email="ada@example.com"),
    ),
    "customers.update(reset_period)": Call(
        "PATCH",
        "/customers/*",
        "no effect",
        lambda client: client.customers.update("ada", reset_period=True),
    ),
    "customers.cancel": Call(
        "DELETE",
        "/customers/*",
        "always",
        lambda client: client.customers.cancel("bea"),
        reads=False,
    ),
    "customers.usage": Call(
        "GET", "/customers/*/usage", "always", lambda client: client.customers.usage("ada")
    ),
    "sessions.mint": Call(
        "POST", "/customers/*/sessions", "always", lambda client: client.sessions.mint("ada")
    ),
    "sessions.revoke": Call(
        "DELETE",
        "/customers/*/sessions/*",
        "always",
        lambda client: client.sessions.revoke("ada", jti(client)),
        reads=False,
    ),
    "events.send": Call(
        "POST",
        "/events",
        "no effect",
        lambda client: client.events.send([Event("s", "CLOSED")]),
    ),
    "conversions.record": Call(
        "POST",
        "/conversions",
        "always",
        lambda client: client.conversions.record(order_id="o", amount_cents=1),
    ),
    "returns.record": Call(
        "POST",
        "/returns",
        "no effect",
        lambda client: client.returns.record(order_id="known", refunded_amount_cents=1),
    ),
    "webhook_endpoints.list": Call(
        "GET", "/webhooks", "always", lambda client: client.webhook_endpoints.list()
    ),
    "webhook_endpoints.create": Call(
        "POST",
        "/webhooks",
        "no effect",
        lambda client: endpoint(client),
    ),
    "webhook_endpoints.test": Call(
        "POST",
        "/webhooks/*/test",
        "always",
        lambda client: client.webhook_endpoints.test(endpoint(client)),
    ),
    "webhook_endpoints.delete": Call(
        "DELETE",
        "/webhooks/*",
        "no effect",
        lambda client: client.webhook_endpoints.delete(endpoint(client)),
        reads=False,
    ),
    "sessions.list": Call(
        "GET", "/customers/*/sessions", "always", lambda client: client.sessions.list("ada")
    ),
    "tryons.status": Call("GET", "/api/status", "always", lambda client: client.tryons.status()),
    "widget.hash": Call("GET", "/widget-hash", "always", lambda client: client.widget.hash()),
    "widget.button_design": Call(
        "GET",
        "/api/widget/button-design",
        "always",
        lambda client: client.widget.button_design(),
    ),
    "tryons.track": Call(
        "POST", "/api/tryon/track", "no effect", lambda client: client.tryons.track()
    ),
}


def plan(client: GenvorisClient) -> str:
    return client.plans.list(include_inactive=True)[0].id


def jti(client: GenvorisClient) -> str:
    found = client.sessions.mint("ada").jti
    assert found
    return found


def endpoint(client: GenvorisClient) -> str:
    return client.webhook_endpoints.create(
        url="http://127.0.0.1:9/hook", secret="whsec_1", events=["tryon.completed"]
    ).id


class Faulty:
    """The sandbox's switches, and a client that need not really wait between tries."""

    def __init__(self, url: str, switches: httpx.Client) -> None:
        self.url = url
        self.switches = switches
        self.slept: list[float] = []
        self.client = GenvorisClient(KEY, f"{url}/api/v1", url, sleep=self.slept.append)

    def arrange(self, call: Call, kind: str, count: int, **more: Any) -> None:
        whole = call.path.startswith(("/api/", "/widget-hash"))
        path = call.path if whole else f"/api/v1{call.path}"
        fault = {"kind": kind, "path": path, "method": call.method, "count": count, **more}
        answer = self.switches.put("/sandbox/faults", json={"faults": [fault]})
        assert answer.status_code == 200, answer.text

    def hits(self) -> int:
        [fault] = self.switches.get("/sandbox/faults").json()["faults"]
        return int(fault["hits"])

    def advance(self, seconds: float) -> None:
        answer = self.switches.post("/sandbox/clock", json={"advance": seconds})
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def known(client: GenvorisClient) -> None:
    """Let there be what the calls are about."""
    client.plans.create(name="Pro", monthly_try_ons=3)
    for name in ("ada", "bea"):
        client.customers.upsert(external_id=name)
    client.conversions.record(order_id="known", amount_cents=1)


@pytest.fixture(scope="module")
def switches(sandbox_url: str) -> Iterator[httpx.Client]:
    """Return one client for all tests: to make one reads all certificates of the machine."""
    with httpx.Client(base_url=sandbox_url) as client:
        yield client


@pytest.fixture
def faulty(sandbox_url: str, switches: httpx.Client, known: None) -> Iterator[Faulty]:
    yield Faulty(sandbox_url, switches)
    switches.delete("/sandbox/faults")


@pytest.mark.parametrize("name", CALLS)
def test_rate_limit_is_waited_for(faulty: Faulty, name: str) -> None:
    """After 429 the client waits as long as Genvoris says."""
    call = CALLS[name]
    faulty.arrange(call, "status", 2, status=429, error="rate_limited", retryAfter=2)
    if call.repeated == "never":
        with pytest.raises(RateLimitedError) as caught:
            call.do(faulty.client)
        assert caught.value.retry_after == 2
        return
    call.do(faulty.client)
    assert faulty.hits() == 2
    assert faulty.slept == [2, 2]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(("fault", "error"), [("status", ServerError), ("drop", UnreachableError)])
def test_retries_are_safe(
    faulty: Faulty, name: str, fault: str, error: type[GenvorisError]
) -> None:
    """A call that may have taken effect is repeated only if that changes nothing."""
    call = CALLS[name]
    faulty.arrange(call, fault, 1, when="after")
    if call.repeated == "always":
        call.do(faulty.client)
    else:
        with pytest.raises(error):
            call.do(faulty.client)
    assert faulty.hits() == 1


@pytest.mark.parametrize("name", CALLS)
def test_inactive_account(faulty: Faulty, name: str) -> None:
    """An inactive account is an error at once."""
    call = CALLS[name]
    faulty.arrange(call, "status", 3, status=403, error="account_inactive")
    with pytest.raises(ForbiddenError, match="account_inactive"):
        call.do(faulty.client)
    assert faulty.hits() == 1


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(403, "domain_not_allowed", ForbiddenError), (401, "invalid_key", UnauthorizedError)],
)
def test_final_refusals(faulty: Faulty, status: int, code: str, error: type[GenvorisError]) -> None:
    """Other refusals of the shop are final as well."""
    faulty.arrange(CALLS["tryons.track"], "status", 3, status=status, error=code)
    with pytest.raises(error, match=code):
        faulty.client.tryons.track()
    assert faulty.hits() == 1


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.reads])
def test_not_json(faulty: Faulty, name: str) -> None:
    """A response that is not JSON is an error."""
    call = CALLS[name]
    faulty.arrange(call, "garbage", 3)
    with pytest.raises(MalformedAnswerError):
        call.do(faulty.client)


@pytest.fixture
def billing(faulty: Faulty) -> Billing:
    app = Flask("shop")
    app.config.update(GENVORIS_API_KEY=KEY, GENVORIS_API_URL=f"{faulty.url}/api/v1")
    GenvorisFlask(app)
    return get_state(app).billing


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", ["drop", "status", "garbage"])
def test_lost_response(
    faulty: Faulty, billing: Billing, new_name: Callable[[], str], fault: str, when: str
) -> None:
    """A sale whose response was lost is reported once."""
    name, pro = new_name(), faulty.client.plans.create(name="Sold", monthly_try_ons=3).id
    billing.activate(name, plan_id=pro, event_id="order-1")
    faulty.arrange(CALLS["customers.upsert"], fault, 1, when=when)
    with pytest.raises(GenvorisError):
        billing.activate(name, plan_id=pro, event_id="order-2")
    for _ in range(2):
        billing.activate(name, plan_id=pro, event_id="order-2")
    assert len(faulty.client.customers.usage(name).history) == 1


def test_retries_are_documented() -> None:
    """docs/api.md says of every call when it is retried."""
    table = (Path(__file__).parent.parent.parent / "docs/api.md").read_text()
    rows = re.findall(r"^\| `(\w+\.\w+)\(.*?\)` \|[^|]*\|[^|]*\| ([^|;]*)", table, re.MULTILINE)
    written = {name: when.strip() for name, when in rows}
    del written["customers.iterate"]  # it is customers.list, again and again
    tested = {name: call.repeated for name, call in CALLS.items() if "(" not in name}
    assert written == tested
