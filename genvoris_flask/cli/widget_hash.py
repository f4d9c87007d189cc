"""``flask genvoris widget-hash``."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from .failures import this_shop
from .output import json_option, show_json, show_table

COLUMNS = {"name": "FILE", "hashed_name": "SERVED AS", "bytes": "BYTES", "integrity": "INTEGRITY"}


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
