"""The ``flask genvoris`` commands (docs/cli.md).

Flask imports this module for every ``flask`` command of a shop. It only imports click; the commands
are imported when one of them runs, so that an error in this package or its dependencies never
breaks a command of the shop's own.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

# The module here of each command.
MODULES = {
    "check": "shop",
    "init": "init",
    "plans": "plans",
    "customers": "customers",
    "db": "ledger",
    "balance": "ledger",
    "journal": "ledger",
    "grant": "ledger",
    "expiring": "ledger",
    "catch-up": "ledger",
    "reconcile": "ledger",
    "charging": "charging",
    "outbox": "outbox",
    "stats": "stats",
    "privacy": "privacy",
    "settings": "settings",
    "sweep": "privacy",
    "usage": "customers",
    "sessions": "customers",
    "webhooks": "webhooks",
    "webhook-test": "webhooks",
    "widget-hash": "shop",
    "widget-types": "shop",
    "sandbox": "shop",
}


class GenvorisGroup(click.Group):
    """Imports commands lazily, and reports this package's errors as sentences."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, sorted as click sorts them."""
        return sorted({*MODULES, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a name, or None.

        Raises:
            click.ClickException: It cannot be imported.
        """
        if cmd_name not in MODULES:
            return super().get_command(ctx, cmd_name)
        module = _load(MODULES[cmd_name])
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _load("output").errors_as_sentences():
            try:
                return super().invoke(ctx)
            except ImportError as error:  # of what is imported on first use, such as httpx
                raise _broken_installation(error) from error


def _load(name: str) -> Any:
    try:
        return import_module(f".{name}", __name__)
    except Exception as error:
        raise _broken_installation(error) from error


def _broken_installation(error: Exception) -> click.ClickException:
    return click.ClickException(
        f"genvoris-flask cannot be loaded ({type(error).__name__}: {error}). Install it again, "
        "with what it depends on: pip install --upgrade --force-reinstall genvoris-flask"
    )


genvoris: GenvorisGroup = GenvorisGroup("genvoris", help="Virtual try-on by Genvoris.")
