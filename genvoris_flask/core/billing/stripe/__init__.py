"""Stripe's events, translated into sales.

An event is verified (``signature``) and dispatched by its type (``events``). ``subscriptions`` and
``payments`` read its object (``payloads``, ``reversals``; ``lookup`` asks Stripe for what it lacks)
and merge it into records (``records``, stored by ``repository``) that are the same in whatever
order, and however often, the events come. What then happens is behind one protocol,
``sales.Sales``. ``plan_sales`` implements it with plans at Genvoris: ``choice`` picks the purchase
that gives the plan, and ``settlement`` brings the shopper's account to it. The ledger implements it
with lots (``core.ledger.stripe``). Other packages use ``events.StripeEvents``, ``plan_sales``,
``lookup.open_lookup`` and ``signature``.
"""
