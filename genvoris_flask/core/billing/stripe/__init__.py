"""Stripe's events, translated into the calls of ``core.billing``.

An event is verified (``signature``) and dispatched by its type (``events``). ``subscriptions`` and
``payments`` read its object (``payloads``, ``reversals``; ``lookup`` asks Stripe for what it lacks)
and merge it into records (``records``, stored by ``repository``) that are the same in whatever
order, and however often, the events come. From the records of all that a shopper has bought,
``choice`` picks the purchase that gives the plan, and ``settlement`` brings the shopper's account
at Genvoris to that plan. Other packages use ``events.StripeEvents``, ``lookup.open_lookup`` and
``signature``.
"""
