"""Virtual try-ons: who may have one, what makes it, and what becomes of it.

- ``models``: requests, jobs and their results.
- ``engines``: make the picture of a request.
- ``jobs``: has requests made in the background, and answers for them in every process.
- ``paywall``: what a refused shopper sees; ``error_mapping``: what an error means.
- ``spending``: takes each try-on from the shopper's ledger.
- ``daily_limit``: how many try-ons may be started in a day; ``burn_guard``: how fast credits go.
- ``remaining``: how many try-ons shoppers have left, as pages show it.
"""
