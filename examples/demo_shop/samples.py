"""Sample shoppers in different states, so that everything can be seen at once."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
from flask import Flask

from .genvoris import genvoris
from .models import User, db, external_id

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
)


def add_users(app: Flask) -> None:
    """Add the sample shoppers to the shop, unless they are there."""
    with app.app_context():
        known = set(db.session.scalars(db.select(User.email)))
        for sample in SAMPLES:
            if sample.email not in known:
                user = User(email=sample.email, name=sample.name, about=sample.about)
                user.set_password(PASSWORD)
                db.session.add(user)
        db.session.commit()


def register_at_genvoris(app: Flask, plan_ids: dict[str, str], tryon_url: str) -> None:
    """Bring the sample shoppers into their states at Genvoris, unless they are known there."""
    with app.app_context():
        client = genvoris.client
        known = {customer.external_id for customer in client.customers.iterate()}
        for sample in SAMPLES:
            user = db.session.scalars(db.select(User).filter_by(email=sample.email)).one()
            if external_id(user) in known:
                continue
            customer = client.customers.upsert(
                external_id=external_id(user),
                email=user.email,
                plan_id=plan_ids[sample.price_id] if sample.price_id else None,
            )
            user.genvoris_customer_id = customer.id
            if sample.spent:
                token = client.sessions.mint(customer.id).token
                _spend(tryon_url, app.config["GENVORIS_API_KEY"], token, sample.spent)
            if sample.paused:
                client.customers.update(customer.id, status="PAUSED")
        db.session.commit()


def _spend(tryon_url: str, api_key: str, token: str, count: int) -> None:
    """Tell Genvoris of try-ons that were made elsewhere."""
    body = {
        "api_key": api_key,
        "product_type": "apparel",
        "variation_count": count,
        "generation_time_ms": 1000,
        "success": True,
        "page_url": "http://127.0.0.1/",
        "product_title": "Sample",
        "origin": "http://127.0.0.1",
        "end_customer_token": token,
    }
    httpx.post(f"{tryon_url}/api/tryon/track", json=body, timeout=10).raise_for_status()
