"""Checks of Genvoris, the way there, and what this machine agrees on with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from ...core.api.environment import find_fault, proxy_for
from ...core.api.http import HttpClient, RetryPolicy
from ...core.api.parsing import as_http_date
from ...core.billing.plan_catalog import is_unlimited
from ...core.rates import LIMITS, Paced, most_within, parse_rates
from ...core.sessions.verifier import MAX_CLOCK_SKEW, read_keys
from ...errors import (
    ApiError,
    ForbiddenError,
    GenvorisError,
    UnauthorizedError,
    UnreachableError,
    see,
)
from ..state import AppState
from .finding import Finding, good, warn, wrong

TIMEOUT = 5.0  # seconds
MAX_CUSTOMERS = 1000  # that are looked at, in five requests


def check_environment(state: AppState) -> Finding:
    """Check the proxies and certificates that this machine's environment names."""
    settings = state.settings
    urls = (settings.api_url, settings.tryon_url, settings.jwks_url)
    if faults := [fault for fault in map(find_fault, urls) if fault]:
        return wrong("environment", "{fault}", fault=faults[0])
    if any(proxy_for(url) for url in urls):
        return good("environment", "Genvoris is reached through this machine's proxy.")
    return good("environment", "Genvoris is reached without a proxy.")


def check_connection(state: AppState, wall_clock: Callable[[], float]) -> Iterator[Finding]:
    """Check key, clock and page budget by one call: for the plans, which changes nothing."""
    url = state.settings.api_url
    started = time.monotonic()
    try:
        response = state.client.ask("GET", "/plans", timeout=TIMEOUT)
    except UnreachableError as error:
        yield wrong(
            "reach",
            "{url} does not answer: check GENVORIS_API_URL and this machine's connection. "
            "({error})",
            url=url,
            error=error,
        )
        return
    except (UnauthorizedError, ForbiddenError) as error:
        yield wrong(
            "key",
            "Genvoris refuses the key: copy GENVORIS_API_KEY once more from the dashboard, and "
            "check whether the account is active. ({error})",
            error=error,
        )
        return
    except ApiError as error:
        yield wrong(
            "reach", "{url} gives a wrong answer; try again later ({error})", url=url, error=error
        )
        return
    except GenvorisError as error:
        yield wrong(
            "reach",
            "{url} gives a wrong answer; is this Genvoris's address? ({error})",
            url=url,
            error=error,
        )
        return
    seconds = time.monotonic() - started
    yield good("reach", "{url} answers.", url=url)
    yield good("key", "Genvoris accepts the key.")
    yield check_clock(response.headers.get("date"), wall_clock())
    yield check_page_budget(seconds, state.settings.page_budget)


def check_clock(date: str | None, now: float) -> Finding:
    """Compare the Date header of a response with this machine's clock, in Unix seconds."""
    time = as_http_date(date or "")
    if time is None:
        return good("clock", "Genvoris's answer has no date to compare this machine's clock with.")
    skew = now - time.timestamp()
    if abs(skew) <= MAX_CLOCK_SKEW:
        return good("clock", "This machine's clock agrees with Genvoris's.")
    if skew > 0:
        return wrong(
            "clock",
            "This machine's clock is {seconds} s ahead of Genvoris's, so tokens seem to expire too "
            "early: switch on time synchronisation (NTP).",
            seconds=f"{skew:.0f}",
        )
    return wrong(
        "clock",
        "This machine's clock is {seconds} s behind Genvoris's, so tokens seem to expire too late: "
        "switch on time synchronisation (NTP).",
        seconds=f"{-skew:.0f}",
    )


def check_page_budget(seconds: float, budget: float) -> Finding:
    """Compare how long a call took with how long a page may wait for one."""
    if seconds < budget:
        return good(
            "page budget",
            "A call took {seconds} s, within GENVORIS_PAGE_BUDGET ({budget} s).",
            seconds=f"{seconds:.2f}",
            budget=f"{budget:g}",
        )
    return wrong(
        "page budget",
        "A call took {seconds} s, longer than GENVORIS_PAGE_BUDGET ({budget} s): first views are "
        "sent without a session. Raise it, or run nearer to Genvoris.",
        seconds=f"{seconds:.2f}",
        budget=f"{budget:g}",
    )


def check_keys(state: AppState) -> Finding:
    """Check that the keys which verify tokens can be read."""
    url = state.settings.jwks_url
    try:
        answer = HttpClient(url, {}).request("GET", "", timeout=TIMEOUT, repeat=RetryPolicy.NEVER)
        found = len(read_keys(answer.body))
    except GenvorisError as error:
        return wrong(
            "JWKS",
            "{url} cannot be read: check GENVORIS_JWKS_URL. ({error})",
            url=url,
            error=error,
        )
    if not found:
        return wrong("JWKS", "{url} has no RSA key: check GENVORIS_JWKS_URL.", url=url)
    return good("JWKS", "Keys to verify tokens with: {number}.", number=found)


def check_pace(state: AppState) -> Iterator[Finding]:
    """Check that the shop stays under the limits of Genvoris, and whether anybody waits for it."""
    above = [
        f"GENVORIS_PACE_{name.upper()}"
        for name, limits in LIMITS.items()
        if _exceeds(getattr(state.settings, f"pace_{name}"), limits)
    ]
    if above:
        yield warn(
            "pace",
            "Above the limits that Genvoris publishes: {settings}. Keep this only if Genvoris "
            "allows you more, see {page}",
            settings=", ".join(above),
            page=see("pacing.md"),
        )
    if not state.settings.burn_guard:
        yield warn(
            "pace",
            "GENVORIS_BURN_GUARD is off: Genvoris suspends a key whose credits are all spent "
            "within half an hour.",
        )
    for name in LIMITS:
        if wait := state.pace.wait(name):
            yield warn("pace", WAITING[name], seconds=f"{wait:.0f}")
    if state.settings.store_url is None:
        yield good(
            "pace",
            "Each process paces its own calls to Genvoris; several need GENVORIS_STORE_URL.",
        )
    else:
        yield good("pace", "All processes pace their calls to Genvoris together.")


WAITING: Mapping[Paced, str] = {
    "mints": "Further tokens have to wait for {seconds} s.",
    "registrations": "Further registrations have to wait for {seconds} s.",
    "new_shoppers": "Further new shoppers have to wait for {seconds} s.",
    "tryons": "Further try-ons have to wait for {seconds} s.",
}


def _exceeds(rates: str, limits: str) -> bool:
    return any(
        most_within(parse_rates(rates), each.seconds) > each.amount for each in parse_rates(limits)
    )


def check_plans(state: AppState) -> Finding:
    """Compare GENVORIS_PLANS with Genvoris's plans."""
    try:
        steps = state.billing.sync_plans(dry_run=True)
    except GenvorisError as error:
        return wrong(
            "plans", "GENVORIS_PLANS cannot be compared with Genvoris's. ({error})", error=error
        )
    if not steps:
        return good("plans", "Genvoris's plans are those of GENVORIS_PLANS.")
    return wrong(
        "plans",
        "Genvoris's plans are not those of GENVORIS_PLANS ({number} differ): compare them with "
        "`flask genvoris plans sync --dry-run`, then run it without --dry-run.",
        number=len(steps),
    )


def check_left_ledger(state: AppState) -> Iterator[Finding]:
    """Look for shoppers whom Genvoris limits no more, since a ledger of the shop's counted them."""
    if state.settings.has_ledger:
        return
    try:
        plans = {plan.id for plan in state.client.plans.list() if is_unlimited(plan)}
        customers = islice(state.client.customers.iterate(), MAX_CUSTOMERS) if plans else ()
        is_left = any(each.plan_id in plans for each in customers)
    except GenvorisError:
        return  # which other checks report
    if is_left:
        yield wrong(
            "ledger",
            "GENVORIS_DATABASE_URL is not set, but shoppers are still on the plan that a ledger "
            "put them on, so Genvoris refuses them nothing. Set it again, or give each of them "
            "the plan that they have paid for ({page}).",
            page=see("billing.md"),
        )
