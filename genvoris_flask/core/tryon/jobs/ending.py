"""Ends jobs that any process may end, once each, and gives back what they held."""

from __future__ import annotations

from contextlib import suppress

from ....errors import LockTimeoutError
from ..models import INTERRUPTED, Done, Failure, Job, JobResult
from . import OnFailure, OnNoPicture
from .records import JobRecords
from .unfinished import UnfinishedJobs


class JobEnding:
    """Ends jobs. Every call may raise ``StoreUnavailableError``, and can be repeated.

    Args:
        records: The jobs and their results.
        unfinished: What is kept until a job has ended.
        on_no_picture: Called with what a try-on counted against if it ends without a picture.
        on_failure: Called when a job is ended that is not made any more.
    """

    def __init__(
        self,
        records: JobRecords,
        unfinished: UnfinishedJobs,
        on_no_picture: OnNoPicture,
        on_failure: OnFailure,
    ) -> None:
        self._records = records
        self._unfinished = unfinished
        self._on_no_picture = on_no_picture
        self._on_failure = on_failure

    def end(self, job: Job, result: JobResult, picture: bytes | None = None) -> bool:
        """End a job, unless it has ended or was removed; return whether this is its result."""
        is_its_result = self._records.end(job, result, picture)
        self.close(job.id)
        return is_its_result

    def interrupt(self, job_id: str) -> None:
        """End a job that is not made any more."""
        job = self._records.find(job_id, "")
        is_open = job and job.result is None
        if job and is_open and self._records.end(job, INTERRUPTED, None):
            self._on_failure(INTERRUPTED)
        self.close(job_id)

    def close(self, job_id: str) -> None:
        """Give back what a job held that has ended: its photo, its slot, a guest's day."""
        job = self._records.find(job_id, "")
        result = job and job.result
        if ticket := self._unfinished.ticket(job_id):
            if ticket.counted and not isinstance(result, Done):
                with suppress(LockTimeoutError):  # it comes back by itself
                    self._on_no_picture(ticket.counted)
            if ticket.key and result and not isinstance(result, Failure):
                self._records.write_key(ticket.owner, ticket.key, job_id, settled=True)
            self._records.free_slot(ticket.slot, job_id)
        self._unfinished.forget(job_id)
