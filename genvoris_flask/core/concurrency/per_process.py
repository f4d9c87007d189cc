"""Things that must not cross a fork: sockets, threads and the locks between them.

A web server that forks after loading the app would otherwise share one connection among its
workers, and a worker could read the answer that belongs to another's shopper.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class ProcessLock:
    """A lock that is free in a forked child, whoever held it in the parent.

    For what a child may go on with as it was; what may be half-changed is made anew by
    ``PerProcess``. It is made on first use in each process, since gevent replaces the kind of
    locks after its worker was forked: who waits for one of the old kind stops all the others.
    """

    def __init__(self) -> None:
        self._lock: threading.Lock | None = None
        self._making = threading.Lock()
        _everything.add(self)

    def acquire(self, blocking: bool = True) -> bool:
        """Take it; False when it was not to be waited for and somebody has it."""
        return self._get().acquire(blocking)

    def release(self) -> None:
        """Give it back."""
        self._get().release()

    def __enter__(self) -> None:
        self._get().acquire()

    def __exit__(self, *_error: object) -> None:
        self._get().release()

    def _get(self) -> threading.Lock:
        if self._lock is None:
            with self._making:
                if self._lock is None:
                    self._lock = threading.Lock()
        return self._lock

    def _unlock_after_fork(self) -> None:
        self._lock = None
        self._making = threading.Lock()


class PerProcess(Generic[T]):
    """Makes a thing on first use, and anew in every process that uses it."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: tuple[int, T] | None = None
        self._lock = threading.Lock()
        _everything.add(self)

    def get(self) -> T:
        """Give this process's own."""
        made = self._made
        if made is not None and made[0] == os.getpid():
            return made[1]
        with self._lock:
            if self._made is None or self._made[0] != os.getpid():
                self._made = (os.getpid(), self._make())
            return self._made[1]

    def _unlock_after_fork(self) -> None:
        # A lock that another thread held at the time of the fork would stay locked for ever.
        self._lock = threading.Lock()


_everything: weakref.WeakSet[PerProcess[Any] | ProcessLock] = weakref.WeakSet()


def _after_fork() -> None:
    for each in _everything:
        each._unlock_after_fork()  # noqa: SLF001  (this module's own class)


os.register_at_fork(after_in_child=_after_fork)
