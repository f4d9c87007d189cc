"""Makes a try-on in a process that is a worker of an engine."""

from __future__ import annotations

import logging

from flask import Flask

from ...core.tryon.jobs.durable import DurableJobQueue
from ...errors import ConfigurationError, StoreUnavailableError
from ..state import get_state

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")


def run_job(app: Flask, job_id: str) -> None:
    """Make a try-on in this process, which is a worker of the engine.

    Raises:
        ConfigurationError: This process's app has no engine.
    """
    jobs = get_state(app).jobs
    if not isinstance(jobs, DurableJobQueue):
        raise ConfigurationError(
            "A worker was sent a try-on, but its app has GENVORIS_QUEUE unset: give workers the "
            "same settings as the shop."
        )
    try:
        jobs.run(job_id)
    except StoreUnavailableError as error:
        log.warning("Try-on %s could not be begun, and will be sent again: %s", job_id, error)
