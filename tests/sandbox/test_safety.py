"""The safety switches of Genvoris's: what raises an alert, and what suspends the account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genvoris_flask.sandbox.domain.safety import HALF_HOUR, HOUR
from genvoris_flask.testing import Sandbox
from tests.support.local_genvoris import LocalGenvoris


@pytest.fixture
def strict(tmp_path: Path) -> LocalGenvoris:
    """Return a sandbox as a merchant runs it, with thirty credits."""
    return LocalGenvoris(tmp_path / "data", safety_switches=None, credits_at_start=30)


def safety(sandbox: LocalGenvoris) -> Any:
    return sandbox.http.get("/sandbox/safety").get_json()


def show(sandbox: LocalGenvoris, count: int, name: str = "shopper") -> None:
    """Ask about shoppers whom Genvoris does not know, alternately by mint and by usage."""
    for number in range(count):
        method, what = ("POST", "sessions") if number % 2 else ("GET", "usage")
        sandbox.call(method, f"/customers/{name}-{number}/{what}")


def test_many_new_shoppers_suspend_the_account(strict: LocalGenvoris) -> None:
    """Above 500 an hour, registered or only asked about; each counts once."""
    strict.customer("ada")
    show(strict, 49)
    show(strict, 49)
    assert (safety(strict)["newShoppers"]["lastHour"], safety(strict)["alerts"]) == (50, [])
    show(strict, 500)
    assert [each["about"] for each in safety(strict)["alerts"]] == ["new shoppers"]
    refused = strict.call("GET", "/plans")
    assert (refused.status_code, refused.get_json()["error"]) == (403, "account_inactive")
    assert "new shoppers in 60 minutes" in safety(strict)["suspension"]["reason"]
    assert "Lift the suspension" in strict.http.get("/").text


@pytest.mark.parametrize("how", ["page", "route"])
def test_suspension_is_lifted(strict: LocalGenvoris, how: str) -> None:
    """Counting then begins anew; it lasts until then, whatever the clock says."""
    strict.http.patch("/sandbox/settings", json={"accountStatus": "SUSPENDED"})
    show(strict, 10)
    strict.http.post("/sandbox/clock", json={"advance": 30 * 24 * HOUR})
    assert strict.call("GET", "/plans").status_code == 403
    if how == "page":
        assert strict.http.post("/actions/suspension").status_code == 303
    else:
        assert strict.http.delete("/sandbox/suspension").get_json()["suspension"] is None
    assert strict.call("GET", "/plans").status_code == 200
    assert safety(strict)["newShoppers"]["lastHour"] == 0


def test_new_shoppers_of_an_hour_are_forgotten(strict: LocalGenvoris) -> None:
    """By the sandbox's own clock."""
    for hour in range(3):
        show(strict, 400, f"hour-{hour}")
        strict.http.post("/sandbox/clock", json={"advance": HOUR})
    assert safety(strict)["suspension"] is None


def test_burnt_credits_suspend_the_account(strict: LocalGenvoris) -> None:
    """All within half an hour; half of them are an alert."""
    for _ in range(14):
        assert strict.track().status_code == 200
    assert safety(strict)["alerts"] == []
    strict.track()
    assert [each["about"] for each in safety(strict)["alerts"]] == ["credits"]
    for _ in range(15):
        assert strict.track().status_code == 200
    assert strict.track().get_json()["error"] == "account_inactive"
    assert "credits in 30 minutes" in safety(strict)["suspension"]["reason"]


def test_slow_spending_is_no_burn(strict: LocalGenvoris) -> None:
    """Nor are the last credits of a pool."""
    for _ in range(2):
        for _ in range(15):
            assert strict.track().status_code == 200
        strict.http.post("/sandbox/clock", json={"advance": HALF_HOUR})
    assert strict.track().get_json()["error"] == "credit_limit_reached"
    assert safety(strict)["suspension"] is None


def test_wrong_keys(strict: LocalGenvoris) -> None:
    """Twenty in five minutes refuse the address, and fifty in a row lock the key."""

    def ask(key: str) -> int:
        headers = {"Authorization": f"Bearer gvk_test_{key}"}
        return strict.http.get("/api/v1/plans", headers=headers).status_code

    for _ in range(2):
        assert [ask("wrong") for _ in range(20)] == [401] * 20
        refused = strict.call("GET", "/plans")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "300")
        strict.http.post("/sandbox/clock", json={"advance": 300})
    assert [ask("wrong") for _ in range(10)] == [401] * 10
    assert strict.call("GET", "/plans").get_json()["error"] == "account_inactive"
    assert "wrong keys" in safety(strict)["suspension"]["reason"]
    strict.http.delete("/sandbox/suspension")
    assert strict.call("GET", "/plans").status_code == 200


def test_right_key_begins_a_new_row(strict: LocalGenvoris) -> None:
    """A shop that is configured right is never locked."""
    strict.call("GET", "/plans")
    for _ in range(5):
        for _ in range(19):
            strict.http.get("/api/v1/plans", headers={"Authorization": "Bearer gvk_test_wrong"})
        assert strict.call("GET", "/plans").status_code == 200
        strict.http.post("/sandbox/clock", json={"advance": 300})


def test_fixtures_ask_for_the_switches(genvoris_sandbox: Sandbox) -> None:
    """Tests of a shop make many shoppers in an hour; those that want to be suspended say so."""
    assert genvoris_sandbox.suspension is None
    genvoris_sandbox.enforce_safety_switches()
    genvoris_sandbox.client.plans.list()
    assert genvoris_sandbox.suspension is None
