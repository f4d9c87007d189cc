"""The jobs that one process has in hand: those that it makes, and those not yet written down."""

from __future__ import annotations

import logging
import secrets
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ...errors import StoreUnavailableError
from .job_store import JobStore
from .models import Failure, Job, JobResult, Outcome

log = logging.getLogger("genvoris_flask.tryon")

BEAT_SECONDS = 2.5  # well within a lease, so that one lost beat kills nobody
MAX_ENDED = 200  # pictures that wait to be fetched, so that memory stays bounded

Work = Callable[[], Outcome]


@dataclass
class Task:
    """A job in hand.

    Attributes:
        job: What is known of it.
        work: What makes its picture, and holds its photo; None once nobody needs them.
        key: Its Idempotency-Key.
        holder: Whose places it takes: its owner's, or those of all guests at an address.
        without_picture: To be called if it ends without one.
        slot: The place that it holds in the store.
        ending: How it ended, while the store does not know it.
        picture: With that ending.
        ended_at: When, in Unix seconds.
        started_at: When it began to run, in Unix seconds.
        cancelled: Whether its owner does not want it any more.
        over: Whether it has ended without this process: deleted or given up.
    """

    job: Job
    work: Work | None = field(repr=False)
    key: str | None = None
    holder: str = ""
    without_picture: Callable[[], None] = field(default=lambda: None, repr=False)
    slot: str | None = None
    result: JobResult | None = None
    picture: bytes | None = field(default=None, repr=False)
    ended_at: float = 0.0
    started_at: float | None = None
    cancelled: bool = False
    over: bool = False

    def cancel(self) -> None:
        """Let go of the photo at once; the job never runs, or its picture is thrown away."""
        self.cancelled = True
        self.work = None


class Desk:
    """Keeps what the process has in hand, and beats for it: this lives, and these are its jobs.

    Args:
        store: Where jobs are written down.
        threads: How many jobs run at once.
        ttl: Seconds that an ended job is kept.
        patience: Seconds after which a job that still runs has failed; its thread is lost until it
            comes back.
        clock: The wall clock, in Unix seconds.
    """

    def __init__(
        self,
        store: JobStore,
        threads: int,
        ttl: float,
        patience: float,
        clock: Callable[[], float],
    ) -> None:
        self.worker = secrets.token_hex(8)
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="genvoris-tryon")
        self.lock = threading.Lock()
        self.tasks: dict[str, Task] = {}
        # Counted apart: a job that was removed holds its place until a thread is free.
        self.pending = 0
        self._store = store
        self._ttl = ttl
        self._patience = patience
        self._clock = clock
        self._ended: deque[tuple[float, str]] = deque()
        beating = threading.Thread(target=_beat_on, args=(weakref.ref(self),), daemon=True)
        beating.name = "genvoris-beat"
        beating.start()

    def add(self, task: Task) -> None:
        """Take a job in hand."""
        with self.lock:
            self.tasks[task.job.id] = task

    def find(self, job_id: str) -> Job | None:
        """Give a job that is in hand."""
        task = self.tasks.get(job_id)
        if task is None or task.cancelled or task.over:
            return None
        return task.job.with_result(task.result) if task.result else task.job

    def is_cancelled(self, job_id: str) -> bool:
        """Say whether a job is in hand that its owner does not want."""
        task = self.tasks.get(job_id)
        return task is not None and task.cancelled

    def run(self, task: Task) -> None:
        """Note that a job runs now."""
        task.started_at = self._clock()
        task.job = replace(task.job, state="running")
        try:
            self._store.keep(task.job)
        except StoreUnavailableError:
            log.debug("A try-on runs while the store is away; the next beat writes it down.")

    def end(self, task: Task, result: JobResult, picture: bytes | None) -> None:
        """Write an ending down, or keep it at hand until the store is back."""
        task.result, task.picture, task.ended_at = result, picture, self._clock()
        with self.lock:
            self.pending -= 1
        try:
            self._put_away(task)
        except StoreUnavailableError:
            log.debug("A try-on ended while the store is away; a later beat writes it down.")

    def drop(self, task: Task) -> None:
        """Let go of a job that nobody wants."""
        with self.lock:
            self.pending -= 1
            self.tasks.pop(task.job.id, None)
        if task.slot:
            try:
                self._store.free_slot(task.slot, task.job.id)
            except StoreUnavailableError:
                log.debug("A place ends by itself.")

    def beat(self) -> None:
        """Tell the store what is in hand, write down what it missed, forget what is over."""
        with self.lock:
            tasks = list(self.tasks.values())
        try:
            if tasks:
                self._store.keep_worker(self.worker)
            for task in tasks:
                if task.result:
                    self._put_away(task)
                else:
                    self._keep(task)
            self._forget_old()
        except StoreUnavailableError:
            self._forget_unwritten()

    def _keep(self, task: Task) -> None:
        if task.started_at and self._clock() - task.started_at > self._patience:
            self._give_up(task)
        elif not task.cancelled and self._store.is_over(task.job.id):
            task.over, task.work = True, None
        elif not task.cancelled:
            self._store.keep(task.job)
        if task.slot:
            self._store.keep_slot(task.slot, task.job.id)

    def _give_up(self, task: Task) -> None:
        if not task.over and self._store.end(task.job, Failure("upstream_unreachable"), None):
            log.error("Try-on %s does not end; it has failed for its shopper.", task.job.id)
        task.over = True
        if task.slot:
            self._store.free_slot(task.slot, task.job.id)
            task.slot = None

    def _put_away(self, task: Task) -> None:
        result = task.result
        if result is None:
            return
        if task.cancelled:
            self._store.erase(task.job.id)
        elif self._store.end(task.job, result, task.picture):
            if task.key and not isinstance(result, Failure):
                self._store.keep_key(task.job.owner, task.key, task.job.id, settled=True)
            with self.lock:
                self._ended.append((task.ended_at, task.job.id))
        if task.slot:
            self._store.free_slot(task.slot, task.job.id)
        with self.lock:
            self.tasks.pop(task.job.id, None)
        self._forget_old()

    def _forget_old(self) -> None:
        before = self._clock() - self._ttl
        while True:
            with self.lock:
                due = self._ended and (self._ended[0][0] <= before or len(self._ended) > MAX_ENDED)
                if not due:
                    return
                _, job_id = self._ended.popleft()
            self._store.drop(job_id)

    def _forget_unwritten(self) -> None:
        before = self._clock() - self._ttl
        with self.lock:
            for task in list(self.tasks.values()):
                if task.result and task.ended_at <= before:
                    del self.tasks[task.job.id]


def _beat_on(desk: weakref.ref[Desk]) -> None:
    """Beat for as long as the desk is there."""
    while True:
        time.sleep(BEAT_SECONDS)
        there = desk()
        if there is None:
            return
        try:
            there.beat()
        except Exception:  # without a beat, all jobs of this process would count as dead
            log.exception("A heartbeat of the try-ons failed")
        del there
