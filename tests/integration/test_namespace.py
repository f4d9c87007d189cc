"""A shop keeps its records in Redis when its API key is replaced, and shares them with no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import redis
from flask import Flask

from genvoris_flask import GenvorisFlask
from genvoris_flask.core.images.photos import Picture
from genvoris_flask.core.sessions import Shopper
from genvoris_flask.core.storage.interface import digest
from genvoris_flask.core.storage.namespace import CHECK_SECONDS, PAUSE, Namespace, Shop
from genvoris_flask.core.storage.redis_connection import RedisConnection
from genvoris_flask.core.storage.redis_store import LASTING_SECONDS, RedisStore
from genvoris_flask.errors import (
    Problem,
    StoreUnavailableError,
    UnauthorizedError,
    UnreachableError,
)
from genvoris_flask.testing import Sandbox
from genvoris_flask.testing.controls import call
from genvoris_flask.web.state import EXTENSION_KEY, AppState, get_state
from tests.integration.conftest import RedisServer
from tests.support.fake_genvoris import Clock
from tests.support.jobs import StubEngine, tryon
from tests.support.stripe_payloads import Stripe
from tests.support.waiting import until

ADA = Shopper("ada")
PICTURE = Picture(b"a picture", "image/jpeg")
PLANS = [{"name": "Pro", "monthly_try_ons": 5, "external_price_id": "price_pro"}]
URL = "https://genvoris.org/api/v1"

OpenShop = Callable[..., AppState]


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server.url) as connection:
        yield connection


@pytest.fixture
def open_shop(genvoris_sandbox: Sandbox, redis_server: RedisServer) -> OpenShop:
    """Return a function that sets up the shop as a new process would."""

    def open_one(**config: Any) -> AppState:
        app = Flask("shop")
        app.config.update(genvoris_sandbox.config)
        app.config.update(
            SECRET_KEY="secret", GENVORIS_STORE_URL=redis_server.url, GENVORIS_PLANS=PLANS
        )
        app.config.update(config)
        GenvorisFlask(app)
        state = replace(get_state(app), engine=StubEngine(PICTURE))
        app.extensions[EXTENSION_KEY] = state
        return state

    return open_one


def replace_key(sandbox: Sandbox) -> str:
    """Replace the account's API key, as in Genvoris's dashboard; the old one ends at once."""
    answer = call(sandbox.url, "POST", "/sandbox/api-keys", {"grace": 0})
    key: str = answer["key"]
    return key


def fills(state: AppState, name: str) -> int:
    return len(state.client.customers.usage(name).history) + 1


def test_new_key_repeats_no_sale(open_shop: OpenShop, genvoris_sandbox: Sandbox) -> None:
    """Neither of the shop's own billing system nor of Stripe."""
    before = open_shop()
    before.billing.sync_plans()
    names = [f"shopper-{number}" for number in range(10)]
    event = Stripe(metadata={"genvoris_external_id": "bea"}).change("created", price="price_pro")
    for name in names:
        before.billing.activate(name, price_id="price_pro", event_id="order-1")
    assert before.apply_stripe_event(event) == "applied"
    after = open_shop(GENVORIS_API_KEY=replace_key(genvoris_sandbox))
    for name in names:
        after.billing.activate(name, price_id="price_pro", event_id="order-1")
    assert after.apply_stripe_event(event) == "repeated"
    assert {fills(after, name) for name in [*names, "bea"]} == {1}


def test_new_key_keeps_deliveries_jobs_and_tokens(
    open_shop: OpenShop, genvoris_sandbox: Sandbox
) -> None:
    """Nothing runs twice, and nothing is minted anew."""
    genvoris_sandbox.shopper("ada")
    before = open_shop()
    token = before.broker.session(ADA, 60).token
    job = before.jobs.submit("shopper:ada", tryon(), "a key")
    until(
        lambda: (
            (found := before.jobs.find(job.id, "shopper:ada")) is not None and bool(found.result)
        )
    )
    assert before.deliveries.once("evt_1", lambda: None)
    after = open_shop(GENVORIS_API_KEY=replace_key(genvoris_sandbox))
    assert not after.deliveries.once("evt_1", lambda: pytest.fail("it ran again"))
    found = after.jobs.find(job.id, "shopper:ada")
    assert found
    assert after.jobs.picture(found) == PICTURE
    again = after.jobs.submit("shopper:ada", tryon(), "a key")
    assert again.id == job.id
    assert after.broker.session(ADA, 60).token == token


def test_records_of_earlier_versions_are_found(
    open_shop: OpenShop, genvoris_sandbox: Sandbox, client: redis.Redis
) -> None:
    """They were named by the API key, its address and the prefix."""
    genvoris_sandbox.plan()
    config = genvoris_sandbox.config
    name = digest(f"{config['GENVORIS_API_KEY']} {config['GENVORIS_API_URL']} ")
    client.set(f"genvoris:{name}:webhook:{digest('evt_1')}", b"handled")
    open_shop().store.get("anything")  # this version once with the key of then
    after = open_shop(GENVORIS_API_KEY=replace_key(genvoris_sandbox))
    assert not after.deliveries.once("evt_1", lambda: pytest.fail("it ran again"))


def test_genvoris_is_asked_once_per_key(open_shop: OpenShop, genvoris_sandbox: Sandbox) -> None:
    """Not again by the next process."""
    genvoris_sandbox.plan()
    for _ in range(3):
        state = open_shop()
        for number in range(3):
            state.store.set(f"record {number}", b"1", LASTING_SECONDS)
    assert len(genvoris_sandbox.calls("/api/v1/plans", "GET")) == 1


class Process:
    """A process of a shop, with the plans that Genvoris would name to its key."""

    def __init__(
        self,
        server: RedisServer,
        api_key: str,
        plans: Iterable[str] | Exception = ("pln_1",),
        prefix: str = "",
        chosen: str | None = None,
        url: str = URL,
    ) -> None:
        self.plans = plans
        self.asked = 0
        self.clock = Clock()
        shop = Shop(api_key, url, prefix, chosen)
        self._connection = RedisConnection(server.url)
        self.namespace = Namespace(shop, self._ask, self.clock)
        self.store = RedisStore(self._connection, self.namespace)

    @property
    def name(self) -> str:
        return self.namespace.find(self._connection.client())

    def sell(self) -> None:
        self.store.set("sale", b"done", LASTING_SECONDS)

    def knows_the_sale(self) -> bool:
        return self.store.get("sale") == b"done"

    def _ask(self) -> Iterable[str]:
        self.asked += 1
        if isinstance(self.plans, Exception):
            raise self.plans
        return self.plans


def test_one_common_plan_is_enough(redis_server: RedisServer) -> None:
    """Plans come and go between two changes of the key."""
    Process(redis_server, "gvk_live_1", ["pln_1", "pln_2"]).sell()
    assert Process(redis_server, "gvk_live_2", ["pln_0", "pln_2", "pln_3"]).knows_the_sale()
    assert Process(redis_server, "gvk_live_3", ["pln_3"]).knows_the_sale()


def test_api_url_may_change(redis_server: RedisServer) -> None:
    """The plans still identify the shop."""
    Process(redis_server, "gvk_live_1").sell()
    assert Process(redis_server, "gvk_live_2", url="https://eu.genvoris.org/v2").knows_the_sale()


@pytest.mark.parametrize(
    "other",
    [
        {"api_key": "gvk_live_2", "plans": ["pln_9"]},
        {"api_key": "gvk_live_2", "plans": []},
        {"api_key": "gvk_live_2", "prefix": "us-"},
        {"api_key": "gvk_live_1", "prefix": "us-"},
        {"api_key": "gvk_test_1"},
        {"api_key": "gvk_live_1", "chosen": "staging", "prefix": "us-"},
    ],
)
def test_other_shops_share_nothing(redis_server: RedisServer, other: dict[str, Any]) -> None:
    """Shopper 42 of another shop is another person."""
    Process(redis_server, "gvk_live_1").sell()
    stranger = Process(redis_server, **other)
    assert not stranger.knows_the_sale()
    stranger.store.set("sale", b"another", LASTING_SECONDS)
    assert Process(redis_server, "gvk_live_1").knows_the_sale()


def test_keys_with_separate_records_stay_separate(
    redis_server: RedisServer, client: redis.Redis
) -> None:
    """Each finds the records that it has."""
    first, second = (Process(redis_server, f"gvk_live_{number}") for number in (1, 2))
    name = digest(f"gvk_live_2 {URL} ")
    client.set(f"genvoris:{name}:sale", b"done")
    first.store.set("sale", b"another", LASTING_SECONDS)
    assert second.knows_the_sale()


def test_plans_may_come_later(redis_server: RedisServer) -> None:
    """They are looked up again before the first lasting record."""
    before = Process(redis_server, "gvk_live_1", [])
    before.store.set("token", b"1", 60)
    before.plans = ["pln_1"]
    before.sell()
    assert Process(redis_server, "gvk_live_2").knows_the_sale()


def test_concurrent_processes_agree(redis_server: RedisServer) -> None:
    """Even if one of them has the new key already."""
    processes = [Process(redis_server, f"gvk_live_{number % 2}") for number in range(16)]
    with ThreadPoolExecutor(16) as threads:
        assert len(set(threads.map(lambda process: process.name, processes))) == 1


@pytest.mark.parametrize(
    "error", [UnreachableError("No."), UnauthorizedError(Problem(401, "invalid_key", "No."))]
)
def test_nothing_is_written_without_a_name(
    redis_server: RedisServer, client: redis.Redis, error: Exception
) -> None:
    """Under a wrong name, a sale could happen twice."""
    Process(redis_server, "gvk_live_1").sell()
    keys = set(client.keys())
    process = Process(redis_server, "gvk_live_2", error)
    for _ in range(3):
        with pytest.raises(StoreUnavailableError):
            process.sell()
    assert process.asked == 1, "and not for each record"
    assert "GENVORIS_API_KEY" in str(process.store.health_check())
    assert set(client.keys()) == keys
    process.plans = ["pln_1"]
    process.clock.now += PAUSE
    assert process.knows_the_sale()


def test_chosen_name_needs_no_plans(redis_server: RedisServer) -> None:
    """It takes over existing records, and works with any key."""
    Process(redis_server, "gvk_live_1").sell()
    away = UnreachableError("No.")
    assert Process(redis_server, "gvk_live_1", away, chosen="shop").knows_the_sale()
    for key in ("gvk_live_2", "gvk_test_3"):
        process = Process(redis_server, key, away, chosen="shop")
        assert process.knows_the_sale()
        assert process.asked == 0


def test_empty_redis_learns_the_name_again(redis_server: RedisServer, client: redis.Redis) -> None:
    """From processes that know it."""
    Process(redis_server, "gvk_live_1").sell()
    running = Process(redis_server, "gvk_live_2")
    running.sell()
    client.flushall()
    running.clock.now += CHECK_SECONDS
    running.sell()
    assert Process(redis_server, "gvk_live_2").knows_the_sale()
    assert Process(redis_server, "gvk_live_3").knows_the_sale()


def test_keys_and_plans_are_not_readable(redis_server: RedisServer, client: redis.Redis) -> None:
    """Nor is a chosen name."""
    Process(redis_server, "gvk_live_secret", ["pln_plan"], chosen=None).sell()
    Process(redis_server, "gvk_live_secret", chosen="my-own-shop").sell()
    keys = [str(key) for key in client.scan_iter()]
    for told in ("gvk_live", "pln_plan", "my-own-shop"):
        assert told not in " ".join(keys)
    assert all(key.startswith("b'genvoris:") for key in keys)


def test_listener_moves_to_the_final_name(redis_server: RedisServer) -> None:
    """Once Genvoris answers."""
    Process(redis_server, "gvk_live_1").sell()
    heard: list[str] = []
    late = Process(redis_server, "gvk_live_2", UnreachableError("No."))
    late.store.subscribe("news", heard.append)
    with pytest.raises(StoreUnavailableError):
        late.store.get("anything")
    late.plans = ["pln_1"]
    late.clock.now += PAUSE
    late.store.get("anything")
    other = Process(redis_server, "gvk_live_1")

    def told() -> bool:
        other.store.publish("news", "hello")
        return bool(heard)

    until(told)
