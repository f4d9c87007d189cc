"""What runs an app's try-ons: threads of this process, or the workers of RQ or Celery."""

from __future__ import annotations

import functools
from collections.abc import Callable

from flask import Flask

from ...core.tryon.daily_limit import DailyLimit
from ...core.tryon.jobs import Broker, JobQueue
from ...core.tryon.jobs.durable import DurableJobQueue
from ...core.tryon.jobs.local import LocalJobQueue
from ...settings import Settings
from ..callbacks import run_tryon
from ..figures import count_failure
from ..storage import Storage

# Seconds that a try-on needs beside its engine: token, usage, metering, fetching the picture.
RUNTIME_MARGIN = 60.0


def open_jobs(
    app: Flask,
    settings: Settings,
    storage: Storage,
    daily_limit: DailyLimit,
    clock: Callable[[], float],
) -> JobQueue:
    """Return the queue of GENVORIS_QUEUE. Nothing is connected yet.

    Args:
        app: The shop.
        settings: Its settings.
        storage: Where jobs are stored.
        daily_limit: Gets back what gave no picture.
        clock: The wall clock, in Unix seconds.
    """
    run = functools.partial(run_tryon, app)
    on_failure = functools.partial(count_failure, app)
    max_runtime = settings.tryon_timeout + RUNTIME_MARGIN
    if settings.queue == "threads":
        return LocalJobQueue(
            storage.store,
            run,
            daily_limit.without_picture,
            on_failure=on_failure,
            concurrency=settings.tryon_concurrency,
            per_owner=settings.tryons_per_shopper,
            ttl=settings.result_ttl,
            max_runtime=max_runtime,
            clock=clock,
            sealer=storage.sealer,
        )
    return DurableJobQueue(
        storage.store,
        _open_broker(app, settings, storage, max_runtime),
        run,
        daily_limit.without_picture,
        on_failure=on_failure,
        sealer=storage.sealer,
        photo_sealer=storage.photo_sealer,
        max_unfinished=settings.queue_size,
        per_owner=settings.tryons_per_shopper,
        ttl=settings.result_ttl,
        max_runtime=max_runtime,
        clock=clock,
    )


def _open_broker(app: Flask, settings: Settings, storage: Storage, max_runtime: float) -> Broker:
    if settings.queue == "celery":
        from .celery import CeleryBroker

        return CeleryBroker(app, settings.queue_name)
    from .rq import RqBroker

    assert storage.connection is not None  # noqa: S101  (checked with the settings)
    return RqBroker(storage.connection, settings.queue_name or "genvoris", max_runtime)
