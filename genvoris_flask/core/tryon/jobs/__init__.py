"""Try-ons as jobs: started by one request, and followed by others until there is a picture.

Here is what a queue of jobs can do, which is all that routes know. ``local`` is the queue that runs
jobs on threads of the process that took them, and ``durable`` the one that leaves them to workers
of an engine such as RQ or Celery. ``records`` is what both share through the store, so that every
process can answer for every job.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from ....errors import GenvorisError
from ...images.photos import Picture
from ..daily_limit import CountedTryon
from ..models import Failure, Job, Outcome, TryOnRequest

LONGEST_WAIT = 120.0  # seconds that a job is postponed; then its shopper is told to come back
RETRY_AFTER = 5  # seconds, for BusyError and TooManyJobsError
# Homes and offices share an address, so its guests have as many slots as five shoppers.
ADDRESS_FACTOR = 5

# Makes a try-on, on whichever thread. It is called again later if it raises TryOnPostponedError, or
# the job fails as ``shop_budget``, if that would be too late.
Run = Callable[[TryOnRequest], Outcome]
# Called with what a try-on counted against if it ends without a picture, unless its process dies.
OnNoPicture = Callable[[CountedTryon], object]
# Called once with a failure that ``Run`` did not return, since the try-on had to wait for too long,
# or its worker is lost. It must not raise.
OnFailure = Callable[[Failure], object]
# What became of a job that was removed: it had ended; nothing is charged; it may be charged.
Removal = Literal["deleted", "cancelled", "under_way"]


class BusyError(GenvorisError):
    """The queue is full."""


class TooManyJobsError(GenvorisError):
    """The owner has as many unfinished jobs as one owner may have."""


class JobExpiredError(GenvorisError):
    """The job of an Idempotency-Key is over and forgotten. It is not run again."""


@dataclass(frozen=True)
class QueueLoad:
    """How busy the queue of a process is.

    Attributes:
        unfinished: Jobs that wait or run, and threads that are busy with a job given up.
        capacity: How many there may be.
        is_stuck: Whether all threads are busy with jobs that were given up.
        is_ending: Whether the process ends and takes no more jobs.
    """

    unfinished: int
    capacity: int
    is_stuck: bool = False
    is_ending: bool = False


class BrokerError(GenvorisError):
    """The engine cannot be reached, or takes nothing."""


class Broker(Protocol):
    """Sends jobs to the workers of an engine."""

    def send(self, job_id: str) -> None:
        """Have one of the workers run a job: ``DurableJobQueue.run``, in an app's context.

        Raises:
            BrokerError: The engine does not take it.
            StoreUnavailableError: So does the engine's Redis, which is the shop's own.
        """

    def has_worker(self) -> bool:
        """Return whether any worker listens.

        Raises:
            BrokerError: The engine cannot be asked.
            StoreUnavailableError: Its Redis, which is the shop's own, cannot be asked.
        """


class JobQueue(Protocol):
    """Runs try-ons as jobs and remembers their results for a while.

    Every job ends exactly once, and all processes of the shop see the same end. The job of a
    process that died ends as ``interrupted``.
    """

    def submit(
        self,
        owner: str,
        request: TryOnRequest,
        key: str | None = None,
        *,
        address: str | None = None,
        on_new: Callable[[], object] = lambda: None,
    ) -> Job:
        """Queue a try-on.

        Args:
            owner: Who may see the job.
            request: What to try on. It holds the photo, so it is dropped as early as possible.
            key: The Idempotency-Key. For a day, the same key of the same owner is the same job,
                except that a failed job is run again.
            address: A guest's address. Guests at one address share a limit, since a guest
                without cookies is a new owner in every request.
            on_new: Called before a job is made, but not for a repeat. What it raises is raised.

        Raises:
            BusyError: The queue is full.
            TooManyJobsError: The owner, or the address, has too many unfinished jobs.
            JobExpiredError: The key's job was removed, or is over and forgotten.
        """

    def find(self, job_id: str, owner: str) -> Job | None:
        """Return a job of this owner; to others it does not exist.

        Raises:
            StoreUnavailableError: Another process has the job, and the store is unavailable.
        """

    def picture(self, job: Job) -> Picture | None:
        """Return the picture of a job.

        Raises:
            StoreUnavailableError: Another process has the job, and the store is unavailable.
        """

    def remove(self, job_id: str, owner: str) -> Removal | None:
        """Forget a job and its picture. A queued job is never run.

        Returns:
            What became of it, or None if this owner has no such job.

        Raises:
            StoreUnavailableError: Another process has the job, and the store is unavailable.
        """

    def load(self) -> QueueLoad:
        """Return how busy the queue is, without asking the store."""
