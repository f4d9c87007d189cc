"""Types of columns that are the same in SQLite, PostgreSQL, MySQL and MariaDB."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, String
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

# The longest key that every supported database can index.
ID_LENGTH = 255


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored as UTC without an offset and with microseconds."""

    impl: type[DateTime] = DateTime
    cache_ok: bool = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Ask MySQL for microseconds, which it drops by default."""
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the time to store."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the stored time."""
        return None if value is None else value.replace(tzinfo=UTC)


class ExactText(TypeDecorator[str]):
    """A string in MySQL and MariaDB, which by default ignore case, and spaces at the end.

    The one collation that both have for exact comparisons ignores these spaces as well. So what
    ends with one is stored with a mark after it.
    """

    impl: type[mysql.VARCHAR] = mysql.VARCHAR
    cache_ok: bool = True
    _MARK = "\x1f"

    def __init__(self) -> None:
        super().__init__(ID_LENGTH, charset="utf8mb4", collation="utf8mb4_bin")

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the text to store."""
        return value + self._MARK if value and value.endswith((" ", self._MARK)) else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the stored text."""
        return value.removesuffix(self._MARK) if value else value


def id_type() -> Any:
    """Return the type of an id, which is compared exactly in all databases."""
    return String(ID_LENGTH).with_variant(ExactText(), "mysql", "mariadb")


def row_id_type() -> Any:
    """Return the type of a row's number; SQLite counts only in a column of its type INTEGER."""
    return BigInteger().with_variant(Integer, "sqlite")
