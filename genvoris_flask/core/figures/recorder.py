"""Counts what happens, in memory, and writes it to the database in the background.

Pages, try-ons and events only add to a dictionary. What a process has counted is written a few
seconds later, and when the process ends; a process that is killed loses those seconds.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from typing import Protocol

from ...errors import LedgerUnavailableError
from ..concurrency.per_process import PerProcess
from ..concurrency.threads import RunAgain, WorkerPool

log: logging.Logger = logging.getLogger("genvoris_flask.figures")

FLUSH_SECONDS = 2.0
RETRY_SECONDS = 60.0
# Different products that wait in a process; further ones count for the shop as a whole only.
MAX_PRODUCTS = 2_000
# Try-ons with an opinion that waits in a process; those of further ones are dropped.
MAX_OPINIONS = 2_000
PRODUCT_LENGTH, NAME_LENGTH = 255, 64

# Upper bounds, in seconds, of the classes in which the times of try-ons are counted.
TIME_CLASSES = (2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 300)
LONGER = "longer"


@dataclass(frozen=True, order=True)
class Count:
    """What is counted.

    Attributes:
        day: The day, in UTC.
        name: What happened.
        product: The shop's id of the product; empty for the shop as a whole.
    """

    day: date
    name: str
    product: str = ""


@dataclass(frozen=True)
class Opinion:
    """What a shopper thinks of a picture.

    Attributes:
        digest: A digest of the try-on's id. A later opinion replaces the earlier one.
        day: The day, in UTC.
        is_liked: Whether they like it.
        reasons: Why not, if they said so.
        product: The shop's id of the product.
    """

    digest: str
    day: date
    is_liked: bool
    reasons: tuple[str, ...] = ()
    product: str | None = None


class CountStore(Protocol):
    """Where counts are written."""

    def add(
        self,
        counts: Mapping[Count, int],
        titles: Mapping[str, str],
        opinions: Sequence[Opinion] = (),
    ) -> None:
        """Add to counts, replace opinions, and keep the titles of products that have none yet.

        Raises:
            LedgerUnavailableError: Nothing was written.
        """


@dataclass
class _Buffer:
    counts: Counter[Count] = field(default_factory=Counter)
    titles: dict[str, str] = field(default_factory=dict)
    opinions: dict[str, Opinion] = field(default_factory=dict)
    products: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_scheduled: bool = False
    is_failing: bool = False

    def schedule(self) -> bool:
        """Return whether writing is not scheduled yet; it then counts as scheduled."""
        is_first, self.is_scheduled = not self.is_scheduled, True
        return is_first


class Recorder:
    """Counts what happens in a shop.

    Args:
        store: Where counts are written.
        clock: Returns the time in Unix seconds.
        at_once: Returns whether counts are written at once, since the process may end without
            notice.
    """

    def __init__(
        self,
        store: CountStore,
        clock: Callable[[], float],
        at_once: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._at_once = at_once
        self._buffer = PerProcess(_Buffer)
        self._pool = WorkerPool("genvoris-figures", threads=1, at_once=at_once)

    def today(self) -> date:
        """Return the current day, in UTC."""
        return datetime.fromtimestamp(self._clock(), UTC).date()

    def add(self, name: str, product: str | None = None, title: str | None = None) -> None:
        """Count something that happened just now.

        Args:
            name: What happened.
            product: The shop's id of the product that it happened with.
            title: The product's title.
        """
        day, name, buffer = self.today(), name[:NAME_LENGTH], self._buffer.get()
        with buffer.lock:
            buffer.counts[Count(day, name)] += 1
            if product:
                self._add_product(buffer, Count(day, name, product[:PRODUCT_LENGTH]), title)
            is_first = buffer.schedule()
        if is_first:
            self._write_soon(buffer)

    def add_opinion(
        self,
        tryon_id: str,
        product: str | None = None,
        title: str | None = None,
        *,
        is_liked: bool,
        reasons: tuple[str, ...] = (),
    ) -> None:
        """Keep what a shopper thinks of a picture, instead of what they thought before.

        Args:
            tryon_id: The try-on's id.
            product: The shop's id of the product.
            title: The product's title.
            is_liked: Whether they like it.
            reasons: Why not, if they said so.
        """
        digest, buffer = hashlib.sha256(tryon_id.encode()).hexdigest(), self._buffer.get()
        product = product[:PRODUCT_LENGTH] if product else None
        opinion = Opinion(digest, self.today(), is_liked, reasons, product)
        with buffer.lock:
            if len(buffer.opinions) >= MAX_OPINIONS and digest not in buffer.opinions:
                return
            buffer.opinions[digest] = opinion
            if product and title:
                buffer.titles.setdefault(product, title[:PRODUCT_LENGTH])
            is_first = buffer.schedule()
        if is_first:
            self._write_soon(buffer)

    def _write_soon(self, buffer: _Buffer) -> None:
        try:
            self._pool.submit(self._write, delay=0.0 if self._at_once() else FLUSH_SECONDS)
        except RuntimeError as error:  # the next one tries again
            buffer.is_scheduled = False
            log.warning("Figures are not written yet: %s", error)

    def add_time(self, seconds: float) -> None:
        """Count how long a try-on took."""
        found = next((str(each) for each in TIME_CLASSES if seconds <= each), LONGER)
        self.add(f"time:{found}")

    def flush(self) -> None:
        """Write what was counted, in this thread.

        Raises:
            LedgerUnavailableError: It cannot be written, and waits.
        """
        buffer = self._buffer.get()
        with buffer.lock:
            counts, titles, opinions = buffer.counts, buffer.titles, buffer.opinions
            buffer.counts, buffer.titles, buffer.products = Counter(), {}, set()
            buffer.opinions = {}
        if not counts and not opinions:
            return
        try:
            self._store.add(counts, titles, list(opinions.values()))
        except BaseException:
            with buffer.lock:
                waiting = {**opinions, **buffer.opinions}.items()
                buffer.opinions = dict(islice(waiting, MAX_OPINIONS))
                buffer.counts.update(counts)
                buffer.titles.update(titles)
                buffer.products.update(count.product for count in counts if count.product)
            raise

    def _add_product(self, buffer: _Buffer, count: Count, title: str | None) -> None:
        if len(buffer.products) >= MAX_PRODUCTS and count.product not in buffer.products:
            return
        buffer.products.add(count.product)
        buffer.counts[count] += 1
        if title:
            buffer.titles.setdefault(count.product, title[:PRODUCT_LENGTH])

    def _write(self) -> RunAgain | None:
        buffer = self._buffer.get()
        with buffer.lock:
            buffer.is_scheduled = False
        try:
            self.flush()
        except LedgerUnavailableError as error:
            if not buffer.is_failing:  # one line for each attempt would flood the log
                buffer.is_failing = True
                log.warning("The shop's figures wait to be written: %s", error)
            with buffer.lock:
                return RunAgain(RETRY_SECONDS) if buffer.schedule() else None
        buffer.is_failing = False
        return None
