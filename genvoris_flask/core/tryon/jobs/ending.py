"""Ends jobs that any process may end, once each, and gives back what they held."""

from __future__ import annotations

from contextlib import suppress

from ....errors import LockTimeoutError
from ..models import INTERRUPTED, Done, Failure, Job, JobResult
from . import OnFailure, OnNoPicture
from .records import JobRecords
from .unfinished import Ticket, UnfinishedJobs


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

    def end(
        self, job: Job, result: JobResult, picture: bytes | None = None, *, has_run: bool = False
    ) -> bool:
        """End a job, unless it has ended or was removed; return whether this is its result.

        Args:
            job: The job.
            result: What became of it.
            picture: Its picture.
            has_run: As for ``interrupt``.
        """
        if not isinstance(result, Done) and not has_run:
            self._give_back(self._unfinished.ticket(job.id))  # before anybody can try again
        is_its_result = self._records.end(job, result, picture)
        self.close(job.id, result)
        return is_its_result

    def interrupt(self, job_id: str, *, has_run: bool = False) -> None:
        """End a job that is not made any more.

        Args:
            job_id: The job's id.
            has_run: Whether the shop's own engine ran until its owner cancelled it, so it counts.
        """
        job = self._records.find(job_id, "")
        if job is None or job.result:
            self.close(job_id, has_run=has_run)
        elif self.end(job, INTERRUPTED, has_run=has_run):
            self._on_failure(INTERRUPTED)

    def close(self, job_id: str, made: JobResult | None = None, *, has_run: bool = False) -> None:
        """Give back what a job held that has ended: its photo, its slot, a guest's day.

        Args:
            job_id: The job's id.
            made: What became of it, though its owner may have removed it; None if unknown.
            has_run: As for ``interrupt``.
        """
        job = self._records.find(job_id, "")
        result = job.result if job else None
        if ticket := self._unfinished.ticket(job_id):
            was_given_back = made is not None and not isinstance(made, Done)
            if not was_given_back and not self._is_counted(job_id, result or made, has_run):
                self._give_back(ticket)
            if ticket.key and result and not isinstance(result, Failure):
                self._records.write_key(ticket.owner, ticket.key, job_id, settled=True)
            self._records.free_slot(ticket.slot, job_id)
        self._unfinished.forget(job_id)

    def _give_back(self, ticket: Ticket | None) -> None:
        """Give back a try-on without a picture. To do it again changes nothing."""
        if ticket and ticket.counted:
            with suppress(LockTimeoutError):  # it comes back by itself
                self._on_no_picture(ticket.counted)

    def _is_counted(self, job_id: str, result: JobResult | None, has_run: bool) -> bool:
        """Return whether a job counts: it has a picture, or it was removed and may have had one."""
        if result:
            return isinstance(result, Done)
        return has_run or self._records.may_be_charged(job_id)
