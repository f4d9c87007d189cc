"""The sandbox's data and rules: the store, the account, both ledgers, and webhooks.

Views work within ``context().store.transaction()`` and pass its connection on: ``ledger`` charges
try-ons, ``notifications`` decides what the shop's webhook endpoints are told, ``outbox`` records
it in the same transaction, and ``webhook_dispatcher`` sends it.
"""
