"""Finds the namespace of a shop's records in Redis, which stays when its API key is replaced.

The name is derived once, from the shop's first key. Redis remembers it by that key, and by each
plan of the shop's account at Genvoris. So an unknown key whose account has one of these plans is a
new key of the same shop, and keeps using its records.

=============================  ===========================================
genvoris:namespace:key:KEY     the name, by API key
genvoris:namespace:plan:PLAN   the name, by plan
genvoris:namespace:chosen:TEXT the name, by GENVORIS_STORE_NAMESPACE
=============================  ===========================================
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import redis
from redis.exceptions import NoPermissionError

from ...errors import ApiError, GenvorisError, StoreUnavailableError
from ..concurrency.per_process import ProcessLock
from .interface import digest

log: logging.Logger = logging.getLogger("genvoris_flask.store")

PREFIX = "genvoris"
CHECK_SECONDS = 60.0  # between two checks whether Redis still knows the name
PAUSE = 5.0  # seconds before Genvoris is asked again whose key it is


@dataclass(frozen=True)
class Shop:
    """Identifies a shop among others that use the same Redis.

    Attributes:
        api_key: Its key at Genvoris, which may be replaced.
        api_url: The URL of Genvoris's API.
        external_id_prefix: With another prefix, shopper 42 is another shopper.
        chosen: GENVORIS_STORE_NAMESPACE; None identifies the shop by its account at Genvoris.
    """

    api_key: str = field(repr=False)
    api_url: str = ""
    external_id_prefix: str = ""
    chosen: str | None = None

    @property
    def first_name(self) -> str:
        """The name of a shop that is new to this Redis."""
        return digest(" ".join((self.api_key, self.api_url, self.external_id_prefix)))

    def plan_key(self, plan_id: str) -> str:
        """Return the Redis key that maps a plan to the name; live and test keys differ."""
        mode = self.api_key.partition("_")[2].partition("_")[0]
        text = "\n".join((mode, self.external_id_prefix, plan_id))
        return f"{PREFIX}:namespace:plan:{digest(text)}"

    def lookup_keys(self) -> list[str]:
        """Return the other Redis keys that map to the name; the first one that is set counts."""
        keys = [f"{PREFIX}:namespace:key:{self.first_name}"]
        if self.chosen is not None:
            text = "\n".join((self.chosen, self.external_id_prefix))
            keys.insert(0, f"{PREFIX}:namespace:chosen:{digest(text)}")
        return keys


class Namespace:
    """The namespace of one shop's records.

    Args:
        shop: The shop.
        plan_ids: Asks Genvoris for the ids of the account's plans.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        shop: Shop,
        plan_ids: Callable[[], Iterable[str]] = tuple,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shop = shop
        self._plan_ids = plan_ids
        self._clock = clock
        self._lock = ProcessLock()
        self._name = shop.first_name
        self._is_settled = False
        self._check_at = float("-inf")
        self._retry_at = float("-inf")

    def find(self, client: redis.Redis, *, lasting: bool = False) -> str:
        """Return the name.

        Args:
            client: A client of Redis.
            lasting: Whether it is for a record that must be found after a change of the key. While
                the account has no plans, nothing identifies it. So a name that was used for
                short-lived values is checked again before such a record is made.

        Raises:
            StoreUnavailableError: Genvoris does not answer, so nobody knows whose key it is.
        """
        if not self._is_due(lasting):
            return self._name
        with self._lock:  # one thread asks on behalf of all
            if self._is_due(lasting):
                self._settle(client)
        return self._name

    def _is_due(self, lasting: bool) -> bool:
        return self._clock() >= self._check_at or (lasting and not self._is_settled)

    def _settle(self, client: redis.Redis) -> None:
        """Find the name in Redis, or else by the plans. Write it wherever it is missing."""
        keys = self._shop.lookup_keys()
        found = next((_text(name) for name in map(client.get, keys) if name), None)
        if found is None and self._shop.chosen is None:
            plan_keys = [self._shop.plan_key(plan_id) for plan_id in self._ask_genvoris()]
            if not plan_keys:
                self._check_at = self._clock() + CHECK_SECONDS
                return
            found = self._recognize(client, plan_keys)
        name = found or self._name
        for key in keys:
            client.set(key, name, nx=True)
        self._name = _text(client.get(keys[0])) or name  # another process may have been faster
        self._is_settled = True
        self._check_at = self._clock() + CHECK_SECONDS

    def _recognize(self, client: redis.Redis, plan_keys: list[str]) -> str:
        """Return the name that one of the plans maps to, after mapping all of them to it."""
        known = next((_text(name) for name in map(client.get, plan_keys) if name), None)
        if known and known != self._name:
            if _has_records(client, self._name):
                return self._name  # two keys of one account with separate records stay separate
            log.warning("GENVORIS_API_KEY is new; the shop's records in Redis were found again.")
        for key in plan_keys:
            client.set(key, known or self._name, nx=True)
        return _text(client.get(plan_keys[0])) or known or self._name

    def _ask_genvoris(self) -> list[str]:
        """Return the ids of the account's plans.

        Raises:
            StoreUnavailableError: Genvoris does not answer.
        """
        if self._clock() < self._retry_at:
            raise StoreUnavailableError(
                "Genvoris did not say a moment ago whose key GENVORIS_API_KEY is."
            )
        try:
            return sorted(self._plan_ids())
        except GenvorisError as error:
            if isinstance(error, ApiError) and error.status in (404, 405):
                return []  # an API without plans
            if self._is_settled:
                return []  # the name stays, and is written again later
            self._retry_at = self._clock() + PAUSE
            log.warning(
                "Redis does not know GENVORIS_API_KEY yet, and Genvoris does not say whose it is "
                "(%s). Until it does, processes share nothing and no sale is recorded.",
                type(error).__name__,
            )
            raise StoreUnavailableError(
                "Genvoris does not say whose key GENVORIS_API_KEY is, so the shop's records "
                f"cannot be found ({type(error).__name__})."
            ) from None


def _has_records(client: redis.Redis, name: str) -> bool:
    try:
        keys = client.scan_iter(match=f"{PREFIX}:{name}:*", count=1000)
        return next(iter(keys), None) is not None
    except NoPermissionError:  # of a user without +scan
        return False


def _text(value: bytes | str | None) -> str | None:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else value
