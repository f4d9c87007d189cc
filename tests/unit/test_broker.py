"""One token per shopper: cached, minted once, never near its end."""

from __future__ import annotations

import threading

import httpx
import pytest

from genvoris_flask.core.api.models import Session
from genvoris_flask.core.sessions import Shopper
from genvoris_flask.core.sessions.breaker import CircuitBreaker
from genvoris_flask.core.sessions.cache import NullSharedSessions
from genvoris_flask.core.sessions.known import KNOWN_SECONDS
from genvoris_flask.core.sessions.revocations import Revocations
from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.errors import (
    CircuitOpenError,
    DeadlineError,
    ExternalIdError,
    GenvorisError,
    MalformedAnswerError,
    NotFoundError,
    NotRegisteredError,
    ServerError,
    UnauthorizedError,
)
from tests.support.fake_genvoris import Clock, claims_for, sign
from tests.support.session_shop import ADA, SessionShop
from tests.support.waiting import until

BEN = Shopper("ben")
NEW = Shopper("new", email="new@example.com")


@pytest.fixture
def shop() -> SessionShop:
    """Return a shop that registers nobody."""
    return SessionShop()


@pytest.fixture
def open_shop() -> SessionShop:
    """Return a shop that registers unknown shoppers."""
    return SessionShop(default_plan="pln_free")


# Whose token it is


def test_shops_customer_id_goes_first(shop: SessionShop) -> None:
    """It needs no look-up at Genvoris."""
    shop.session(Shopper("ada", customer_id="ec_ada"))
    assert shop.genvoris.calls == ["POST /customers/ec_ada/sessions"]


def test_external_id_is_sent_with_its_prefix() -> None:
    """Without a customer id, Genvoris is asked for the shop's own."""
    shop = SessionShop(prefix="acme-")
    shop.genvoris.customers = {"acme-ada": "ec_ada"}
    assert shop.session().customer_id == "ec_ada"
    assert shop.genvoris.calls == ["POST /customers/acme-ada/sessions"]


def test_customer_id_outlives_the_token(shop: SessionShop) -> None:
    """A later mint asks with Genvoris's own id."""
    shop.clock.now = shop.session().expires_at
    shop.session()
    assert shop.genvoris.calls[-1] == "POST /customers/ec_ada/sessions"
    assert shop.broker.customer_id(ADA) == "ec_ada"


def test_stale_customer_id_is_corrected(open_shop: SessionShop) -> None:
    """The external id finds the shopper, who is not registered again."""
    stale = Shopper("ada", customer_id="ec_of_another_account")
    assert [open_shop.session(stale).customer_id for _ in range(2)] == ["ec_ada", "ec_ada"]
    assert (open_shop.mints, open_shop.registrations) == (2, 0)
    assert ("linked", "ada", "ec_ada") in open_shop.events(2)


def test_new_link_needs_a_new_token(shop: SessionShop) -> None:
    """A token of the customer from before is not served."""
    shop.genvoris.customers["other"] = "ec_other"
    assert shop.session().customer_id == "ec_ada"
    assert shop.session(Shopper("ada", customer_id="ec_other")).customer_id == "ec_other"


def test_each_shopper_gets_their_own_token(shop: SessionShop) -> None:
    """Whoever was served before."""
    shop.genvoris.customers["ben"] = "ec_ben"
    assert shop.session().customer_id == "ec_ada"
    assert shop.session(BEN).customer_id == "ec_ben"


@pytest.mark.parametrize("value", [42, ""], ids=repr)
def test_external_id_must_be_a_string(value: object) -> None:
    """The message says how to make one."""
    with pytest.raises(ValueError, match=r"non-empty string: use str\(user\.id\)"):
        Shopper(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("own", ["ec_victim", "EC_victim", " ec_victim", "ec_"])
@pytest.mark.parametrize("default_plan", [None, "pln_free"])
def test_ids_like_genvoris_own_are_refused(own: str, default_plan: str | None) -> None:
    """In a path one would name the customer who has it, and return their token."""
    shop = SessionShop(default_plan=default_plan)
    shop.genvoris.customers["victim"] = "ec_victim"
    for _ in range(5):
        with pytest.raises(ExternalIdError, match="GENVORIS_EXTERNAL_ID_PREFIX"):
            shop.session(Shopper(own))
        with pytest.raises(ExternalIdError):
            shop.broker.session_for_page(Shopper(own, customer_id="ec_ada"), 1.0)
    assert shop.genvoris.calls == []
    assert shop.session().customer_id == "ec_ada"  # it counts against nobody else


def test_prefix_allows_any_id() -> None:
    """What is sent then never looks like Genvoris's own."""
    shop = SessionShop(prefix="shop_")
    shop.genvoris.customers = {"shop_ec_victim": "ec_7", "victim": "ec_victim"}
    assert shop.session(Shopper("ec_victim")).customer_id == "ec_7"


def test_prefix_is_checked_together_with_the_id() -> None:
    """It may complete what looks like Genvoris's own."""
    with pytest.raises(ExternalIdError):
        SessionShop(prefix="e").session(Shopper("c_victim"))


def answer_for(shop: SessionShop, customer_id: str, external_id: str | None) -> None:
    """Let every mint return this customer's session."""

    def answer() -> httpx.Response | None:
        if shop.genvoris.calls[-1].startswith("DELETE"):
            return None
        claims = claims_for(customer_id, shop.clock.now, jti="theirs")
        customer = {"id": customer_id, "external_id": external_id}
        body = {"token": sign(claims), "expires_in": 900, "customer": customer}
        return httpx.Response(200, json=body)

    shop.genvoris.fault = answer


@pytest.mark.parametrize(
    "shopper", [ADA, Shopper("ada", customer_id="ec_ada")], ids=["external id", "customer id"]
)
def test_another_shoppers_session_is_refused_and_revoked(
    shop: SessionShop, shopper: Shopper
) -> None:
    """Whatever made Genvoris mix them up; the next shopper is not affected."""
    answer_for(shop, "ec_ben", "ben")
    for _ in range(5):
        with pytest.raises(ExternalIdError, match="another shopper"):
            shop.session(shopper)
    assert "DELETE /customers/ec_ben/sessions/theirs" in shop.genvoris.calls
    calls = len(shop.genvoris.calls)
    with pytest.raises(ExternalIdError):  # a page does not ask again for a while
        shop.broker.session_for_page(shopper, 1.0)
    assert len(shop.genvoris.calls) == calls
    shop.recover()
    assert shop.session(Shopper("ada2", customer_id="ec_ada")).customer_id == "ec_ada"


@pytest.mark.parametrize("external_id", ["ada", None])
def test_matching_session_is_accepted(shop: SessionShop, external_id: str | None) -> None:
    """It need not name the external id."""
    answer_for(shop, "ec_ada", external_id)
    assert shop.session().customer_id == "ec_ada"


def test_shop_may_link_another_external_id(shop: SessionShop) -> None:
    """Such as that of a customer registered before the shop's ids changed."""
    answer_for(shop, "ec_old", "user_of_the_old_shop")
    assert shop.session(Shopper("ada", customer_id="ec_old")).customer_id == "ec_old"


# Registration


def test_unknown_shopper_is_not_registered_without_a_plan(shop: SessionShop) -> None:
    """GENVORIS_DEFAULT_PLAN alone allows it."""
    with pytest.raises(NotFoundError):
        shop.session(NEW)
    assert shop.registrations == 0


def test_unknown_shopper_is_registered_once(open_shop: SessionShop) -> None:
    """With the default plan; a later mint finds them."""
    assert open_shop.session(NEW).customer_id == "ec_2"
    open_shop.clock.now += 10_000
    open_shop.session(NEW)
    assert open_shop.registrations == 1
    assert {"externalId": "new", "email": "new@example.com", "planId": "pln_free"} in (
        open_shop.genvoris.bodies
    )


def test_page_registers_nobody(open_shop: SessionShop) -> None:
    """Most of those who look at a page never try anything on."""
    for number in range(20):
        assert open_shop.broker.session_for_page(Shopper(f"new{number}"), 60) is None
    assert open_shop.genvoris.calls == []


def test_page_of_a_known_shopper_has_a_token(open_shop: SessionShop) -> None:
    """Whether the shop stored their id, or they reached for a try-on in any process lately."""
    linked = Shopper("ada", customer_id="ec_ada")
    assert open_shop.broker.session_for_page(linked, 60) is not None
    store = MemoryStore(open_shop.clock)
    first, second = (SessionShop(default_plan="pln_free", store=store) for _ in range(2))
    second.genvoris.customers = first.genvoris.customers
    token = first.session(NEW).token
    page = second.broker.session_for_page(NEW, 60)
    assert page is not None
    assert (page.token != token, second.registrations) == (True, 0)


def test_known_shopper_is_forgotten_after_days(open_shop: SessionShop) -> None:
    """So that the store holds few; their next try-on makes them known again."""
    store = MemoryStore(open_shop.clock)
    SessionShop(default_plan="pln_free", clock=open_shop.clock, store=store).session()
    later = SessionShop(default_plan="pln_free", clock=open_shop.clock, store=store)
    open_shop.clock.now += KNOWN_SECONDS + 1
    assert later.broker.session_for_page(ADA, 60) is None


def test_shoppers_own_plan_goes_before_the_default(open_shop: SessionShop) -> None:
    """The shop may know better."""
    open_shop.session(Shopper("new", plan_id="pln_gold"))
    assert open_shop.genvoris.bodies[1]["planId"] == "pln_gold"


def test_known_shopper_is_never_registered_again(open_shop: SessionShop) -> None:
    """It would start a new period with a fresh quota."""
    for _ in range(3):
        open_shop.session()
        open_shop.clock.now += 10_000
    assert open_shop.registrations == 0


def test_only_not_found_leads_to_a_registration(open_shop: SessionShop) -> None:
    """Other errors do not say that the shopper is unknown."""
    open_shop.fail_with(400, error="invalid_body")
    with pytest.raises(GenvorisError):
        open_shop.session(NEW)
    assert open_shop.registrations == 0


@pytest.mark.parametrize(
    ("status", "code"), [(429, "rate_limited"), (403, "plan_not_found")], ids=str
)
def test_refused_registration_costs_no_others_their_token(
    open_shop: SessionShop, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, and pages do not ask again."""

    def refuse() -> httpx.Response | None:
        if open_shop.genvoris.calls[-1] != "POST /customers":
            return None
        return httpx.Response(status, json={"error": code}, headers={"Retry-After": "1800"})

    open_shop.genvoris.fault = refuse
    for number in range(5):
        new = Shopper(f"new{number}")
        with pytest.raises(NotRegisteredError, match=code):
            open_shop.session(new)
        assert open_shop.broker.session_for_page(new, 60) is None
    assert open_shop.registrations == 5
    assert ["GENVORIS_DEFAULT_PLAN" in each.getMessage() for each in caplog.records] == [True]
    assert open_shop.session().customer_id == "ec_ada"


# Caching and renewal


def test_token_is_served_until_a_minute_before_its_end(shop: SessionShop) -> None:
    """The shopper needs time to use it."""
    first = shop.session()
    shop.clock.now = first.expires_at - 60.5
    assert shop.session().token == first.token
    shop.clock.now = first.expires_at - 59.5
    assert shop.session().token != first.token


@pytest.mark.parametrize("ttl", [59, 60])
def test_short_new_token_is_refused(shop: SessionShop, ttl: int) -> None:
    """It points at a wrong clock."""
    shop.genvoris.ttl = ttl
    with pytest.raises(MalformedAnswerError, match="clock"):
        shop.session()


def test_number_of_cached_shoppers_is_bounded(open_shop: SessionShop) -> None:
    """The least recently used are evicted."""
    shoppers = [Shopper(f"s{number}") for number in range(10)]
    for shopper in shoppers:
        open_shop.session(shopper)
    cached = [shopper for shopper in shoppers if open_shop.broker.cached(shopper)]
    assert cached == shoppers[-3:]


def test_token_is_renewed_past_two_thirds_of_its_life(shop: SessionShop) -> None:
    """Pages get the old one meanwhile."""
    first = shop.session()
    shop.clock.now += 599
    assert shop.session().token == first.token
    assert shop.mints == 1
    shop.clock.now += 2
    assert shop.session().token == first.token
    shop.events(3)
    assert shop.mints == 2
    assert shop.session().token != first.token


def test_many_pages_renew_once(shop: SessionShop) -> None:
    """While the renewal is under way, all get the old token."""
    first = shop.session()
    shop.clock.now += 700
    hang = shop.hang()
    assert {shop.session().token for _ in range(20)} == {first.token}
    hang.release()
    shop.events(3)
    assert shop.mints == 2


def test_failed_renewal_leaves_the_old_token(shop: SessionShop) -> None:
    """It is served to its end."""
    first = shop.session()
    shop.clock.now += 700
    shop.fail_with(400)
    assert shop.session().token == first.token
    shop.events(3)
    assert shop.session().token == first.token


def test_refused_shopper_is_asked_about_by_clicks_alone(shop: SessionShop) -> None:
    """A page does so only after half a minute."""
    for _ in range(5):
        with pytest.raises(NotFoundError):
            shop.broker.session_for_page(NEW, 60)
    assert shop.mints == 1
    with pytest.raises(NotFoundError):
        shop.session(NEW)
    assert shop.mints == 2
    shop.clock.now += 31
    with pytest.raises(NotFoundError):
        shop.broker.session_for_page(NEW, 60)
    assert shop.mints == 3


# Many at once


def test_many_pages_mint_once(shop: SessionShop) -> None:
    """Those that come later get the cached token."""
    hang = shop.hang()
    tokens: list[str] = []
    threads = [
        threading.Thread(target=lambda: tokens.append(shop.session().token)) for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    assert hang.asked.wait(60)
    hang.release()
    for thread in threads:
        thread.join()
    assert len(tokens) == 30
    assert len(set(tokens)) == 1
    assert shop.mints == 1


def test_mint_goes_on_after_the_budget(shop: SessionShop) -> None:
    """A later call gets its token."""
    hang = shop.hang()
    for _ in range(2):
        with pytest.raises(DeadlineError):
            shop.session(budget=0.02)
    hang.release()
    assert shop.session().customer_id == "ec_ada"
    assert shop.mints == 1


# While Genvoris does not answer


def test_open_circuit_asks_nothing(shop: SessionShop) -> None:
    """Cached tokens are served all the same."""
    first = shop.session()
    shop.genvoris.fault = lambda: httpx.Response(200, text="<html>")
    for number in range(3):
        assert not shop.broker.is_backing_off
        with pytest.raises(GenvorisError):
            shop.session(Shopper(f"s{number}"))
    assert shop.broker.is_backing_off
    calls = len(shop.genvoris.calls)
    for number in range(20):
        with pytest.raises(CircuitOpenError):
            shop.session(Shopper(f"s{number}"))
    shop.clock.now += 700
    assert shop.session().token == first.token
    assert len(shop.genvoris.calls) == calls


def test_deadlines_open_the_circuit(shop: SessionShop) -> None:
    """Long before the mint itself fails."""
    hang = shop.hang()
    for _ in range(3):
        with pytest.raises(DeadlineError):
            shop.session(budget=0.01)
    with pytest.raises(CircuitOpenError):
        shop.session()
    hang.release()


def test_no_page_waits_for_the_probe(shop: SessionShop) -> None:
    """Its token is there for the next one."""
    shop.fail_with(500)
    for _ in range(3):
        with pytest.raises(ServerError):
            shop.session()
    hang = shop.hang()
    shop.clock.now += 6
    mints = shop.mints
    for _ in range(3):
        with pytest.raises(CircuitOpenError):
            shop.broker.session_for_page(ADA, 60)
    hang.release()  # the probe had no answer until now, so no page can have waited for it
    until(lambda: shop.broker.cached(ADA))
    assert shop.mints == mints + 1
    assert shop.broker.session_for_page(ADA, 60) == shop.broker.cached(ADA)


# Dropping tokens


def test_forgotten_token_is_minted_anew(shop: SessionShop) -> None:
    """The old one is not served again."""
    first = shop.session()
    shop.broker.forget(ADA)
    assert shop.broker.cached(ADA) is None
    assert shop.session().token != first.token


def test_forgotten_token_is_revoked_in_the_background(shop: SessionShop) -> None:
    """Nobody waits for Genvoris's answer."""
    session = shop.session()
    hang = shop.hang()
    shop.broker.forget(ADA)
    hang.release()
    until(lambda: f"DELETE /customers/ec_ada/sessions/{session.jti}" in shop.genvoris.calls)


def test_token_forgotten_during_its_mint_is_not_cached(shop: SessionShop) -> None:
    """The shopper may be another one by then."""
    hang = shop.hang()
    with pytest.raises(DeadlineError):
        shop.session(budget=0.01)
    assert hang.asked.wait(60)
    shop.broker.forget(ADA)
    hang.release()
    assert shop.events(1) == [("minted", "ada", "ec_ada")]
    assert shop.broker.cached(ADA) is None


def test_forgotten_refusal_is_asked_about_at_once(shop: SessionShop) -> None:
    """Such as after a sale."""
    with pytest.raises(NotFoundError):
        shop.broker.session_for_page(NEW, 60)
    shop.genvoris.customers["new"] = "ec_new"
    shop.broker.forget(NEW)
    session = shop.broker.session_for_page(NEW, 60)
    assert session is not None
    assert session.customer_id == "ec_new"


class RecordedDrops(NullSharedSessions):
    """Records whose tokens were dropped in the other processes."""

    def __init__(self) -> None:
        self.dropped: list[str] = []

    def drop(self, external_id: str) -> None:
        self.dropped.append(external_id)


def test_unanswered_revocations_delay_nothing() -> None:
    """However many log-outs there are: no page, and no other log-out."""
    drops = RecordedDrops()
    shop = SessionShop(shared=drops)
    leaving = [Shopper(name) for name in ("ada", "ben", "cleo")]
    shop.genvoris.customers |= {"ben": "ec_ben", "cleo": "ec_cleo", "dan": "ec_dan"}
    for shopper in leaving:
        shop.session(shopper)
    released = threading.Event()

    def hang_on_revocations() -> None:
        if shop.genvoris.calls[-1].startswith("DELETE"):
            released.wait(60)

    shop.genvoris.fault = hang_on_revocations
    for shopper in leaving * 5:
        shop.broker.forget(shopper)
    assert shop.session(Shopper("dan")).customer_id == "ec_dan"
    until(lambda: len(drops.dropped) == 15)
    released.set()


def test_revocations_pause_when_one_is_not_answered() -> None:
    """So that they delay the end of a process by seconds, however many wait."""
    clock, tried = Clock(), list[Session]()

    def fail(session: Session) -> bool:
        tried.append(session)
        return False

    revocations = Revocations(fail, CircuitBreaker(clock), at_once=lambda: True, clock=clock)
    session = SessionShop().session()
    for _each in range(60):
        revocations.revoke(session)
    assert len(tried) == 1
    clock.now += 6
    revocations.revoke(session)
    assert len(tried) == 2


def test_open_circuit_revokes_nothing() -> None:
    """A token that is not revoked expires soon."""
    drops = RecordedDrops()
    shop = SessionShop(shared=drops)
    shop.session()
    shop.fail_with(401)
    with pytest.raises(UnauthorizedError):
        shop.session(BEN)
    shop.broker.forget(ADA)
    assert shop.broker.cached(ADA) is None
    shop.broker.forget(BEN)  # handled after Ada's
    until(lambda: drops.dropped == ["ada", "ben"])
    shop.recover()
    shop.clock.now += 60
    shop.genvoris.customers["ben"] = "ec_ben"
    ben = shop.session(BEN)
    shop.broker.forget(BEN)
    until(lambda: f"DELETE /customers/ec_ben/sessions/{ben.jti}" in shop.genvoris.calls)
    assert not any(call.startswith("DELETE /customers/ec_ada") for call in shop.genvoris.calls)


def test_replaced_token_is_revoked_and_renewed(shop: SessionShop) -> None:
    """Without anybody asking for the new one."""
    old = shop.session()
    shop.broker.replace(ADA)
    until(lambda: shop.broker.cached(ADA))
    assert shop.session().token != old.token
    assert shop.mints == 2
    assert f"DELETE /customers/ec_ada/sessions/{old.jti}" in shop.genvoris.calls


def test_replacing_no_token_mints_none(shop: SessionShop) -> None:
    """Shoppers who are not here need none."""
    shop.session()
    shop.broker.replace(Shopper("bea"))
    shop.broker.replace(ADA)  # handled after Bea's
    until(lambda: shop.mints == 2)
    assert not any("bea" in call for call in shop.genvoris.calls)


def test_token_is_dropped_while_genvoris_is_away(shop: SessionShop) -> None:
    """A replacement that fails does not bring the old one back."""
    shop.session()
    shop.fail_with(401, error="invalid_key")
    shop.broker.replace(ADA)
    until(lambda: len(shop.genvoris.calls) >= 2)
    assert shop.broker.cached(ADA) is None


# What is reported


def test_new_customer_id_is_reported_once(shop: SessionShop) -> None:
    """Later mints report their tokens alone."""
    shop.clock.now = shop.session().expires_at
    shop.session()
    assert shop.events(3) == [
        ("minted", "ada", "ec_ada"),
        ("linked", "ada", "ec_ada"),
        ("minted", "ada", "ec_ada"),
    ]


def test_shops_own_customer_id_is_not_reported(shop: SessionShop) -> None:
    """The shop knows it already."""
    shop.session(Shopper("ada", customer_id="ec_ada"))
    shop.genvoris.customers["ben"] = "ec_ben"
    shop.session(BEN)
    events = [("minted", "ada", "ec_ada"), ("minted", "ben", "ec_ben"), ("linked", "ben", "ec_ben")]
    assert shop.events(3) == events


def test_failed_mint_is_reported(shop: SessionShop) -> None:
    """With its error."""
    shop.fail_with(500)
    with pytest.raises(ServerError):
        shop.session()
    assert shop.events(1) == [("failed", "ada", "ServerError")]


def test_failing_listener_is_logged(shop: SessionShop, caplog: pytest.LogCaptureFixture) -> None:
    """The token is served, and further reports are made."""

    def fail(shopper: Shopper, session: Session) -> None:
        raise ZeroDivisionError

    shop.listener.minted = fail  # type: ignore[method-assign]
    assert shop.session().customer_id == "ec_ada"
    assert shop.events(1) == [("linked", "ada", "ec_ada")]
    assert "A receiver of a signal about sessions failed" in caplog.text
