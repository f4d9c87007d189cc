"""The overview page: what it shows, what its buttons do, and who may press them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from genvoris_flask.core.charts import Column, lay_out, scale_top
from tests.support.local_genvoris import API_KEY, DAY, LocalGenvoris

HOOK = {"url": "http://127.0.0.1:9/hook", "secret": "whsec_never_shown", "events": ["webhook.test"]}


def page(sandbox: LocalGenvoris) -> str:
    answer = sandbox.http.get("/")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def press(sandbox: LocalGenvoris, action: str, **more: Any) -> TestResponse:
    """Press a button, as a browser does it, and follow to the page."""
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    answer = sandbox.http.post(f"/actions/{action}", data=more, headers=headers)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    assert answer.headers["Location"].startswith("/?done=")
    return sandbox.http.get(answer.headers["Location"])


def section(html: str, name: str) -> str:
    found = re.search(rf'<section id="{name}".*?</section>', html, re.DOTALL)
    assert found, name
    return found[0]


def test_page_hides_secrets(sandbox: LocalGenvoris) -> None:
    """The page shows everything but keys, tokens and secrets."""
    sandbox.customer("ada <script>", quota=7)
    token = sandbox.token("ada <script>")
    sandbox.call("POST", "/webhooks", HOOK)
    html = page(sandbox)
    assert "ada &lt;script&gt;" in section(html, "customers")
    assert "0 of 7" in section(html, "customers")
    assert "Pro" in section(html, "plans")
    assert "1,000" in section(html, "credits")
    assert "15 min" in section(html, "sessions")
    assert str(HOOK["url"]) in section(html, "webhooks")
    assert "/api/v1/webhooks" in section(html, "calls")
    assert "14 Nov 2023, 22:13:20" in section(html, "clock")
    for secret in (API_KEY, token, HOOK["secret"]):
        assert str(secret) not in html


def test_page_security_headers(sandbox: LocalGenvoris) -> None:
    """The page has no scripts and cannot be framed."""
    answer = sandbox.http.get("/")
    html = answer.get_data(as_text=True)
    assert "<script" not in html
    assert " style=" not in html
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert sandbox.http.get("/page.css").mimetype == "text/css"


def test_empty_page_explains_itself(sandbox: LocalGenvoris) -> None:
    """The page of an empty sandbox says how to fill it."""
    html = page(sandbox)
    for name in ("customers", "plans", "webhooks"):
        assert f"POST /api/v1/{name}" in section(html, name)
    assert "0 try-ons in 30 days" in html


def test_suspended_account_is_shown(sandbox: LocalGenvoris) -> None:
    """The page shows that the account is suspended."""
    assert "account_inactive" not in page(sandbox)
    changed = sandbox.http.patch("/sandbox/settings", json={"accountStatus": "SUSPENDED"})
    assert changed.status_code == 200, changed.get_json()
    assert "account_inactive" in page(sandbox)


def test_credits_buttons(sandbox: LocalGenvoris) -> None:
    """Buttons add and remove credits."""
    sandbox.customer()
    answer = press(sandbox, "credits", do="top-up", credits="250")
    assert "The credit pool was topped up." in answer.get_data(as_text=True)
    assert "1,250" in section(page(sandbox), "credits")
    press(sandbox, "credits", do="empty")
    assert "every try-on is refused" in section(page(sandbox), "credits")
    assert sandbox.tryon(sandbox.token()).get_json()["error"] == "credit_limit_reached"


def test_quota_buttons(sandbox: LocalGenvoris) -> None:
    """Buttons exhaust a quota and start a new period."""
    customer = sandbox.customer(quota=3)
    press(sandbox, "customers", do="exhaust", id=customer)
    assert sandbox.tryon(sandbox.token()).get_json()["reason"] == "quota_exhausted"
    assert "Exhaust" not in section(page(sandbox), "customers")
    press(sandbox, "customers", do="roll", id=customer)
    assert sandbox.used() == 0
    usage = sandbox.call("GET", "/customers/ada/usage").get_json()["data"]
    assert [each["used"] for each in usage["history"]] == [3]


def test_status_buttons(sandbox: LocalGenvoris) -> None:
    """Buttons pause and resume a customer."""
    customer = sandbox.customer()
    press(sandbox, "customers", do="pause", id=customer)
    assert "paused" in section(page(sandbox), "customers")
    assert sandbox.call("POST", "/customers/ada/sessions").status_code == 403
    press(sandbox, "customers", do="resume", id=customer)
    assert sandbox.call("POST", "/customers/ada/sessions").status_code == 200


def test_clock_buttons(sandbox: LocalGenvoris) -> None:
    """Buttons move the clock, and periods roll with it."""
    sandbox.customer(quota=3)
    sandbox.spend(2)
    press(sandbox, "clock", seconds=str(int(31 * DAY)))
    html = page(sandbox)
    assert "15 Dec 2023" in section(html, "clock")
    assert "0 of 3" in section(html, "customers")
    press(sandbox, "clock", do="reset")
    assert "14 Nov 2023" in section(page(sandbox), "clock")


def test_revoke_button(sandbox: LocalGenvoris) -> None:
    """A button revokes a session."""
    sandbox.customer()
    token = sandbox.token()
    found = re.search(r'name="id" value="([^"]+)"', section(page(sandbox), "sessions"))
    assert found
    press(sandbox, "sessions", id=found[1])
    assert sandbox.tryon(token).get_json()["error"] == "invalid_session_token"
    assert "No token can be used" in section(page(sandbox), "sessions")


def test_webhook_buttons(sandbox: LocalGenvoris) -> None:
    """Buttons send a test, and a delivery again with the same id."""
    endpoint = sandbox.call("POST", "/webhooks", HOOK).get_json()["id"]
    press(sandbox, "endpoints", id=endpoint)
    (delivery,) = sandbox.http.get("/sandbox/deliveries?wait=5").get_json()["data"]
    assert delivery["type"] == "webhook.test"
    html = section(page(sandbox), "webhooks")
    assert delivery["eventId"] in html
    press(sandbox, "deliveries", id=delivery["id"])
    (again,) = sandbox.http.get("/sandbox/deliveries?wait=5").get_json()["data"]
    assert again["eventId"] == delivery["eventId"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:5000"},
        {"Host": "evil.example"},
    ],
    ids=str,
)
def test_cross_site_form_is_refused(sandbox: LocalGenvoris, headers: dict[str, str]) -> None:
    """A form of another site is refused."""
    answer = sandbox.http.post("/actions/credits", data={"do": "empty"}, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (403, "cross_origin")
    assert "1,000" in section(page(sandbox), "credits")


def test_page_needs_local_host(sandbox: LocalGenvoris) -> None:
    """The page is not served under another host name."""
    assert sandbox.http.get("/", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    ("action", "fields", "status"),
    [
        ("credits", {"do": "top-up", "credits": "0"}, 400),
        ("credits", {"do": "top-up", "credits": "9" * 40}, 400),
        ("credits", {"do": "top-up"}, 400),
        ("clock", {"seconds": "-5"}, 400),
        ("clock", {"seconds": "²"}, 400),
        ("customers", {"do": "pause", "id": "nobody"}, 404),
        ("customers", {"do": "delete", "id": "ada"}, 400),
        ("customers", {"do": "exhaust", "id": "dev"}, 400),
        ("sessions", {"id": "x"}, 404),
        ("deliveries", {"id": "x"}, 404),
        ("endpoints", {}, 404),
    ],
    ids=str,
)
def test_invalid_form_is_refused(
    sandbox: LocalGenvoris, action: str, fields: dict[str, str], status: int
) -> None:
    """A forged form is refused with an explanation."""
    sandbox.customer("ada")
    sandbox.customer("dev", quota=None)
    answer = sandbox.http.post(f"/actions/{action}", data=fields)
    assert answer.status_code == status
    assert answer.get_json()["detail"]


def test_unknown_message_is_not_shown(
    sandbox: LocalGenvoris,
) -> None:
    """Text of the URL is never shown on the page."""
    html = sandbox.http.get("/?done=Send+money+to+evil.example").get_data(as_text=True)
    assert "evil.example" not in html


def test_chart_counts_days(sandbox: LocalGenvoris) -> None:
    """The chart counts the try-ons and failures of each day."""
    sandbox.customer(quota=50)
    sandbox.spend(4)
    sandbox.clock.now += DAY
    sandbox.spend(2)
    html = page(sandbox)
    assert "6 try-ons in 30 days, most on 14 Nov: 4." in html
    assert "<title>14 Nov: 4</title>" in html
    assert "<title>15 Nov: 2</title>" in html
    sandbox.clock.now += 29 * DAY
    assert "2 try-ons in 30 days" in page(sandbox)


def test_bar_heights() -> None:
    """Bars are proportional to their numbers and start at the base line."""
    columns = [Column("", "", number) for number in range(1, 11)]
    plot = lay_out([*columns, Column("", "", 4, 3)])
    heights = [bar.height for bar in plot.bars]
    assert heights[9] == pytest.approx(2 * heights[4], abs=0.1)
    assert all(bar.y + bar.height == pytest.approx(100, abs=0.02) for bar in plot.bars)
    last = plot.bars[-1]
    assert last.failed_y + last.failed_height == pytest.approx(last.y, abs=0.02)
    assert [tick.label for tick in plot.ticks] == ["0", "5", "10"]
    assert plot.bars[0].x >= 0
    assert last.x + last.width <= 100


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (3, 4), (5, 10), (11, 20), (41, 100), (999, 1000), (123_456, 200_000)]
)
def test_scale_ends_at_round_number(most: int, top: int) -> None:
    """The scale ends at a round number."""
    assert scale_top(most) == top


def test_funnel_counts_sessions(sandbox: LocalGenvoris) -> None:
    """The funnel counts sessions, not events."""
    stages = ["WIDGET_OPENED", "WIDGET_OPENED", "PHOTO_UPLOADED", "TRYON_GENERATED"]
    for session, upto in (("a", 4), ("b", 3), ("c", 1)):
        events = [{"sessionId": session, "eventType": each} for each in stages[:upto]]
        sandbox.call("POST", "/events", {"events": events})
    order = {"orderId": "1", "platform": "custom", "amountCents": 100, "sessionId": "a"}
    assert sandbox.call("POST", "/conversions", order).get_json()["attributedFromTryOn"]
    rows = re.findall(r'<th scope="row">(.*?)</th>.*?number">(\d+)</td>', page(sandbox), re.DOTALL)
    counts = dict(rows)
    assert counts["Opened the widget"] == "3"
    assert counts["Gave a photo"] == "2"
    assert counts["Got a try-on"] == "1"
    assert counts["Put it in the cart"] == "0"
    assert counts["Ordered"] == "1"


def test_page_is_bounded(tmp_path: Path) -> None:
    """The page shows a limited number of customers."""
    sandbox = LocalGenvoris(tmp_path / "many")
    for number in range(205):
        sandbox.customer(f"s{number}", quota=None)
    html = section(page(sandbox), "customers")
    assert "The latest 200 of 205." in html
    assert "s204" in html


def test_clock_button_limit(sandbox: LocalGenvoris) -> None:
    """The button of the clock has the limits of the control API."""
    sandbox.http.post("/sandbox/clock", json={"set": "2099-12-31T00:00:00Z"})
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    answer = sandbox.http.post("/actions/clock", data={"seconds": 7 * 86_400}, headers=headers)
    assert answer.status_code == 400
    assert answer.get_json()["detail"] == "seconds: must lead to a time from 1970 to 2100"
    assert "31 Dec 2099" in page(sandbox)
