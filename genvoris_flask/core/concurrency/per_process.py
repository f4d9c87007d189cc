"""Objects that must not be shared across a fork: sockets, threads and their locks.

If a web server forks after it has loaded the app, its workers would otherwise share connections,
and one could read the response to another one's request.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class ProcessLock:
    """A lock that is free in a forked child, even if a thread of the parent held it.

    It is for state that a child can continue to use. State that another thread may have left half
    changed is created anew by ``PerProcess``.

    The lock is created on first use in each process, since gevent patches locks only after its
    worker was forked: a greenlet that waits for an unpatched lock blocks all others.
    """

    def __init__(self) -> None:
        self._lock: threading.Lock | None = None
        self._creating = threading.Lock()
        _instances.add(self)

    def acquire(self, blocking: bool = True) -> bool:
        """Acquire the lock. Return False if it is not free and ``blocking`` is false."""
        return self._get().acquire(blocking)

    def release(self) -> None:
        """Release the lock."""
        self._get().release()

    def __enter__(self) -> None:
        self._get().acquire()

    def __exit__(self, *_error: object) -> None:
        self._get().release()

    def _get(self) -> threading.Lock:
        if self._lock is None:
            with self._creating:
                if self._lock is None:
                    self._lock = threading.Lock()
        return self._lock

    def _unlock_after_fork(self) -> None:
        self._lock = None
        self._creating = threading.Lock()


class PerProcess(Generic[T]):
    """Creates an object on first use, and anew in every process.

    Args:
        make: Creates it.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: tuple[int, T] | None = None
        self._lock = threading.Lock()
        _instances.add(self)

    def get(self) -> T:
        """Return this process's own object."""
        made = self._made
        if made is not None and made[0] == os.getpid():
            return made[1]
        with self._lock:
            if self._made is None or self._made[0] != os.getpid():
                self._made = (os.getpid(), self._make())
            return self._made[1]

    def _unlock_after_fork(self) -> None:
        # A lock that another thread held during the fork would stay locked for ever.
        self._lock = threading.Lock()


_instances: weakref.WeakSet[PerProcess[Any] | ProcessLock] = weakref.WeakSet()


def _after_fork() -> None:
    for each in _instances:
        each._unlock_after_fork()  # noqa: SLF001  (a class of this module)


os.register_at_fork(after_in_child=_after_fork)
