"""The sandbox's data and rules: the store, the account, both ledgers, and webhooks.

Views work within ``context().store.transaction()`` and pass its connection on: ``ledger`` charges
try-ons, ``notifications`` queues what webhook endpoints are notified of in the same
transaction, and ``webhook_dispatcher`` sends it.
"""
