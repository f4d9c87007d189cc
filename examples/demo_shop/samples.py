"""Sample shoppers in different states."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask

from genvoris_flask.api import GenvorisClient
from genvoris_flask.core.billing.plan_catalog import is_unlimited
from genvoris_flask.web.state import get_state

from .genvoris import genvoris
from .models import OWNER, User, db, external_id

PASSWORD = "try-it-on"  # noqa: S105  (printed on the log-in page of a demo)


@dataclass(frozen=True)
class Sample:
    """A sample shopper: ``spent`` try-ons of a plan, or no plan at all."""

    name: str
    about: str
    price_id: str | None = "price_pocket"
    spent: int = 0
    paused: bool = False

    @property
    def email(self) -> str:
        return f"{self.name.lower()}@example.com"


SAMPLES = (
    Sample("Ada", "plenty of try-ons left", "price_wardrobe", spent=4),
    Sample("Ben", "one try-on left", spent=4),
    Sample("Chloe", "none left this month", spent=5),
    Sample("Dev", "no plan yet", price_id=None),
    Sample("Elif", "plan is paused", paused=True),
    Sample("Fen", "owns the shop, and has its console", price_id=None),
)


def add_users(app: Flask) -> None:
    """Add the sample shoppers to the shop, unless they exist."""
    with app.app_context():
        known = set(db.session.scalars(db.select(User.email)))
        for sample in SAMPLES:
            if sample.email not in known:
                user = User(email=sample.email, name=sample.name, about=sample.about)
                user.set_password(PASSWORD)
                db.session.add(user)
        db.session.commit()


def create_plans(app: Flask) -> None:
    """Create the plans at Genvoris, unless it has them."""
    with app.app_context():
        genvoris.billing.sync_plans()


def register_at_genvoris(app: Flask) -> None:
    """Create the plans and the sample shoppers at Genvoris.

    Existing shoppers do not change.
    """
    create_plans(app)
    with app.app_context():
        client = genvoris.client
        known = {customer.external_id for customer in client.customers.iterate()}
        for sample in SAMPLES:
            user = db.session.scalars(db.select(User).filter_by(email=sample.email)).one()
            name = external_id(user)
            if name in known or user.email == OWNER:
                continue
            if sample.price_id:
                genvoris.billing.activate(name, price_id=sample.price_id, email=user.email)
            if sample.spent:
                _spend(client, client.sessions.mint(name).token, sample.spent)
            if sample.paused:
                genvoris.billing.pause(name)


def sell_plans(app: Flask) -> None:
    """Sell the sample shoppers their plans in the shop's ledger, unless they have been sold any."""
    with app.app_context():
        spending = get_state(app).spending
        assert spending is not None
        for sample in SAMPLES:
            user = db.session.scalars(db.select(User).filter_by(email=sample.email)).one()
            name = external_id(user)
            if sample.price_id is None or genvoris.billing.journal(name, limit=1):
                continue
            genvoris.billing.activate(name, price_id=sample.price_id, event_id=f"sample-{name}")
            for number in range(sample.spent):
                key = f"sample-{name}-{number}"
                spending.reserve(name, key)
                spending.commit(name, key)
            if sample.paused:
                genvoris.billing.pause(name)


def limit_at_genvoris(app: Flask) -> None:
    """Have Genvoris count again for the shoppers whom the shop's ledger has counted.

    Each begins their own plan anew. Without that, Genvoris would refuse them nothing. Those that it
    does not know are registered as at a start.
    """
    with app.app_context():
        client = genvoris.client
        counted = {plan.id for plan in client.plans.list() if is_unlimited(plan)}
        prices = {sample.email: sample.price_id for sample in SAMPLES}
        users = {external_id(user): user for user in db.session.scalars(db.select(User))}
        for customer in client.customers.iterate():
            if customer.plan_id not in counted:
                continue
            user = users.get(customer.external_id or "")
            if user is not None and (price := prices.get(user.email)):
                genvoris.billing.activate(external_id(user), price_id=price, email=user.email)
            else:
                client.customers.update(customer.id, plan_id=None)
    register_at_genvoris(app)


def _spend(client: GenvorisClient, token: str, count: int) -> None:
    """Report try-ons to Genvoris that were made elsewhere."""
    for _ in range(count):
        client.tryons.track(
            product_type="apparel", product_title="Sample", end_customer_token=token
        )
