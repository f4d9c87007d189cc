"""Opens the store of an app: in the memory of one process, or in Redis for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import Flask

from ..core.api.client import GenvorisClient
from ..core.handover import Handovers
from ..core.rate_limits import Windows
from ..core.storage.interface import NoSealer, Sealer, Store
from ..core.storage.memory_store import MemoryStore
from ..settings import Settings

if TYPE_CHECKING:  # Redis is an extra
    from ..core.storage.namespace import Namespace
    from ..core.storage.redis_connection import RedisConnection

# Seconds for fetching the plans of an account, which identify it under a new key; once for a key.
PLANS_TIMEOUT = 3.0
# Of photos on their way from phones to dialogs, while there is no Redis.
HANDOVER_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Storage:
    """Where values are stored and sealed, and calls counted, for all processes or for this one.

    Attributes:
        store: Where values are stored.
        sealer: Seals them.
        photo_sealer: Returns what seals the photo of one try-on.
        windows: Where calls are counted.
        connection: The connection to Redis, if there is one.
        namespace: Tells this shop's keys there from those of others.
    """

    store: Store
    sealer: Sealer = field(default_factory=NoSealer)
    photo_sealer: Callable[[str], Sealer] = lambda _job_id: NoSealer()
    windows: Windows | None = None
    connection: RedisConnection | None = None
    namespace: Namespace | None = None


def open_storage(
    app: Flask, settings: Settings, client: GenvorisClient, clock: Callable[[], float]
) -> Storage:
    """Return the store that the settings name. Redis is not connected before it is used."""
    if settings.store_url is None:
        return Storage(MemoryStore(clock))
    # Redis is an extra; the check of the setting made sure that it is installed.
    from ..core.storage.namespace import Namespace, Shop
    from ..core.storage.redis_connection import RedisConnection
    from ..core.storage.redis_store import RedisStore
    from ..core.storage.redis_windows import RedisWindows
    from ..core.storage.sealing import SecretSealer

    connection = RedisConnection(settings.store_url)
    shop = Shop(
        settings.api_key, settings.api_url, settings.external_id_prefix, settings.store_namespace
    )
    namespace = Namespace(shop, lambda: _plan_ids(client))
    store = RedisStore(connection, namespace)

    def sealer(purpose: str) -> Sealer:
        return SecretSealer(lambda: secrets_of(app, settings), purpose)

    return Storage(
        store,
        sealer("store"),
        photo_sealer=lambda job_id: sealer(f"photo {job_id}"),
        windows=RedisWindows(connection, namespace.find),
        connection=connection,
        namespace=namespace,
    )


def open_handovers(settings: Settings, storage: Storage, clock: Callable[[], float]) -> Handovers:
    """Return where photos wait on their way from phones to dialogs."""
    if settings.store_url is not None:
        return Handovers(storage.store, storage.sealer, clock)
    # Memory of their own: phones that send photos must not push finished pictures out.
    memory = MemoryStore(clock, max_large=HANDOVER_BYTES)
    return Handovers(memory, NoSealer(), clock)


def _plan_ids(client: GenvorisClient) -> list[str]:
    plans = client.with_timeout(PLANS_TIMEOUT).plans
    return [plan.id for plan in plans.list(include_inactive=True)]


def secrets_of(app: Flask, settings: Settings) -> list[str | bytes]:
    """Return the secrets to seal with, read each time since an app may set its key late."""
    if not app.secret_key:
        return [settings.api_key]
    return [app.secret_key, *(app.config.get("SECRET_KEY_FALLBACKS") or ())]


def secrets_as_bytes(app: Flask, settings: Settings) -> list[bytes]:
    """Return the secrets, the one for what is new first."""
    found = secrets_of(app, settings)
    return [each.encode() if isinstance(each, str) else each for each in found]
