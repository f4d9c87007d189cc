"""Values that expire, kept in this process or shared by all processes of a shop through Redis.

Others use ``Store``, ``Sealer`` and ``Fallback`` (``interface``) and ``MemoryStore``. The modules
named after Redis need the extra of that name. They are imported only for a shop that sets
GENVORIS_STORE_URL.
"""
