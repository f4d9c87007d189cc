"""The fixtures genvoris_sandbox, _shopper, _clock and _faults."""

from __future__ import annotations

import datetime as dt
import time
import urllib.request

import pytest

from genvoris_flask.errors import CreditError, CustomerInactiveError, GenvorisError, QuotaError
from genvoris_flask.testing import Clock, Faults, Sandbox, SandboxShopper


def test_sandbox_listens(genvoris_sandbox: Sandbox) -> None:
    """The sandbox listens on a real socket."""
    with urllib.request.urlopen(genvoris_sandbox.url) as page:
        assert b"Sandbox Genvoris" in page.read()
    assert genvoris_sandbox.config["GENVORIS_API_URL"] == f"{genvoris_sandbox.url}/api/v1"


def test_sandbox_is_empty(genvoris_sandbox: Sandbox) -> None:
    """Each test starts with an empty sandbox."""
    assert genvoris_sandbox.client.plans.list() == []
    assert genvoris_sandbox.client.customers.list().items == ()
    assert genvoris_sandbox.calls("/api/v1/customers", "POST") == []


def test_shopper_has_five_try_ons(genvoris_shopper: SandboxShopper) -> None:
    """A shopper has five try-ons."""
    assert (genvoris_shopper.used, genvoris_shopper.remaining) == (0, 5)
    genvoris_shopper.spend(2)
    assert (genvoris_shopper.used, genvoris_shopper.remaining) == (2, 3)


def test_exhaust_and_renew(genvoris_shopper: SandboxShopper) -> None:
    """A shopper's quota can be exhausted and renewed."""
    genvoris_shopper.exhaust()
    with pytest.raises(QuotaError) as refused:
        genvoris_shopper.spend()
    assert refused.value.reason == "quota_exhausted"
    genvoris_shopper.renew()
    assert genvoris_shopper.remaining == 5


@pytest.mark.parametrize("how", ["pause", "cancel"])
def test_inactive_shopper_gets_no_token(genvoris_shopper: SandboxShopper, how: str) -> None:
    """A paused or cancelled shopper gets no token."""
    getattr(genvoris_shopper, how)()
    with pytest.raises(CustomerInactiveError):
        genvoris_shopper.token()


def test_shoppers_differ(
    genvoris_sandbox: Sandbox,
) -> None:
    """Shoppers differ, and can have a given id and plan."""
    first, second = genvoris_sandbox.shopper(), genvoris_sandbox.shopper()
    assert first.external_id != second.external_id
    plan = genvoris_sandbox.plan("Big", 250)
    ada = genvoris_sandbox.shopper("ada", plan_id=plan, email="ada@shop.example")
    assert (ada.external_id, ada.plan_id, ada.remaining) == ("ada", plan, 250)
    ada.exhaust()
    assert ada.remaining == 0
    assert genvoris_sandbox.client.customers.get("ada").email == "ada@shop.example"
    none = genvoris_sandbox.shopper(try_ons=None)
    with pytest.raises(QuotaError) as refused:
        none.spend()
    assert refused.value.reason == "no_plan"


def test_credits_can_be_emptied_and_filled(
    genvoris_sandbox: Sandbox, genvoris_shopper: SandboxShopper
) -> None:
    """The shop's credits can be removed and added."""
    genvoris_sandbox.empty_credits()
    with pytest.raises(CreditError):
        genvoris_shopper.spend()
    genvoris_sandbox.top_up(3)
    genvoris_shopper.spend(3)
    with pytest.raises(CreditError):
        genvoris_shopper.spend()


def test_clock_advances(genvoris_shopper: SandboxShopper, genvoris_clock: Clock) -> None:
    """The clock advances by a month."""
    genvoris_shopper.exhaust()
    before = genvoris_clock.now
    genvoris_clock.advance(days=31)
    assert genvoris_shopper.remaining == 5
    assert dt.timedelta(days=31) <= genvoris_clock.now - before < dt.timedelta(days=31, minutes=1)
    assert genvoris_clock() == pytest.approx(time.time() + 31 * 86_400, abs=60)


def test_clock_set_and_reset(genvoris_sandbox: Sandbox, genvoris_clock: Clock) -> None:
    """The clock can be set and reset."""
    moment = dt.datetime(2030, 1, 2, tzinfo=dt.UTC)
    genvoris_clock.set(moment)
    assert abs(genvoris_clock.now - moment) < dt.timedelta(minutes=1)
    genvoris_sandbox.plan()
    assert genvoris_sandbox.calls("/api/v1/plans")[0]["at"].startswith("2030-01-02")
    with pytest.raises(ValueError, match="time zone"):
        genvoris_clock.set(dt.datetime(2030, 1, 2))  # noqa: DTZ001 - that is what is refused
    with pytest.raises(ValueError, match="refuses"):
        genvoris_clock.set(-1.0)
    genvoris_clock.reset()
    assert genvoris_clock() == pytest.approx(time.time(), abs=60)


def test_faults_match_path_and_count(genvoris_sandbox: Sandbox, genvoris_faults: Faults) -> None:
    """Faults affect the given path, as often as given."""
    genvoris_faults.status(500, "/api/v1/customers*", method="GET", count=1)
    genvoris_faults.status(429, "/api/v1/plans", method="POST", retry_after=1, error="rate_limited")
    genvoris_sandbox.client.plans.list()
    genvoris_sandbox.client.customers.list()  # is repeated after the 500
    assert genvoris_faults.hits == 1
    struck = [each["status"] for each in genvoris_sandbox.calls("/api/v1/customers")]
    assert struck == [500, 200]
    genvoris_faults.clear()
    assert genvoris_faults.hits == 0


@pytest.mark.parametrize("kind", ["garbage", "drop", "hang", "slow", "latency"])
def test_every_kind_of_fault(genvoris_sandbox: Sandbox, genvoris_faults: Faults, kind: str) -> None:
    """Every kind of fault can be injected."""
    seconds = {"hang": (0.2,), "slow": (0.2,), "latency": (0.2,)}.get(kind, ())
    plan = genvoris_sandbox.plan()
    getattr(genvoris_faults, kind)(*seconds, path="/api/v1/plans/*")
    before = time.monotonic()
    if kind in ("slow", "latency"):
        assert genvoris_sandbox.client.plans.get(plan).id == plan
        assert time.monotonic() - before >= 0.2
    else:
        with pytest.raises(GenvorisError):
            genvoris_sandbox.client.plans.get(plan)
    assert genvoris_faults.hits >= 1


def test_invalid_fault_is_refused(genvoris_faults: Faults) -> None:
    """An invalid fault raises an error with an explanation."""
    with pytest.raises(ValueError, match="share"):
        genvoris_faults.drop(share=3)
    genvoris_faults.drop(count=1)  # the wrong one is not in the way


def test_calls_contain_no_secrets(
    genvoris_sandbox: Sandbox, genvoris_shopper: SandboxShopper
) -> None:
    """Requests are listed without secrets."""
    token = genvoris_shopper.token()
    genvoris_sandbox.client.tryons.track(end_customer_token=token)
    (call,) = genvoris_sandbox.calls("/api/tryon/track")
    assert call["body"]["variation_count"] == 1
    assert token not in str(genvoris_sandbox.calls())
    assert genvoris_sandbox.api_key not in str(genvoris_sandbox.calls())


def test_deliveries_are_listed(genvoris_sandbox: Sandbox) -> None:
    """Webhook deliveries are listed."""
    genvoris_sandbox.client.webhook_endpoints.create(
        url="http://127.0.0.1:9/hook", secret="whsec_x", events=["plan.created"]
    )
    genvoris_sandbox.plan()
    (delivery,) = genvoris_sandbox.deliveries()
    assert (delivery["type"], delivery["attempts"]) == ("plan.created", 1)
