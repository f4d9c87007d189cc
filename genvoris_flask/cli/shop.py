"""A shop's own set-up: the commands ``check``, ``widget-hash`` and ``sandbox``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from ..core.built_widget import find_folder
from ..web.health_checks import Finding, diagnose
from ..web.state import SwitchedOffError, get_state
from .output import Failure, json_option, show_json, show_table, this_shop

JSON_FIELDS = ("name", "ok", "text", "warning")
COLUMNS = {"name": "FILE", "hashed_name": "SERVED AS", "bytes": "BYTES", "integrity": "INTEGRITY"}


@click.command(short_help="Check this shop's set-up.")
@json_option
@with_appcontext
def check(as_json: bool) -> None:
    """Check this shop's set-up, explain problems, and exit with status 1 if there are any.

    What works but deserves attention is marked `warn`, and doesn't change the exit status.
    """
    findings = []
    for finding in _findings():
        findings.append(finding)
        if not as_json:
            click.echo(f"{_mark(finding)}  {finding.name}: {finding.text}")
    if as_json:
        show_json([{key: asdict(each)[key] for key in JSON_FIELDS} for each in findings])
    if not all(finding.ok for finding in findings):
        sys.exit(1)


def _findings() -> Iterator[Finding]:
    try:
        state = get_state()
    except SwitchedOffError as error:
        yield Finding("enabled", True, f"{error} Nothing else was looked at.", warning=True)
    except RuntimeError as error:
        raise Failure(str(error)) from None
    else:
        yield from diagnose(state)


def _mark(finding: Finding) -> str:
    if not finding.ok:
        return click.style("wrong", fg="red")
    return (
        click.style("warn ", fg="yellow") if finding.warning else click.style("ok   ", fg="green")
    )


@click.command("widget-hash", short_help="Name the widget's files and their integrity.")
@json_option
@with_appcontext
def widget_hash(as_json: bool) -> None:
    """Print names and integrity hashes of the widget's files, for a CDN or a strict policy."""
    assets = {asset.name: asset for asset in this_shop().assets.by_name.values()}
    rows = [
        {
            "name": asset.name,
            "hashed_name": asset.hashed_name,
            "bytes": len(asset.body),
            "integrity": asset.integrity,
        }
        for asset in assets.values()
    ]
    if as_json:
        show_json(rows)
    else:
        show_table(rows, COLUMNS, "There are no files.")


@click.command("widget-types", short_help="Print the widget's TypeScript declarations.")
def widget_types() -> None:
    """Print the TypeScript declarations of window.Genvoris and the widget's events."""
    click.echo((find_folder() / "widget.d.ts").read_text(encoding="utf-8"), nl=False)


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
