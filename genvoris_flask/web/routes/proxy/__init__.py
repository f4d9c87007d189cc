"""Forwards the requests of Genvoris's hosted widget to Genvoris, and its responses back.

``forwarding`` has the views, and ``allow_list`` the paths, headers and fields that are forwarded.
``body`` rewrites a request's body while it streams: it drops the fields that a browser must not set
and adds the shopper's token, with ``multipart`` and ``json_rewriter`` for those encodings.
``marking`` marks the pictures in the answer to a try-on. Only ``forwarding`` is used from outside.
"""
