"""The end of a process, and processes that end as soon as one piece of work is done.

The latter are children of ``multiprocessing``, workers of a process pool, or RQ's fork for a job.
They may end without running exit handlers, so nothing can be left to a thread in them. A server
forks its workers too, so whoever asks must know that no request is being handled.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable

_loaded_in = os.getpid()


def is_short_lived() -> bool:
    """Return whether this process was forked, or started, by another one for a piece of work."""
    return os.getpid() != _loaded_in or is_child_of_multiprocessing() or _is_job_of_rq()


def is_child_of_multiprocessing() -> bool:
    """Return whether this process was started by ``multiprocessing``."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


def run_at_exit(function: Callable[[], object]) -> None:
    """Call a function once when this process ends, even if its parent has done the same."""
    atexit.unregister(function)  # a forked process inherits that of its parent
    atexit.register(function)
    if is_child_of_multiprocessing():  # which ends without the functions of atexit
        from multiprocessing import util

        util.Finalize(None, function, exitpriority=0)


def _is_job_of_rq() -> bool:
    # It imports the shop after its fork, so that the fork itself cannot be seen here.
    rq = sys.modules.get("rq.job")
    return rq is not None and rq.get_current_job() is not None
