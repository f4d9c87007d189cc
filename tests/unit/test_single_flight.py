"""What requests share that wait for one mint."""

from __future__ import annotations

import pytest

from genvoris_flask.core.api.models import Session
from genvoris_flask.core.concurrency import threads
from genvoris_flask.core.sessions import Shopper
from genvoris_flask.core.sessions.breaker import CircuitBreaker
from genvoris_flask.core.sessions.broker import SessionBroker
from genvoris_flask.core.sessions.cache import NullSharedSessions, SessionCache, SharedSessions
from genvoris_flask.core.sessions.known import KnownShoppers
from genvoris_flask.core.sessions.mint import Mint
from genvoris_flask.core.sessions.single_flight import MAX_MINTS, SingleFlight
from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.errors import CircuitOpenError, ServerError, UnreachableError
from tests.support.session_shop import ADA, Hang, SessionShop
from tests.support.waiting import until


class Flights:
    """Mints of the fake Genvoris, without a broker."""

    def __init__(self, shared: SharedSessions | None = None) -> None:
        self.shop = SessionShop()
        self.cache = SessionCache(10, self.shop.clock)
        self.breaker = CircuitBreaker(self.shop.clock)
        known = KnownShoppers(MemoryStore(self.shop.clock))
        self.flights = SingleFlight(
            Mint(self.shop.genvoris.client(), 900, None, "", known),
            lambda: self.cache,
            self.breaker,
            shared or NullSharedSessions(),
            self.shop.listener,
        )


@pytest.fixture
def it() -> Flights:
    """Return flights of this process alone."""
    return Flights()


def test_waiting_requests_share_one_mint(it: Flights) -> None:
    """They get the same session."""
    hang = it.shop.hang()
    futures = [it.flights.mint(ADA) for _ in range(5)]
    hang.release()
    sessions = [future.result(60) for future in futures]
    assert len({session.token for session in sessions}) == 1
    assert it.shop.mints == 1


def test_waiting_requests_share_one_error(it: Flights) -> None:
    """Those that come later start anew."""
    hang = Hang()

    def hang_and_fail() -> None:
        hang()
        raise OSError("the mint's thread must survive this")

    it.shop.genvoris.fault = hang_and_fail
    futures = [it.flights.mint(ADA) for _ in range(5)]
    hang.release()
    errors = [future.exception(60) for future in futures]
    assert len(set(map(id, errors))) == 1
    assert isinstance(errors[0], OSError)
    it.shop.fail_with(500)
    with pytest.raises(ServerError):
        it.flights.mint(ADA).result(60)
    it.shop.recover()
    assert it.flights.mint(ADA).result(60).customer_id == "ec_ada"


def test_open_circuit_joins_no_mint(it: Flights) -> None:
    """Waiting for it would be in vain."""
    hang = it.shop.hang()
    it.flights.mint(ADA)
    for _ in range(3):
        it.breaker.failed(UnreachableError("no answer"))
    with pytest.raises(CircuitOpenError):
        it.flights.mint(ADA)
    hang.release()


def test_dropped_mint_is_not_joined(it: Flights) -> None:
    """Its token may belong to a shopper who has logged out."""
    hang = it.shop.hang()
    first = it.flights.mint(ADA)
    assert hang.asked.wait(60)
    it.flights.drop(ADA.external_id)
    it.shop.recover()
    second = it.flights.mint(ADA).result(60)
    it.shop.clock.now += 1  # so that the tokens differ
    hang.release()
    assert first.result(60).token != second.token
    cached = it.cache.get(ADA)
    assert cached
    assert cached.session == second


def test_cached_token_is_not_minted_again(it: Flights) -> None:
    """Unless it is to be renewed."""
    first = it.flights.mint(ADA).result(60)
    assert it.flights.mint(ADA).result(60) == first
    assert it.shop.mints == 1
    it.flights.renew(ADA)
    until(lambda: (cached := it.cache.get(ADA)) and cached.session != first)
    assert it.shop.mints == 2


def test_page_does_not_wait_for_slow_genvoris() -> None:
    """The mint goes on, and a later page has its token."""
    shop = SessionShop()
    breaker = CircuitBreaker(slow_seconds=0.8)
    for _ in range(3):
        breaker.succeeded(5.0)
    broker = SessionBroker(
        shop.genvoris.client(), shop.listener, ttl=900, breaker=breaker, clock=shop.clock
    )
    hang = shop.hang()
    for _ in range(2):
        with pytest.raises(CircuitOpenError):
            broker.session_for_page(ADA, budget=3600)
    hang.release()
    until(lambda: broker.cached(ADA) is not None)
    assert shop.mints == 1


def test_no_thread_is_no_error_of_the_page(it: Flights, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next mint is made again."""

    def refuse(name: str, run: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threads, "start_thread", refuse)
        with pytest.raises(CircuitOpenError):
            it.flights.mint(ADA)
    assert it.flights.mint(ADA).result(60).customer_id == "ec_ada"


def test_mints_that_wait_are_bounded(it: Flights) -> None:
    """Shoppers beyond that ask again later."""
    hang = it.shop.hang()
    futures = [it.flights.mint(Shopper(f"shopper-{number}")) for number in range(MAX_MINTS)]
    with pytest.raises(CircuitOpenError):
        it.flights.mint(ADA)
    hang.release()
    for future in futures:
        future.exception(60)
    assert it.flights.mint(ADA).result(60).customer_id == "ec_ada"


def test_exit_in_a_receiver_costs_nothing_else(it: Flights) -> None:
    """The customer's id is reported all the same, and the thread goes on."""

    def leave(shopper: Shopper, session: Session) -> None:
        raise SystemExit(1)

    it.shop.listener.minted = leave  # type: ignore[method-assign]
    for _ in range(20):
        it.flights.drop("ada")
        assert it.flights.mint(ADA).result(60).customer_id == "ec_ada"
    until(lambda: ("linked", "ada", "ec_ada") in it.shop.listener.events)
