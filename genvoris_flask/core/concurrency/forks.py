"""Recognises processes that end as soon as one piece of work is done.

Such as a child of ``multiprocessing``, a worker of a process pool, or RQ's fork for each job. They
may end without running exit handlers, so nothing can be left to a thread in them. A server forks
its workers too, so whoever asks must know that no request is being handled.
"""

from __future__ import annotations

import os
import sys

_loaded_in = os.getpid()


def is_short_lived() -> bool:
    """Return whether this process was forked, or started, by another one for a piece of work."""
    return os.getpid() != _loaded_in or is_child_of_multiprocessing() or _is_job_of_rq()


def is_child_of_multiprocessing() -> bool:
    """Return whether this process was started by ``multiprocessing``."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


def _is_job_of_rq() -> bool:
    # It imports the shop after its fork, so that the fork itself cannot be seen here.
    rq = sys.modules.get("rq.job")
    return rq is not None and rq.get_current_job() is not None
