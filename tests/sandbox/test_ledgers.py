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


def test_a_tryon_gives_a_picture_and_takes_one_off_both_ledgers(sandbox: LocalGenvoris) -> None:
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


def test_variations_count_as_one_try_on(sandbox: LocalGenvoris) -> None:
    """The shopper and the shop's pool are charged once, however many pictures there are."""
    sandbox.customer(quota=1)
    body = sandbox.tryon(sandbox.token(), variation_count="3").get_json()
    assert len(set(body["images"])) == 3
    assert body["end_customer_quota"] == {"used": 1, "limit": 1, "remaining": 0}
    assert body["remaining_credits"] == 999
    over = sandbox.tryon(sandbox.token())
    assert refusal(over) == (402, "end_customer_quota", "quota_exhausted")


@pytest.mark.parametrize("count", ["0", "5", "-1", "x", "1.5", "", "9" * 30])
def test_a_wrong_number_of_variations_is_refused_by_name(
    sandbox: LocalGenvoris, count: str
) -> None:
    answer = sandbox.tryon(variation_count=count)
    assert refusal(answer) == (400, "invalid_body", None)
    assert "variation_count" in answer.get_json()["detail"]


def test_a_spent_quota_is_refused_with_its_reason_and_numbers(sandbox: LocalGenvoris) -> None:
    sandbox.customer(quota=2)
    sandbox.spend(2)
    answer = sandbox.tryon(sandbox.token())
    assert refusal(answer) == (402, "end_customer_quota", "quota_exhausted")
    assert (answer.get_json()["used"], answer.get_json()["limit"]) == (2, 2)
    assert sandbox.used() == 2


def test_a_shopper_without_a_plan_is_refused(sandbox: LocalGenvoris) -> None:
    sandbox.customer(quota=None)
    answer = sandbox.tryon(sandbox.token())
    assert refusal(answer) == (402, "end_customer_quota", "no_plan")


@pytest.mark.parametrize("status", ["PAUSED", "CANCELLED"])
def test_an_inactive_shopper_is_refused_and_gets_no_new_token(
    sandbox: LocalGenvoris, status: str
) -> None:
    sandbox.customer()
    token = sandbox.token()
    sandbox.call("PATCH", "/customers/ada", {"status": status.lower()})
    assert refusal(sandbox.tryon(token)) == (402, "end_customer_quota", status.lower())
    minted = sandbox.call("POST", "/customers/ada/sessions")
    assert refusal(minted) == (403, "customer_inactive", None)


def test_an_empty_credit_pool_is_refused_and_no_quota_is_taken(tmp_path: Path) -> None:
    sandbox = LocalGenvoris(tmp_path, credits_at_start=1)
    sandbox.customer()
    assert sandbox.tryon(sandbox.token()).status_code == 200
    assert refusal(sandbox.tryon(sandbox.token())) == (402, "credit_limit_reached", None)
    assert sandbox.used() == 1


def test_a_guest_is_metered_to_the_shop_alone(sandbox: LocalGenvoris) -> None:
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
def test_nothing_is_charged_when_no_picture_can_be_made(
    sandbox: LocalGenvoris, changes: dict[str, Any]
) -> None:
    sandbox.customer()
    photo = changes.get("photo")
    if photo:
        changes = {"photo": (io.BytesIO(photo), "p.jpg")}
    assert refusal(sandbox.tryon(sandbox.token(), **changes)) == (400, "invalid_body", None)
    assert sandbox.used() == 0


def test_a_heic_photo_is_read(sandbox: LocalGenvoris) -> None:
    photo = (io.BytesIO(picture("HEIF", (300, 450))), "p.heic")
    assert sandbox.tryon(None, photo=photo).status_code == 200


def test_the_same_idempotency_key_is_answered_again_and_charged_once(
    sandbox: LocalGenvoris,
) -> None:
    sandbox.customer()
    token = sandbox.token()
    first, second = sandbox.tryon(token, key="k"), sandbox.tryon(token, key="k")
    assert first.get_json() == second.get_json()
    assert sandbox.used() == 1


def test_an_idempotency_key_gives_nobody_anothers_picture(sandbox: LocalGenvoris) -> None:
    sandbox.customer("ada")
    sandbox.customer("ben")
    own = sandbox.tryon(sandbox.token("ada"), key="k").get_json()
    assert sandbox.tryon("forged", key="k").status_code == 401
    other = sandbox.tryon(sandbox.token("ben"), key="k").get_json()
    assert other["remaining_credits"] == own["remaining_credits"] - 1
    assert (sandbox.used("ada"), sandbox.used("ben")) == (1, 1)


def test_a_try_on_that_is_no_form_is_refused(sandbox: LocalGenvoris) -> None:
    answer = sandbox.http.post("/api/tryon", json={}, headers={"X-API-Key": API_KEY})
    assert answer.status_code == 415


def test_try_ons_at_once_never_spend_more_than_there_is(sandbox: LocalGenvoris) -> None:
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


def test_a_registration_refills_the_quota_and_starts_a_new_period(sandbox: LocalGenvoris) -> None:
    sandbox.customer(quota=3)
    sandbox.spend(3)
    sandbox.clock.now += 5 * DAY
    renewed = sandbox.call("POST", "/customers", {"externalId": "ada"}).get_json()
    assert sandbox.used() == 0
    assert renewed["periodStart"] == "2023-11-19T22:13:20.000Z"
    history = sandbox.call("GET", "/customers/ada/usage").get_json()["data"]["history"]
    assert [(each["used"], each["limit"]) for each in history] == [(3, 3)]


def test_a_change_of_plan_does_not_refill_but_a_reset_does(sandbox: LocalGenvoris) -> None:
    sandbox.customer(quota=3)
    sandbox.spend(3)
    bigger = sandbox.plan(10, "Big")
    sandbox.call("PATCH", "/customers/ada", {"planId": bigger})
    usage = sandbox.call("GET", "/customers/ada/usage").get_json()["data"]
    assert usage["current"] == {"used": 3, "limit": 10, "remaining": 7, "ok": True}
    assert usage["plan"]["name"] == "Big"
    sandbox.call("PATCH", "/customers/ada", {"resetPeriod": True})
    assert sandbox.used() == 0


def test_a_changed_plan_acts_from_the_next_period_on(sandbox: LocalGenvoris) -> None:
    """Each customer keeps the quota with which the current period began."""
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


def test_the_latest_periods_are_remembered(sandbox: LocalGenvoris) -> None:
    """Usage has 24 of them, the customer 12, both newest first."""
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


def test_a_period_rolls_over_by_itself_after_thirty_days(sandbox: LocalGenvoris) -> None:
    sandbox.customer(quota=3)
    sandbox.spend(2)
    sandbox.clock.now += 30 * DAY - 1
    assert sandbox.used() == 2
    sandbox.clock.now += 1
    assert sandbox.used() == 0
    sandbox.clock.now += 95 * DAY
    usage = sandbox.call("GET", "/customers/ada/usage").get_json()["data"]
    assert usage["period_start"] == "2024-03-13T22:13:20.000Z"


def test_tracked_try_ons_are_charged_and_failed_ones_are_not(sandbox: LocalGenvoris) -> None:
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
def test_tracking_wants_the_key_in_the_header(
    sandbox: LocalGenvoris, header: str | None, in_body: str | None, expected: str | None
) -> None:
    """The key in the body may be left out, but never replaces the one in the header."""
    headers = {"Authorization": header} if header else {}
    body = {"api_key": in_body} if in_body else {}
    answer = sandbox.http.post("/api/tryon/track", json=body, headers=headers)
    assert answer.status_code == (401 if expected else 200)
    assert answer.get_json().get("error") == expected


@pytest.mark.parametrize(
    ("quota", "spent", "access"), [(3, 0, "ALLOWED"), (3, 3, "EXHAUSTED"), (None, 0, "LOCKED")]
)
def test_the_status_says_what_a_shopper_may(
    sandbox: LocalGenvoris, quota: int | None, spent: int, access: str
) -> None:
    sandbox.customer(quota=quota)
    if spent:
        sandbox.spend(spent)
    query = {"end_customer_token": sandbox.token()}
    answer = sandbox.http.get("/api/status", query_string=query, headers={"X-API-Key": API_KEY})
    assert answer.get_json()["access"] == access
    assert answer.get_json()["externalId"] == "ada"
