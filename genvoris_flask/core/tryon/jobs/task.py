"""What one process knows of a job that it runs, or has not written down yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ..daily_limit import CountedTryon
from ..models import Cancellation, Failure, Job, JobResult, TryOnRequest


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
        unseen: Whether another process had told its owner that it failed.
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
    unseen: bool = False

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


def find_repeat(tasks: Iterable[Task], task: Task) -> Job | None:
    """Return the job of one of some tasks that another task is a repeat of."""
    for each in tasks:
        if each.is_repeat_of(task) and not isinstance(each.result, Failure):
            return each.view() or each.job
    return None


def count_unfinished(tasks: Iterable[Task], holder: str) -> int:
    """Return how many of some tasks have not ended and use slots of one holder."""
    return sum(each.result is None for each in tasks if each.holder == holder)
