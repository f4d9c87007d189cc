"""What the law asks of a shop that handles photos of people.

- ``consents``: what shoppers agree to before their photo is read, and the record that they did.
- ``erasure``: exports and erases all that is known of one shopper, by asking each ``Holder``.
- ``holders``: the places that hold something, apart from the ledger's database.
- ``own_jobs``: which try-ons are whose.
- ``own_messages``: which messages of an outbox are about whom.
- ``own_records``: what is noted of somebody under digests.
"""
