"""The page "Shoppers": all of them, the newest first, or those whom a search finds."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask import request

from ..state import AppState, get_state
from .names import names_of
from .page import render

if TYPE_CHECKING:
    from ...core.ledger.shopper_list import Position

PAGE = 50
# What a person types or pastes, at most.
QUERY_LENGTH = 255


def list_shoppers() -> str:
    """Show a page of shoppers."""
    state = get_state()
    if state.database is None:
        return render("no_database.html", "common.nav.shoppers", "shoppers")
    from ...core.ledger.shopper_list import ShopperList  # imports SQLAlchemy, an extra

    shoppers = ShopperList(state.database, state.clock)
    query = request.args.get("q", "").strip().replace("\0", "")[:QUERY_LENGTH]
    after = _position()
    is_address = "@" in query
    if not query:
        found = shoppers.newest(PAGE + 1, after)
    else:
        found = shoppers.named(query, PAGE + 1, after)
        if is_address and not found and after is None:
            found = shoppers.with_address(_digests(state, query), PAGE)
    shown = found[:PAGE]
    return render(
        "shoppers.html",
        "common.nav.shoppers",
        "shoppers",
        query=query,
        is_address=is_address,
        shoppers=shown,
        names=names_of(state, (each.external_id for each in shown)),
        last=found[PAGE - 1] if len(found) > PAGE else None,
    )


def _position() -> Position | None:
    """Return the last row of the page before, as the link to this one names it."""
    from ...core.ledger.shopper_list import Position

    external_id, at = request.args.get("after"), request.args.get("at", "")
    try:
        created_at = datetime.fromisoformat(at)
    except ValueError:
        return None
    if not external_id or created_at.tzinfo is None:
        return None
    return Position(external_id, created_at)


def _digests(state: AppState, email: str) -> list[str]:
    from ...core.ledger.service import Ledger

    return state.spending.digests(email) if isinstance(state.spending, Ledger) else []
