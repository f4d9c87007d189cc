"""Forwards the requests of Genvoris's hosted widget to Genvoris, and its responses back.

``forwarding`` has the views, and ``allow_list`` the paths and headers that are forwarded. ``body``
rewrites a request's body while it streams: it drops the fields that a browser must not set and adds
the shopper's token, with ``multipart``, ``json_rewriter`` and ``fields`` for the three encodings.
``fields`` also collects what the shop's product filter is asked about. Only ``forwarding`` is used
from outside.
"""
