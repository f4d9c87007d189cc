"""What the records of Stripe's events say of one shopper, for an export of their data."""

from __future__ import annotations

from typing import Any

from .records import AccountRecord
from .repository import StripeRepository


def export_purchases(repository: StripeRepository, external_id: str) -> dict[str, Any] | None:
    """Return a shopper's purchases by Stripe, as JSON can represent them; None without any.

    Purchases from before the account was closed may be a former owner's of the id, and stay out.

    Args:
        repository: The records.
        external_id: The shop's id of the shopper.
    """
    account = repository.account(external_id)
    if account == AccountRecord(turn=account.turn, closed=account.closed):
        return None
    known = {name: repository.subscription(name) for name in account.subscriptions}
    # A subscription that has moved to another shopper is still in the account.
    subscriptions = {name: each for name, each in known.items() if each.is_of(external_id)}
    payments = {name: repository.payment(name) for name in account.payments}
    paid = [each.invoice for each in subscriptions.values() if each.invoice]
    reversals = {name: repository.reversal(name).dump() for name in (*paid, *account.payments)}
    summary = {**account.dump(), "subscriptions": list(subscriptions)}
    del summary["closed"]
    return {
        "account": summary,
        "subscriptions": {name: each.dump() for name, each in subscriptions.items()},
        "periods": {name: repository.history(name).dump() for name in subscriptions},
        "payments": {name: each.dump() for name, each in payments.items() if each},
        "reversals": reversals,
    }
