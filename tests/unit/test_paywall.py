"""What a refused shopper is shown."""

from __future__ import annotations

from typing import Any

import pytest

from genvoris_flask.core.api.models import Usage
from genvoris_flask.core.locales import LANGUAGES
from genvoris_flask.core.tryon.paywall import Paywall, Reason, Refusal, paywall_for, reason_against


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
    }


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
