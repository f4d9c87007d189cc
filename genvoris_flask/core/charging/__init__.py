"""How a shop charges for try-ons (GENVORIS_CHARGING), and how a refused shopper can go on.

``ways`` has the five ways and what each needs, ``packs`` the single try-ons that are sold, and
``options`` what a paywall offers.
"""
