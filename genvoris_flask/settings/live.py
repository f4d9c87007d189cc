"""Settings that were changed while the shop runs, in each of its processes.

A thread looks every two seconds whether there are new ones. No page waits for it, but for the first
one of a process, which waits for a moment. While the database is away, the last known ones apply.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..core.concurrency.per_process import PerProcess, ProcessLock
from ..core.concurrency.threads import RunAgain, WorkerPool
from ..core.concurrency.weak_methods import while_in_use
from ..errors import LedgerUnavailableError
from .changeable import (
    CHANGEABLE,
    Changeable,
    in_order,
    plain,
    refuse_long,
    with_changes,
    with_good_changes,
)
from .model import Settings

if TYPE_CHECKING:  # imports SQLAlchemy, an extra
    from sqlalchemy import Connection

    from ..core.ledger.changed_settings import ChangedSettings, Changes

log: logging.Logger = logging.getLogger("genvoris_flask.settings")

POLL_SECONDS = 2.0
FIRST_WAIT = 0.5  # seconds that the first page of a process waits at most


class _Reading:
    """The first reading of one process."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.until = time.monotonic() + FIRST_WAIT
        self.has_started = False
        self.last = -math.inf
        self.lock = threading.Lock()


class LiveSettings:
    """The settings of ``app.config``, with what was changed since laid over them.

    Args:
        base: The settings of ``app.config`` and the environment.
        table: Has the changes.
        apply: Is given the settings whenever they change.
        reads_here: Returns whether this process may end without notice, so that no thread reads.
        poll_seconds: After how many seconds a process looks for changes.

    Attributes:
        base: The settings of ``app.config`` and the environment.
        table: Has the changes.
        problems: Why changes do not apply, by key.
    """

    def __init__(
        self,
        base: Settings,
        table: ChangedSettings,
        apply: Callable[[Settings], None],
        *,
        reads_here: Callable[[], bool] = lambda: False,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self.base = base
        self.table = table
        self.problems: dict[str, str] = {}
        self._apply = apply
        self._reads_here = reads_here
        self._poll_seconds = poll_seconds
        self._version = 0
        self._is_failing = False
        self._refreshing = ProcessLock()
        self._reading = PerProcess(_Reading)
        self._started_in: int | None = None
        # It only reads, so the end of the process need not wait for it.
        self._pool = WorkerPool("genvoris-settings", threads=1, grace=0.0)

    def start(self) -> None:
        """Look for changes from now on, in this process."""
        if self._started_in == os.getpid():
            return
        reading = self._reading.get()
        if self._reads_here():
            if time.monotonic() - reading.last >= self._poll_seconds:
                reading.last = time.monotonic()
                self._look()
            return
        with reading.lock:
            is_first, reading.has_started = not reading.has_started, True
        if is_first:
            try:
                self._pool.submit(while_in_use(self._run, reading))
            except RuntimeError as error:  # the system has no thread left
                reading.has_started = False
                log.warning("Changed settings are not read yet: %s", error)
                return
        reading.is_over.wait(max(0.0, reading.until - time.monotonic()))
        self._started_in = os.getpid()

    def refresh(self) -> None:
        """Look for changes now.

        Raises:
            LedgerUnavailableError: The database cannot be used.
        """
        with self._refreshing:
            if self.table.version() != self._version:
                self._use(self.table.read())

    def change(self, new: Mapping[str, Any], *, actor: str, version: int | None = None) -> None:
        """Change settings for all processes, all of them or none.

        Args:
            new: The values by key, as in ``app.config``. None returns a setting to its default,
                ``REMOVED`` to ``app.config``.
            actor: Who changes them, for the audit log.
            version: The version that the values were decided upon.

        Raises:
            ConfigurationError: A setting may not be changed, or some values do not go together.
            OutdatedChangeError: There is a newer version.
            LedgerUnavailableError: The database cannot be used.
        """
        from ..core.ledger.audit import Change, write_entry  # imports SQLAlchemy, an extra

        def record(connection: Connection, before: Changes, after: Changes, now: datetime) -> None:
            for key, old, new in self._differences(before, after):
                change = Change(actor, "setting.change", key)
                write_entry(connection, now, change, old, new)

        def check(values: Mapping[str, Any]) -> None:
            # What has become wrong since it was stored must not be in the way of others.
            good = {k: v for k, v in values.items() if k in new or k not in self.problems}
            with_changes(self.base, good)
            refuse_long({key: value for key, value in values.items() if key in new})

        self.table.change(new, check=check, record=record, version=version)
        self.refresh()

    def _differences(
        self, before: Changes, after: Changes
    ) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
        """Yield each setting that was changed, with what applied before and what applies now."""
        keys = before.values.keys() | after.values.keys()
        old, _ = with_good_changes(self.base, before.values)
        new, _ = with_good_changes(self.base, after.values)
        for key in in_order(keys):
            if before.values.get(key, self) != after.values.get(key, self) and key in CHANGEABLE:
                declared = CHANGEABLE[key]
                first, last = plain(getattr(old, declared.name)), plain(getattr(new, declared.name))
                yield key, _recorded(declared, first, last), _recorded(declared, last, first)

    def _use(self, changes: Changes) -> None:
        settings, self.problems = with_good_changes(self.base, changes.values)
        self._apply(settings)
        self._version = changes.version
        for key, problem in self.problems.items():
            log.error("%s was changed while the shop ran, and is ignored: %s", key, problem)

    def _run(self, reading: _Reading) -> RunAgain:
        self._look()
        reading.is_over.set()
        return RunAgain(self._poll_seconds)

    def _look(self) -> None:
        try:
            self.refresh()
            self._is_failing = False
        except LedgerUnavailableError as error:
            if not self._is_failing:  # one line for each attempt would flood the log
                self._is_failing = True
                log.warning("Changed settings cannot be read; the last known apply: %s", error)


def _recorded(declared: Changeable, value: Any, other: Any) -> dict[str, Any]:
    """Return a value as the audit log has it: of many texts, those that differ from another's."""
    if declared.kind != "wording":
        return {"value": value}
    return {
        f"{language} {key}": text
        for language, texts in value.items()
        for key, text in texts.items()
        if other.get(language, {}).get(key) != text
    }
