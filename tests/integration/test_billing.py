"""Billing over several processes with a real Redis, against a real sandbox."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from flask import Flask

from genvoris_flask import GenvorisFlask
from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.core.billing.service import Billing
from genvoris_flask.errors import GenvorisError, StoreUnavailableError
from genvoris_flask.testing import Sandbox
from genvoris_flask.web.state import get_state
from tests.integration.conftest import ROOT, RedisServer
from tests.support.stripe_life import SIZES, Life
from tests.support.stripe_payloads import Stripe

PLANS = [{"name": "Pro", "monthly_try_ons": 5, "external_price_id": "price_pro"}]

SHOP = """
import os, signal, sys, threading
from flask import Flask
from genvoris_flask import GenvorisFlask
from genvoris_flask.web.state import get_state
from genvoris_flask.testing import Sandbox

app = Flask("shop")
app.config.update({config!r})
GenvorisFlask(app)
billing = get_state(app).billing
"""

DELIVER = """
event = {event!r}
failed = []

def deliver():
    try:
        billing.renew("ada", event_id="in_1")
        get_state(app).apply_stripe_event(event)
    except Exception as error:
        failed.append(repr(error))

threads = [threading.Thread(target=deliver) for _ in range(13)]
print("ready", flush=True)
sys.stdin.readline()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(failed, flush=True)
"""

SHARE = """
from genvoris_flask.errors import GenvorisError

print("ready", flush=True)
sys.stdin.readline()
for event in {events!r}:
    try:
        get_state(app).apply_stripe_event(event)
    except GenvorisError:
        pass  # it is delivered again
print("done", flush=True)
"""

DIE = """
store = get_state(app).store
write = type(store).set

def die(self, key, value, seconds):
    if b"done_for" in value:
        os.kill(os.getpid(), signal.SIGKILL)
    write(self, key, value, seconds)

type(store).set = die
billing.{call}("ada", event_id="{event_id}"{more})
"""


def dying(call: str, event_id: str, more: str = "") -> str:
    """Return the program of a process that dies between a call and its record."""
    return DIE.replace("{call}", call).replace("{event_id}", event_id).replace("{more}", more)


@pytest.fixture
def config(genvoris_sandbox: Sandbox, redis_server: RedisServer) -> dict[str, Any]:
    return {
        **genvoris_sandbox.config,
        "GENVORIS_STORE_URL": redis_server.url,
        "GENVORIS_PLANS": PLANS,
    }


@pytest.fixture
def billing(config: dict[str, Any]) -> Billing:
    """Return billing in this process, after Ada has bought a plan."""
    app = Flask("shop")
    app.config.update(config)
    GenvorisFlask(app)
    billing = get_state(app).billing
    billing.sync_plans()
    billing.activate("ada", price_id="price_pro", event_id="order-1")
    return billing


@pytest.fixture
def client(genvoris_sandbox: Sandbox) -> GenvorisClient:
    return genvoris_sandbox.client


def start(config: dict[str, Any], what_it_does: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SHOP.format(config=config) + what_it_does],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def fills(client: GenvorisClient, name: str = "ada") -> int:
    """Return how often a quota was filled: each time but the first ended a period."""
    return len(client.customers.usage(name).history) + 1


def test_concurrent_processes(
    config: dict[str, Any], billing: Billing, client: GenvorisClient
) -> None:
    """52 deliveries to four processes happen once, for shops' events and Stripe's."""
    event = Stripe(metadata={"genvoris_external_id": "bea"}).change("created", price="price_pro")
    processes = [start(config, DELIVER.format(event=event)) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[0] for process in processes] == ["[]\n"] * 4
    assert fills(client) == 2
    assert fills(client, "bea") == 1


def test_killed_process(config: dict[str, Any], billing: Billing, client: GenvorisClient) -> None:
    """A process killed between the call and its record loses and repeats nothing."""
    killed = start(config, dying("renew", "in_1"))
    assert killed.wait(timeout=60) == -signal.SIGKILL
    killed.communicate()
    assert fills(client) == 2, "the call was made"
    client.tryons.track(end_customer_token=client.sessions.mint("ada").token)
    # Its lock is still held, and would expire by itself.
    delete_lock(config)
    billing.renew("ada", event_id="in_1")
    assert fills(client) == 2
    assert client.customers.usage("ada").used == 1


ORDERS = {
    "pause": ("resume", "ACTIVE"),
    "resume": ("pause", "PAUSED"),
    "cancel": ("activate", "ACTIVE"),
    "refund": ("activate", "ACTIVE"),
    "change_plan": ("cancel", "CANCELLED"),
}


@pytest.mark.parametrize("call", ORDERS)
def test_killed_process_and_newer_event(
    config: dict[str, Any], billing: Billing, client: GenvorisClient, call: str
) -> None:
    """A killed process's event that is repeated does not undo a newer one."""
    then, status = ORDERS[call]
    more = {"price_id": "price_pro"}
    needs = ("activate", "change_plan")
    killed = start(config, dying(call, "old", ", price_id='price_pro'" if call in needs else ""))
    assert killed.wait(timeout=60) == -signal.SIGKILL
    killed.communicate()
    delete_lock(config)
    getattr(billing, then)("ada", event_id="new", **(more if then in needs else {}))
    getattr(billing, call)("ada", event_id="old", **(more if call in needs else {}))
    usage = client.customers.usage("ada")
    assert (usage.status, usage.plan_name) == (status, "Pro")


def is_applied(app: Flask, event: dict[str, Any]) -> bool:
    try:
        get_state(app).apply_stripe_event(event)
    except GenvorisError:
        return False
    return True


SOLD = [
    {"name": name, "monthly_try_ons": size, "external_price_id": name}
    for name, size in SIZES.items()
]


@pytest.mark.parametrize("seed", [4, 192])
def test_life_over_four_processes(
    config: dict[str, Any], genvoris_sandbox: Sandbox, client: GenvorisClient, seed: int
) -> None:
    """A life at Stripe, shuffled over four processes, ends as the model says."""
    config["GENVORIS_PLANS"] = SOLD
    app = Flask("shop")
    app.config.update(config)
    GenvorisFlask(app)
    get_state(app).billing.sync_plans()
    life = Life(seed, basil=seed % 2 == 0, default_plan=None)
    events = life.deliveries()
    processes = [start(config, SHARE.format(events=events[n::4])) for n in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=120)[0] for process in processes] == ["done\n"] * 4
    waiting = events  # all come again, since some failed before it was known whose they are
    while waiting:
        left = [event for event in waiting if not is_applied(app, event)]
        assert len(left) < len(waiting)
        waiting = left
    usage = client.customers.usage("ada")
    is_active = usage.status == "ACTIVE" and usage.plan_name
    account = (usage.status, f"pln_{usage.plan_name}" if is_active else None)
    assert account in life.model.end()
    assert fills(client) <= life.model.sales


def test_redis_unavailable(
    config: dict[str, Any], billing: Billing, client: GenvorisClient, redis_server: RedisServer
) -> None:
    """Nothing is sent while Redis is away; afterwards it happens once."""
    redis_server.kill()
    with pytest.raises(StoreUnavailableError, match="delivers it again"):
        billing.renew("ada", event_id="in_1")
    assert fills(client) == 1
    redis_server.start()
    another = Flask("another")
    another.config.update(config)
    # This process would ask Redis again only after two seconds. What Redis knew of the period is
    # lost, so it counts as paid for in its first three days.
    GenvorisFlask().init_app(another, clock=lambda: time.time() + 4 * 24 * 3600)
    for _ in range(2):
        get_state(another).billing.renew("ada", event_id="in_1")
    assert fills(client) == 2


def delete_lock(config: dict[str, Any]) -> None:
    import redis

    with redis.Redis.from_url(config["GENVORIS_STORE_URL"]) as connection:
        locks = list(connection.scan_iter("*:lock:*"))
        assert len(locks) == 1
        assert 0 < int(connection.ttl(locks[0])) <= 90
        connection.delete(*locks)
