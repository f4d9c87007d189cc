"""One token per shopper: remembered, minted once, never near its end."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from genvoris_flask.core.api.models import Session
from genvoris_flask.core.sessions.breaker import CircuitBreaker
from genvoris_flask.core.sessions.broker import SessionBroker
from genvoris_flask.core.sessions.shopper import Shopper
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
from tests.support.fake_genvoris import Clock, FakeGenvoris, claims_for, sign
from tests.support.waiting import until

ADA = Shopper("ada", email="ada@example.com")


class Events:
    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []

    def minted(self, shopper: Shopper, session: Session) -> None:
        self.told.append(("minted", shopper.external_id, session.customer_id))

    def failed(self, shopper: Shopper, error: GenvorisError) -> None:
        self.told.append(("failed", shopper.external_id, type(error).__name__))

    def linked(self, shopper: Shopper, customer_id: str) -> None:
        self.told.append(("linked", shopper.external_id, customer_id))


class Shop:
    """A broker, its Genvoris, its clock and what it told."""

    def __init__(self, *, default_plan: str | None = None, prefix: str = "") -> None:
        self.clock = Clock()
        self.genvoris = FakeGenvoris(self.clock)
        self.genvoris.customers = {"ada": "ec_ada"}
        self.events = Events()
        self.broker = SessionBroker(
            self.genvoris.client(),
            self.events,
            ttl=900,
            default_plan=default_plan,
            external_id_prefix=prefix,
            max_shoppers=3,
            clock=self.clock,
            breaker=CircuitBreaker(self.clock),
        )

    def session(self, shopper: Shopper = ADA, budget: float = 5.0) -> Session:
        return self.broker.session(shopper, budget)

    @property
    def mints(self) -> int:
        return sum(call.endswith("/sessions") for call in self.genvoris.calls)

    def told(self, count: int) -> list[tuple[str, str, str]]:
        until(lambda: len(self.events.told) >= count)
        return self.events.told


def test_a_second_page_gets_the_same_token() -> None:
    shop = Shop()
    assert shop.session().token == shop.session().token
    assert shop.mints == 1


def test_a_token_is_served_until_a_minute_before_its_end_and_not_after() -> None:
    shop = Shop()
    first = shop.session()
    shop.clock.now = first.expires_at - 60.5
    assert shop.session().token == first.token
    shop.clock.now = first.expires_at - 59.5
    assert shop.session().token != first.token


def test_a_new_token_with_under_a_minute_left_is_not_served() -> None:
    shop = Shop()
    shop.genvoris.ttl = 59
    with pytest.raises(MalformedAnswerError, match="clock"):
        shop.session()


def test_the_shops_own_customer_id_goes_first() -> None:
    shop = Shop()
    shop.session(Shopper("ada", customer_id="ec_ada"))
    assert shop.genvoris.calls == ["POST /customers/ec_ada/sessions"]


def test_else_the_external_id_is_asked_for_with_its_prefix() -> None:
    shop = Shop(prefix="acme-")
    shop.genvoris.customers = {"acme-ada": "ec_ada"}
    assert shop.session().customer_id == "ec_ada"
    assert shop.genvoris.calls == ["POST /customers/acme-ada/sessions"]


def test_the_customer_id_is_remembered_beyond_the_token() -> None:
    shop = Shop()
    first = shop.session()
    shop.clock.now = first.expires_at
    shop.session()
    assert shop.genvoris.calls[-1] == "POST /customers/ec_ada/sessions"


def test_a_stale_customer_id_of_the_shop_is_put_right_without_a_registration() -> None:
    shop = Shop(default_plan="pln_1")
    stale = Shopper("ada", customer_id="ec_of_another_account")
    assert shop.session(stale).customer_id == "ec_ada"
    assert shop.session(stale).customer_id == "ec_ada"
    assert shop.mints == 2
    assert "POST /customers" not in shop.genvoris.calls
    assert ("linked", "ada", "ec_ada") in shop.told(2)


def test_an_unknown_shopper_is_not_registered_unless_a_plan_for_newcomers_is_set() -> None:
    shop = Shop()
    with pytest.raises(NotFoundError):
        shop.session(Shopper("new"))
    assert "POST /customers" not in shop.genvoris.calls


def test_an_unknown_shopper_is_registered_once_with_the_plan_for_newcomers() -> None:
    shop = Shop(default_plan="pln_free")
    new = Shopper("new", email="new@example.com")
    assert shop.session(new).customer_id == "ec_2"
    shop.clock.now += 10_000
    shop.session(new)
    assert shop.genvoris.calls.count("POST /customers") == 1
    assert {"externalId": "new", "email": "new@example.com", "planId": "pln_free"} in (
        shop.genvoris.bodies
    )


@pytest.mark.parametrize(
    ("status", "code"), [(429, "rate_limited"), (403, "plan_not_found")], ids=str
)
def test_newcomers_whom_genvoris_does_not_take_cost_nobody_else_a_token(
    status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop(default_plan="pln_free")

    def refuse() -> httpx.Response | None:
        if shop.genvoris.calls[-1] != "POST /customers":
            return None
        return httpx.Response(status, json={"error": code}, headers={"Retry-After": "1800"})

    shop.genvoris.fault = refuse
    for number in range(5):
        for _ in range(2):  # a page does not ask twice
            with pytest.raises(NotRegisteredError, match=code):
                shop.broker.session_for_page(Shopper(f"new{number}"), 5)
    assert shop.genvoris.calls.count("POST /customers") == 5
    assert ["GENVORIS_DEFAULT_PLAN" in each.getMessage() for each in caplog.records] == [True]
    assert shop.session().customer_id == "ec_ada"


def test_a_known_shopper_is_never_registered_again_on_a_page_view() -> None:
    shop = Shop(default_plan="pln_free")
    for _ in range(3):
        shop.session()
        shop.clock.now += 10_000
    assert "POST /customers" not in shop.genvoris.calls


def test_a_failure_other_than_not_found_never_registers() -> None:
    shop = Shop(default_plan="pln_free")
    shop.genvoris.fault = lambda: httpx.Response(400, json={"error": "invalid_body"})
    with pytest.raises(GenvorisError):
        shop.session(Shopper("new"))
    assert "POST /customers" not in shop.genvoris.calls


def test_a_new_customer_id_is_told_once() -> None:
    shop = Shop()
    first = shop.session()
    shop.clock.now = first.expires_at
    shop.session()
    assert shop.told(3) == [
        ("minted", "ada", "ec_ada"),
        ("linked", "ada", "ec_ada"),
        ("minted", "ada", "ec_ada"),
    ]


def test_a_customer_id_that_the_shop_knows_is_not_told() -> None:
    shop = Shop()
    shop.session(Shopper("ada", customer_id="ec_ada"))
    assert shop.told(1) == [("minted", "ada", "ec_ada")]


def test_each_shopper_gets_their_own_token() -> None:
    shop = Shop()
    shop.genvoris.customers["ben"] = "ec_ben"
    assert shop.session().customer_id == "ec_ada"
    assert shop.session(Shopper("ben")).customer_id == "ec_ben"


def test_many_pages_at_once_mint_once() -> None:
    shop = Shop()

    def slow() -> None:
        time.sleep(0.05)

    shop.genvoris.fault = slow
    tokens: list[str] = []
    threads = [
        threading.Thread(target=lambda: tokens.append(shop.session().token)) for _ in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 30
    assert len(set(tokens)) == 1
    assert shop.mints == 1


def test_whoever_runs_out_of_time_goes_without_and_the_mint_goes_on_alone() -> None:
    shop = Shop()
    gate = threading.Event()

    def hang() -> None:
        gate.wait(60)

    shop.genvoris.fault = hang
    for _ in range(2):
        with pytest.raises(DeadlineError):
            shop.session(budget=0.02)
    gate.set()
    assert shop.session().customer_id == "ec_ada"
    assert shop.mints == 1


def test_all_who_wait_for_a_mint_that_fails_get_its_error_and_the_next_tries_anew() -> None:
    shop = Shop()
    shop.genvoris.fault = lambda: httpx.Response(500, json={})
    with pytest.raises(ServerError):
        shop.session()
    shop.genvoris.fault = lambda: None
    assert shop.session().customer_id == "ec_ada"


def test_a_forgotten_token_is_minted_anew() -> None:
    shop = Shop()
    first = shop.session()
    shop.broker.forget(ADA)
    assert shop.broker.remembered(ADA) is None
    assert shop.session().token != first.token


def test_a_token_that_was_being_minted_when_it_was_forgotten_is_not_kept() -> None:
    shop = Shop()
    asked, gate = threading.Event(), threading.Event()

    def hang() -> None:
        asked.set()
        gate.wait(60)

    shop.genvoris.fault = hang
    with pytest.raises(DeadlineError):
        shop.session(budget=0.01)
    assert asked.wait(60)
    shop.broker.forget(ADA)
    gate.set()
    assert shop.told(1) == [("minted", "ada", "ec_ada")]
    assert shop.broker.remembered(ADA) is None


def test_a_shopper_who_was_linked_to_another_customer_gets_a_new_token() -> None:
    shop = Shop()
    shop.genvoris.customers["other"] = "ec_other"
    assert shop.session().customer_id == "ec_ada"
    assert shop.session(Shopper("ada", customer_id="ec_other")).customer_id == "ec_other"


def test_only_so_many_shoppers_are_remembered() -> None:
    shop = Shop(default_plan="pln_free")
    for number in range(10):
        shop.session(Shopper(f"s{number}"))
    held = [Shopper(f"s{number}") for number in range(10)]
    assert sum(shop.broker.remembered(shopper) is not None for shopper in held) == 3


def test_past_two_thirds_of_its_life_a_token_is_renewed_while_pages_get_the_old_one() -> None:
    shop = Shop()
    first = shop.session()
    shop.clock.now += 599
    assert shop.session().token == first.token
    assert shop.mints == 1
    shop.clock.now += 2
    assert shop.session().token == first.token
    shop.told(3)
    assert shop.mints == 2
    assert shop.session().token != first.token


def test_many_pages_at_once_renew_once() -> None:
    shop = Shop()
    first = shop.session()
    shop.clock.now += 700
    gate = threading.Event()

    def hang() -> None:
        gate.wait(60)

    shop.genvoris.fault = hang
    assert {shop.session().token for _ in range(20)} == {first.token}
    gate.set()
    shop.told(3)
    assert shop.mints == 2


def test_a_renewal_that_fails_leaves_the_old_token_to_its_end() -> None:
    shop = Shop()
    first = shop.session()
    shop.clock.now += 700
    shop.genvoris.fault = lambda: httpx.Response(400, json={})
    assert shop.session().token == first.token
    shop.told(3)
    assert shop.session().token == first.token


def test_while_the_circuit_is_open_nobody_asks_and_remembered_tokens_serve() -> None:
    shop = Shop()
    first = shop.session()
    shop.genvoris.fault = lambda: httpx.Response(200, text="<html>")
    for number in range(3):
        with pytest.raises(GenvorisError):
            shop.session(Shopper(f"s{number}"))
    asked = len(shop.genvoris.calls)
    for number in range(20):
        with pytest.raises(CircuitOpenError):
            shop.session(Shopper(f"s{number}"))
    shop.clock.now += 700
    assert shop.session().token == first.token
    assert len(shop.genvoris.calls) == asked


def test_pages_that_wait_in_vain_open_the_circuit_long_before_the_mint_ends() -> None:
    shop = Shop()
    gate = threading.Event()

    def hang() -> None:
        gate.wait(60)

    shop.genvoris.fault = hang
    for _ in range(3):
        with pytest.raises(DeadlineError):
            shop.session(budget=0.01)
    with pytest.raises(CircuitOpenError):
        shop.session(budget=5)
    gate.set()


def test_no_page_waits_for_the_probe_and_its_token_is_there_for_the_next() -> None:
    shop = Shop()
    shop.genvoris.fault = lambda: httpx.Response(500)
    for _ in range(3):
        with pytest.raises(ServerError):
            shop.session()
    gate = threading.Event()

    def hang() -> None:
        gate.wait(60)

    shop.genvoris.fault = hang
    shop.clock.now += 6
    asked = shop.mints
    for _ in range(3):
        with pytest.raises(CircuitOpenError):
            shop.broker.session_for_page(ADA, 60)
    gate.set()  # until now the probe had no answer, so nobody can have waited for it
    until(lambda: shop.broker.remembered(ADA))
    assert shop.mints == asked + 1
    assert shop.broker.session_for_page(ADA, 4) == shop.broker.remembered(ADA)


def test_a_page_does_not_ask_again_about_a_shopper_who_was_just_refused_but_a_click_does() -> None:
    shop = Shop()
    new = Shopper("new")
    for _ in range(5):
        with pytest.raises(NotFoundError):
            shop.broker.session_for_page(new, 5)
    assert shop.mints == 1
    with pytest.raises(NotFoundError):
        shop.broker.session(new, 5)
    assert shop.mints == 2
    shop.clock.now += 31
    with pytest.raises(NotFoundError):
        shop.broker.session_for_page(new, 5)
    assert shop.mints == 3


def test_after_a_sale_a_page_asks_at_once_about_a_shopper_who_was_refused() -> None:
    shop = Shop()
    new = Shopper("new")
    with pytest.raises(NotFoundError):
        shop.broker.session_for_page(new, 5)
    shop.genvoris.customers["new"] = "ec_new"
    shop.broker.forget(new)
    assert shop.broker.session_for_page(new, 5).customer_id == "ec_new"


def test_a_forgotten_token_is_revoked_without_anybody_waiting() -> None:
    shop = Shop()
    session = shop.session()
    gate = threading.Event()

    def hang() -> None:
        gate.wait(60)

    shop.genvoris.fault = hang
    shop.broker.forget(ADA)
    gate.set()
    revoked = f"DELETE /customers/ec_ada/sessions/{session.jti}"
    until(lambda: revoked in shop.genvoris.calls)


def test_log_outs_that_nobody_answers_delay_no_page() -> None:
    shop = Shop()
    leaving = [Shopper(name) for name in ("ada", "ben", "cleo")]
    shop.genvoris.customers |= {"ben": "ec_ben", "cleo": "ec_cleo", "dan": "ec_dan"}
    for shopper in leaving:
        shop.session(shopper)
    gate = threading.Event()

    def hang_on_revocations() -> None:
        if any(call.startswith("DELETE") for call in shop.genvoris.calls[-1:]):
            gate.wait(60)

    shop.genvoris.fault = hang_on_revocations
    for shopper in leaving * 5:
        shop.broker.forget(shopper)
    assert shop.session(Shopper("dan"), budget=60).customer_id == "ec_dan"
    gate.set()


def test_while_the_circuit_is_open_nothing_is_revoked() -> None:
    shop = Shop()
    shop.session()
    shop.genvoris.fault = lambda: httpx.Response(401, json={})
    with pytest.raises(UnauthorizedError):
        shop.session(Shopper("ben"))
    asked = len(shop.genvoris.calls)
    shop.broker.forget(ADA)
    shop.broker.forget(ADA)
    assert shop.broker.remembered(ADA) is None
    time.sleep(0.05)
    assert len(shop.genvoris.calls) == asked


def test_a_mint_that_fails_is_told() -> None:
    shop = Shop()
    shop.genvoris.fault = lambda: httpx.Response(500, json={})
    with pytest.raises(ServerError):
        shop.session()
    assert shop.told(1) == [("failed", "ada", "ServerError")]


def test_a_receiver_that_fails_is_logged_and_keeps_nobody_from_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shop = Shop()

    def fail(shopper: Shopper, session: Session) -> None:
        raise ZeroDivisionError

    shop.events.minted = fail  # type: ignore[method-assign]
    assert shop.session().customer_id == "ec_ada"
    assert shop.told(1) == [("linked", "ada", "ec_ada")]
    assert "A receiver of a signal about sessions failed" in caplog.text


def test_a_shopper_needs_a_text_as_id() -> None:
    with pytest.raises(ValueError, match=r"str\(user\.id\)"):
        Shopper(42)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not empty"):
        Shopper("")


@pytest.mark.parametrize("own", ["ec_victim", "EC_victim", " ec_victim", "ec_"])
@pytest.mark.parametrize("default_plan", [None, "pln_free"])
def test_an_id_that_looks_like_genvoris_own_is_nobodys(own: str, default_plan: str | None) -> None:
    """In a path it would name the customer who has it, and give their token away."""
    shop = Shop(default_plan=default_plan)
    shop.genvoris.customers["victim"] = "ec_victim"
    for _ in range(5):
        with pytest.raises(ExternalIdError, match="GENVORIS_EXTERNAL_ID_PREFIX"):
            shop.session(Shopper(own))
        with pytest.raises(ExternalIdError):
            shop.broker.session_for_page(Shopper(own, customer_id="ec_ada"), 1.0)
    assert shop.genvoris.calls == []
    assert shop.session().customer_id == "ec_ada"  # it counts against nobody else


def test_with_a_prefix_any_id_may_be_a_shoppers() -> None:
    shop = Shop(prefix="shop_")
    shop.genvoris.customers = {"shop_ec_victim": "ec_7", "victim": "ec_victim"}
    assert shop.session(Shopper("ec_victim")).customer_id == "ec_7"


def test_a_prefix_does_not_make_an_id_look_like_genvoris_own() -> None:
    with pytest.raises(ExternalIdError):
        Shop(prefix="e").session(Shopper("c_victim"))


def answer_for(shop: Shop, customer_id: str, external_id: str | None) -> None:
    """Have every mint answer with this customer's session."""

    def answer() -> httpx.Response | None:
        if shop.genvoris.calls[-1].startswith("DELETE"):
            return None
        claims = claims_for(customer_id, shop.clock.now, jti="theirs")
        customer = {"id": customer_id, "external_id": external_id}
        body = {"token": sign(claims), "expires_in": 900, "customer": customer}
        return httpx.Response(200, json=body)

    shop.genvoris.fault = answer


@pytest.mark.parametrize(
    "shopper", [ADA, Shopper("ada", customer_id="ec_ada")], ids=["by its own id", "by Genvoris's"]
)
def test_a_session_of_somebody_else_is_refused_and_revoked(shopper: Shopper) -> None:
    """Whatever made Genvoris take the id for another shopper's."""
    shop = Shop()
    answer_for(shop, "ec_ben", "ben")
    for _ in range(5):
        with pytest.raises(ExternalIdError, match="another shopper"):
            shop.session(shopper)
    assert "DELETE /customers/ec_ben/sessions/theirs" in shop.genvoris.calls
    asked = len(shop.genvoris.calls)
    with pytest.raises(ExternalIdError):  # a page does not ask again for a while
        shop.broker.session_for_page(shopper, 1.0)
    assert len(shop.genvoris.calls) == asked
    shop.genvoris.fault = lambda: None
    assert shop.session(Shopper("ada2", customer_id="ec_ada")).customer_id == "ec_ada"


@pytest.mark.parametrize("external_id", ["ada", None])
def test_a_session_that_says_whose_it_is_is_taken(external_id: str | None) -> None:
    shop = Shop()
    answer_for(shop, "ec_ada", external_id)
    assert shop.session().customer_id == "ec_ada"


def test_a_shop_may_link_a_shopper_to_a_customer_of_another_external_id() -> None:
    """Such as one that was registered before the shop's ids changed."""
    shop = Shop()
    answer_for(shop, "ec_old", "user_of_the_old_shop")
    assert shop.session(Shopper("ada", customer_id="ec_old")).customer_id == "ec_old"
