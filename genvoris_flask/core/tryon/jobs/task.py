"""What one process knows of a job that it runs, or has not written down yet."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from ..daily_limit import CountedTryon
from ..models import Cancellation, Job, JobResult, TryOnRequest

RECENT_SECONDS = 30.0
MAX_RECENT = 16  # which bounds the memory


@dataclass
class Task:
    """A job that this process runs, or has not written down yet.

    Attributes:
        job: What is known of it.
        request: What to try on, with the photo; None once it is not needed.
        key: Its Idempotency-Key.
        holder: Whose slots it uses: its owner's, or those of an address.
        counted: What it counts against in a guest's day.
        slot: The slot that it uses in the store.
        started_at: When it began to run, on a monotonic clock.
        postponed_at: When it was first postponed, on that clock.
        cancellation: Whether its owner cancelled it for nothing, or it may be charged.
        picture: The picture, until it is written down.
        ended_at: When it ended, on a monotonic clock.
        result: How it ended.
        removed: Whether its owner removed it through this process.
        superseded: Whether another process ended or removed it.
    """

    job: Job
    request: TryOnRequest | None = field(repr=False)
    key: str | None
    holder: str
    counted: CountedTryon | None = None
    slot: str | None = None
    started_at: float | None = None
    postponed_at: float | None = None
    cancellation: Cancellation = field(default_factory=Cancellation)
    picture: bytes | None = field(default=None, repr=False)
    ended_at: float = 0.0
    result: JobResult | None = None
    removed: bool = False
    superseded: bool = False

    def view(self) -> Job | None:
        """Return the job as its owner sees it, or None if it is gone."""
        if self.removed or self.superseded:
            return None
        if self.result:
            return self.job.with_result(self.result)
        return replace(self.job, charging=self.cancellation.is_charging)

    def remove(self) -> bool:
        """Drop the photo at once. The job never runs, or its picture is thrown away.

        Returns:
            Whether charging had not begun, and never will.
        """
        self.removed, self.request, self.picture = True, None, None
        return self.cancellation.cancel()

    def is_repeat_of(self, other: Task) -> bool:
        """Return whether both have one Idempotency-Key of one owner."""
        return self.key is not None and (self.key, self.job.owner) == (other.key, other.job.owner)


class RecentTasks:
    """Tasks that ended a moment ago, in case the store loses them before they are fetched.

    Args:
        seconds: How long they are kept, or ``RECENT_SECONDS`` if that is less.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = min(seconds, RECENT_SECONDS)
        self._tasks: OrderedDict[str, Task] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, job_id: str, now: float) -> Task | None:
        """Return the task of a job, if it is still recent."""
        task = self._tasks.get(job_id)
        return task if task and task.ended_at > now - self._seconds else None

    def add(self, task: Task) -> None:
        """Keep a task that has ended."""
        with self._lock:
            self._tasks[task.job.id] = task
            if len(self._tasks) > MAX_RECENT:
                self._tasks.popitem(last=False)

    def kept(self, now: float) -> list[Task]:
        """Return those that are still recent, and forget the others."""
        with self._lock:
            for task in list(self._tasks.values()):
                if task.removed or task.ended_at <= now - self._seconds:
                    del self._tasks[task.job.id]
            return list(self._tasks.values())
