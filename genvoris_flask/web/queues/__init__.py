"""How try-ons reach the workers of an engine: RQ's, or those of the shop's own Celery app."""

from __future__ import annotations

from flask import Flask

from ...core.tryon.jobs import Broker
from ...settings import Settings
from ..storage import Storage


def open_broker(app: Flask, settings: Settings, storage: Storage, max_runtime: float) -> Broker:
    """Return what sends try-ons to the engine of GENVORIS_QUEUE. Nothing is connected yet.

    Args:
        app: The shop.
        settings: Its settings.
        storage: Where its store is.
        max_runtime: Seconds after which a try-on has failed.
    """
    if settings.queue == "celery":
        from .celery import CeleryBroker

        return CeleryBroker(app, settings.queue_name)
    from .rq import RqBroker

    assert storage.connection is not None  # noqa: S101  (checked with the settings)
    return RqBroker(storage.connection, settings.queue_name or "genvoris", max_runtime)
