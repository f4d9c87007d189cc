"""The plans page, and the pretend checkout behind it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from flask import Blueprint, Flask, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from genvoris_flask import Shopper
from genvoris_flask.errors import GenvorisError, NotFoundError

from .genvoris import genvoris
from .models import db, external_id
from .security import safe_next

log = logging.getLogger(__name__)

blueprint = Blueprint("plans", __name__)


@dataclass(frozen=True)
class Offer:
    """A plan as the shop sells it. ``price`` is in cents a month."""

    price_id: str
    name: str
    monthly_try_ons: int
    price: int
    text: str


OFFERS = (
    Offer("price_pocket", "Pocket", 5, 0, "For when you are nearly sure."),
    Offer("price_wardrobe", "Wardrobe", 30, 400, "For a season of deciding well."),
    Offer("price_atelier", "Atelier", 120, 900, "For those who dress other people too."),
)
BY_PRICE_ID = {offer.price_id: offer for offer in OFFERS}


def ensure_plans(app: Flask) -> dict[str, str]:
    """Create the plans at Genvoris that are not there yet; give their ids by the shop's own."""
    with app.app_context():
        plans = genvoris.client.plans
        known = {plan.external_price_id: plan.id for plan in plans.list()}
        for offer in OFFERS:
            if offer.price_id not in known:
                plan = plans.create(
                    name=offer.name,
                    monthly_try_ons=offer.monthly_try_ons,
                    external_price_id=offer.price_id,
                )
                known[offer.price_id] = plan.id
    return {str(price_id): plan_id for price_id, plan_id in known.items() if price_id}


def plan_id(price_id: str) -> str:
    """Give Genvoris's id of a plan."""
    for plan in genvoris.client.plans.list():
        if plan.external_price_id == price_id:
            return plan.id
    raise LookupError(f"Genvoris has no plan for {price_id}: start the demo with run.py")


@blueprint.get("/plans")
def show() -> str:
    return render_template("plans.html", offers=OFFERS, current=current_plan(), next=safe_next(""))


@blueprint.get("/checkout/<price_id>")
@login_required
def checkout(price_id: str) -> str:
    offer = BY_PRICE_ID.get(price_id) or abort(404)
    return render_template("checkout.html", offer=offer, next=safe_next(""))


@blueprint.post("/checkout/<price_id>")
@login_required
def pay(price_id: str) -> Response:
    """Pretend that a payment went through, and tell Genvoris of the sale (quickstart, step 3)."""
    offer = BY_PRICE_ID.get(price_id) or abort(404)
    back = safe_next(url_for("accounts.account"))
    try:
        customer = genvoris.client.customers.upsert(
            external_id=external_id(current_user),
            email=current_user.email,
            plan_id=plan_id(price_id),
        )
    except GenvorisError:
        log.exception("A sale could not be told to Genvoris")
        flash("The plan could not be started. Nothing was charged; please try again.", "error")
        return redirect(url_for(".checkout", price_id=price_id, next=request.form.get("next")))
    current_user.genvoris_customer_id = customer.id
    db.session.commit()
    genvoris.forget(Shopper(external_id(current_user)))
    flash(f"You are on {offer.name} now: {offer.monthly_try_ons} try-ons a month.")
    return redirect(back)


def current_plan() -> str | None:
    """Give the name of the shopper's plan, where there is one and Genvoris can be asked."""
    if not current_user.is_authenticated:
        return None
    try:
        return genvoris.client.customers.usage(external_id(current_user)).plan_name
    except NotFoundError:
        return None
    except GenvorisError:
        log.exception("The plans page could not read the current plan")
        return None
