"""Deliveries from Genvoris.

A delivery is verified (``signature``), parsed (``events``) and handled once (``handling``): the
shopper's cached session is dropped, then the shop's own functions run. The route is
``web/routes/webhooks.py``; the sandbox signs with ``signature``, too.
"""
