"""The shop of ``queue_shop``, for ``rq worker``, ``celery -A`` and ``flask`` to load."""

from __future__ import annotations

from tests.support.queue_shop import create_app

app = create_app()
celery_app = app.extensions.get("celery")
