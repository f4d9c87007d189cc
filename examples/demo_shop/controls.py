"""What only a demo has: the events of Genvoris's webhooks as they arrive, and how it charges.

The page of a shop's owner is the console.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Callable
from functools import wraps

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from genvoris_flask.errors import GenvorisError
from genvoris_flask.webhooks.events import (
    CreditEvent,
    CustomerEvent,
    PlanEvent,
    TryonEvent,
    WebhookEvent,
)

from .charging import WAYS
from .genvoris import genvoris
from .models import ReceivedEvent, db, name_of

log = logging.getLogger(__name__)

blueprint = Blueprint("controls", __name__, url_prefix="/demo")

MOST = 100
ENDPOINT = "Marlow & Fen"
# Some events have two names, of which one is enough.
TYPES = (
    "tryon.completed",
    "tryon.failed",
    "customer.plan_changed",
    "customer.quota_exhausted",
    "end_customer.created",
    "end_customer.updated",
    "end_customer.cancelled",
    "end_customer.quota_warning",
    "end_customer.period_rolled",
    "credit.low_balance",
    "credit.balance_added",
)
CUSTOMER_NEWS = {
    "customer.created": "{who} is known to Genvoris now.",
    "customer.updated": "What Genvoris knows of {who} has changed.",
    "customer.cancelled": "{who} has no plan any more.",
    "customer.plan_changed": "{who} has another plan.",
    "customer.quota_warning": "{who} has used {used} of {limit} try-ons.",
    "customer.quota_exhausted": "{who} has used all {limit} try-ons.",
    "customer.period_rolled": "A new month has begun for {who}.",
}


@genvoris.on("*")
def write_down(event: WebhookEvent) -> None:
    """Record an event by its id, since it may be delivered again after a failure."""
    text = describe(event)
    data = json.dumps(dict(event.data), indent=2, ensure_ascii=False)
    db.session.add(ReceivedEvent(event_id=event.id, type=event.type, text=text, data=data))
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()


def describe(event: WebhookEvent) -> str:
    """Describe an event in a sentence."""
    match event:
        case TryonEvent():
            who, what = name_of(event.external_id), event.product_title or "something"
            made = event.type == "tryon.completed"
            return f"{who} tried on: {what}." if made else f"A try-on failed for {who}: {what}."
        case CustomerEvent(type="customer.updated", status="PAUSED"):
            return f"The plan of {name_of(event.external_id)} is paused."
        case CustomerEvent() if event.type in CUSTOMER_NEWS:
            return CUSTOMER_NEWS[event.type].format(
                who=name_of(event.external_id), used=event.used, limit=event.limit
            )
        case CreditEvent(type="credit.low_balance"):
            return f"Only {event.balance} credits are left: time to buy some."
        case CreditEvent():
            return f"Credits were added; there are {event.balance} now."
        case PlanEvent():
            return f"The plan {event.name} is {event.type.removeprefix('plan.')}."
    return "A test. It came through." if event.type == "webhook.test" else "Something new."


def owner_only(view: Callable[[], str | Response]) -> Callable[[], str | Response]:
    """Restrict a view to the shop's owner."""

    @wraps(view)
    def guarded() -> str | Response:
        if not current_user.is_owner:
            abort(403, "This page is for the shop's owner: log in as Fen.")
        return view()

    guarded_by_login: Callable[[], str | Response] = login_required(guarded)
    return guarded_by_login


@blueprint.get("/")
@owner_only
def show() -> str:
    way = current_app.config.get("DEMO_CHARGING")
    return render_template("controls.html", news=latest(0), ways=WAYS, way=way)


@blueprint.post("/charging")
@owner_only
def switch_charging() -> Response:
    """Charge in another way from the next request on; what shoppers have bought is kept."""
    name = request.form.get("way", "")
    switch = current_app.config.get("DEMO_SWITCH")
    if name not in WAYS or switch is None:
        abort(400, "The shop cannot charge in that way.")
    switch(name)
    flash(f"The shop charges by this now: {WAYS[name].title}.")
    return redirect(url_for(".show"))


@blueprint.get("/news")
@owner_only
def news() -> str:
    """Return the events after the newest one that the page shows."""
    return render_template("_news.html", news=latest(request.args.get("after", 0, type=int)))


@blueprint.post("/test")
@owner_only
def test() -> Response:
    """Ask Genvoris to send a test event."""
    try:
        endpoints = genvoris.client.webhook_endpoints
        mine = next((each for each in endpoints.list() if each.description == ENDPOINT), None)
        if mine is None:
            flash("Genvoris does not know where this shop is: start it with make demo.", "error")
        else:
            endpoints.test(mine.id)
    except GenvorisError:
        log.exception("A test could not be asked for")
        flash("Genvoris cannot be asked right now. Please try again in a minute.", "error")
    return redirect(url_for(".show"))


def latest(after: int) -> list[ReceivedEvent]:
    """Return the latest events, newest first."""
    query = (
        db.select(ReceivedEvent)
        .where(ReceivedEvent.id > after)
        .order_by(ReceivedEvent.id.desc())
        .limit(MOST)
    )
    return list(db.session.scalars(query))


def listen(url: str, secret: str) -> None:
    """Register the shop's current webhook URL, replacing that of its last start."""
    endpoints = genvoris.client.webhook_endpoints
    for old in endpoints.list():
        if old.description == ENDPOINT:
            endpoints.delete(old.id)
    endpoints.create(url=url, secret=secret, events=list(TYPES), description=ENDPOINT)


def clock_time(time: dt.datetime) -> str:
    """Format when an event was received, in local time."""
    return time.replace(tzinfo=dt.UTC).astimezone().strftime("%H:%M:%S")
