"""Jobs that outlive the process that took them, run by workers of an existing engine.

The engine carries ids alone; the photo is in the store, sealed. What became of a job, and whether
it is to be sent to the engine again, is decided through the store, so engines need no promises of
their own: one that loses a message, or delivers it twice, does no harm.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from ....errors import LockTimeoutError, StoreUnavailableError
from ...concurrency.per_process import PerProcess
from ...images.photos import Picture
from ...storage.interface import Sealer, Store, digest
from ..models import Done, Job, Rerun, TryOnRequest
from . import (
    ADDRESS_FACTOR,
    Broker,
    BrokerError,
    BusyError,
    OnFailure,
    OnNoPicture,
    QueueLoad,
    Removal,
    Run,
    TooManyJobsError,
)
from .attempts import HEARTBEAT_SECONDS, Attempts
from .ending import JobEnding
from .records import JobRecords
from .unfinished import Ticket, UnfinishedJobs
from .watch import Watch

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")

WAITING_SECONDS = 600.0  # that a job may wait for a worker
# A job that is not begun so long after it was sent is sent again, and then after growing pauses,
# since all workers may be busy.
RESEND_SECONDS = 10.0
MAX_RESEND_SECONDS = 300.0
MAX_ATTEMPTS = 5  # a photo that kills its worker must not kill one after the other


class DurableJobQueue:
    """A ``JobQueue`` whose jobs are run by an engine's workers.

    Args:
        store: Shared by all processes.
        broker: Sends jobs to the engine's workers.
        run: Makes a try-on; called in a worker.
        on_no_picture: Called with what a try-on counted against if it ends without a picture.
        on_failure: Called once with a failure that ``run`` did not return.
        sealer: Keeps what is about people from others who can read the store.
        photo_sealer: Returns what seals the request of a job.
        max_unfinished: How many jobs may be unfinished.
        per_owner: How many unfinished jobs one owner may have.
        ttl: Seconds that a finished job is kept.
        max_runtime: Seconds after which a running job fails.
        clock: The wall clock, in Unix seconds.
        monotonic: A clock that is never set, in seconds.
        interval: Seconds between two heartbeats, and two looks at unfinished jobs.
    """

    def __init__(
        self,
        store: Store,
        broker: Broker,
        run: Run,
        on_no_picture: OnNoPicture,
        *,
        on_failure: OnFailure = lambda _failure: None,
        sealer: Sealer,
        photo_sealer: Callable[[str], Sealer],
        max_unfinished: int = 100,
        per_owner: int = 2,
        ttl: float = 600.0,
        max_runtime: float = 600.0,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        interval: float = HEARTBEAT_SECONDS,
    ) -> None:
        seconds = WAITING_SECONDS + max_runtime
        records = self._records = JobRecords(store, ttl, sealer)
        unfinished = self._unfinished = UnfinishedJobs(store, sealer, photo_sealer, seconds)
        ending = self._ending = JobEnding(records, unfinished, on_no_picture, on_failure)
        self.broker = broker
        self._max_unfinished = max_unfinished
        self._unfinished_count = 0
        self._per_owner = per_owner
        self._per_address = min(per_owner * ADDRESS_FACTOR, max(1, max_unfinished - 1))
        self._clock = clock
        self._attempts = Attempts(
            records,
            unfinished,
            ending,
            run,
            on_failure,
            max_runtime=max_runtime,
            clock=clock,
            monotonic=monotonic,
            interval=interval,
        )
        self._watch = PerProcess(
            lambda: Watch(self.look_after, self._has_unfinished, monotonic, interval)
        )

    def submit(
        self,
        owner: str,
        request: TryOnRequest,
        key: str | None = None,
        *,
        address: str | None = None,
        on_new: Callable[[], object] = lambda: None,
    ) -> Job:
        """Queue a try-on; see ``JobQueue``.

        Raises:
            StoreUnavailableError: The photo has nowhere to wait.
        """
        owner = digest(owner)
        job = Job(secrets.token_urlsafe(16), owner, request.product, self._clock(), worker="")
        holder = digest(f"address:{address}") if address else owner
        limit = self._per_address if address else self._per_owner
        try:
            with self._records.lock(owner):
                known = self._records.job_of_key(owner, key, "") if key else None
                if isinstance(known, Rerun):
                    request = replace(request, rerun=known)
                elif known:
                    if known.result is None:
                        self._unfinished.ensure(known.id)
                    return known
                on_new()
                self._accept(job, request, key, holder, limit)
        except LockTimeoutError:
            raise BusyError("Another try-on of this shopper is being started.") from None
        self._watch.get().ensure()
        return job

    def find(self, job_id: str, owner: str) -> Job | None:
        """Return a job of this owner; see ``JobQueue``."""
        job = self._records.find(job_id, "")
        if job is None:
            self._records.check_missing(job_id)
        if job is None or job.owner != digest(owner):
            return None
        if job.result is None:
            self._unfinished.ensure(job_id)
            self._watch.get().ensure()
        return job

    def picture(self, job: Job) -> Picture | None:
        """Return the picture of a job; see ``JobQueue``."""
        if not isinstance(job.result, Done):
            return None
        data = self._records.picture(job.id)
        return Picture(data, job.result.mimetype, job.result.quota) if data else None

    def remove(self, job_id: str, owner: str) -> Removal | None:
        """Forget a job and its picture; see ``JobQueue``."""
        job = self.find(job_id, owner)
        if job is None:
            return None
        if job.result:
            self._records.erase(job_id)
            return "deleted"
        is_free = self._records.cancel(job_id)
        self._records.erase(job_id)
        self._unfinished.drop_request(job_id)
        # A worker that makes it holds its slot, whatever became of its job.
        if not self._unfinished.is_claimed(job_id):
            self._ending.close(job_id)
        return "cancelled" if is_free else "under_way"

    def load(self) -> QueueLoad:
        """Return how busy the engine's queue was when this process last looked."""
        return QueueLoad(self._unfinished_count, self._max_unfinished)

    def run(self, job_id: str) -> None:
        """Make a job in this process, which is a worker of the engine.

        Raises:
            StoreUnavailableError: It could not be begun. It will be sent again.
        """
        self._watch.get().ensure()
        self._attempts.run(job_id)

    def _accept(
        self, job: Job, request: TryOnRequest, key: str | None, holder: str, limit: int
    ) -> None:
        """Write a job down and send it. The caller holds its owner's lock.

        Whenever this process dies, a slot that was taken lapses or the job is complete.
        """
        unfinished, records = self._unfinished, self._records
        slot = records.take_slot(holder, job, limit)
        if slot is None:
            raise TooManyJobsError("This shopper has too many unfinished try-ons.")
        try:
            unfinished.write(job.id, request, Ticket(job.owner, key, slot, request.counted))
            records.write(job, unfinished.seconds)
            if key:
                records.write_key(job.owner, key, job.id)
            unfinished.add(job.id, self._max_unfinished)
            records.keep_slot(slot, job, unfinished.seconds)
            if unfinished.take_sending(job.id, RESEND_SECONDS):
                self.broker.send(job.id)
        except BrokerError as error:
            self._withdraw(job, slot)
            log.error("The engine does not take try-ons: %s", error)  # noqa: TRY400
            raise BusyError("The engine does not take try-ons.") from None
        except BaseException:
            self._withdraw(job, slot)
            raise

    def _withdraw(self, job: Job, slot: str) -> None:
        """Forget a job that was not accepted; its key may name another one."""
        with suppress(StoreUnavailableError):  # then it is complete, and made if it is asked for
            self._records.forget(job.id)
            self._records.free_slot(slot, job.id)
            self._unfinished.forget(job.id)

    def look_after(self) -> bool:
        """Send jobs again that nobody makes; return whether any is unfinished.

        It happens by itself while there are jobs.
        """
        ids = self._ids()
        if ids and self._unfinished.take_watch():
            for job_id in ids:
                try:
                    self._look_at(job_id)
                except BrokerError as error:
                    log.error("The engine does not take try-ons: %s", error)  # noqa: TRY400
                    break
        return bool(ids)

    def _has_unfinished(self) -> bool:
        return bool(self._ids())

    def _ids(self) -> list[str]:
        ids = self._unfinished.ids()
        self._unfinished_count = len(ids)
        return ids

    def _look_at(self, job_id: str) -> None:
        if self._unfinished.is_claimed(job_id) or self._records.is_unreadable(job_id):
            return
        job = self._records.find(job_id, "")
        if job is None or job.result:
            self._ending.close(job_id)
        elif not self._unfinished.has_request(job_id):
            log.error("Try-on %s found no worker in time.", job_id)
            self._ending.interrupt(job_id)
        elif self._unfinished.attempts(job_id) >= MAX_ATTEMPTS:
            log.error("Try-on %s ended its worker %d times; it is given up.", job_id, MAX_ATTEMPTS)
            self._ending.interrupt(job_id)
        else:
            age = self._clock() - job.created_at
            pause = min(max(RESEND_SECONDS, age), MAX_RESEND_SECONDS)
            if self._unfinished.take_sending(job_id, pause):
                log.info("Try-on %s is sent to a worker again.", job_id)
                self.broker.send(job_id)
