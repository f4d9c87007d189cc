"""The shop of ``marked_shop``, for ``rq worker`` and ``celery -A`` to load."""

from __future__ import annotations

from tests.support.marked_shop import create_app

app = create_app()
celery_app = app.extensions.get("celery")
