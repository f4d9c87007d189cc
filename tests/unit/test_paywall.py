"""What a refused shopper is shown."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from genvoris_flask.core.api.models import Usage
from genvoris_flask.core.locales import LANGUAGES
from genvoris_flask.core.tryon.paywall import (
    Paywall,
    PaywallOption,
    Reason,
    Refusal,
    paywall_for,
    reason_against,
)


def hook(refusal: Refusal) -> Paywall:
    return Paywall(f"Shop: {refusal.reason}", "m", "Buy", "/plans")


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("quota_exhausted", "offer"),
        ("no_plan", "offer"),
        ("paused", "account"),
        ("cancelled", "account"),
    ],
)
def test_hook_makes_the_paywall(reason: Reason, kind: str) -> None:
    """The shop's own texts and link are shown."""
    assert paywall_for(Refusal(reason), hook, None) == {
        "kind": kind,
        "title": f"Shop: {reason}",
        "message": "m",
        "action_label": "Buy",
        "action_url": "/plans",
        "options": [],
    }


def test_hook_knows_the_dialogs_language() -> None:
    """The shop's own texts can be in it."""

    def in_their_language(refusal: Refusal) -> Paywall:
        return Paywall({"de": "Noch mehr anprobieren"}.get(refusal.language or "", "Try more"), "m")

    for language, title in [("de", "Noch mehr anprobieren"), ("fr", "Try more")]:
        shown = paywall_for(Refusal("no_plan"), in_their_language, None, language)
        assert shown["title"] == title


def test_hook_lists_ways_to_go_on() -> None:
    """Each option has every field, and its time is in UTC."""
    berlin = timezone(timedelta(hours=1))
    options = [
        PaywallOption("checkout", "20 try-ons", "4,99 €", "/buy?pack=20", 20),
        PaywallOption("wait", "New ones", at=datetime(2026, 12, 3, 1, tzinfo=berlin)),
    ]
    paywall = paywall_for(Refusal("no_plan"), lambda _: Paywall("T", "M", options=options), None)
    assert paywall["options"] == [
        {
            "kind": "checkout",
            "title": "20 try-ons",
            "price": "4,99 €",
            "url": "/buy?pack=20",
            "tryOns": 20,
            "at": None,
        },
        {
            "kind": "wait",
            "title": "New ones",
            "price": None,
            "url": None,
            "tryOns": None,
            "at": "2026-12-03T00:00:00Z",
        },
    ]


def test_default_paywall_lists_what_is_on_sale() -> None:
    """The shop's own paywall, and an apology, do without."""
    on_sale = [PaywallOption("subscribe", "Pro", "9 €", "/plans")]
    refusal = Refusal("quota_exhausted")
    assert paywall_for(refusal, None, None, options=on_sale)["options"][0]["title"] == "Pro"
    assert paywall_for(refusal, hook, None, options=on_sale)["options"] == []
    apology = paywall_for(Refusal("credit_limit_reached"), None, None, options=on_sale)
    assert apology["options"] == []


def test_button_of_shop_without_plans() -> None:
    """It does not speak of plans where there are none."""
    refusal = Refusal("quota_exhausted")
    assert paywall_for(refusal, None, "/shop")["action_label"] == "See plans"
    assert paywall_for(refusal, None, "/shop", sells_plans=False)["action_label"] == (
        "Get more try-ons"
    )
    paused = paywall_for(Refusal("paused"), None, "/shop", sells_plans=False)
    assert paused["action_label"] == "Go to my account"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "mailto:a@b.example"])
def test_option_leads_to_a_page(url: str) -> None:
    """Anything else is refused where it is written."""
    with pytest.raises(ValueError, match=r"PaywallOption\.url"):
        PaywallOption("subscribe", "Pro", url=url)


def test_option_has_a_time_zone() -> None:
    """Without one, nobody knows which day it is."""
    with pytest.raises(TypeError, match="time zone"):
        PaywallOption("wait", "New ones", at=datetime(2026, 12, 3))  # noqa: DTZ001


def test_options_are_options() -> None:
    """A dictionary would reach the browser unchecked."""
    wrong: Any = [{"kind": "subscribe", "title": "Pro", "url": "javascript:1"}]
    with pytest.raises(TypeError, match="PaywallOption"):
        Paywall("T", "M", options=wrong)


def test_script_link_is_refused() -> None:
    """A link that would run in the page is refused where it is written."""
    with pytest.raises(ValueError, match="action_url"):
        Paywall("Plans", "See them", "See", " java\nscript:alert(1)")


def test_bad_link_falls_back_to_default() -> None:
    """The shopper then sees the paywall that needs no hook."""
    paywall = paywall_for(
        Refusal("quota_exhausted"), lambda _: Paywall("T", "M", "Go", "javascript:1"), "/plans"
    )
    assert paywall["action_url"] == "/plans"


def test_empty_credit_pool_offers_nothing() -> None:
    """Nothing that the shopper buys would help, so there is no button."""
    paywall = paywall_for(Refusal("credit_limit_reached"), hook, "/plans")
    assert paywall["kind"] == "unavailable"
    assert paywall["action_url"] is None
    assert paywall["action_label"] is None
    assert "not available" in paywall["message"]


@pytest.mark.parametrize("reason", ["quota_exhausted", "no_plan", "paused", "cancelled"])
def test_default_links_to_the_upgrade_url(reason: Reason) -> None:
    """Without a hook, each reason has its own texts and the shop's link."""
    paywall = paywall_for(Refusal(reason, used=5, limit=5), None, "/upgrade")
    assert paywall["action_url"] == "/upgrade"
    assert paywall["action_label"] == LANGUAGES["en"][f"action.{paywall['kind']}"]
    assert paywall["title"] == LANGUAGES["en"][f"paywall.{reason}.title"]


def test_no_upgrade_url_means_no_button() -> None:
    """There is nowhere to lead to."""
    paywall = paywall_for(Refusal("quota_exhausted"), None, None)
    assert (paywall["action_label"], paywall["action_url"]) == (None, None)


def test_failing_hook_falls_back_to_default(caplog: pytest.LogCaptureFixture) -> None:
    """And the failure is logged."""

    def broken(refusal: Refusal) -> Paywall:
        raise LookupError(refusal.reason)

    assert paywall_for(Refusal("no_plan"), broken, "/plans")["action_url"] == "/plans"
    assert "genvoris.paywall" in caplog.text


def test_hook_may_leave_it_to_the_default(caplog: pytest.LogCaptureFixture) -> None:
    """A hook that returns None gets the default paywall, and nothing is logged."""
    assert paywall_for(Refusal("no_plan"), lambda _: None, None)["title"] == (
        "Try it on before you buy"
    )
    assert not caplog.records


def test_hook_that_returns_something_else_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The shopper gets the default paywall, and the log names the type that was returned."""
    hook: Any = lambda _: {"title": "Plans"}  # noqa: E731
    assert paywall_for(Refusal("no_plan"), hook, None)["title"] == "Try it on before you buy"
    assert "not dict" in caplog.text


def test_quota_of_one_is_singular() -> None:
    """The text does not say “all 1 try-ons”."""
    one = paywall_for(Refusal("quota_exhausted", used=1, limit=1), None, None)
    two = paywall_for(Refusal("quota_exhausted", used=2, limit=2), None, None)
    assert one["message"] == "You have used all your try-ons for this period."
    assert two["message"] == "You have used all 2 try-ons for this period."


@pytest.mark.parametrize(
    ("status", "used", "limit", "ok", "reason"),
    [
        ("ACTIVE", 2, 3, True, None),
        ("ACTIVE", 3, 3, True, "quota_exhausted"),
        ("ACTIVE", 2, 3, False, "quota_exhausted"),
        ("ACTIVE", 0, None, True, "no_plan"),
        ("ACTIVE", 0, 0, True, "no_plan"),
        ("PAUSED", 0, 3, True, "paused"),
        ("CANCELLED", 0, None, False, "cancelled"),
    ],
)
def test_reason_against_a_try_on(
    status: Any, used: int, limit: int | None, ok: bool, reason: Reason | None
) -> None:
    """The account comes first, then the plan, then what is left of it."""
    left = (limit or 0) - used
    usage = Usage("ec_1", "ada", "Pro", status, None, None, used, limit, left, ok, ())
    assert reason_against(usage) == reason
