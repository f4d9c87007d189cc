"""Ends what a shopper has bought by Stripe, when their account is closed."""

from __future__ import annotations

from collections.abc import Iterator

from ...storage.interface import Store
from .records import Account, Closed
from .repository import StripeMemory


def close_purchases(store: Store, external_id: str, now: float) -> None:
    """Let nothing that was bought until now give a plan to whoever has the shop's id next.

    Args:
        store: Where the records are.
        external_id: The shop's id of the shopper.
        now: The time, in Unix seconds.

    Raises:
        StoreUnavailableError: The store does not answer.
        LockTimeoutError: An event of the shopper's is being handled.
    """
    memory = StripeMemory(store)
    with memory.lock(external_id):
        account = memory.account(external_id)
        purchases = (*account.subscriptions, *account.payments)
        customers = tuple(_customers(memory, purchases))
        before = account.closed
        closed = Closed(
            at=now,
            purchases=tuple(dict.fromkeys((*before.purchases, *purchases))),
            customers=tuple(dict.fromkeys((*before.customers, *customers))),
        )
        memory.keep_account(external_id, Account(turn=account.turn, closed=closed))
        for customer in customers:
            memory.unlink(customer)


def _customers(memory: StripeMemory, purchases: tuple[str, ...]) -> Iterator[str]:
    for name in purchases:
        bought = memory.purchase(name)
        if customer := (bought or memory.subscription(name)).customer:
            yield customer
