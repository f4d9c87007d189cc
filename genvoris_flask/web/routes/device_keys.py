"""The route that hands out the keys for pictures on a shopper's own device (docs/http.md).

Apart from ``POST session``, since it asks nothing of Genvoris: a shopper whose plan has ended, or
who comes while Genvoris is unavailable, still sees their own pictures.
"""

from __future__ import annotations

from typing import Any

from ...core.storage.sealing import device_keys
from ..auth import authorize, renew_guest
from ..state import get_state
from ..storage import secrets_of

NOTHING: dict[str, Any] = {"keys": [], "days": 0}


def hand_out() -> dict[str, Any]:
    """Return the keys of whoever is shopping, and for how many days pictures may be kept."""
    visitor = authorize("device-keys")
    state = get_state()
    days = state.settings.keep_pictures_days
    if days and visitor.shopper is None:
        # Who comes back without the cookie is another guest, and has another key.
        days = min(days, renew_guest())
    if not days:
        return NOTHING
    keys = device_keys(secrets_of(state.app, state.settings), visitor.owner)
    return {"keys": keys, "days": days}
