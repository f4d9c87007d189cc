"""The shop's own account: rate limits, domains, suspension, credit packs, and keys that rotate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jwt
import pytest

from genvoris_flask.web.assets import load_assets
from tests.support.local_genvoris import API_KEY, DAY, LocalGenvoris
from tests.support.receiver import receiver


def settings(sandbox: LocalGenvoris, **changes: Any) -> Any:
    answer = sandbox.http.patch("/sandbox/settings", json=changes)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def pool(sandbox: LocalGenvoris) -> Any:
    return sandbox.http.get("/sandbox/credits").get_json()


def buy(sandbox: LocalGenvoris, credits_: int, **more: Any) -> Any:
    return sandbox.http.post("/sandbox/credits", json={"credits": credits_, **more})


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error"]


def test_settings_survive_a_restart(sandbox: LocalGenvoris, tmp_path: Path) -> None:
    assert settings(sandbox, lowBalance=7)["domains"] == []
    again = LocalGenvoris(tmp_path / "data")
    assert again.http.get("/sandbox/settings").get_json()["lowBalance"] == 7


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"accountStatus": "GONE"}, "accountStatus"),
        ({"domains": ["Not a domain"]}, "domains.0"),
        ({"rateLimits": 1}, "rateLimits"),
        ({"colour": "red"}, "colour"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_refused_by_name(
    sandbox: LocalGenvoris, body: dict[str, Any], field: str
) -> None:
    answer = sandbox.http.patch("/sandbox/settings", json=body)
    assert refusal(answer) == (400, "invalid_body")
    assert answer.get_json()["detail"].startswith(f"{field}:")


def test_a_suspended_account_is_refused_everything_until_it_is_active_again(
    sandbox: LocalGenvoris,
) -> None:
    sandbox.customer()
    token = sandbox.token()
    settings(sandbox, accountStatus="SUSPENDED")
    for answer in (sandbox.call("GET", "/plans"), sandbox.tryon(token), sandbox.track()):
        assert refusal(answer) == (403, "account_inactive")
    settings(sandbox, accountStatus="ACTIVE")
    assert sandbox.tryon(token).status_code == 200


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://shop.example/shirt", True),
        ("https://www.shop.example:8443/shirt", True),
        ("https://notshop.example/", False),
        ("https://shop.example.evil.example/", False),
        ("http://[", False),
    ],
)
def test_pages_of_other_domains_may_not_try_on(
    sandbox: LocalGenvoris, url: str, allowed: bool
) -> None:
    assert sandbox.tryon(None, page_url=url).status_code == 200
    settings(sandbox, domains=["shop.example"])
    for answer in (sandbox.tryon(None, page_url=url), sandbox.track(origin=url)):
        assert answer.status_code == (200 if allowed else 403)
        if not allowed:
            assert answer.get_json()["error"] == "domain_not_allowed"


def test_rate_limits_are_off_until_they_are_asked_for(sandbox: LocalGenvoris) -> None:
    for _ in range(101):
        answer = sandbox.call("POST", "/customers", {"externalId": "ada"})
    assert answer.status_code == 200


def test_customer_creates_are_limited_to_100_an_hour(sandbox: LocalGenvoris) -> None:
    settings(sandbox, rateLimits=True)
    for _ in range(100):
        assert sandbox.call("POST", "/customers", {"externalId": "ada"}).status_code == 200
    sandbox.clock.now += 600
    refused = sandbox.call("POST", "/customers", {"externalId": "ada"})
    assert refusal(refused) == (429, "rate_limited")
    assert refused.headers["Retry-After"] == "3000"
    sandbox.clock.now += 2999
    assert sandbox.call("POST", "/customers", {"externalId": "ada"}).status_code == 429
    sandbox.clock.now += 1
    assert sandbox.call("POST", "/customers", {"externalId": "ada"}).status_code == 200


def test_mints_are_limited_to_1000_an_hour(tmp_path: Path) -> None:
    sandbox = LocalGenvoris(tmp_path, rate_limits=True)
    sandbox.customer()
    path, body = "/customers/ada/sessions", {"expires_in": 1}  # refused, yet counted
    for _ in range(999):
        sandbox.call("POST", path, body)
    assert sandbox.call("POST", path).status_code == 200
    refused = sandbox.call("POST", path)
    assert (refusal(refused), refused.headers["Retry-After"]) == ((429, "rate_limited"), "3600")


def test_try_ons_are_limited_by_customer_and_by_address(sandbox: LocalGenvoris) -> None:
    for name in ("ada", "ben", "cid"):
        sandbox.customer(name, quota=100)
    tokens = {name: sandbox.token(name) for name in ("ada", "ben", "cid")}
    settings(sandbox, rateLimits=True)
    tiny = {"product_image_url": "data:image/png;base64,!"}  # refused late, yet counted
    for _ in range(10):
        assert sandbox.tryon(tokens["ada"], **tiny).status_code == 400
    assert sandbox.tryon(tokens["ada"]).status_code == 429
    for _ in range(9):
        assert sandbox.tryon(tokens["ben"], **tiny).status_code == 400
    refused = sandbox.tryon(tokens["cid"])
    assert (refusal(refused), refused.headers["Retry-After"]) == ((429, "rate_limited"), "60")
    sandbox.clock.now += 60
    assert sandbox.tryon(tokens["cid"]).status_code == 200


def test_the_pack_that_expires_soonest_is_spent_first(tmp_path: Path) -> None:
    """Whatever the order in which they were bought; those without an end come last."""
    sandbox = LocalGenvoris(tmp_path, credits_at_start=2)
    buy(sandbox, 3, expiresIn=None)
    buy(sandbox, 1, expiresIn=60)
    assert [pack["credits"] for pack in pool(sandbox)["packs"]] == [1, 2, 3]
    for _ in range(2):
        sandbox.track()
    assert [pack["remaining"] for pack in pool(sandbox)["packs"]] == [1, 3]


def test_a_pack_is_valid_for_a_year(tmp_path: Path) -> None:
    """The first one as well as those that are bought."""
    sandbox = LocalGenvoris(tmp_path, credits_at_start=2)
    buy(sandbox, 5)
    sandbox.clock.now += 365 * DAY - 1
    assert pool(sandbox)["balance"] == 7
    sandbox.clock.now += 1
    assert pool(sandbox)["balance"] == 0


def test_what_is_left_of_a_pack_is_lost_at_its_end(tmp_path: Path) -> None:
    sandbox = LocalGenvoris(tmp_path, credits_at_start=2)
    answer = buy(sandbox, 5, expiresIn=3600)
    assert (answer.status_code, answer.get_json()["balance"]) == (201, 7)
    sandbox.http.post("/sandbox/clock", json={"advance": 3600})
    assert pool(sandbox)["balance"] == 2
    for _ in range(2):
        assert sandbox.track().status_code == 200
    assert refusal(sandbox.track()) == (402, "credit_limit_reached")


def test_the_balance_is_told_when_it_is_filled_and_when_it_runs_low(tmp_path: Path) -> None:
    sandbox = LocalGenvoris(tmp_path, credits_at_start=50)
    settings(sandbox, lowBalance=10)
    with receiver() as shop:
        types = ["credit.low_balance", "credit.balance_added"]
        body = {"url": shop.url, "secret": "s", "events": types}
        sandbox.call("POST", "/webhooks", body)
        sandbox.http.delete("/sandbox/credits")
        assert pool(sandbox) == {"balance": 0, "packs": []}
        buy(sandbox, 20, expiresIn=DAY)
        sandbox.http.post("/sandbox/clock", json={"advance": DAY})
        sandbox.app.extensions["genvoris-sandbox"].dispatcher.deliver_due()
    told = [(each.envelope["type"], each.envelope["data"]["balance"]) for each in shop.got]
    low, added = "credit.low_balance", "credit.balance_added"
    assert told == [(low, 0), (added, 20), (low, 0)]


def test_a_rotated_api_key_is_good_for_its_grace_and_no_longer(sandbox: LocalGenvoris) -> None:
    made = sandbox.http.post("/sandbox/api-keys", json={"grace": 60}).get_json()
    new = {"Authorization": f"Bearer {made['key']}"}
    assert len(made["keys"]) == 2
    assert sandbox.call("GET", "/plans").status_code == 200
    assert sandbox.call("GET", "/plans", headers=new).status_code == 200
    sandbox.clock.now += 60
    assert refusal(sandbox.call("GET", "/plans")) == (401, "invalid_key")
    assert sandbox.call("GET", "/plans", headers=new).status_code == 200


def test_a_rotated_api_key_is_kept_as_a_hash_alone(sandbox: LocalGenvoris, tmp_path: Path) -> None:
    key = sandbox.http.post("/sandbox/api-keys").get_json()["key"]
    files = [file.read_bytes() for file in (tmp_path / "data").iterdir()]
    assert not [data for data in files if key.encode() in data or API_KEY.encode() in data]
    assert refusal(sandbox.call("GET", "/plans")) == (401, "invalid_key")
    again = LocalGenvoris(tmp_path / "data")
    assert again.call("GET", "/plans").status_code == 200
    assert (
        again.call("GET", "/plans", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    )


def test_old_tokens_live_on_to_their_end_when_the_signing_key_rotates(
    sandbox: LocalGenvoris, tmp_path: Path
) -> None:
    sandbox.customer(quota=10)
    old = sandbox.token(expires_in=3600)
    made = sandbox.http.post("/sandbox/signing-keys").get_json()
    new = sandbox.token()
    assert jwt.get_unverified_header(new)["kid"] == made["kid"] != made["kids"][1]
    assert jwt.get_unverified_header(old)["kid"] == made["kids"][1]
    keys = jwt.PyJWKSet.from_dict(sandbox.http.get("/.well-known/jwks.json").get_json())
    for token in (old, new):
        key = keys[jwt.get_unverified_header(token)["kid"]]
        options: Any = {"verify_exp": False}
        jwt.decode(token, key, algorithms=["RS256"], audience="genvoris-widget", options=options)
        assert sandbox.tryon(token).status_code == 200
    again = LocalGenvoris(tmp_path / "data")
    assert again.tryon(old).status_code == 200
    sandbox.clock.now += 3700
    assert len(sandbox.http.get("/.well-known/jwks.json").get_json()["keys"]) == 1
    assert sandbox.tryon(old).status_code == 401


def test_the_status_takes_the_key_from_the_address(sandbox: LocalGenvoris) -> None:
    """By its long path and by its short one; it speaks of the merchant's account."""
    for path in ("/status", "/api/status"):
        answer = sandbox.http.get(path, query_string={"api_key": API_KEY})
        assert answer.get_json()["access"] == "ALLOWED"
        assert answer.get_json()["monetizationModel"] == "per_tryon"
        assert "quota" not in answer.get_json()
        wrong = sandbox.http.get(path, query_string={"api_key": "gvk_test_wrong"})
        assert refusal(wrong) == (401, "invalid_api_key")
        assert refusal(sandbox.http.get(path)) == (401, "invalid_api_key")
    calls = sandbox.http.get("/sandbox/calls").get_data(as_text=True)
    assert API_KEY not in calls


def test_the_buttons_design_is_never_refused(sandbox: LocalGenvoris) -> None:
    """Without a good key it is the usual one, and it may be kept for a minute."""
    design = {"label": "See it", "icon": "eye", "position": "inline", "showOnCards": True}
    settings(sandbox, buttonDesign=design)
    path = "/api/widget/button-design"
    for query, headers in (({"key": API_KEY}, {}), ({}, {"X-API-Key": API_KEY})):
        answer = sandbox.http.get(path, query_string=query, headers=headers)
        assert answer.get_json() == design
        assert answer.headers["Cache-Control"] == "public, max-age=60"
    for query in ({}, {"key": "gvk_test_wrong"}):
        answer = sandbox.http.get(path, query_string=query)
        assert (answer.status_code, answer.get_json()["label"]) == (200, "Try it on")
    config = sandbox.http.get("/api/config", headers={"X-API-Key": API_KEY})
    assert config.get_json() == design
    assert API_KEY not in sandbox.http.get("/sandbox/calls").get_data(as_text=True)


def test_the_hash_is_that_of_the_widget_that_ships(sandbox: LocalGenvoris) -> None:
    digest = sandbox.http.get("/widget-hash").get_json()["sha384"]
    assert digest == load_assets().widget.integrity
