"""Deliveries from Genvoris.

A delivery is verified (``signature``), parsed (``events``) and processed once (``deduplication``):
the shopper's cached session is dropped (``cache_invalidation``), then the shop's own functions run
(``handlers``). The route is ``web/routes/webhooks.py``; the sandbox signs with ``signature``, too.
"""
