"""``/sandbox/settings``, ``/sandbox/credits`` and the keys: the shop's own account."""

from __future__ import annotations

from flask import Blueprint

from .api_keys import good_keys, rotate
from .context import context
from .credits import add_pack, credits_left, empty_packs, live_packs
from .notifications import tell_of_balance, tell_of_pack
from .request_validation import body
from .settings import change_settings as change
from .settings import read_settings as read
from .wire import Json

blueprint = Blueprint("account", __name__, url_prefix="/sandbox")


@blueprint.get("/settings")
def read_settings() -> Json:
    """Give the settings."""
    with context().store.transaction() as db:
        return read(db)


@blueprint.patch("/settings")
def change_settings() -> Json:
    """Change the settings that came."""
    with context().store.transaction() as db:
        settings = change(db, body())
        tell_of_balance(db)
        return settings


@blueprint.get("/credits")
def read_credits() -> Json:
    """Give the credit pool."""
    now = context().clock()
    with context().store.transaction() as db:
        return {"balance": credits_left(db, now), "packs": live_packs(db, now)}


@blueprint.post("/credits")
def top_up() -> tuple[Json, int]:
    """Buy a pack."""
    now, came = context().clock(), body()
    lasts = came["expiresIn"]
    with context().store.transaction() as db:
        add_pack(db, came["credits"], now, None if lasts is None else now + lasts)
        tell_of_pack(db, came["credits"])
    return read_credits(), 201


@blueprint.delete("/credits")
def exhaust() -> Json:
    """Leave nothing in the pool."""
    with context().store.transaction() as db:
        empty_packs(db)
        tell_of_balance(db)
    return read_credits()


@blueprint.post("/api-keys")
def rotate_api_key() -> tuple[Json, int]:
    """Make a new API key; those of now end after ``grace`` seconds."""
    now = context().clock()
    with context().store.transaction() as db:
        key = rotate(db, now, body()["grace"])
        return {"key": key, "keys": good_keys(db, now)}, 201


@blueprint.post("/signing-keys")
def rotate_signing_key() -> tuple[Json, int]:
    """Sign with a new key from now on."""
    now, keys = context().clock(), context().keys
    with context().store.transaction() as db:
        kid = keys.rotate(db, now)
        return {"kid": kid, "kids": [each["kid"] for each in keys.jwks(db, now)["keys"]]}, 201
