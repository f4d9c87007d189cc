"""Finds the name that a shop's records in Redis have in common, whatever its API key is now.

The name is made once, from the key that the shop had at first. Redis remembers it for that key, and
for each plan of the shop's account at Genvoris. So when a key that Redis does not know asks for the
same plans, it is a new key of the same shop, and goes on with its records.

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

log = logging.getLogger("genvoris_flask.store")

PREFIX = "genvoris"
CHECK_SECONDS = 60.0  # between two looks whether Redis still knows the name
PAUSE = 5.0  # seconds without asking Genvoris, after it could not say whose key it is


@dataclass(frozen=True)
class Shop:
    """What tells a shop from others that use the same Redis.

    Attributes:
        api_key: Its key at Genvoris, which may be replaced.
        api_url: Where Genvoris is.
        external_id_prefix: With another prefix, shopper 42 is somebody else.
        chosen: GENVORIS_STORE_NAMESPACE; None leaves it to the account at Genvoris.
    """

    api_key: str = field(repr=False)
    api_url: str = ""
    external_id_prefix: str = ""
    chosen: str | None = None

    @property
    def first_name(self) -> str:
        """The name that a shop gets when nothing is known of it."""
        return digest(" ".join((self.api_key, self.api_url, self.external_id_prefix)))

    def plan_key(self, plan_id: str) -> str:
        """Return where the name is remembered by a plan, for live and test keys apart."""
        mode = self.api_key.partition("_")[2].partition("_")[0]
        text = "\n".join((mode, self.external_id_prefix, plan_id))
        return f"{PREFIX}:namespace:plan:{digest(text)}"

    def handles(self) -> list[str]:
        """Return where the name is remembered otherwise; the first one that is there counts."""
        handles = [f"{PREFIX}:namespace:key:{self.first_name}"]
        if self.chosen is not None:
            text = "\n".join((self.chosen, self.external_id_prefix))
            handles.insert(0, f"{PREFIX}:namespace:chosen:{digest(text)}")
        return handles


class Namespace:
    """The name of one shop's records.

    Args:
        shop: Which shop.
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
        self._look_again_at = float("-inf")
        self._ask_again_at = float("-inf")

    def find(self, client: redis.Redis, *, lasting: bool = False) -> str:
        """Return the name.

        Args:
            client: Asks Redis.
            lasting: Whether it is for a record that must be found again after a change of the key.
                While the account has no plans, nothing tells it from others, and a name that was
                taken for short-lived values is looked at again before such a record is made.

        Raises:
            StoreUnavailableError: Genvoris does not answer, so it cannot be told whose key it is.
        """
        if not self._is_due(lasting):
            return self._name
        with self._lock:  # one thread asks for all
            if self._is_due(lasting):
                self._settle(client)
        return self._name

    def _is_due(self, lasting: bool) -> bool:
        return self._clock() >= self._look_again_at or (lasting and not self._is_settled)

    def _settle(self, client: redis.Redis) -> None:
        """Find the name in Redis, else by the plans; remember it there, also if it was lost."""
        handles = self._shop.handles()
        found = next((_text(name) for name in map(client.get, handles) if name), None)
        if found is None and self._shop.chosen is None:
            marks = [self._shop.plan_key(plan_id) for plan_id in self._ask_genvoris()]
            if not marks:
                self._look_again_at = self._clock() + CHECK_SECONDS
                return
            found = self._recognise(client, marks)
        name = found or self._name
        for handle in handles:
            client.set(handle, name, nx=True)
        self._name = _text(client.get(handles[0])) or name  # another process may have been faster
        self._is_settled = True
        self._look_again_at = self._clock() + CHECK_SECONDS

    def _recognise(self, client: redis.Redis, marks: list[str]) -> str:
        """Return the name that one of the plans has, after giving it to those without."""
        known = next((_text(name) for name in map(client.get, marks) if name), None)
        if known and known != self._name:
            if _has_records(client, self._name):
                return self._name  # two keys of one account that were apart before stay so
            log.warning("GENVORIS_API_KEY is new; the shop's records in Redis were found again.")
        for mark in marks:
            client.set(mark, known or self._name, nx=True)
        return _text(client.get(marks[0])) or known or self._name

    def _ask_genvoris(self) -> list[str]:
        """Return the ids of the account's plans.

        Raises:
            StoreUnavailableError: Genvoris does not say.
        """
        if self._clock() < self._ask_again_at:
            raise StoreUnavailableError(
                "Genvoris did not say just now whose key GENVORIS_API_KEY is."
            )
        try:
            return sorted(self._plan_ids())
        except GenvorisError as error:
            if isinstance(error, ApiError) and error.status in (404, 405):
                return []  # an API without plans
            if self._is_settled:
                return []  # the name stays, and is written down again later
            self._ask_again_at = self._clock() + PAUSE
            log.warning(
                "Redis does not know GENVORIS_API_KEY yet, and Genvoris does not say whose it is "
                "(%s): until it does, nothing is shared and no sale is taken.",
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
    except NoPermissionError:  # of a user who may not look around
        return False


def _text(value: bytes | str | None) -> str | None:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else value
