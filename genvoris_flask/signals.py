"""Signals that a shop can connect to. The sender is always the Flask app.

==================  ==========================================================================
customer_linked     ``shopper``, ``customer_id``: Genvoris's id became known; store it
session_minted      ``shopper``, ``session``: a new token was minted
session_failed      ``shopper``, ``error``: a token could not be minted
quota_exhausted     ``refusal``: a shopper was refused for lack of quota, plan or an active account
credits_depleted    ``refusal``: the shop's own credit pool is empty; buy credits
credits_burning     ``notice``: half of the shop's own credit pool was spent in half an hour
credits_expiring    ``notice``: credits of an order end in a week, or in a day; once each
refund_due          ``shopper``, ``sale``: a single try-on failed three times in a row; pay it back
shopper_erased      ``external_id``, ``receipt``: all that was known of a shopper was erased
tryon_rated         ``rating``: a shopper said whether they like a picture, and perhaps why not
==================  ==========================================================================

A receiver may run outside of a request, in a thread of the try-on pool, with an app context.
"""

from __future__ import annotations

from blinker import NamedSignal, Namespace

_signals = Namespace()

customer_linked: NamedSignal = _signals.signal("genvoris-customer-linked")
session_minted: NamedSignal = _signals.signal("genvoris-session-minted")
session_failed: NamedSignal = _signals.signal("genvoris-session-failed")
quota_exhausted: NamedSignal = _signals.signal("genvoris-quota-exhausted")
credits_depleted: NamedSignal = _signals.signal("genvoris-credits-depleted")
credits_burning: NamedSignal = _signals.signal("genvoris-credits-burning")
credits_expiring: NamedSignal = _signals.signal("genvoris-credits-expiring")
refund_due: NamedSignal = _signals.signal("genvoris-refund-due")
shopper_erased: NamedSignal = _signals.signal("genvoris-shopper-erased")
tryon_rated: NamedSignal = _signals.signal("genvoris-tryon-rated")
