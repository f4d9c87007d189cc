"""Logging in and out, and the account page."""

from __future__ import annotations

import logging

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required, login_user, logout_user
from werkzeug.wrappers import Response

from genvoris_flask.errors import GenvorisError, NotFoundError

from .genvoris import genvoris
from .models import User, db, external_id
from .samples import PASSWORD
from .security import safe_next

log = logging.getLogger(__name__)

blueprint = Blueprint("accounts", __name__)


@blueprint.get("/login")
def login() -> str:
    users = db.session.scalars(db.select(User).order_by(User.id)).all()
    return render_template(
        "login.html", users=users, password=PASSWORD, next=safe_next(url_for("shop.home"))
    )


@blueprint.post("/login")
def log_in() -> Response | tuple[str, int]:
    email = request.form.get("email", "").strip().lower()
    user = db.session.scalar(db.select(User).filter_by(email=email))
    if user is None or not user.has_password(request.form.get("password", "")):
        flash("That e-mail address and password do not go together.", "error")
        return login(), 401
    login_user(user)
    return redirect(safe_next(url_for("shop.home")))


@blueprint.post("/logout")
def log_out() -> Response:
    logout_user()
    return redirect(url_for("shop.home"))


@blueprint.get("/admin/")
@login_required
def console() -> Response:
    """Lead the shop's owner to the console, which has all that they need."""
    if not current_user.is_owner:
        abort(403, "This page is for the shop's owner: log in as Fen.")
    return redirect("/genvoris/console/")


@blueprint.post("/account/resume")
@login_required
def resume() -> Response:
    """Resume a paused plan, with the quota that it had. A plan that ended must be bought again."""
    shopper = external_id(current_user)
    try:
        if genvoris.client.customers.get(shopper).status == "PAUSED":
            genvoris.billing.resume(shopper)
            flash("Your plan is awake again.")
    except GenvorisError:
        log.exception("A plan could not be resumed")
        flash("That did not work. Please try again in a minute.", "error")
    return redirect(url_for(".account"))


@blueprint.get("/account")
@login_required
def account() -> str:
    if current_app.config.get("GENVORIS_CHARGING"):
        return render_template("account.html", has_ledger=True)
    usage = None
    away = False
    try:
        usage = genvoris.client.customers.usage(external_id(current_user))
    except NotFoundError:
        pass  # never bought a plan
    except GenvorisError:
        log.exception("The account page could not read the usage")
        away = True
    return render_template("account.html", usage=usage, away=away)
