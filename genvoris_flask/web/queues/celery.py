"""Sends try-ons to the workers of the shop's own Celery app, as Flask's documentation has it."""

from __future__ import annotations

import time
from collections.abc import Callable

from celery import Celery, shared_task
from flask import Flask
from kombu.exceptions import OperationalError

from ...core.tryon.jobs import BrokerError
from ...core.tryon.jobs.durable import WAITING_SECONDS
from ...errors import ConfigurationError
from ..compat import get_app
from .running import run_job

PAUSE = 5.0  # seconds without another attempt, after the broker did not answer
PING_SECONDS = 2.0
NO_CELERY = (
    'GENVORIS_QUEUE = "celery" needs the shop\'s own Celery app in app.extensions["celery"], as '
    "https://flask.palletsprojects.com/patterns/celery/ sets it up."
)


@shared_task(name="genvoris_flask.make_tryon", ignore_result=True)  # type: ignore[untyped-decorator]
def make_tryon(job_id: str) -> None:
    """Make a try-on."""
    run_job(get_app(), job_id)


class CeleryBroker:
    """A ``Broker`` for Celery.

    Args:
        app: The shop.
        queue: The name of the queue; None leaves it to Celery's routing.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self, app: Flask, queue: str | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._queue = queue
        self._clock = clock
        self._retry_at = float("-inf")

    def send(self, job_id: str) -> None:
        """Send a job.

        Raises:
            BrokerError: Celery's broker cannot be reached, or could not a moment ago.
            ConfigurationError: The shop has no Celery app.
        """
        if self._clock() < self._retry_at:  # its clients try for seconds, and a shopper waits
            raise BrokerError("Celery's broker did not answer a moment ago, so it is not asked.")
        task = self._celery().tasks[make_tryon.name]
        options = {"queue": self._queue} if self._queue else {}
        try:
            task.apply_async((job_id,), expires=WAITING_SECONDS, retry=False, **options)
        except OperationalError as error:
            self._retry_at = self._clock() + PAUSE
            # The error's own text may name the broker's URL, and with it a password.
            raise BrokerError(f"Celery's broker is unavailable ({type(error).__name__}).") from None

    def has_worker(self) -> bool:
        """Return whether any worker answers.

        Raises:
            BrokerError: Celery's broker cannot be reached.
            ConfigurationError: The shop has no Celery app.
        """
        try:
            return bool(self._celery().control.ping(timeout=PING_SECONDS))
        except OperationalError as error:
            raise BrokerError(f"Celery's broker is unavailable ({type(error).__name__}).") from None

    def _celery(self) -> Celery:
        celery: Celery | None = self._app.extensions.get("celery")
        if celery is None:
            raise ConfigurationError(NO_CELERY)
        return celery
