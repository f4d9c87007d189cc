"""Finds out what is wrong with a shop's set-up, and says it in words: ``flask genvoris check``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from ..core.api.environment import find_fault, proxy_for
from ..core.api.http import HttpClient, RetryPolicy
from ..core.sessions.jwks import read_keys
from ..core.sessions.verifier import MAX_CLOCK_SKEW
from ..errors import (
    DOCS_URL,
    ApiError,
    ForbiddenError,
    GenvorisError,
    UnauthorizedError,
    UnreachableError,
)
from .shopper import login_url
from .state import AppState
from .user_ids import SETTING, classes_with_own_get_id

TIMEOUT = 5.0
SHOPPERS_PAGE = f"{DOCS_URL}/shoppers.md"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: What it is.
        ok: Whether try-ons can work with it as it is.
        text: What is wrong and what to do, or what is well.
        warning: Whether it works, but is worth a look: ``text`` says why.
    """

    name: str
    ok: bool
    text: str
    warning: bool = False


def diagnose(state: AppState, wall: Callable[[], float] = time.time) -> Iterator[Finding]:
    """Look at everything that a session needs, one thing after the other."""
    environment = _environment(state)
    yield environment
    if environment.ok:
        yield from _reach(state, wall)
        yield _keys(state)
    yield _store(state)
    yield _webhooks(state)
    if state.settings.plans:
        yield _plans(state)
    if state.settings.stripe_webhook_secret:
        yield _stripe(state)
    yield _shoppers(state)
    yield from _guests(state)
    yield _login_address(state)
    yield _proxy(state)
    yield _hosts(state)
    yield Finding("widget", True, f"{state.assets.widget.hashed_name} is in place.")


def _environment(state: AppState) -> Finding:
    """Look at the proxies and certificates that this machine's environment names."""
    settings = state.settings
    urls = (settings.api_url, settings.tryon_url, settings.jwks_url)
    if faults := [fault for fault in map(find_fault, urls) if fault]:
        return Finding("environment", False, faults[0])
    if any(proxy_for(url) for url in urls):
        return Finding("environment", True, "Genvoris is reached through this machine's proxy.")
    return Finding("environment", True, "Genvoris is reached without a proxy.")


def _hosts(state: AppState) -> Finding:
    """Look at what keeps a made-up Host header from leading product pictures astray."""
    if state.app.config.get("TRUSTED_HOSTS"):
        return Finding("hosts", True, "Only the hosts of TRUSTED_HOSTS are the shop's own.")
    advice = (
        "Set TRUSTED_HOSTS to the names that visitors know this shop by, such as "
        '["shop.example"]: product pictures are resolved against the Host header, which anybody '
        "can write"
    )
    if state.hooks.tryon_engine and not state.app.debug:
        return Finding("hosts", False, f"{advice}, and your own engine may fetch them.")
    return Finding("hosts", True, f"{advice}.")


def _shoppers(state: AppState) -> Finding:
    if state.hooks.shopper_loader:
        return Finding("shoppers", True, "@genvoris.shopper_loader says who is shopping.")
    if hasattr(state.app, "login_manager"):
        return _login(state.settings.user_id_attribute)
    if state.settings.allow_guests:
        return Finding("shoppers", True, "Everyone may try on as a guest.")
    return Finding(
        "shoppers",
        False,
        "Nobody can ever try on: register a function with @genvoris.shopper_loader, use "
        "Flask-Login, or set GENVORIS_ALLOW_GUESTS.",
    )


def _login(attribute: str | None) -> Finding:
    """Say by which id of Flask-Login's user shoppers are known to Genvoris."""
    who = "Flask-Login says who is shopping, by"
    if attribute == "get_id":
        text = (
            "the user's get_id(), which may be a secret token that changes with the password: see "
            f"{SHOPPERS_PAGE}"
        )
        return Finding("shoppers", True, f"{who} {text}", warning=True)
    if attribute:
        return Finding("shoppers", True, f"{who} the user's {attribute}.")
    if names := sorted({each.__name__ for each in classes_with_own_get_id()}):
        text = (
            f"the primary key of {' and '.join(names)}, not by get_id(), which is overridden: give "
            f"genvoris.billing the primary key, and set {SETTING}. If shoppers are registered "
            f"under get_id() already, see {SHOPPERS_PAGE}"
        )
        return Finding("shoppers", True, f"{who} {text}", warning=True)
    return Finding("shoppers", True, f"{who} the user's primary key.")


def _guests(state: AppState) -> Iterator[Finding]:
    """Warn of guests beside plans that run out."""
    if state.settings.allow_guests and _sells_plans(state):
        text = (
            "Guests may try on beside shoppers whose plans run out, so whoever has spent a plan "
            "can log out and go on at your cost: unset GENVORIS_ALLOW_GUESTS, or accept it."
        )
        yield Finding("guests", True, text, warning=True)


def _sells_plans(state: AppState) -> bool:
    settings = state.settings
    if settings.plans or settings.default_plan or settings.stripe_webhook_secret:
        return True
    try:
        return bool(state.client.with_timeout(TIMEOUT).plans.list())
    except GenvorisError:  # which is said where Genvoris is reached
        return False


def _login_address(state: AppState) -> Finding:
    """Look for where the widget leads those who are not logged in."""
    with state.app.test_request_context():
        url = login_url()
    if url:
        return Finding("log-in", True, f"Those who are not logged in are led to {url}.")
    if state.settings.allow_guests:
        return Finding("log-in", True, "Nobody needs to log in, since guests may try on.")
    return Finding(
        "log-in",
        True,
        "Those who are not logged in are asked to log in, but the widget knows no address for it: "
        "set GENVORIS_LOGIN_URL, or Flask-Login's login_view.",
        warning=True,
    )


def _proxy(state: AppState) -> Finding:
    if state.proxy_watch.was_noted():
        return Finding(
            "proxy",
            False,
            "Within the last hour a proxy passed requests on whose visitors cannot be told apart, "
            "so they share one limit: app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, "
            "x_host=1), with x_for the number of proxies.",
        )
    if state.settings.store_url:
        return Finding("proxy", True, "No proxy was seen whose visitors cannot be told apart.")
    text = "Behind a proxy, use ProxyFix; the shop's log says when its visitors share one limit."
    return Finding("proxy", True, text)


def _reach(state: AppState, wall: Callable[[], float]) -> Iterator[Finding]:
    """Ask for the plans, which needs the key and harms nothing."""
    started = time.monotonic()
    try:
        answer = state.client.ask("GET", "/plans", timeout=TIMEOUT)
    except UnreachableError as error:
        yield Finding(
            "reach",
            False,
            f"{state.settings.api_url} does not answer: check GENVORIS_API_URL and this machine's "
            f"way out. ({error})",
        )
        return
    except GenvorisError as error:
        yield _refused(state, error)
        return
    seconds = time.monotonic() - started
    yield Finding("reach", True, f"{state.settings.api_url} answers.")
    yield Finding("key", True, "Genvoris takes the key.")
    yield _clock(answer.headers.get("date"), wall())
    yield _budget(seconds, state.settings.page_budget)


def _refused(state: AppState, error: GenvorisError) -> Finding:
    if isinstance(error, UnauthorizedError | ForbiddenError):
        return Finding(
            "key",
            False,
            "Genvoris refuses the key: copy GENVORIS_API_KEY once more from the dashboard, and see "
            f"whether the account is active. ({error})",
        )
    hint = "try again later" if isinstance(error, ApiError) else "is this Genvoris's address?"
    return Finding("reach", False, f"{state.settings.api_url} answers wrongly; {hint} ({error})")


def _clock(date: str | None, now: float) -> Finding:
    try:
        skew = now - parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return Finding("clock", True, "Genvoris does not say what time it is there.")
    if abs(skew) <= MAX_CLOCK_SKEW:
        return Finding("clock", True, "This machine's clock agrees with Genvoris's.")
    way = "ahead of" if skew > 0 else "behind"
    return Finding(
        "clock",
        False,
        f"This machine's clock is {abs(skew):.0f} s {way} Genvoris's, so tokens seem to end at the "
        "wrong time: switch on time synchronisation (NTP).",
    )


def _budget(seconds: float, budget: float) -> Finding:
    if seconds < budget:
        text = f"A call took {seconds:.2f} s, within GENVORIS_PAGE_BUDGET ({budget:g} s)."
        return Finding("page budget", True, text)
    return Finding(
        "page budget",
        False,
        f"A call took {seconds:.2f} s, longer than GENVORIS_PAGE_BUDGET ({budget:g} s): first "
        "views go out without a session. Raise it, or run nearer to Genvoris.",
    )


def _keys(state: AppState) -> Finding:
    url = state.settings.jwks_url
    try:
        answer = HttpClient(url, {}).request("GET", "", timeout=TIMEOUT, repeat=RetryPolicy.NEVER)
        found = len(read_keys(answer.body))
    except GenvorisError as error:
        return Finding("JWKS", False, f"{url} cannot be read: check GENVORIS_JWKS_URL. ({error})")
    if not found:
        return Finding("JWKS", False, f"{url} holds no RSA key: check GENVORIS_JWKS_URL.")
    return Finding("JWKS", True, f"{found} key{'s' if found > 1 else ''} to verify tokens with.")


def _store(state: AppState) -> Finding:
    if state.settings.store_url is None:
        return Finding(
            "store", True, "Each process keeps its own sessions (no GENVORIS_STORE_URL)."
        )
    fault = state.store.health_check() or state.limiter.health_check()
    if fault:
        text = f"The shop cannot use its Redis. {fault} Until then each process keeps its own."
        return Finding("store", False, text)
    sealed_by = "SECRET_KEY" if state.app.secret_key else "GENVORIS_API_KEY, without a SECRET_KEY,"
    text = f"Redis answers, and keeps what it is given; {sealed_by} seals what is about shoppers."
    if "ssl_cert_reqs=none" in state.settings.store_url:
        text += " Its certificate is not checked (ssl_cert_reqs=none)."
    return Finding("store", True, text)


def _webhooks(state: AppState) -> Finding:
    route = f"{state.settings.url_prefix}/webhook"
    if state.settings.webhook_secret:
        return Finding("webhooks", True, f"Deliveries from Genvoris are taken at {route}.")
    if not state.hooks.webhook_handlers:
        return Finding("webhooks", True, "None are taken (no GENVORIS_WEBHOOK_SECRET).")
    return Finding(
        "webhooks",
        False,
        "There are functions registered with @genvoris.on, but no delivery can be verified: set "
        "GENVORIS_WEBHOOK_SECRET to the secret that the endpoint was made with.",
    )


def _plans(state: AppState) -> Finding:
    try:
        steps = state.billing.sync_plans(dry_run=True)
    except GenvorisError as error:
        return Finding(
            "plans", False, f"GENVORIS_PLANS cannot be compared with Genvoris. ({error})"
        )
    if not steps:
        return Finding("plans", True, "Genvoris's plans are those of GENVORIS_PLANS.")
    return Finding(
        "plans",
        False,
        f"Genvoris's plans are not those of GENVORIS_PLANS ({len(steps)} differ): look with `flask "
        "genvoris plans sync --dry-run`, then run it without --dry-run.",
    )


def _stripe(state: AppState) -> Finding:
    route = f"{state.settings.url_prefix}/stripe"
    if state.settings.store_url:
        return Finding("Stripe", True, f"Its events are taken at {route}.")
    return Finding(
        "Stripe",
        False,
        f"Its events are taken at {route}, but remembered in this process alone, so that a restart "
        "may fill quotas twice: set GENVORIS_STORE_URL.",
    )
