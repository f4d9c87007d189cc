"""Session tokens: one per shopper, minted once, cached, shared between processes, verified.

Others use ``Shopper``, ``SessionBroker`` (``broker``), which returns and drops tokens, and
``TokenVerifier`` (``verifier``), which checks tokens that come from browsers. ``SharedSessions``
(``shared``) has two implementations: one for a shop of one process, one for a store.
"""
