"""What a shopper has left, on the shop's own pages: the account page, and a number."""

from __future__ import annotations

import functools
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import render_template
from markupsafe import Markup

from ..core.locales import Translate
from ..core.sessions import Shopper
from ..core.texts import translator
from ..errors import GenvorisError, NotFoundError
from .caching import PRIVATE, forbid_caching, headers_are_sent, is_being_cached
from .compat import get_request
from .shopper import current_shopper_or_nobody
from .state import AppState, state_for

if TYPE_CHECKING:  # slow to import
    from ..core.api.client import GenvorisClient
    from ..core.api.models import Usage
    from ..core.charging.account import Account
    from ..core.privacy.own_data import OwnData
    from ..core.tryon.remaining import RemainingTryons

log: logging.Logger = logging.getLogger("genvoris_flask.storefront")

TEMPLATE = "genvoris/account.html"
LINES = 20
# Seconds. A ledger answers in milliseconds; Genvoris is asked once in a while, and no page waits.
LEDGER_FRESH, LEDGER_WAIT = 2.0, 0.05
PLAN_FRESH, PLAN_WAIT = 60.0, 0.0


def genvoris_balance() -> int | None:
    """Return how many try-ons the shopper of this page has left.

    It never holds up a page: None is returned if nobody is logged in, or if the number is not known
    yet. It is a few seconds old at most with a ledger, and a minute old with plans at Genvoris.
    """
    found = _shopper_of_page("genvoris_balance()")
    return _remaining(found[0]).get(found[1]) if found else None


def genvoris_account() -> Markup:
    """Return what the shopper of this page has left, its history, how to get more, and their data.

    The template ``genvoris/account.html`` can be replaced by the shop's own; it gets an
    ``account``. Nothing is returned if nobody is logged in.
    """
    found = _shopper_of_page("genvoris_account()")
    if found is None:
        return Markup("")
    state, shopper = found
    say = translator(state.settings.texts)
    account = replace(_read_account(state, shopper, say), data=_own_data(state), say=say)
    return Markup(render_template(TEMPLATE, account=account))  # noqa: S704  (a template escapes)


def _own_data(state: AppState) -> OwnData:
    from .errors import page_language
    from .own_data import own_data_of

    return own_data_of(state, get_request(), page_language())


def _shopper_of_page(call: str) -> tuple[AppState, Shopper] | None:
    """Return whose page it is, which is kept out of shared caches from now on."""
    try:
        page = get_request()
    except RuntimeError:  # an email or a file
        return None
    state = state_for(call)
    if state is None or headers_are_sent(page):
        return None
    shopper = current_shopper_or_nobody(state)
    if shopper is None or is_being_cached():
        return None
    forbid_caching(PRIVATE, page)
    return state, shopper


def _remaining(state: AppState) -> RemainingTryons:
    if state.remaining is None:
        from ..core.tryon.remaining import RemainingTryons

        has_ledger = state.spending is not None
        state.remaining = RemainingTryons(
            functools.partial(_read_number, state),
            fresh=LEDGER_FRESH if has_ledger else PLAN_FRESH,
            wait=LEDGER_WAIT if has_ledger else PLAN_WAIT,
            max_shoppers=state.settings.max_shoppers,
        )
    return state.remaining


def _read_number(state: AppState, shopper: Shopper) -> int | None:
    if state.spending is not None:
        balance = state.spending.balance(shopper.external_id, verified_email=shopper.verified_email)
        return balance.available
    try:
        return _read_usage(state, state.client, shopper).remaining
    except NotFoundError:
        return 0


def _read_usage(state: AppState, client: GenvorisClient, shopper: Shopper) -> Usage:
    """Return what a shopper has used, for a page.

    Raises:
        NotFoundError: Genvoris does not know them.
        PacedError: It must not be asked about any more new shoppers now.
    """
    from ..core.pacing import Priority  # needs a dependency, without which commands still run

    state.broker.introduce(shopper, Priority.PAGE)
    usage = client.customers.usage(state.broker.customer_id(shopper))
    state.broker.remember(shopper)
    return usage


def _read_account(state: AppState, shopper: Shopper, say: Translate) -> Account:
    """Return what the page shows. What cannot be read is left out."""
    from ..core.charging.account import Account
    from .errors import page_language

    language = page_language()
    try:
        if state.spending is not None:
            return _account_of_ledger(state, shopper, language, say)
        return _account_of_plan(state, shopper, language, say)
    except GenvorisError as error:
        log.warning("A shopper's account could not be read: %s", error)
        return Account(language)


def _account_of_ledger(state: AppState, shopper: Shopper, language: str, say: Translate) -> Account:
    from ..core.charging.account import Account, history_of, lots_of
    from ..core.tryon.spending import refusal_of
    from .paywalls import ways_on

    assert state.spending is not None  # noqa: S101
    balance = state.spending.balance(shopper.external_id, verified_email=shopper.verified_email)
    journal = state.billing.journal(shopper.external_id, limit=2 * LINES)
    return Account(
        language,
        balance.available,
        balance.held,
        balance.next_expiry,
        list(lots_of(balance, language, say)),
        list(history_of(journal, language, say))[:LINES],
        ways_on(refusal_of(balance, shopper, None), balance=balance),
    )


def _account_of_plan(state: AppState, shopper: Shopper, language: str, say: Translate) -> Account:
    from ..core.charging.account import Account, plan_of
    from ..core.tryon.paywall import Refusal
    from .paywalls import ways_on

    client = state.client.with_timeout(state.settings.page_budget)
    try:
        usage = _read_usage(state, client, shopper)
    except NotFoundError:
        options = ways_on(Refusal("no_plan", shopper=shopper))
        return Account(language, 0, options=options)
    refusal = Refusal("quota_exhausted", usage.used, usage.limit, shopper)
    return Account(
        language,
        usage.remaining or 0,
        next_expiry=usage.period_end,
        lots=list(plan_of(usage, language, say)),
        options=ways_on(refusal, renews_at=usage.period_end),
    )
