"""Tokens that processes share through a store."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from genvoris_flask.core.api.models import Session
from genvoris_flask.core.sessions.cache import StoredSessions
from genvoris_flask.core.storage.interface import digest
from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.core.storage.sealing import SecretSealer
from genvoris_flask.errors import DeadlineError, StoreUnavailableError
from tests.support.fake_genvoris import NOW, Clock
from tests.support.session_shop import ADA, SessionShop
from tests.support.waiting import until

SESSION = Session(
    token="a.b.c",
    expires_at=NOW + 900,
    jti="j1",
    shop_id="shop_1",
    customer_id="ec_ada",
    external_id="ada",
    plan_id="pln_1",
    plan_name="Pro",
    monthly_try_ons=5,
    period_end=dt.datetime(2026, 12, 1, tzinfo=dt.UTC),
)
KEY = f"session:{digest('ada')}"


class SharedStore(MemoryStore):
    """A store that delivers messages, and can be unavailable."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.listeners: list[Callable[[str], None]] = []
        self.is_unavailable = False

    def __getattribute__(self, name: str) -> Any:
        if name in ("get", "set", "delete", "publish") and self.is_unavailable:
            raise StoreUnavailableError("Redis does not answer.")
        return super().__getattribute__(name)

    @contextmanager
    def lock(self, name: str, *, wait: float, hold: float) -> Iterator[None]:
        if self.is_unavailable:
            raise StoreUnavailableError("Redis does not answer.")
        with super().lock(name, wait=wait, hold=hold):
            yield

    def publish(self, _channel: str, message: str) -> None:
        for listener in self.listeners:
            listener(message)

    def subscribe(self, _channel: str, listener: Callable[[str], None]) -> None:
        self.listeners.append(listener)


@pytest.fixture
def clock() -> Clock:
    """Return a clock that is moved by hand."""
    return Clock()


@pytest.fixture
def store(clock: Clock) -> SharedStore:
    """Return the store of all processes."""
    return SharedStore(clock)


@pytest.fixture
def shared(store: SharedStore, clock: Clock) -> StoredSessions:
    """Return one process's access to the store."""
    return StoredSessions(store, wall=clock)


def test_token_is_shared_as_a_whole(
    store: SharedStore, shared: StoredSessions, clock: Clock
) -> None:
    """All of its fields reach the other process, and no other shopper."""
    shared.put("ada", SESSION)
    other = StoredSessions(store, wall=clock)
    assert other.get("ada") == SESSION
    assert other.get("ben") is None


def test_token_is_shared_until_a_minute_before_its_end(
    store: SharedStore, shared: StoredSessions, clock: Clock
) -> None:
    """Then it leaves the store by itself."""
    shared.put("ada", SESSION)
    clock.now += 839
    assert shared.get("ada") == SESSION
    assert store.get(KEY)
    clock.now += 1
    assert shared.get("ada") is None
    assert store.get(KEY) is None
    shared.put("ada", SESSION)
    assert store.get(KEY) is None


def test_old_token_in_the_store_is_not_served(
    store: SharedStore, shared: StoredSessions, clock: Clock
) -> None:
    """Whatever the store's own clock says."""
    shared.put("ada", SESSION)
    raw = store.get(KEY)
    assert raw
    store.set(KEY, raw, 10_000)
    clock.now += 841
    assert shared.get("ada") is None


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"\xff", b'{"period_end": null, "more": 1}'])
def test_record_of_another_version_is_ignored(
    store: SharedStore, shared: StoredSessions, raw: bytes
) -> None:
    """It may have been written by an older or a newer one."""
    store.set(KEY, raw, 60)
    assert shared.get("ada") is None


def test_dropped_token_is_gone_and_reported(store: SharedStore, shared: StoredSessions) -> None:
    """Also where shoppers are sealed; forged messages are ignored."""
    sealed = StoredSessions(store, SecretSealer(lambda: ["secret"]))
    dropped: list[str] = []
    sealed.on_drop(dropped.append)
    sealed.put("ada", SESSION)
    sealed.drop("ada")
    assert sealed.get("ada") is None
    assert dropped == ["ada"]
    for message in ("not base64!", base64.b64encode(b"ben").decode(), ""):
        store.publish("dropped", message)
    assert dropped == ["ada"]


def test_one_process_mints_for_a_shopper(store: SharedStore, shared: StoredSessions) -> None:
    """Another waits for so long; other shoppers are not affected."""
    other = StoredSessions(store)

    def mint(external_id: str) -> None:
        with other.minting(external_id, 0.01):
            pass

    with ThreadPoolExecutor(1) as pool, shared.minting("ada", 60):
        pool.submit(mint, "ben").result(60)
        with pytest.raises(DeadlineError, match="still minting"):
            pool.submit(mint, "ada").result(60)
    mint("ada")


def test_unavailable_store_raises_nothing(store: SharedStore, shared: StoredSessions) -> None:
    """Each process mints on its own."""
    shared.put("ada", SESSION)
    store.is_unavailable = True
    assert shared.get("ada") is None
    shared.put("ben", SESSION)
    shared.drop("ada")
    with pytest.raises(ZeroDivisionError), shared.minting("ada", 0):
        raise ZeroDivisionError


def test_store_may_fail_during_a_mint(store: SharedStore, clock: Clock) -> None:
    """The token is served, but not shared."""
    shop = SessionShop(shared=StoredSessions(store, wall=clock))
    hang = shop.hang()
    future = ThreadPoolExecutor(1).submit(shop.session)
    assert hang.asked.wait(60)
    store.is_unavailable = True
    hang.release()
    assert future.result(60).customer_id == "ec_ada"


def test_broker_takes_another_processs_token(store: SharedStore, clock: Clock) -> None:
    """It reports no mint, but the new customer id."""
    shops = [SessionShop(clock=clock, shared=StoredSessions(store, wall=clock)) for _ in range(2)]
    first, second = shops
    session = first.session()
    assert second.session() == session
    assert second.events(1) == [("linked", "ada", "ec_ada")]
    assert second.mints == 0
    first.broker.forget(ADA)
    until(lambda: second.broker.cached(ADA) is None)


def test_renewal_does_not_take_the_old_token(store: SharedStore, clock: Clock) -> None:
    """The store still has the one that is to be replaced."""
    shop = SessionShop(clock=clock, shared=StoredSessions(store, wall=clock))
    first = shop.session()
    clock.now += 700
    assert shop.session() == first
    until(lambda: shop.session() != first)
    assert shop.mints == 2


def test_forgotten_token_is_not_taken_back(store: SharedStore, clock: Clock) -> None:
    """Even if the store could not be told."""
    shop = SessionShop(clock=clock, shared=StoredSessions(store, wall=clock))
    first = shop.session()
    store.is_unavailable = True
    shop.broker.forget(ADA)
    until(lambda: any(call.startswith("DELETE") for call in shop.genvoris.calls))
    store.is_unavailable = False
    assert shop.session().token != first.token
