"""Remembers which try-ons are whose, so that all of somebody's can be found."""

from __future__ import annotations

import json
from contextlib import suppress

from ...errors import StoreUnavailableError
from ..storage.interface import Store, digest
from ..tryon.jobs import JobQueue
from ..tryon.models import Job

MAX_JOBS = 500  # of one owner; the oldest are dropped first
MARGIN = 3600.0  # seconds beyond the time that a job can be found


class OwnJobs:
    """The try-ons of each owner, for as long as they are kept.

    Args:
        store: Shared by all processes.
        jobs: Has the try-ons.
        seconds: How long a finished try-on is kept.
    """

    def __init__(self, store: Store, jobs: JobQueue, seconds: float) -> None:
        self._store = store
        self._jobs = jobs
        self._seconds = seconds + MARGIN

    def add(self, owner: str, job_id: str) -> None:
        """Remember a try-on. While the store is away it can't be found, and expires by itself."""
        key = _key(owner)
        with suppress(StoreUnavailableError):
            is_written = False
            while not is_written:
                before = self._store.get(key)
                ids = [each for each in _read(before) if each != job_id][1 - MAX_JOBS :]
                value = json.dumps([*ids, job_id]).encode()
                if before is None:
                    is_written = self._store.add(key, value, self._seconds)
                else:
                    is_written = self._store.replace(key, value, self._seconds, expected=before)

    def of(self, owner: str) -> list[Job]:
        """Return somebody's try-ons, the oldest first.

        Raises:
            StoreUnavailableError: They cannot be found now.
        """
        return [job for job_id in self.ids(owner) if (job := self._jobs.find(job_id, owner))]

    def ids(self, owner: str) -> list[str]:
        """Return the ids of somebody's try-ons, some of which may be over, the oldest first.

        Raises:
            StoreUnavailableError: They cannot be found now.
        """
        return _read(self._store.get(_key(owner)))

    def cancel_waiting(self, owner: str) -> None:
        """Delete those of somebody's try-ons that have not begun, with their photos.

        Raises:
            StoreUnavailableError: Call it again.
        """
        for job in self.of(owner):
            if job.state == "queued":
                self._jobs.remove(job.id, owner)

    def remove_all(self, owner: str) -> tuple[int, int]:
        """Delete somebody's try-ons and pictures; one that is under way gives no picture.

        Returns:
            How many were deleted, and how many of them are still being made.

        Raises:
            StoreUnavailableError: Call it again.
        """
        removals = [self._jobs.remove(job.id, owner) for job in self.of(owner)]
        self._store.delete(_key(owner))
        return len(removals), removals.count("under_way")


def _key(owner: str) -> str:
    return f"jobs-of:{digest(owner)}"


def _read(raw: bytes | None) -> list[str]:
    try:
        found = json.loads(raw or b"[]")
    except ValueError:
        return []
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
