"""``flask genvoris check``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from ..web.health_checks import Finding, diagnose
from ..web.state import SwitchedOffError, get_state
from .failures import Failure
from .output import json_option, show_json


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
        show_json([asdict(finding) for finding in findings])
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
