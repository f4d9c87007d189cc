"""The names that merchants rely on."""

from __future__ import annotations

import inspect

import pytest

import genvoris_flask
from genvoris_flask import (
    GenvorisFlask,
    Paywall,
    PaywallOption,
    Photo,
    Picture,
    Product,
    Refusal,
    Shopper,
    errors,
    signals,
)


def test_package() -> None:
    """The package exports these names and no others."""
    assert sorted(genvoris_flask.__all__) == [
        "ConfigurationError",
        "ConsentText",
        "GenvorisError",
        "GenvorisFlask",
        "Order",
        "OrderItem",
        "OrderLine",
        "Pack",
        "Paywall",
        "PaywallOption",
        "Photo",
        "Picture",
        "Product",
        "Refusal",
        "Shopper",
        "genvoris_account",
        "genvoris_balance",
        "genvoris_button",
        "genvoris_privacy_notice",
        "genvoris_widget",
    ]


def test_extension() -> None:
    """The extension object has these members."""
    members = {name for name in dir(GenvorisFlask) if not name.startswith("_")}
    assert members == {
        "billing",
        "checkout",
        "client",
        "console_access",
        "console_names",
        "consent_text",
        "conversion",
        "forget",
        "holdout_mark",
        "init_app",
        "on",
        "paywall",
        "privacy",
        "product_filter",
        "returned",
        "shopper_loader",
        "stripe_shopper",
        "tryon_engine",
        "widget_session_id",
    }


def test_template_functions() -> None:
    """The template functions accept keywords only."""
    for function in (genvoris_flask.genvoris_button, genvoris_flask.genvoris_widget):
        kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
        assert kinds <= {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}


def test_dataclasses() -> None:
    """What merchants construct and read has these fields."""

    def fields(of: type) -> list[str]:
        return list(inspect.signature(of).parameters)

    assert fields(Shopper) == ["external_id", "email", "customer_id", "plan_id", "email_verified"]
    assert fields(Paywall) == ["title", "message", "action_label", "action_url", "options"]
    assert fields(PaywallOption) == ["kind", "title", "price", "url", "try_ons", "at"]
    assert fields(Refusal) == ["reason", "used", "limit", "shopper", "product", "language"]
    assert fields(Photo) == ["data", "mimetype", "width", "height"]
    assert fields(Picture) == ["data", "mimetype", "quota"]
    assert fields(Product) == ["image", "title", "id", "category", "page_url", "images"]


def test_signals() -> None:
    # pytest rewrites the assertions of packages that bring fixtures, and leaves names with an @.
    """These are the signals."""
    names = {name for name in vars(signals) if name[0].isalpha() and name.islower()}
    assert names - {"annotations"} == {
        "credits_burning",
        "credits_depleted",
        "credits_expiring",
        "customer_linked",
        "quota_exhausted",
        "refund_due",
        "session_failed",
        "shopper_erased",
        "session_minted",
        "tryon_rated",
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [("StoreAwayError", "StoreUnavailableError"), ("StripeError", "StripeEventError")],
)
def test_renamed_errors(old: str, new: str) -> None:
    """Shops may go on to catch an error by its old name, with a warning."""
    with pytest.deprecated_call(match=new):
        assert getattr(errors, old) is getattr(errors, new)


def test_documented_modules() -> None:
    """Moves inside the package leave the documented imports alone."""
    from genvoris_flask.api import GenvorisClient
    from genvoris_flask.webhooks.events import CreditEvent, WebhookEvent

    assert issubclass(CreditEvent, WebhookEvent)
    assert GenvorisClient.__name__ == "GenvorisClient"
