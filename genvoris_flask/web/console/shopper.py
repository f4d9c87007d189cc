"""The page of one shopper: what they have, how it came about, and what can be changed."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from ...core.api.models import Customer, Usage
from ...core.charging.account import history_of, lots_of
from ...core.locales import DEFAULT
from ...core.locales import translate as shopper_text
from ...core.locales.console import translate
from ...core.sessions import Shopper
from ...errors import GenvorisError, NotFoundError
from ..errors import page_language
from ..state import AppState, get_state
from .names import names_of, people_in
from .page import render

JOURNAL, CHANGES = 50, 20
# Seconds that the page about Genvoris waits for it.
GENVORIS_SECONDS = 3.0
UNKNOWN = "unknown"


def show_shopper() -> str | tuple[str, int] | Response:
    """Show a shopper of the ledger."""
    state, external_id = get_state(), shopper_id()
    if state.database is None:
        return render("no_database.html", "common.nav.shoppers", "shoppers")
    if external_id is None:
        return show_unknown()
    return render_shopper(state, external_id)


def render_shopper(state: AppState, external_id: str, problem: str | None = None) -> str:
    """Return the page of a shopper.

    Args:
        state: The app's state; it has a database.
        external_id: The shop's id of the shopper.
        problem: What was wrong with a form, as the name of a text ``shopper.problem.NAME``.

    Raises:
        LedgerUnavailableError: The database cannot be used.
    """
    from ...core.ledger.audit import AuditLog  # these import SQLAlchemy, an extra
    from ...core.ledger.shopper_list import ShopperList

    assert state.database is not None  # noqa: S101
    assert state.spending is not None  # noqa: S101
    language = page_language()
    shoppers = ShopperList(state.database, state.clock)
    is_known = shoppers.knows(external_id)
    balance = state.spending.balance(external_id) if is_known else None
    journal = state.billing.journal(external_id, limit=2 * JOURNAL) if is_known else []
    changes = AuditLog(state.database, state.clock).entries(CHANGES, subject=external_id)
    names = names_of(state, [external_id, *people_in(changes)])
    return render(
        "shopper.html",
        "common.nav.shoppers",
        "shoppers",
        heading=names.get(external_id, external_id),
        names=names,
        shopper=external_id,
        is_known=is_known,
        balance=balance,
        lots=list(lots_of(balance, language, owner_text)) if balance else [],
        is_paused=bool(balance and balance.held and not balance.available),
        journal=list(history_of(journal, language, owner_text))[:JOURNAL],
        failed=shoppers.failed_tryons(external_id) if is_known else [],
        changes=changes,
        problem=problem,
        credit_days=state.settings.credit_days,
    )


def owner_text(key: str, language: str = DEFAULT, **values: object) -> str:
    """Return a text of the shopper's account page as the shop's owner should read it."""
    if key == "account.lot.order":  # the shopper's own speaks of "your orders"
        return translate("shopper.lot.order", language)
    return shopper_text(key, language, **values)


def show_at_genvoris() -> str | tuple[str, int]:
    """Show what Genvoris knows of a shopper, which it is asked when the page is opened."""
    state, external_id = get_state(), shopper_id()
    if external_id is None:
        return show_unknown()
    customer, usage, problem = _ask_genvoris(state, external_id)
    return render(
        "shopper_genvoris.html",
        "shopper.genvoris",
        "shoppers",
        shopper=external_id,
        names=names_of(state, [external_id]),
        customer=customer,
        usage=usage,
        problem=problem,
    )


def shopper_id() -> str | None:
    """Return the id that the request names; None if no shopper can have it."""
    from ...core.ledger.accounts import check_id  # these import SQLAlchemy, an extra
    from ...core.ledger.persons import ERASED

    value = request.values.get("id", "")

    try:
        return None if value.startswith(ERASED) else check_id("id", value)
    except ValueError:
        return None


def show_unknown() -> tuple[str, int]:
    """Say that there is no such shopper."""
    return render("unknown.html", "shopper.unknown", "shoppers"), 404


def _ask_genvoris(
    state: AppState, external_id: str
) -> tuple[Customer | None, Usage | None, str | None]:
    """Return a shopper's record and usage at Genvoris, and the name of a problem."""
    customers = state.client.with_timeout(GENVORIS_SECONDS).customers
    try:
        customer = customers.get(state.broker.customer_id(Shopper(external_id)))
        return customer, customers.usage(customer.id), None
    except NotFoundError:
        return None, None, UNKNOWN
    except GenvorisError:
        return None, None, "away"
