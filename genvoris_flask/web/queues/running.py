"""Makes a try-on in a process that is a worker of an engine."""

from __future__ import annotations

from flask import Flask

from ...core.tryon.jobs.durable import DurableJobQueue
from ...errors import ConfigurationError
from ..state import get_state


def run_job(app: Flask, job_id: str) -> None:
    """Make a try-on in this process, which is a worker of the engine.

    Raises:
        ConfigurationError: This process's app has no engine.
        StoreUnavailableError: It could not be begun. It will be sent again.
    """
    jobs = get_state(app).jobs
    if not isinstance(jobs, DurableJobQueue):
        raise ConfigurationError(
            "A worker was sent a try-on, but its app has GENVORIS_QUEUE unset: give workers the "
            "same settings as the shop."
        )
    jobs.run(job_id)
