"""``flask genvoris sandbox``."""

from __future__ import annotations

import sys

import click


@click.command(
    short_help="Start a local Genvoris for development.",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(arguments: tuple[str, ...]) -> None:
    """Start a local Genvoris for development (--help lists its options)."""
    try:
        from ..sandbox.__main__ import main
    except ImportError as error:
        raise click.ClickException(str(error)) from None
    sys.exit(main(arguments, prog="flask genvoris sandbox"))
