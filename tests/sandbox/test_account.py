"""The shop's account: rate limits, domains, suspension, credit packs and key rotation."""

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


def test_settings_survive_restart(sandbox: LocalGenvoris, tmp_path: Path) -> None:
    """Settings are stored in the data folder."""
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
def test_invalid_setting_is_refused(
    sandbox: LocalGenvoris, body: dict[str, Any], field: str
) -> None:
    """The error names the invalid setting."""
    answer = sandbox.http.patch("/sandbox/settings", json=body)
    assert refusal(answer) == (400, "invalid_body")
    assert answer.get_json()["detail"].startswith(f"{field}:")


def test_suspended_account_is_refused(
    sandbox: LocalGenvoris,
) -> None:
    """A suspended account is refused everywhere until it is active again."""
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
def test_other_domains_are_refused(sandbox: LocalGenvoris, url: str, allowed: bool) -> None:
    """Only pages of the account's domains may try on."""
    assert sandbox.tryon(None, page_url=url).status_code == 200
    settings(sandbox, domains=["shop.example"])
    for answer in (sandbox.tryon(None, page_url=url), sandbox.track(origin=url)):
        assert answer.status_code == (200 if allowed else 403)
        if not allowed:
            assert answer.get_json()["error"] == "domain_not_allowed"


def test_rate_limits_are_off_by_default(sandbox: LocalGenvoris) -> None:
    """Rate limits apply only if they are enabled."""
    for _ in range(101):
        answer = sandbox.call("POST", "/customers", {"externalId": "ada"})
    assert answer.status_code == 200


def test_customer_rate_limit(sandbox: LocalGenvoris) -> None:
    """A hundred customers can be created an hour."""
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


def test_mint_rate_limit(tmp_path: Path) -> None:
    """A thousand sessions can be minted an hour."""
    sandbox = LocalGenvoris(tmp_path, rate_limits=True)
    sandbox.customer()
    path, body = "/customers/ada/sessions", {"expires_in": 1}  # refused, but counted
    for _ in range(999):
        sandbox.call("POST", path, body)
    assert sandbox.call("POST", path).status_code == 200
    refused = sandbox.call("POST", path)
    assert (refusal(refused), refused.headers["Retry-After"]) == ((429, "rate_limited"), "3600")


def test_try_on_rate_limits(sandbox: LocalGenvoris) -> None:
    """Try-ons are limited for each customer and for each address."""
    for name in ("ada", "ben", "cid"):
        sandbox.customer(name, quota=100)
    tokens = {name: sandbox.token(name) for name in ("ada", "ben", "cid")}
    settings(sandbox, rateLimits=True)
    tiny = {"product_image_url": "data:image/png;base64,!"}  # refused late, but counted
    for _ in range(10):
        assert sandbox.tryon(tokens["ada"], **tiny).status_code == 400
    assert sandbox.tryon(tokens["ada"]).status_code == 429
    for _ in range(9):
        assert sandbox.tryon(tokens["ben"], **tiny).status_code == 400
    refused = sandbox.tryon(tokens["cid"])
    assert (refusal(refused), refused.headers["Retry-After"]) == ((429, "rate_limited"), "60")
    sandbox.clock.now += 60
    assert sandbox.tryon(tokens["cid"]).status_code == 200


def test_packs_are_spent_by_expiry(tmp_path: Path) -> None:
    """The pack that expires first is spent first."""
    sandbox = LocalGenvoris(tmp_path, credits_at_start=2)
    buy(sandbox, 3, expiresIn=None)
    buy(sandbox, 1, expiresIn=60)
    assert [pack["credits"] for pack in pool(sandbox)["packs"]] == [1, 2, 3]
    for _ in range(2):
        sandbox.track()
    assert [pack["remaining"] for pack in pool(sandbox)["packs"]] == [1, 3]


def test_pack_is_valid_for_a_year(tmp_path: Path) -> None:
    """A pack expires after a year by default."""
    sandbox = LocalGenvoris(tmp_path, credits_at_start=2)
    buy(sandbox, 5)
    sandbox.clock.now += 365 * DAY - 1
    assert pool(sandbox)["balance"] == 7
    sandbox.clock.now += 1
    assert pool(sandbox)["balance"] == 0


def test_expired_credits_are_lost(tmp_path: Path) -> None:
    """Credits that are left in a pack are lost when it expires."""
    sandbox = LocalGenvoris(tmp_path, credits_at_start=2)
    answer = buy(sandbox, 5, expiresIn=3600)
    assert (answer.status_code, answer.get_json()["balance"]) == (201, 7)
    sandbox.http.post("/sandbox/clock", json={"advance": 3600})
    assert pool(sandbox)["balance"] == 2
    for _ in range(2):
        assert sandbox.track().status_code == 200
    assert refusal(sandbox.track()) == (402, "credit_limit_reached")


def test_balance_notifications(tmp_path: Path) -> None:
    """Webhooks report added credits and a low balance."""
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
    told = [(each.envelope["type"], each.envelope["data"]["balance"]) for each in shop.received]
    low, added = "credit.low_balance", "credit.balance_added"
    assert told == [(low, 0), (added, 20), (low, 0)]


def test_rotated_api_key_expires(sandbox: LocalGenvoris) -> None:
    """A rotated API key is valid until its grace period ends."""
    made = sandbox.http.post("/sandbox/api-keys", json={"grace": 60}).get_json()
    new = {"Authorization": f"Bearer {made['key']}"}
    assert len(made["keys"]) == 2
    assert sandbox.call("GET", "/plans").status_code == 200
    assert sandbox.call("GET", "/plans", headers=new).status_code == 200
    sandbox.clock.now += 60
    assert refusal(sandbox.call("GET", "/plans")) == (401, "invalid_key")
    assert sandbox.call("GET", "/plans", headers=new).status_code == 200


def test_api_keys_are_stored_as_hashes(sandbox: LocalGenvoris, tmp_path: Path) -> None:
    """The data folder does not contain API keys."""
    key = sandbox.http.post("/sandbox/api-keys").get_json()["key"]
    files = [file.read_bytes() for file in (tmp_path / "data").iterdir()]
    assert not [data for data in files if key.encode() in data or API_KEY.encode() in data]
    assert refusal(sandbox.call("GET", "/plans")) == (401, "invalid_key")
    again = LocalGenvoris(tmp_path / "data")
    assert again.call("GET", "/plans").status_code == 200
    assert (
        again.call("GET", "/plans", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    )


def test_tokens_survive_key_rotation(sandbox: LocalGenvoris, tmp_path: Path) -> None:
    """Tokens of a rotated signing key are valid until they expire."""
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


def test_status_accepts_key_in_query(sandbox: LocalGenvoris) -> None:
    """The status accepts the API key in the query string."""
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


def test_button_design_needs_no_key(sandbox: LocalGenvoris) -> None:
    """Without a valid key the default button design is returned."""
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


def test_widget_hash(sandbox: LocalGenvoris) -> None:
    """The widget hash is that of the widget in the package."""
    digest = sandbox.http.get("/widget-hash").get_json()["sha384"]
    assert digest == load_assets().widget.integrity
