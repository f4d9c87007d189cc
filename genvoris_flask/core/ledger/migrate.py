"""Creates the ledger's tables and brings them up to date, with Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from . import changed_settings as changed_settings  # its table is part of the metadata
from . import figures_schema as figures_schema  # its tables are part of the metadata
from .schema import VERSION_TABLE

SCRIPTS = str(Path(__file__).parent / "migrations")


def upgrade(engine: Engine, to: str = "head") -> tuple[str | None, str | None]:
    """Bring the tables up to date; return the versions before and after.

    Tables of other names are left alone. Doing it again changes nothing.

    Args:
        engine: The database.
        to: The version; the latest by default.
    """
    with engine.begin() as connection:
        before = current_version(connection)
        command.upgrade(_config(connection), to)
        return before, current_version(connection)


def versions() -> list[str]:
    """Return all versions of the tables, the oldest first."""
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    found = ScriptDirectory.from_config(config).walk_revisions()
    return [script.revision for script in found][::-1]


def pending(engine: Engine) -> bool:
    """Return whether the tables are missing or not up to date."""
    with engine.connect() as connection:
        head = ScriptDirectory.from_config(_config(connection)).get_current_head()
        return current_version(connection) != head


def current_version(connection: Connection) -> str | None:
    """Return the version of the tables; None if there are none."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    return config
