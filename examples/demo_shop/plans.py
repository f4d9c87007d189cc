"""The plans page, and the pretend checkout behind it."""

from __future__ import annotations

import logging
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from genvoris_flask.errors import GenvorisError, NotFoundError

from .genvoris import genvoris
from .models import external_id
from .security import safe_next

log = logging.getLogger(__name__)

blueprint = Blueprint("plans", __name__)

# The plans at Genvoris, which `flask genvoris plans sync` creates.
GENVORIS_PLANS = [
    {
        "name": "Pocket",
        "monthly_try_ons": 5,
        "external_price_id": "price_pocket",
        "price_text": "Free",
    },
    {
        "name": "Wardrobe",
        "monthly_try_ons": 30,
        "external_price_id": "price_wardrobe",
        "price_text": "€4 a month",
    },
    {
        "name": "Atelier",
        "monthly_try_ons": 120,
        "external_price_id": "price_atelier",
        "price_text": "€9 a month",
    },
]
# What the shop's billing system knows of each: cents a month, and a slogan.
PRICES = {
    "price_pocket": (0, "For when you are nearly sure."),
    "price_wardrobe": (400, "For a season of deciding well."),
    "price_atelier": (900, "For those who dress other people too."),
}
SALE = "sale"


@dataclass(frozen=True)
class Offer:
    """A plan as the shop sells it. ``price`` is in cents a month."""

    price_id: str
    name: str
    monthly_try_ons: int
    price: int
    text: str


def offers() -> list[Offer]:
    """Return the plans of GENVORIS_PLANS with their prices."""
    return [
        Offer(
            plan["external_price_id"],
            plan["name"],
            plan["monthly_try_ons"],
            *PRICES[plan["external_price_id"]],
        )
        for plan in current_app.config["GENVORIS_PLANS"]
    ]


def find_offer(price_id: str) -> Offer:
    """Return a plan, or abort with 404."""
    return next((offer for offer in offers() if offer.price_id == price_id), None) or abort(404)


@blueprint.get("/plans")
def show() -> str:
    return render_template(
        "plans.html", offers=offers(), current=current_plan(), next=safe_next("")
    )


@blueprint.get("/checkout/<price_id>")
@login_required
def checkout(price_id: str) -> str:
    # The sale's id exists before the payment, so that paying twice by accident is one sale.
    session[SALE] = session.get(SALE) or secrets.token_urlsafe(12)
    return render_template("checkout.html", offer=find_offer(price_id), next=safe_next(""))


@blueprint.post("/checkout/<price_id>")
@login_required
def pay(price_id: str) -> Response:
    """Pretend that a payment succeeded, and report the sale to Genvoris (quickstart, step 3)."""
    offer = find_offer(price_id)
    back = safe_next(url_for("accounts.account"))
    try:
        start(offer)
    except GenvorisError:
        log.exception("A sale could not be reported to Genvoris")
        flash("The plan could not be started. Nothing was charged; please try again.", "error")
        return redirect(url_for(".checkout", price_id=price_id, next=request.form.get("next")))
    session.pop(SALE, None)
    flash(f"You are on {offer.name} now: {offer.monthly_try_ons} try-ons a month.")
    return redirect(back)


@blueprint.get("/buy/<int:try_ons>")
@login_required
def buy_pack(try_ons: int) -> str:
    session[SALE] = session.get(SALE) or secrets.token_urlsafe(12)
    return render_template("buy.html", pack=find_pack(try_ons), next=safe_next(""))


@blueprint.post("/buy/<int:try_ons>")
@login_required
def pay_pack(try_ons: int) -> Response:
    """Pretend that a payment succeeded, and give what it bought."""
    find_pack(try_ons)
    back = safe_next(url_for("shop.home"))
    try:
        genvoris.billing.order_paid(
            session.get(SALE) or secrets.token_urlsafe(12),
            external_id=external_id(current_user),
            try_ons=try_ons,
            single=True,
        )
    except GenvorisError:
        log.exception("Single try-ons could not be given")
        flash("That did not work. Nothing was charged; please try again.", "error")
        return redirect(url_for(".buy_pack", try_ons=try_ons, next=request.form.get("next")))
    session.pop(SALE, None)
    return redirect(back)


def find_pack(try_ons: int) -> Any:
    """Return a pack of GENVORIS_PACKS, or abort with 404."""
    packs = current_app.config.get("GENVORIS_PACKS", ())
    return next((pack for pack in packs if pack["try_ons"] == try_ons), None) or abort(404)


def start(offer: Offer) -> None:
    """Report a sale to Genvoris. A free plan only fills its quota once, or it would be endless."""
    shopper, sale = external_id(current_user), session.get(SALE)
    if offer.price == 0:
        with suppress(NotFoundError):
            genvoris.billing.change_plan(shopper, price_id=offer.price_id, event_id=sale)
            genvoris.billing.resume(shopper, event_id=sale)
            return
    genvoris.billing.activate(
        shopper, price_id=offer.price_id, email=current_user.email, event_id=sale
    )


def current_plan() -> str | None:
    """Return the name of the shopper's plan, or None if it is unknown."""
    if not current_user.is_authenticated or current_app.config.get("GENVORIS_CHARGING"):
        return None
    try:
        return genvoris.client.customers.usage(external_id(current_user)).plan_name
    except NotFoundError:
        return None
    except GenvorisError:
        log.exception("The plans page could not read the current plan")
        return None
