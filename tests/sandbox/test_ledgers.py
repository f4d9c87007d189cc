"""Quotas and credits: who may try on, and what it costs."""

from __future__ import annotations

import base64
import io
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.local_genvoris import API_KEY, DAY, LocalGenvoris
from tests.support.pictures import picture

EMPTY = io.BytesIO()
Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(EMPTY, "PNG")
EMPTY_URL = "data:image/png;base64," + base64.b64encode(EMPTY.getvalue()).decode()


def refusal(answer: Any) -> tuple[int, str, str | None]:
    body = answer.get_json()
    assert body["detail"]
    return answer.status_code, body["error"], body.get("reason")


def test_try_on_charges_both_ledgers(sandbox: LocalGenvoris) -> None:
    """A try-on returns a picture and charges both ledgers."""
    sandbox.customer(quota=3)
    answer = sandbox.tryon(sandbox.token())
    body = answer.get_json()
    assert answer.status_code == 200
    assert body["end_customer_quota"] == {"used": 1, "limit": 3, "remaining": 2}
    assert body["remaining_credits"] == 999
    head, _, data = body["images"][0].partition(",")
    assert head == "data:image/jpeg;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert (image.format, image.size) == ("JPEG", (300, 450))
    red, _green, blue = image.convert("RGB").getpixel((150, 180))  # type: ignore[misc]
    assert blue > red  # the blue shirt is on the red shopper


def test_variations_count_once(sandbox: LocalGenvoris) -> None:
    """Variations are charged as one try-on."""
    sandbox.customer(quota=1)
    body = sandbox.tryon(sandbox.token(), variation_count="3").get_json()
    assert len(set(body["images"])) == 3
    assert body["end_customer_quota"] == {"used": 1, "limit": 1, "remaining": 0}
    assert body["remaining_credits"] == 999
    over = sandbox.tryon(sandbox.token())
    assert refusal(over) == (402, "end_customer_quota", "quota_exhausted")


@pytest.mark.parametrize("count", ["0", "5", "-1", "x", "1.5", "", "9" * 30])
def test_invalid_variations_are_refused(sandbox: LocalGenvoris, count: str) -> None:
    """The error names the field for the number of variations."""
    answer = sandbox.tryon(variation_count=count)
    assert refusal(answer) == (400, "invalid_body", None)
    assert "variation_count" in answer.get_json()["detail"]


def test_exhausted_quota_is_refused(sandbox: LocalGenvoris) -> None:
    """The error for an exhausted quota has a reason and the numbers."""
    sandbox.customer(quota=2)
    sandbox.spend(2)
    answer = sandbox.tryon(sandbox.token())
    assert refusal(answer) == (402, "end_customer_quota", "quota_exhausted")
    assert (answer.get_json()["used"], answer.get_json()["limit"]) == (2, 2)
    assert sandbox.used() == 2


def test_no_plan_is_refused(sandbox: LocalGenvoris) -> None:
    """A shopper without a plan is refused."""
    sandbox.customer(quota=None)
    answer = sandbox.tryon(sandbox.token())
    assert refusal(answer) == (402, "end_customer_quota", "no_plan")


@pytest.mark.parametrize("status", ["PAUSED", "CANCELLED"])
def test_inactive_shopper_is_refused(sandbox: LocalGenvoris, status: str) -> None:
    """An inactive shopper may not try on and gets no token."""
    sandbox.customer()
    token = sandbox.token()
    sandbox.call("PATCH", "/customers/ada", {"status": status.lower()})
    assert refusal(sandbox.tryon(token)) == (402, "end_customer_quota", status.lower())
    minted = sandbox.call("POST", "/customers/ada/sessions")
    assert refusal(minted) == (403, "customer_inactive", None)


def test_no_credits_is_refused(tmp_path: Path) -> None:
    """Without credits a try-on is refused and no quota is used."""
    sandbox = LocalGenvoris(tmp_path, credits_at_start=1)
    sandbox.customer()
    assert sandbox.tryon(sandbox.token()).status_code == 200
    assert refusal(sandbox.tryon(sandbox.token())) == (402, "credit_limit_reached", None)
    assert sandbox.used() == 1


def test_guest_is_charged_to_the_shop(sandbox: LocalGenvoris) -> None:
    """A guest's try-on uses only the shop's credits."""
    body = sandbox.tryon(None).get_json()
    assert body["remaining_credits"] == 999
    assert "end_customer_quota" not in body


@pytest.mark.parametrize(
    "changes",
    [
        {"photo": None},
        {"photo": b"not a photo"},
        {"photo": picture("JPEG")[:2000]},
        {"product_image_url": ""},
        {"product_image_url": "https://example.org/shirt.png"},
        {"product_image_url": "http://10.0.0.1/shirt.png"},
        {"product_image_url": "http://127.0.0.1:1/shirt.png"},
        {"product_image_url": "file:///etc/hostname"},
        {"product_image_url": "http://["},
        {"product_image_url": "data:image/png;base64,!!!"},
        {"product_image_url": "data:image/png;base64,AAAA"},
        {"product_image_url": EMPTY_URL},
    ],
    ids=lambda changes: str(changes)[:60],
)
def test_failed_try_on_is_free(sandbox: LocalGenvoris, changes: dict[str, Any]) -> None:
    """Nothing is charged if there is no picture."""
    sandbox.customer()
    photo = changes.get("photo")
    if photo:
        changes = {"photo": (io.BytesIO(photo), "p.jpg")}
    assert refusal(sandbox.tryon(sandbox.token(), **changes)) == (400, "invalid_body", None)
    assert sandbox.used() == 0


def test_heic_photo(sandbox: LocalGenvoris) -> None:
    """A HEIC photo can be tried on."""
    photo = (io.BytesIO(picture("HEIF", (300, 450))), "p.heic")
    assert sandbox.tryon(None, photo=photo).status_code == 200


def test_idempotency_key(
    sandbox: LocalGenvoris,
) -> None:
    """A repeated request gets the same response and is charged once."""
    sandbox.customer()
    token = sandbox.token()
    first, second = sandbox.tryon(token, key="k"), sandbox.tryon(token, key="k")
    assert first.get_json() == second.get_json()
    assert sandbox.used() == 1


def test_idempotency_key_is_per_customer(sandbox: LocalGenvoris) -> None:
    """An idempotency key never returns another customer's picture."""
    sandbox.customer("ada")
    sandbox.customer("ben")
    own = sandbox.tryon(sandbox.token("ada"), key="k").get_json()
    assert sandbox.tryon("forged", key="k").status_code == 401
    other = sandbox.tryon(sandbox.token("ben"), key="k").get_json()
    assert other["remaining_credits"] == own["remaining_credits"] - 1
    assert (sandbox.used("ada"), sandbox.used("ben")) == (1, 1)


def test_try_on_must_be_a_form(sandbox: LocalGenvoris) -> None:
    """A try-on must be sent as a form."""
    answer = sandbox.http.post("/api/tryon", json={}, headers={"X-API-Key": API_KEY})
    assert answer.status_code == 415


def test_concurrent_try_ons(sandbox: LocalGenvoris) -> None:
    """Simultaneous try-ons never exceed the quota."""
    sandbox.customer(quota=3)
    token = sandbox.token()
    statuses: list[int] = []

    def shop() -> None:
        statuses.append(sandbox.tryon(token).status_code)

    threads = [threading.Thread(target=shop) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 3 + [402] * 5
    assert sandbox.used() == 3


def test_registration_starts_a_period(sandbox: LocalGenvoris) -> None:
    """Registering again refills the quota and starts a new period."""
    sandbox.customer(quota=3)
    sandbox.spend(3)
    sandbox.clock.now += 5 * DAY
    renewed = sandbox.call("POST", "/customers", {"externalId": "ada"}).get_json()
    assert sandbox.used() == 0
    assert renewed["periodStart"] == "2023-11-19T22:13:20.000Z"
    history = sandbox.call("GET", "/customers/ada/usage").get_json()["data"]["history"]
    assert [(each["used"], each["limit"]) for each in history] == [(3, 3)]


def test_only_reset_refills_quota(sandbox: LocalGenvoris) -> None:
    """Changing the plan does not refill the quota, but a reset does."""
    sandbox.customer(quota=3)
    sandbox.spend(3)
    bigger = sandbox.plan(10, "Big")
    sandbox.call("PATCH", "/customers/ada", {"planId": bigger})
    usage = sandbox.call("GET", "/customers/ada/usage").get_json()["data"]
    assert usage["current"] == {"used": 3, "limit": 10, "remaining": 7, "ok": True}
    assert usage["plan"]["name"] == "Big"
    sandbox.call("PATCH", "/customers/ada", {"resetPeriod": True})
    assert sandbox.used() == 0


def test_plan_change_takes_effect_later(sandbox: LocalGenvoris) -> None:
    """A changed plan takes effect in the next period."""
    plan = sandbox.plan(3)
    for name in ("ada", "ben"):
        sandbox.call("POST", "/customers", {"externalId": name, "planId": plan})
    sandbox.call("PATCH", f"/plans/{plan}", {"monthlyTryOns": 10})
    sandbox.call("PATCH", "/customers/ada", {"planId": plan})
    assert limit(sandbox, "ada") == (3, 10)
    sandbox.call("PATCH", "/customers/ada", {"resetPeriod": True})
    assert limit(sandbox, "ada") == (10, 10)
    assert limit(sandbox, "ben") == (3, 10)
    sandbox.clock.now += 30 * DAY
    assert limit(sandbox, "ben") == (10, 10)
    newcomer = {"externalId": "cid", "planId": plan}
    sandbox.call("POST", "/customers", newcomer)
    sandbox.call("PATCH", f"/plans/{plan}", {"monthlyTryOns": 7})
    assert limit(sandbox, "cid") == (10, 7)
    sandbox.call("POST", "/customers", newcomer)
    assert limit(sandbox, "cid") == (7, 7)


def limit(sandbox: LocalGenvoris, name: str) -> tuple[int, int]:
    """Return the limit of the current period, and the plan's."""
    usage = sandbox.call("GET", f"/customers/{name}/usage").get_json()["data"]
    return usage["current"]["limit"], usage["plan"]["monthlyTryOns"]


def test_usage_history(sandbox: LocalGenvoris) -> None:
    """The usage contains the latest periods."""
    sandbox.customer(quota=3)
    sandbox.spend(2)
    for _ in range(26):
        sandbox.call("PATCH", "/customers/ada", {"resetPeriod": True})
        sandbox.spend(1)
    history = sandbox.call("GET", "/customers/ada/usage").get_json()["data"]["history"]
    assert [each["used"] for each in history] == [1] * 24
    nested = sandbox.call("GET", "/customers/ada").get_json()["usage"]
    assert len(nested) == 12
    assert list(nested[0].values()) == list(history[0].values())


def test_period_rolls(sandbox: LocalGenvoris) -> None:
    """A period rolls after thirty days."""
    sandbox.customer(quota=3)
    sandbox.spend(2)
    sandbox.clock.now += 30 * DAY - 1
    assert sandbox.used() == 2
    sandbox.clock.now += 1
    assert sandbox.used() == 0
    sandbox.clock.now += 95 * DAY
    usage = sandbox.call("GET", "/customers/ada/usage").get_json()["data"]
    assert usage["period_start"] == "2024-03-13T22:13:20.000Z"


def test_tracked_try_ons_are_charged(sandbox: LocalGenvoris) -> None:
    """Tracked try-ons are charged, but failed ones are not."""
    sandbox.customer(quota=1)
    body = {"variation_count": 2, "end_customer_token": sandbox.token()}
    answer = sandbox.track(**body).get_json()
    assert answer["end_customer_quota"] == {"used": 1, "limit": 1, "remaining": 0}
    assert (answer["success"], answer["variation_count"]) == (True, 2)
    sandbox.track(**body, success=False)
    assert sandbox.used() == 1
    assert refusal(sandbox.track(**body)) == (402, "end_customer_quota", "quota_exhausted")
    assert sandbox.used() == 1


@pytest.mark.parametrize(
    ("header", "in_body", "expected"),
    [
        (f"Bearer {API_KEY}", None, None),
        (f"Bearer {API_KEY}", API_KEY, None),
        (None, API_KEY, "unauthorized"),
        ("Bearer gvk_test_other", API_KEY, "invalid_key"),
        (f"Bearer {API_KEY}", "gvk_test_other", "invalid_api_key"),
    ],
)
def test_tracking_needs_key_in_header(
    sandbox: LocalGenvoris, header: str | None, in_body: str | None, expected: str | None
) -> None:
    """Tracking requires the API key in the header."""
    headers = {"Authorization": header} if header else {}
    body = {"api_key": in_body} if in_body else {}
    answer = sandbox.http.post("/api/tryon/track", json=body, headers=headers)
    assert answer.status_code == (401 if expected else 200)
    assert answer.get_json().get("error") == expected


@pytest.mark.parametrize(
    ("quota", "spent", "access"), [(3, 0, "ALLOWED"), (3, 3, "EXHAUSTED"), (None, 0, "LOCKED")]
)
def test_status(sandbox: LocalGenvoris, quota: int | None, spent: int, access: str) -> None:
    """The status is whether a shopper may try on."""
    sandbox.customer(quota=quota)
    if spent:
        sandbox.spend(spent)
    query = {"end_customer_token": sandbox.token()}
    answer = sandbox.http.get("/api/status", query_string=query, headers={"X-API-Key": API_KEY})
    assert answer.get_json()["access"] == access
    assert answer.get_json()["externalId"] == "ada"
