"""The sandbox's own page: what is in it now."""

from __future__ import annotations

from flask import Blueprint, render_template

from .context import context
from .credits import credits_left
from .ledger import find_customer
from .standing import standing

blueprint = Blueprint("page", __name__)

MAX_ROWS = 200


@blueprint.get("/")
def overview() -> str:
    """Show plans, customers and credits."""
    with context().store.transaction() as db:
        plans = db.execute("SELECT * FROM plans ORDER BY number LIMIT ?", (MAX_ROWS,)).fetchall()
        ids = db.execute("SELECT id FROM customers ORDER BY number LIMIT ?", (MAX_ROWS,)).fetchall()
        rows = [find_customer(db, row["id"]) for row in ids]
        customers = [(row, standing(db, row)) for row in rows]
        left = credits_left(db, context().clock())
    return render_template(
        "overview.html",
        plans=[dict(plan) for plan in plans],
        customers=[(dict(row), now) for row, now in customers],
        credits=left,
    )
