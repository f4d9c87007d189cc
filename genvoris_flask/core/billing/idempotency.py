"""Makes each event of a billing system take effect once and in its order.

Before Genvoris is called, the event's turn, its change and the shopper's current period are
recorded. If the process dies, or the call gets no answer, the shopper's next delivery checks
whether a new period has begun since: if it has, the call was carried out and only its record is
missing; otherwise the call is made now. So no sale is lost or counted twice, and an event that is
delivered again does not undo a newer one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from ...errors import ApiError, LockTimeoutError, StoreUnavailableError, UnknownPriceError
from ..api.models import Customer
from ..sessions import Shopper
from ..storage.interface import Store, digest
from .changes import Change, Field
from .ledger import Ledger, Record, read_ledger, read_record, write_ledger

# Stripe repeats deliveries for three days, and allows manual redeliveries for thirty.
KEEP_SECONDS = 35 * 24 * 3600.0
LOCK_WAIT = 15.0
LOCK_HOLD = 90.0  # longer than all calls of an event, and of one before it, may take together
# How much later than Genvoris's own beginning of a period its payment comes at most.
LATE = timedelta(days=3)


class Attempt:
    """One delivery of an event, while the shopper's lock is held.

    Args:
        store: Holds the records. Without one nothing is recorded.
        key: The key of the event's record.
        owner: The shop's id of the shopper.
        event_id: The billing system's id of the event.
        ledger: The shopper's ledger; read from the store by default.
    """

    def __init__(
        self,
        store: Store | None = None,
        key: str = "",
        owner: str = "",
        event_id: str | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self._store = store
        self._key = key
        self._owner = owner
        self._event_id = event_id
        self._is_first = False
        self._ledger = ledger or (read_ledger(store, owner) if store else Ledger())
        self._record: Record = read_record(store, key) if store else {}
        if self._is_open and not self.is_done:
            self._record = dict(self._ledger.open or {})

    @property
    def is_done(self) -> bool:
        """Whether an earlier delivery carried the event out."""
        return "done_for" in self._record

    @property
    def customer_id(self) -> str | None:
        """The customer for whom the event was carried out.

        None if it was not carried out, or if Genvoris knew no such customer.
        """
        return self._record.get("done_for")

    @property
    def has_started(self) -> bool:
        """Whether this or an earlier delivery has recorded what it was about to do."""
        return "period_start" in self._record

    @property
    def change(self) -> Change | None:
        """The change that was recorded at the start."""
        return Change.load(self._record["change"]) if "change" in self._record else None

    @property
    def superseded(self) -> set[Field]:
        """The fields that events have set which first came after this one."""
        turn = self._record.get("turn")
        return set() if turn is None else self._ledger.superseded(turn, self.change or Change())

    def start(self, before: Customer | None, change: Change) -> None:
        """Record the event's turn, its change, and the customer's state before it."""
        self._is_first = True
        self._open(
            {
                "turn": self._record.get("turn", self._ledger.turn + 1),
                "period_start": period_of(before),
                "plan_before": before.plan_id if before else None,
                "change": change.dump(),
            }
        )

    def resume(self, change: Change) -> None:
        """Continue what an earlier delivery started; the state that it recorded still counts."""
        if not self._is_open:
            self._open({"turn": 0, **self._record, "change": change.dump()})

    def has_filled(self, now: Customer | None) -> bool:
        """Return whether a period has begun since an earlier delivery started."""
        earlier = self.has_started and not self._is_first
        return earlier and now is not None and period_of(now) != self._record.get("period_start")

    def finish(self, customer_id: str | None) -> None:
        """Record that the event was carried out, or keep that record for longer."""
        if self._store is None:
            return
        done = {"done_for": customer_id, "turn": self._record.get("turn", 0)}
        self._write_record(done)  # first, so that the event is never carried out again
        if self._is_open:
            self._ledger.finish(done["turn"], self._event_id)
            self._write_ledger()
        self._record = done

    def reserve_turn(self) -> None:
        """Record only the event's turn: it has had no effect yet."""
        turn = self._record.get("turn", self._ledger.turn + 1)
        self._record = {"turn": turn}
        self._write_record(self._record)
        self._ledger.turn = max(self._ledger.turn, turn)
        if self._is_open:
            self._ledger.open = None
        self._write_ledger()

    @contextmanager
    def reserving_turn_if_refused(self) -> Iterator[None]:
        """Reserve the turn if Genvoris refuses what no earlier delivery can have done."""
        try:
            yield
        except (ApiError, UnknownPriceError) as error:
            has_no_effect = isinstance(error, UnknownPriceError) or error.status < 500
            if has_no_effect and (self._is_first or not self.has_started):
                self.reserve_turn()
            raise

    def interrupted(self) -> Attempt | None:
        """Return another event of the shopper that was started and has not been finished."""
        if self._store is None or self._ledger.open is None or self._is_open:
            return None
        noted = self._ledger.open
        return Attempt(self._store, noted["key"], self._owner, noted.get("event_id"), self._ledger)

    @property
    def _is_open(self) -> bool:
        return self._ledger.open is not None and self._ledger.open["key"] == self._key

    def _open(self, record: Record) -> None:
        self._record = record
        self._ledger.start({"key": self._key, "event_id": self._event_id, **record})
        self._write_ledger()

    def _write_record(self, record: Record) -> None:
        if self._store:
            self._store.set(self._key, json.dumps(record).encode(), KEEP_SECONDS)

    def _write_ledger(self) -> None:
        if self._store:
            write_ledger(self._store, self._owner, self._ledger)


class IdempotencyStore:
    """The records of all events.

    Args:
        store: Holds them. It must be shared by all processes that sell.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextmanager
    def attempt(self, call: str, external_id: str, event_id: str | None) -> Iterator[Attempt]:
        """Yield the delivery of an event while the shopper's lock is held.

        Without an event id nothing is locked or recorded.

        Raises:
            ValueError: The event id is not a string, or is empty.
            StoreUnavailableError: The store does not answer. Deliver the event again.
            LockTimeoutError: Another delivery for this shopper took too long. Deliver it again.
        """
        if event_id is None:
            yield Attempt()
            return
        check_event_id("event_id", event_id)
        try:
            with self._store.lock(f"billing:{external_id}", wait=LOCK_WAIT, hold=LOCK_HOLD):
                key = _event_key(call, external_id, event_id)
                yield Attempt(self._store, key, external_id, event_id)
        except LockTimeoutError:
            raise LockTimeoutError(
                "Another event of the same shopper is still being handled. Nothing was done: "
                "answer with an error, so that your billing system delivers this one again."
            ) from None
        except StoreUnavailableError as error:
            raise StoreUnavailableError(
                "The store of GENVORIS_STORE_URL does not answer, so whether this event was "
                "handled before is unknown. Answer with an error, so that your billing system "
                f"delivers it again; nothing will happen twice. ({error})"
            ) from None

    def is_done(self, call: str, external_id: str, event_id: str) -> bool:
        """Return whether an event was carried out.

        Raises:
            ValueError: The event id is not a string, or is empty.
        """
        check_event_id("event_id", event_id)
        return "done_for" in read_record(self._store, _event_key(call, external_id, event_id))

    def latest_sale(self, external_id: str) -> str | None:
        """Return the id of the event that last filled the quota, if it is known."""
        return read_ledger(self._store, external_id).sale


def check_event_id(name: str, value: object) -> None:
    """Raise ValueError for an id that is not a string, or that all events would share."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a non-empty string: use str(order.id).")


def _event_key(call: str, external_id: str, event_id: str) -> str:
    return "billing:" + digest(f"{call}\n{external_id}\n{event_id}")


def period_of(customer: Customer | None) -> str | None:
    """Return the start of a customer's period as text."""
    start = customer.period_start if customer else None
    return start.isoformat() if start else None


class PaidPeriods:
    """Remembers the latest period of each shopper that was begun for a payment.

    Args:
        store: Holds them.
        clock: Returns the time in Unix seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def is_rolled(self, shopper: Shopper, customer: Customer | None) -> bool:
        """Return whether Genvoris has begun the current period by itself in the last three days."""
        start = customer.period_start if customer else None
        if start is None:
            return False
        age = datetime.fromtimestamp(self._clock(), UTC) - start
        if not timedelta(0) <= age <= LATE:
            return False
        noted = self._store.get(_key(shopper))
        return noted is None or noted.decode() != period_of(customer)

    def note(self, shopper: Shopper, customer: Customer) -> None:
        """Note that the current period is paid for."""
        if start := period_of(customer):
            self._store.set(_key(shopper), start.encode(), KEEP_SECONDS)


def _key(shopper: Shopper) -> str:
    return "billing:period:" + digest(shopper.external_id)
