"""Forwards the requests of Genvoris's hosted widget to Genvoris, and its responses back.

``views`` has the routes, ``allow_list`` what they forward, and ``forwarding`` handles one request.
``body`` rewrites a request's body while it streams: it drops the fields that a browser must not
set and adds the shopper's token, with ``multipart``, ``json_rewriter`` and ``fields`` for the three
encodings. ``headers`` selects the headers of both directions, and ``product_fields`` collects what
the shop's product filter is asked about. Only ``views`` is used from outside.
"""
