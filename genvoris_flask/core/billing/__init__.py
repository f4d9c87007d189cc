"""Selling: plans by declaration, and what follows from a sale.

``service.Billing`` holds the calls that shops make. It changes shoppers' accounts through
``accounts``, where ``ledger`` and ``idempotency`` make each event of a billing system take effect
once and in its order, and finds plans through ``plan_catalog``. ``plans`` reads GENVORIS_PLANS, and
``plan_sync`` compares it with Genvoris. ``stripe`` translates Stripe's events into these calls.
Other packages use ``service``, ``plans`` and ``stripe``.
"""
