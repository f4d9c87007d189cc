"""``flask genvoris settings``: what was changed while the shop runs, over ``app.config``."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ..errors import ConfigurationError, see
from ..settings.changeable import find_changeable, in_order
from ..settings.export import Format, export_settings
from ..settings.live import LiveSettings
from ..settings.reading import PREFIX
from .output import FILLED, json_option, show_json, show_table, this_shop

COMMAND_LINE = "flask genvoris settings"  # in the audit log
COLUMNS = {"key": "SETTING", "value": "VALUE", "problem": "IGNORED BECAUSE"}


@click.group()
def settings() -> None:
    """What was changed while the shop runs, over app.config."""


@settings.command("list")
@json_option
@with_appcontext
def list_settings(as_json: bool) -> None:
    """List the settings that were changed, and those that no longer apply."""
    live = _live()
    changes = live.table.read()
    rows = [
        {"key": key, "value": changes.values[key], "problem": live.problems.get(key)}
        for key in in_order(changes.values)
    ]
    if as_json:
        show_json(rows)
    else:
        show_table(rows, COLUMNS, "All settings are those of app.config and the environment.")


@settings.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["python", "env", "json"]),
    default="python",
    show_default=True,
    help="For app.config, an environment file, or programs.",
)
@with_appcontext
def export(form: Format) -> None:
    """Write the changed settings as configuration, without any key or secret."""
    text = export_settings(_live().table.read().values, form)
    click.echo(text, nl=False)
    if not text:
        click.echo("No setting was changed, so there is nothing to export.", err=True)


@settings.command()
@click.argument("name", type=FILLED)
@with_appcontext
def reset(name: str) -> None:
    """Return the setting NAME to what app.config and the environment say.

    NAME is as in app.config, with or without GENVORIS_. The change is written to the audit log.
    """
    live = _live()
    key = PREFIX + name.strip().upper().removeprefix(PREFIX)
    if key not in live.table.read().values:
        find_changeable(key)
        click.echo(f"{key} was not changed, so it is what app.config and the environment say.")
        return
    from ..core.ledger.changed_settings import REMOVED  # imports SQLAlchemy, an extra

    live.change({key: REMOVED}, actor=COMMAND_LINE)
    click.echo(f"{key} is again what app.config and the environment say, in all processes.")


def _live() -> LiveSettings:
    found = this_shop().live
    if found is None:
        raise ConfigurationError(
            "Settings can be changed while the shop runs only if it has a database: set "
            f"GENVORIS_DATABASE_URL ({see('billing.md')})."
        )
    return found
