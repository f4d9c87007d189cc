"""What one process keeps of jobs whose end is written down."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

from .task import Task

MAX_FINISHED = 200  # pictures that wait to be fetched, which bounds the memory of the store
RECENT_SECONDS = 30.0
MAX_RECENT = 16  # which bounds the memory of the process


class FinishedJobs:
    """Jobs that ended, until they are deleted, and for a moment all that was written of them.

    The store may lose a picture before it is fetched; its process can then write it again.

    Args:
        ttl: Seconds that a finished job is kept.
    """

    def __init__(self, ttl: float) -> None:
        self._ttl = ttl
        self._recent_seconds = min(ttl / 2, RECENT_SECONDS)
        self._ends: deque[tuple[float, str]] = deque()
        self._recent: OrderedDict[str, Task] = OrderedDict()
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        """Return whether any is to be deleted some time."""
        return bool(self._ends)

    def add(self, task: Task) -> None:
        """Keep a task whose end was written down."""
        with self._lock:
            self._ends.append((task.ended_at, task.job.id))
            self._recent[task.job.id] = task
            if len(self._recent) > MAX_RECENT:
                self._recent.popitem(last=False)

    def find_recent(self, job_id: str, now: float) -> Task | None:
        """Return the task of a job that ended a moment ago."""
        task = self._recent.get(job_id)
        return task if task and task.ended_at > now - self._recent_seconds else None

    def recent(self, now: float) -> list[Task]:
        """Return the tasks that ended a moment ago, and drop the others."""
        with self._lock:
            for task in list(self._recent.values()):
                if task.removed or task.ended_at <= now - self._recent_seconds:
                    del self._recent[task.job.id]
            return list(self._recent.values())

    def pop_expired(self, now: float) -> str | None:
        """Return the id of a job that is to be deleted, once; None if there is none."""
        with self._lock:
            is_over = self._ends and self._ends[0][0] <= now - self._ttl
            if is_over or len(self._ends) > MAX_FINISHED:
                return self._ends.popleft()[1]
            return None
