"""What RQ's workers run, started by ``rq worker -w genvoris_flask.rq.Worker genvoris``."""

from __future__ import annotations

import functools
import os
from typing import Any

import rq
from flask import Flask, has_app_context
from flask.cli import ScriptInfo

from .web.compat import get_app
from .web.queues.running import run_job
from .web.warm_up import warm_up


class Worker(rq.Worker):
    """A worker that loads the shop once; RQ's own would load it anew for every try-on."""

    def work(self, *args: Any, **options: Any) -> bool:
        """Load the shop and all that try-ons need, then run jobs in forks."""
        warm_up(find_app())
        return super().work(*args, **options)


def make_tryon(job_id: str) -> None:
    """Make a try-on."""
    run_job(find_app(), job_id)


def find_app() -> Flask:
    """Return the current app, or the one that ``flask run`` would serve: see FLASK_APP."""
    return get_app() if has_app_context() else _load_app()


@functools.cache
def _load_app() -> Flask:
    return ScriptInfo(os.environ.get("FLASK_APP")).load_app()
