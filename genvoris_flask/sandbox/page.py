"""The sandbox's own page: what is in it now."""

from __future__ import annotations

from flask import Blueprint, render_template_string

from .context import context
from .ledger import credits_left, find_customer, standing

blueprint = Blueprint("page", __name__)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sandbox Genvoris</title>
<meta name="viewport" content="width=device-width"><style>
:root{color-scheme:light dark;--line:light-dark(#ddd8d0,#3a3733);--soft:light-dark(#6b655c,#a59e93)}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
background:light-dark(#faf8f5,#191715);color:light-dark(#211e1a,#f1ece4)}
h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{color:var(--soft);margin:.25rem 0}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.5rem .75rem .5rem 0;border-bottom:1px solid var(--line);white-space:nowrap}
th{font-weight:500;color:var(--soft)}meter{width:8rem;vertical-align:middle}
</style></head><body><main>
<h1>Sandbox Genvoris</h1>
<p>For development: it listens on this machine alone, and its pictures are previews.</p>
<p>Credits in the shop's pool: <strong>{{ credits }}</strong></p>
<h2>Plans</h2><div class="scroll" tabindex="0" role="region" aria-label="Plans"><table>
<tr><th scope="col">Name</th><th scope="col">Try-ons a month</th><th scope="col">Id</th>
<th scope="col">Price id</th><th scope="col">State</th></tr>
{% for plan in plans %}<tr><td>{{ plan.name }}</td><td>{{ plan.monthly_try_ons }}</td>
<td>{{ plan.id }}</td><td>{{ plan.external_price_id or "–" }}</td>
<td>{{ "on sale" if plan.active else "disabled" }}</td></tr>
{% else %}<tr><td colspan="5">None yet.</td></tr>{% endfor %}</table></div>
<h2>Customers</h2><div class="scroll" tabindex="0" role="region" aria-label="Customers"><table>
<tr><th scope="col">External id</th><th scope="col">Used</th><th scope="col">Status</th>
<th scope="col">Id</th></tr>
{% for customer, now in customers %}<tr><td>{{ customer.external_id }}</td>
<td>{% if now.limit %}<meter min="0" max="{{ now.limit }}" value="{{ now.used }}"
aria-label="Used by {{ customer.external_id }}"></meter> {{ now.used }} of {{ now.limit }}
{% else %}no plan{% endif %}</td><td>{{ now.status|lower }}</td><td>{{ customer.id }}</td></tr>
{% else %}<tr><td colspan="4">None yet.</td></tr>{% endfor %}</table></div>
</main></body></html>"""
MAX_ROWS = 200


@blueprint.get("/")
def overview() -> str:
    """Show plans, customers and credits."""
    with context().store.transaction() as db:
        plans = db.execute("SELECT * FROM plans ORDER BY number LIMIT ?", (MAX_ROWS,)).fetchall()
        ids = db.execute("SELECT id FROM customers ORDER BY number LIMIT ?", (MAX_ROWS,)).fetchall()
        rows = [find_customer(db, row["id"]) for row in ids]
        customers = [(row, standing(db, row)) for row in rows]
        left = credits_left(db)
    return render_template_string(
        PAGE,
        plans=[dict(plan) for plan in plans],
        customers=[(dict(row), now) for row, now in customers],
        credits=left,
    )
