"""The sandbox's own page: what is in it now, and buttons that bring about what takes a month."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from .overview import duration, moment, read_overview, short_moment

blueprint = Blueprint("page", __name__)

POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# What a button has done. The address names one of these; its own text is never shown.
DONE = {
    "moved": "The clock was moved.",
    "reset": "The clock is the machine's again.",
    "topped-up": "The credit pool was topped up.",
    "emptied": "The credit pool is empty: try-ons are refused with credit_limit_reached.",
    "exhausted": "The quota is spent: the next try-on is refused with quota_exhausted.",
    "paused": "The customer is paused.",
    "resumed": "The customer is active again.",
    "rolled": "A new period has begun, with a full quota.",
    "revoked": "The session was revoked.",
    "sent-again": "The webhook is sent again, with the same event's id.",
    "test-sent": "A webhook.test is on its way.",
}


@blueprint.get("/")
def overview() -> Response:
    """Show everything."""
    done = DONE.get(request.args.get("done", ""))
    page = render_template(
        "overview.html",
        done=done,
        moment=moment,
        short_moment=short_moment,
        duration=duration,
        **read_overview(),
    )
    response = make_response(page)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@blueprint.get("/page.css")
def style() -> Response:
    """Give the page's style sheet."""
    return Response(render_template("page.css"), mimetype="text/css")
