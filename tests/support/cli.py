"""Runs the commands of ``flask genvoris`` with any release of click."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner
from flask import Flask

from genvoris_flask.cli import genvoris as commands

# Before 8.2 click mixes both outputs unless it is told otherwise.
_OPTIONS: dict[str, Any] = (
    {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
)


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it printed."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """All that it printed."""
        return self.stdout + self.stderr


def run_command(app: Flask, *arguments: str, typed: str | None = None) -> Ran:
    """Run ``flask genvoris …`` for an app."""
    runner = app.test_cli_runner(**_OPTIONS)
    result = runner.invoke(commands, list(arguments), input=typed)
    return Ran(result.exit_code, result.stdout, result.stderr)
