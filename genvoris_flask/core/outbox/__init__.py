"""What Genvoris, or a function of the shop's, has yet to be told.

Whatever must not make a page or an order wait is put into an ``Outbox`` as a ``Message``
(``messages``), which it delivers afterwards. ``MemoryOutbox`` (``memory``) has this process's
memory, and ``DurableOutbox`` (``durable``) a table that all processes share: in the ledger's
database, or in Redis (``redis_table``). Another one needs only ``put``.
``verdicts`` decides what comes of a message that could not be delivered.
"""
