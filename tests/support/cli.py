"""Running ``flask genvoris`` commands with any release of click."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner
from flask import Flask

from genvoris_flask.cli import genvoris as commands

# Before 8.2 click mixes stdout and stderr by default.
_OPTIONS: dict[str, Any] = (
    {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
)


@dataclass(frozen=True)
class CommandResult:
    """The exit code and the output of a command."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Both outputs."""
        return self.stdout + self.stderr


def run_command(app: Flask, *arguments: str, typed: str | None = None) -> CommandResult:
    """Run ``flask genvoris …`` for an app."""
    runner = app.test_cli_runner(**_OPTIONS)
    result = runner.invoke(commands, list(arguments), input=typed)
    return CommandResult(result.exit_code, result.stdout, result.stderr)


def list_outbox(app: Flask, *options: str) -> list[dict[str, Any]]:
    """Return what ``flask genvoris outbox list`` prints."""
    result = run_command(app, "outbox", "list", "--json", *options)
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows
