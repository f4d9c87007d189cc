"""The set-up of genvoris_flask: who is shopping, and what the paywall offers."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, current_app, url_for
from flask_login import current_user

from genvoris_flask import GenvorisFlask, Pack, Paywall, Product, Refusal, Shopper

from .models import db, external_id, find_user
from .past import made_up_name

genvoris = GenvorisFlask()


@genvoris.shopper_loader
def who_is_shopping() -> Shopper | None:
    if not current_user.is_authenticated:
        return None
    return Shopper(
        external_id=external_id(current_user),
        email=current_user.email,
        customer_id=current_user.genvoris_customer_id,
        email_verified=True,  # the shop has no other users than its samples
    )


@genvoris.paywall
def paywall(refusal: Refusal) -> Paywall | None:
    if current_app.config.get("GENVORIS_CHARGING"):
        return None  # the default one lists every way to go on
    if refusal.kind == "account":
        return Paywall(
            title="Your plan is resting",
            message="It is paused. Wake it up on your account page, and go on trying things on.",
            action_label="Go to my account",
            action_url=url_for("accounts.account"),
        )
    back = refusal.product.page_path if refusal.product else None
    spent = refusal.reason == "quota_exhausted"
    return Paywall(
        title="You have tried on everything" if spent else "See it on you first",
        message=(
            f"All {refusal.limit} try-ons of this month are used. A larger plan starts at once, "
            "and brings you back here."
            if spent
            else "Choose a plan, and see our clothes on yourself before you buy them."
        ),
        action_label="See plans",
        action_url=url_for("plans.show", next=back),
    )


@genvoris.console_names
def names(ids: list[str]) -> dict[str, str]:
    """Return the names of shoppers, and of whoever has changed something in the console."""
    found = {each: find_name(each) for each in ids}
    return {each: name for each, name in found.items() if name}


def find_name(their_id: str) -> str | None:
    number = their_id.removeprefix("user_")
    user = find_user(their_id)
    return user.name if user else made_up_name(int(number)) if number.isdecimal() else None


@genvoris.checkout
def checkout(_shopper: Shopper, _product: Product | None, return_url: str, pack: Pack) -> str:
    parts = urlsplit(return_url)
    return url_for("plans.buy_pack", try_ons=pack.try_ons, next=parts.path)


def remember_customer(_app: Flask, shopper: Shopper, customer_id: str) -> None:
    """Store Genvoris's id of a shopper."""
    if user := find_user(shopper.external_id):
        user.genvoris_customer_id = customer_id
        db.session.commit()
