"""All routes of this extension, with views that are imported when they are first called.

Commands such as ``flask db upgrade`` never call a view, so they need not wait for what views import
("Lazily Loading Views" in Flask's documentation). ``web/warm_up.py`` imports all of it where a
server starts, before the first request.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, request

from ..errors import StoreUnavailableError
from ..settings import Settings
from .blueprints import (
    EveryHostBlueprint,
    View,
    answer_unknown_paths,
    browser_blueprint,
    lazy_view,
    server_blueprint,
)
from .console.urls import console
from .errors import HttpError, answer_error, harden
from .state import get_state

STORE_RETRY_AFTER = 2  # seconds


def register_routes(app: Flask, settings: Settings) -> None:
    """Register the routes that a shop with these settings has."""
    blueprints = [widget, events, passthrough, assets, own_data, webhooks, health, console]
    if settings.phone_handover:
        blueprints.append(handovers)
    if settings.has_ledger:
        blueprints += [claims, consents, figures]
    # With a ledger, single try-ons may be sold later on.
    if settings.has_ledger or "pay_per_use" in settings.charging:
        blueprints.append(checkout)
    if settings.stripe_webhook_secret:
        blueprints.append(stripe)
    if settings.metrics_token:
        blueprints.append(metrics)
    for blueprint in blueprints:
        app.register_blueprint(blueprint, url_prefix=settings.url_prefix)
    answer_unknown_paths(app, settings.url_prefix)


view: Callable[[str], Callable[..., Any]] = functools.partial(lazy_view, f"{__package__}.routes")

widget: Blueprint = browser_blueprint("genvoris", __name__)
widget.post("/session")(view("tryons.session"))
widget.post("/device-keys")(view("widget.hand_out"))
widget.get("/status")(widget.get("/api/status")(view("tryons.status")))
widget.post("/tryons")(view("tryons.create_tryon"))
widget.get("/tryons/<job_id>")(view("tryons.read_tryon"))
widget.get("/tryons/<job_id>/image")(view("tryons.tryon_image"))
widget.delete("/tryons/<job_id>")(view("tryons.delete_tryon"))


@widget.url_value_preprocessor
def keep_photo_in_memory(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Keep the photo in memory, even if one of the shop's own hooks reads the form first."""
    if endpoint == "genvoris.create_tryon":
        _keep_in_memory(get_state().settings.max_upload_bytes)


def _keep_in_memory(max_photo_bytes: int) -> None:
    from .transfers import keep_in_memory

    keep_in_memory(request, max_photo_bytes)


handovers: Blueprint = browser_blueprint("genvoris_handovers", __name__)
handovers.post("/handovers")(view("handovers.open_handover"))
handovers.get("/handovers/<handover_id>")(view("handovers.read_handover"))
handovers.post("/handovers/<handover_id>/photo")(view("handovers.take_photo"))
handovers.delete("/handovers/<handover_id>")(view("handovers.close_handover"))
handovers.get("/phone")(view("handovers.page"))
handovers.post("/phone/connect")(view("handovers.connect"))
handovers.post("/phone/photo")(view("handovers.send_photo"))


@handovers.url_value_preprocessor
def bound_photo(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Bound the photo, even if one of the shop's own hooks reads the body first."""
    if endpoint == "genvoris_handovers.send_photo":
        # One more than allowed, as Werkzeug stops silently at the limit of a chunked body.
        request.max_content_length = get_state().settings.max_upload_bytes + 1


@handovers.errorhandler(StoreUnavailableError)
@widget.errorhandler(StoreUnavailableError)
def retry_later(_error: StoreUnavailableError) -> Response:
    """Answer 503, so that the browser retries: another process may have the job."""
    return answer_error(HttpError("busy", retry_after=STORE_RETRY_AFTER))


def _add_for_hosted_widget(blueprint: Blueprint, method: str, path: str, function: View) -> None:
    """Add a route that accepts ``/genvoris//api/tryon`` too.

    Genvoris's widget calls that if its base address ends with a slash.
    """
    blueprint.add_url_rule(path, view_func=function, methods=[method])
    blueprint.add_url_rule(f"/{path}", view_func=function, methods=[method], merge_slashes=False)


events: Blueprint = browser_blueprint("genvoris_events", __name__)
_add_for_hosted_widget(events, "POST", "/api/v1/events", view("widget.report"))

passthrough: Blueprint = browser_blueprint("genvoris_passthrough", __name__)
_add_for_hosted_widget(passthrough, "POST", "/api/analyze", view("proxy.forwarding.analyze"))
_add_for_hosted_widget(passthrough, "POST", "/api/tryon", view("proxy.forwarding.tryon"))
_add_for_hosted_widget(passthrough, "GET", "/api/config", view("proxy.forwarding.config"))


@passthrough.url_value_preprocessor
def keep_forwarded_photo_in_memory(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Keep a photo off the disk, even if a hook of the shop reads the form first."""
    _keep_in_memory(get_state().settings.max_upload_bytes * 4 // 3)


checkout: Blueprint = browser_blueprint("genvoris_checkout", __name__)
checkout.post("/checkout")(view("checkout.create_checkout"))
checkout.get("/checkout")(view("checkout.go_to_checkout"))
checkout.get("/checkout/return")(view("checkout.complete_checkout"))

claims: Blueprint = browser_blueprint("genvoris_claims", __name__)
claims.get("/claim/<token>")(view("claims.claim_order"))

consents: Blueprint = browser_blueprint("genvoris_consents", __name__)
consents.get("/consent")(view("consents.read_consent"))
consents.post("/consent")(view("consents.give_consent"))
consents.delete("/consent")(view("consents.withdraw_consent"))

# Without the headers that keep answers out of a browser's cache: it is asked once a day.
figures: EveryHostBlueprint = EveryHostBlueprint("genvoris_figures", __name__)
figures.get("/button-style")(view("figures.button_style"))

own_data: Blueprint = browser_blueprint("genvoris_own_data", __name__)
own_data.post("/account/erase")(view("own_data.erase"))
own_data.get("/account/data")(view("own_data.download"))

webhooks: Blueprint = server_blueprint("genvoris_webhooks", __name__)
webhooks.post("/webhook")(view("webhooks.receive"))

stripe: Blueprint = server_blueprint("genvoris_stripe", __name__)
stripe.post("/stripe")(view("stripe.receive"))

health: Blueprint = server_blueprint("genvoris_health", __name__)
health.get("/health")(view("health.health"))

metrics: Blueprint = server_blueprint("genvoris_metrics", __name__)
metrics.get("/metrics")(view("metrics.metrics"))

assets: EveryHostBlueprint = EveryHostBlueprint(
    "genvoris_assets", __name__, public=True, template_folder="templates"
)
assets.get("/<name>.js")(view("widget.script"))


@assets.errorhandler(HttpError)
def refuse(error: HttpError) -> Response:
    """Answer an error as all routes below the prefix do."""
    return harden(answer_error(error))
