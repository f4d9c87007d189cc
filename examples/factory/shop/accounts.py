"""Who is logged in, and what they have bought."""

from dataclasses import dataclass

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user, login_required, login_user

from .extensions import genvoris, login_manager

bp = Blueprint("accounts", __name__)


@dataclass
class User(UserMixin):
    id: str
    email: str


USERS = {"user_42": User("user_42", "kim@example.com")}


@login_manager.user_loader
def load_user(user_id: str) -> User | None:
    return USERS.get(user_id)


@bp.post("/log-in")
def log_in() -> ResponseReturnValue:
    login_user(USERS["user_42"])  # a real shop asks for a password
    return redirect(url_for("catalogue.product", sku="shirt"))


@bp.get("/plans")
@login_required
def plans() -> str:
    return '<form method="post" action="/buy"><button name="order" value="1">Pro</button></form>'


@bp.post("/buy")
@login_required
def buy() -> ResponseReturnValue:
    order_id = request.form["order"]  # a real shop has been paid by now
    genvoris.billing.activate(
        current_user.id,
        price_id="price_pro",
        email=current_user.email,
        event_id=f"order-{order_id}",
    )
    return redirect(url_for("catalogue.product", sku="shirt"))
