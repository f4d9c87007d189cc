"""What shoppers have bought or been given, in the shop's own database.

A ``lot`` is a number of try-ons with an origin and an expiry. Each try-on reserves one from a lot,
and commits or releases it (``reservations``). Lots come from sales and gifts (``grants``) and
shrink with refunds and disputes (``reversal_records``). Every change is one line of an append-only
journal, and ``accounts`` writes a lot and its line together. ``schema`` has the tables,
``database`` the transactions, and ``service.Ledger`` is what other packages use. The same database
has consents, the shop's ``figures``, changed settings, and the ``audit`` log.
"""
