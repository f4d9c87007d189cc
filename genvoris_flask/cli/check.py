"""``flask genvoris check``."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from ..diagnosis import diagnose
from .failures import this_shop
from .output import json_option, show_json


@click.command(short_help="Say what is wrong with this shop's set-up.")
@json_option
@with_appcontext
def check(as_json: bool) -> None:
    """Say what is wrong with this shop's set-up, if anything; exit status 1 if so."""
    findings = []
    for finding in diagnose(this_shop()):
        findings.append(finding)
        if not as_json:
            well = click.style("ok   ", fg="green")
            mark = well if finding.ok else click.style("wrong", fg="red")
            click.echo(f"{mark}  {finding.name}: {finding.text}")
    if as_json:
        show_json([asdict(finding) for finding in findings])
    if not all(finding.ok for finding in findings):
        sys.exit(1)
