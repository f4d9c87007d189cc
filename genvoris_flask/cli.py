"""``flask genvoris …``."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from .diagnosis import diagnose
from .state import get_state


@click.group()
def genvoris() -> None:
    """Virtual try-on by Genvoris."""


@genvoris.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(arguments: tuple[str, ...]) -> None:
    """Start a local Genvoris for development (--help lists its options)."""
    try:
        from .sandbox.__main__ import main
    except ImportError as error:
        raise click.ClickException(str(error)) from None
    sys.exit(main(arguments))


@genvoris.command()
@with_appcontext
def check() -> None:
    """Say what is wrong with this shop's set-up, if anything; exit status 1 if so."""
    wrong = 0
    for finding in diagnose(get_state(current_app)):
        mark = click.style("ok   ", fg="green") if finding.ok else click.style("wrong", fg="red")
        click.echo(f"{mark}  {finding.name}: {finding.text}")
        wrong += not finding.ok
    if wrong:
        sys.exit(1)
