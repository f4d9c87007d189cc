"""Transactions of the ledger: opened per process, repeated after conflicts, errors in our terms."""

from __future__ import annotations

import functools
import math
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ...errors import LedgerUnavailableError
from ..concurrency.per_process import PerProcess
from ..jitter import jitter

T = TypeVar("T")

Mode = Literal["durable", "fast", "read"]

ATTEMPTS = 6
# Names in a connection's ``info``: what its next transaction does, how SQLite writes, and whether
# it overwrites what is deleted.
MODE, LEVEL, OVERWRITES = "genvoris_mode", "genvoris_level", "genvoris_overwrites"
# When a pooled connection was last used; it is tried again after so many seconds.
USED_AT, IDLE_SECONDS = "genvoris_used_at", 5.0
# Seconds that SQLite waits for another writer. A writer holds the database for about a millisecond.
SQLITE_TIMEOUT = 15.0
# Milliseconds that it waits for readers to empty its log, while nobody else can write.
_LOG_TIMEOUT = 500
# Deadlock, serialization failure, lock timeout; by SQLSTATE and by MySQL's numbers.
_CONFLICT_STATES = {"40001", "40P01", "55P03"}
_CONFLICT_NUMBERS = {1205, 1213, 1020}


class Database:
    """Runs work in transactions.

    Args:
        target: A database URL, or a function that returns the shop's own engine.
        sleep: Waits between two attempts, in seconds.
    """

    def __init__(
        self, target: str | Callable[[], Engine], *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._engine = PerProcess(
            (lambda: open_engine(target)) if isinstance(target, str) else target
        )
        self._sleep = sleep

    @property
    def engine(self) -> Engine:
        """This process's engine."""
        return self._engine.get()

    def run(self, work: Callable[[Connection], T], mode: Mode = "durable") -> T:
        """Run work in a transaction of its own and return what it returns.

        It is run again if another transaction got in its way, so it must have no other effects.

        Args:
            work: What to do.
            mode: Whether it only reads; and if not, whether what it writes must survive a power
                failure. Whatever it writes survives the end of this process.

        Raises:
            LedgerUnavailableError: The database cannot be reached, or cannot be written.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.engine.connect() as connection:
                    connection.info[MODE] = mode
                    with connection.begin():
                        _overwrite_deleted(connection)
                        return work(connection)
            except SQLAlchemyError as error:
                if attempt == ATTEMPTS or not is_conflict(error):
                    raise unavailable(error) from error
            self._sleep(0.005 * 2**attempt * jitter(0.5, 1.5))
        raise AssertionError("unreachable")

    def empty_log(self) -> bool:
        """Empty SQLite's write-ahead log, which has rows as they were before they were deleted.

        Servers do so by themselves (PostgreSQL, MySQL, MariaDB); nothing is done there.

        Returns:
            False if it is not empty, since others read or write meanwhile. It will be by the time
            the last connection is closed.
        """
        if self.engine.dialect.name != "sqlite":
            return True
        try:
            with (
                closing(self.engine.raw_connection()) as pooled,
                closing(pooled.cursor()) as cursor,
            ):
                (usual,) = cursor.execute("PRAGMA busy_timeout").fetchone()
                cursor.execute(f"PRAGMA busy_timeout = {_LOG_TIMEOUT}")
                try:
                    ((is_busy, *_),) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                finally:
                    cursor.execute(f"PRAGMA busy_timeout = {usual}")
        except (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error):
            return False
        return not is_busy


def _overwrite_deleted(connection: Connection) -> None:
    """Have SQLite overwrite what is deleted, which many builds of it leave in the file."""
    if connection.dialect.name == "sqlite" and OVERWRITES not in connection.info:
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
        connection.info[OVERWRITES] = True


def open_engine(target: str | URL) -> Engine:
    """Return an engine for a database URL.

    SQLite gets a write-ahead log, so that readers and the writer do not wait for each other, and a
    transaction that begins with its first statement. It waits for the disk only where a power
    failure must not undo what was written.
    """
    url = make_url(target)
    if url.get_backend_name() != "sqlite":
        # PostgreSQL's default: a transaction that has waited for a lock sees what was written.
        engine = create_engine(url, isolation_level="READ COMMITTED")
        _ping_idle_connections(engine)
        return engine
    engine = create_engine(url, connect_args={"timeout": SQLITE_TIMEOUT})

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy's "begin" below replaces the driver's
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.info.pop(MODE, "durable")
        if mode == "read":
            connection.exec_driver_sql("BEGIN")
            return
        level = "NORMAL" if mode == "fast" else "FULL"
        if connection.info.get(LEVEL) != level:
            connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
            connection.info[LEVEL] = level
        # A transaction that reads first and writes later could find that it must not write.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _ping_idle_connections(engine: Engine) -> None:
    """Replace connections that the server has closed meanwhile.

    One that was used a moment ago is not asked first, as ``pool_pre_ping`` would.
    """

    @event.listens_for(engine, "checkin")
    def note(_raw: Any, record: Any) -> None:
        record.info[USED_AT] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ping(raw: Any, record: Any, _proxy: object) -> None:
        idle = time.monotonic() - record.info.get(USED_AT, math.inf)
        if IDLE_SECONDS < idle < math.inf and not _is_alive(engine, raw):
            raise DisconnectionError  # the pool connects anew


def _is_alive(engine: Engine, raw: Any) -> bool:
    try:
        return engine.dialect.do_ping(raw)
    except engine.dialect.loaded_dbapi.Error:
        return False


def insert_if_absent(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with the same unique key exists; return whether it was inserted."""
    result = connection.execute(
        _insert_statement(connection.dialect.name, table),
        values,
        execution_options={"preserve_rowcount": True},
    )
    return result.rowcount == 1


@functools.cache  # building a statement takes longer than running it
def _insert_statement(dialect: str, table: Table) -> Any:
    match dialect:
        case "postgresql":
            return postgresql.insert(table).on_conflict_do_nothing().inline()
        case "sqlite":
            return sqlite.insert(table).on_conflict_do_nothing().inline()
        case "mysql" | "mariadb":
            # Unlike IGNORE, this does not also hide values that do not fit.
            key = next(iter(table.primary_key.columns))
            return mysql.insert(table).on_duplicate_key_update({key.name: key}).inline()
    raise LedgerUnavailableError(
        f"The ledger does not support {dialect} databases. Use SQLite, PostgreSQL, MySQL or "
        "MariaDB for GENVORIS_DATABASE_URL."
    )


def is_conflict(error: SQLAlchemyError) -> bool:
    """Return whether a transaction failed because of another one, and may be run again."""
    if not isinstance(error, DBAPIError):
        return False
    cause: Any = error.orig
    if isinstance(cause, sqlite3.OperationalError):
        return "locked" in str(cause)
    state = getattr(cause, "sqlstate", None)
    number = cause.args[0] if cause is not None and cause.args else None
    return state in _CONFLICT_STATES or number in _CONFLICT_NUMBERS


def unavailable(error: SQLAlchemyError) -> LedgerUnavailableError:
    """Return our error for one of the database's. Statements and values are left out of it."""
    if isinstance(error, PoolTimeoutError):
        reason = "all of its connections are in use"
    else:
        cause = error.orig if isinstance(error, DBAPIError) else error
        reason = f"{type(cause).__name__}"
    return LedgerUnavailableError(
        f"The ledger's database refused ({reason}), and nothing was changed. Look at its own log, "
        "and at `flask genvoris check`."
    )
