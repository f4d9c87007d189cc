"""The types of all that a shop can import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import genvoris_flask

ROOT = Path(__file__).parent.parent
# As docs/versions.md lists them.
PUBLIC = [
    "genvoris_flask",
    "genvoris_flask.api",
    "genvoris_flask.errors",
    "genvoris_flask.signals",
    "genvoris_flask.testing",
    "genvoris_flask.webhooks.events",
]


def is_public(symbol: dict[str, Any]) -> bool:
    """Return whether a shop imports a symbol from where it is, or from where it is exported."""
    names = [symbol["name"], *symbol.get("alternateNames", [])]
    return any(name.rpartition(".")[0] in PUBLIC for name in names)


def test_public_api_is_typed() -> None:
    """Pyright knows the type of every public name, its arguments, attributes and results."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pyright", "--outputjson"),
            *("--ignoreexternal", "--verifytypes", "genvoris_flask"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    symbols = json.loads(done.stdout)["typeCompleteness"]["symbols"]
    public = {symbol["name"] for symbol in symbols if is_public(symbol)}
    assert {f"genvoris_flask.{name}" for name in genvoris_flask.__all__} <= public
    members = [
        symbol
        for symbol in symbols
        if symbol["name"] in public or symbol["name"].rpartition(".")[0] in public
    ]
    assert len(members) > 300
    untyped = {
        symbol["name"]: [each["message"] for each in symbol["diagnostics"]]
        for symbol in members
        if not symbol["isTypeKnown"] or symbol["isTypeAmbiguous"]
    }
    assert untyped == {}
