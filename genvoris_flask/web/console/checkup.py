"""Runs the checks of ``flask genvoris check`` beside pages, and remembers what they found.

All processes share the last result, so that the console asks Genvoris as rarely as one person with
the command would, however many pages are opened.
"""

from __future__ import annotations

import functools
import json
import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict, dataclass, field

from ...core.concurrency.per_process import PerProcess
from ...core.concurrency.threads import WorkerPool
from ...core.storage.interface import Fallback, Store
from ...core.storage.memory_store import MemoryStore
from ..health_checks.finding import Finding

log: logging.Logger = logging.getLogger("genvoris_flask.console")

# Seconds. A check of everything takes one or two, or half a minute if Genvoris is away.
FRESH = 300.0
KEPT = 24 * 3600.0
RUNNING = 60.0
# However often somebody asks for it.
AT_LEAST = 10.0
RESULT, CLAIM = "console:check", "console:check:running"


@dataclass(frozen=True)
class Report:
    """What a check of everything has found.

    Attributes:
        at: When, in Unix seconds.
        findings: What was found, in the order of the checks.
    """

    at: float
    findings: tuple[Finding, ...]


@dataclass
class _Run:
    """The check that this process is making."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    future: Future[Report | None] | None = None


class Checkup:
    """Checks everything in the background.

    Args:
        store: Shared by all processes.
        clock: The wall clock, in Unix seconds.
        check: Checks everything. It may take long.
    """

    def __init__(
        self, store: Store, clock: Callable[[], float], check: Callable[[], Iterable[Finding]]
    ) -> None:
        self._stores: Fallback[Store] = Fallback(store, lambda: MemoryStore(clock))
        self._clock = clock
        self._check = check
        self._pool = WorkerPool("genvoris-console", 1, grace=0.0)
        self._run = PerProcess(_Run)

    def read(self, wait: float) -> Report | None:
        """Return the last result; None if there is none yet.

        One that is older than five minutes is replaced in the background.

        Args:
            wait: Seconds to wait at most for a new one.
        """
        known = self._stores.use(_read)
        if known is not None and self._clock() - known.at < FRESH:
            return known
        try:
            return self._start().result(wait) or known
        except TimeoutError:
            return known

    def forget(self) -> None:
        """Forget the last result, so that everything is checked again."""
        known = self._stores.use(_read)
        if known is not None and self._clock() - known.at >= AT_LEAST:
            self._stores.use(lambda store: store.delete(RESULT))

    def _start(self) -> Future[Report | None]:
        run = self._run.get()
        with run.lock:
            if run.future is None:
                run.future = Future()
                self._pool.submit(functools.partial(self._work, run, run.future))
            return run.future

    def _work(self, run: _Run, future: Future[Report | None]) -> None:
        report: Report | None = None
        try:
            report = self._stores.use(self._check_once)
        except Exception:  # such as one of the shop's own code
            log.exception("The console could not check whether all is well")
        finally:
            with run.lock:
                run.future = None
            future.set_result(report)

    def _check_once(self, store: Store) -> Report | None:
        """Check everything, unless another process is doing it."""
        if not store.add(CLAIM, b"1", RUNNING):
            return _read(store)
        try:
            report = Report(self._clock(), tuple(self._check()))
            store.set(RESULT, json.dumps(asdict(report)).encode(), KEPT)
            return report
        finally:
            store.delete(CLAIM)


def _read(store: Store) -> Report | None:
    with suppress(ValueError, TypeError, KeyError):  # of another version
        fields = json.loads(store.get(RESULT) or b"null")
        if fields is not None:
            return Report(fields["at"], tuple(Finding(**each) for each in fields["findings"]))
    return None
