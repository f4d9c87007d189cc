"""Checks of the shop's own settings, functions and surroundings."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from ...core.images.photos import Picture
from ...core.outbox.durable import UNAVAILABLE, DurableOutbox
from ...core.tryon.jobs.durable import DurableJobQueue
from ...errors import GenvorisError, LedgerUnavailableError, see
from ..shopper import SETTING, classes_with_own_get_id, login_url
from ..state import AppState
from .finding import Finding, good, warn, wrong

TIMEOUT = 5.0  # seconds
EXPIRES_SOON_DAYS = 30


def check_store(state: AppState) -> Finding:
    """Check that Redis can be used, if it is to be."""
    if state.settings.store_url is None:
        return good("store", "Each process keeps its own sessions (no GENVORIS_STORE_URL).")
    fault = state.store.health_check() or state.limiter.health_check()
    if fault:
        return wrong(
            "store",
            "The shop cannot use its Redis. {fault} Until then each process keeps its own.",
            fault=fault,
        )
    if "ssl_cert_reqs=none" in state.settings.store_url:
        return warn(
            "store",
            "Redis answers and stores values. Its certificate is not checked (ssl_cert_reqs=none).",
        )
    return good(
        "store",
        "Redis answers and stores values; {key} seals what is about shoppers.",
        key="SECRET_KEY" if state.app.secret_key else "GENVORIS_API_KEY",
    )


def check_queue(state: AppState) -> Iterator[Finding]:
    """Check that a worker of the engine listens, if try-ons run on one."""
    name = state.settings.queue
    if not isinstance(state.jobs, DurableJobQueue):
        return
    try:
        has_worker = state.jobs.broker.has_worker()
    except GenvorisError as error:
        yield wrong("queue", "Nobody can try on. {error}", error=error)
        return
    if has_worker:
        yield good("queue", "A worker of {queue} listens for try-ons.", queue=name)
    else:
        yield wrong(
            "queue",
            "No worker of {queue} listens, so try-ons wait in vain: start one, see {page}",
            queue=name,
            page=see("queues.md"),
        )


def check_outbox(state: AppState) -> Iterator[Finding]:
    """Warn of what could not be delivered, if the outbox is in a database or in Redis."""
    if not isinstance(state.outbox, DurableOutbox):
        return
    try:
        given_up = state.outbox.table.messages(("given_up",), 100)
    except UNAVAILABLE:  # which the checks of the ledger and of Redis report
        return
    if given_up:
        yield warn(
            "outbox",
            "{number} messages, of at most 100 that are counted, could not be delivered: "
            "`flask genvoris outbox list` says why, and `outbox retry --all` sends them again.",
            number=len(given_up),
        )


def check_ledger(state: AppState) -> Iterator[Finding]:
    """Check that the ledger's database can be used, if there is one."""
    if state.spending is None:
        return
    try:
        outdated = state.spending.is_outdated()
    except LedgerUnavailableError as error:
        yield wrong("ledger", "Nobody can try on. {error}", error=error)
        return
    if outdated:
        yield wrong(
            "ledger",
            "Its tables are missing or of an older version: run `flask genvoris db upgrade`.",
        )
    else:
        yield good("ledger", "Its tables are up to date; they decide who may try on.")


def check_webhooks(state: AppState) -> Finding:
    """Check that deliveries from Genvoris can be verified if a function waits for them."""
    route = f"{state.settings.url_prefix}/webhook"
    if state.settings.webhook_secret:
        return good("webhooks", "Deliveries from Genvoris are accepted at {path}.", path=route)
    if not state.hooks.webhook_handlers:
        return good("webhooks", "None are accepted (no GENVORIS_WEBHOOK_SECRET).")
    return wrong(
        "webhooks",
        "There are functions registered with @genvoris.on, but no delivery can be verified: set "
        "GENVORIS_WEBHOOK_SECRET to the secret that the endpoint was created with.",
    )


def check_stripe(state: AppState) -> Finding:
    """Check that a restart does not forget which of Stripe's events were handled."""
    route = f"{state.settings.url_prefix}/stripe"
    if state.settings.store_url:
        return good("Stripe", "Its events are accepted at {path}.", path=route)
    return wrong(
        "Stripe",
        "Its events are accepted at {path}, but remembered by this process alone, so a restart "
        "may fill quotas twice: set GENVORIS_STORE_URL.",
        path=route,
    )


def check_phone_handover(state: AppState, *, is_only_process: bool) -> Finding:
    """Check that a photo taken with a phone reaches the dialog that waits for it."""
    if not state.settings.phone_handover:
        return good("phone", "Photos are not taken with a phone (GENVORIS_PHONE_HANDOVER is off).")
    if state.settings.store_url:
        return good("phone", "A photo taken with a phone reaches the dialog, through Redis.")
    if is_only_process:
        return good("phone", "A photo taken with a phone reaches the dialog, in this process.")
    return warn(
        "phone",
        "A photo taken with a phone reaches the dialog only if a single process serves the shop; "
        "for several, set GENVORIS_STORE_URL.",
    )


def check_signing(
    state: AppState, wall_clock: Callable[[], float] = time.time
) -> Iterator[Finding]:
    """Check that pictures can be signed, if the shop has a certificate for it."""
    signer = state.settings.picture_mark.signer
    if signer is None:
        return
    sample = Picture(_SAMPLE, "image/png")
    try:
        signer.sign(sample, sample)
    except Exception as error:  # noqa: BLE001  (whatever the library raises)
        yield warn(
            "signing",
            "Pictures are delivered without a signature ({error}). Check that "
            "GENVORIS_C2PA_CERTIFICATE is a certificate for signing, has not expired, and is "
            "followed by those that lead to its root.",
            error=type(error).__name__,
        )
        return
    until = signer.expires_at
    day = f"{until:%Y-%m-%d}"
    if until < datetime.fromtimestamp(wall_clock(), UTC) + timedelta(days=EXPIRES_SOON_DAYS):
        yield warn("signing", "The certificate that signs pictures expires on {day}.", day=day)
    else:
        yield good("signing", "Pictures are signed, with a certificate until {day}.", day=day)


# A grey pixel, as PNG.
_SAMPLE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


def check_shoppers(state: AppState) -> Finding:
    """Check that there can be shoppers, and by which id they are known."""
    if state.hooks.shopper_loader:
        return good("shoppers", "@genvoris.shopper_loader says who is shopping.")
    if hasattr(state.app, "login_manager"):
        return _check_user_ids(state.settings.user_id_attribute)
    if state.settings.allow_guests:
        return good("shoppers", "Everyone may try on as a guest.")
    return wrong(
        "shoppers",
        "Nobody can ever try on: register a function with @genvoris.shopper_loader, use "
        "Flask-Login, or set GENVORIS_ALLOW_GUESTS.",
    )


def _check_user_ids(attribute: str | None) -> Finding:
    if attribute == "get_id":
        return warn(
            "shoppers",
            "Flask-Login says who is shopping, by the user's get_id(), which may be a secret token "
            "that changes with the password: see {page}",
            page=see("shoppers.md"),
        )
    if attribute:
        return good(
            "shoppers",
            "Flask-Login says who is shopping, by the user's {attribute}.",
            attribute=attribute,
        )
    if names := sorted({each.__name__ for each in classes_with_own_get_id()}):
        return warn(
            "shoppers",
            "Flask-Login says who is shopping, by the primary key of {classes}, not by get_id(), "
            "which is overridden: pass the primary key to genvoris.billing, and set {setting}. If "
            "shoppers are registered under get_id() already, see {page}",
            classes=names,
            setting=SETTING,
            page=see("shoppers.md"),
        )
    return good("shoppers", "Flask-Login says who is shopping, by the user's primary key.")


def check_guests(state: AppState) -> Iterator[Finding]:
    """Warn of guests if there are plans that run out."""
    if state.settings.allow_guests and _sells_plans(state):
        yield warn(
            "guests",
            "Guests may try on as well as shoppers whose plans run out, so anyone who has used up "
            "a plan can log out and go on at your cost: unset GENVORIS_ALLOW_GUESTS, or accept it.",
        )


def _sells_plans(state: AppState) -> bool:
    settings = state.settings
    if settings.plans or settings.default_plan or settings.stripe_webhook_secret:
        return True
    try:
        return bool(state.client.with_timeout(TIMEOUT).plans.list())
    except GenvorisError:  # which the checks of the connection report
        return False


def check_login_url(state: AppState) -> Finding:
    """Check that the widget can lead shoppers to the log-in."""
    with state.app.test_request_context():
        url = login_url(state)
    if url:
        return good("log-in", "Those who are not logged in are led to {url}.", url=url)
    if state.settings.allow_guests:
        return good("log-in", "Nobody needs to log in, since guests may try on.")
    return warn(
        "log-in",
        "Those who are not logged in are asked to log in, but the widget knows no address for it: "
        "set GENVORIS_LOGIN_URL, or Flask-Login's login_view.",
    )


def check_paywall(state: AppState) -> Iterator[Finding]:
    """Check that a shopper without try-ons left is offered more; guests have no plans."""
    if state.hooks.paywall:
        yield good("paywall", "@genvoris.paywall says what shoppers without try-ons left see.")
    elif url := state.settings.upgrade_url:
        yield good("paywall", "Shoppers without try-ons left are led to {url}.", url=url)
    elif state.hooks.shopper_loader or hasattr(state.app, "login_manager"):
        yield warn(
            "paywall",
            "Shoppers without try-ons left are told so, but offered no way to get more: set "
            "GENVORIS_UPGRADE_URL, or register a function with @genvoris.paywall.",
        )


def check_proxy(state: AppState, *, is_only_process: bool) -> Finding:
    """Check that visitors behind a proxy can be told apart."""
    if state.proxy_watch.was_noted():
        return wrong(
            "proxy",
            "Within the last hour a proxy forwarded requests whose visitors cannot be told apart, "
            "so they share one limit: app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, "
            "x_host=1), with x_for the number of proxies.",
        )
    if state.settings.store_url or is_only_process:
        return good("proxy", "No proxy was seen whose visitors cannot be told apart.")
    return warn(
        "proxy",
        "Behind a proxy, use ProxyFix; the shop's log says when its visitors share one limit.",
    )


def check_hosts(state: AppState) -> Finding:
    """Check that a made-up Host header cannot send requests for product pictures elsewhere."""
    if state.app.config.get("TRUSTED_HOSTS"):
        return good("hosts", "Only the hosts of TRUSTED_HOSTS are the shop's own.")
    if state.hooks.tryon_engine and not state.app.debug:
        return wrong(
            "hosts",
            "Set TRUSTED_HOSTS to the names that visitors know this shop by, such as "
            '["shop.example"]: product pictures are resolved against the Host header, which '
            "anybody can write, and your own engine may fetch them.",
        )
    return warn(
        "hosts",
        "Set TRUSTED_HOSTS to the names that visitors know this shop by, such as "
        '["shop.example"]: product pictures are resolved against the Host header, which anybody '
        "can write.",
    )
