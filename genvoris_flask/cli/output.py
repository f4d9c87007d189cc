"""Printing results as tables or as JSON."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

GAP = "  "


def json_option(command: CommandT) -> CommandT:
    """Add ``--json`` to a command."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(
        command
    )


def show_json(value: Any) -> None:
    """Print JSON, with times in ISO 8601."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def show_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], empty: str) -> None:
    """Print a table.

    Args:
        rows: The rows.
        columns: The heading of each column, by the name of its value in a row.
        empty: Printed instead if there are no rows.
    """
    if not rows:
        click.echo(empty)
        return
    lines = [[as_cell(row[name]) for name in columns] for row in rows]
    widths = [
        max(len(cell) for cell in column)
        for column in zip(list(columns.values()), *lines, strict=True)
    ]
    numbers = [all(_is_number(row[name]) for row in rows) for name in columns]
    click.secho(_line(list(columns.values()), widths, numbers), bold=True)
    for line in lines:
        click.echo(_line(line, widths, numbers))


def show_fields(fields: Mapping[str, Any]) -> None:
    """Print the fields of a record, one per line."""
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        click.echo(f"{click.style(name.ljust(width), bold=True)}{GAP}{as_cell(value)}".rstrip())


def as_cell(value: Any) -> str:
    """Format a value for a terminal."""
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case dt.datetime():
            return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
        case Mapping():
            return ", ".join(f"{name}={as_cell(each)}" for name, each in value.items()) or "-"
    # Foreign values must not contain control characters of the terminal.
    return "".join(letter if letter.isprintable() else "�" for letter in str(value))


def _line(cells: Sequence[str], widths: Sequence[int], numbers: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if number else cell.ljust(width)
        for cell, width, number in zip(cells, widths, numbers, strict=True)
    ]
    return GAP.join(padded).rstrip()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
