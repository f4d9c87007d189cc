"""What the commands print: results as tables or JSON, and errors, with their exit statuses.

======  ==============================================================
status
======  ==============================================================
0       done
1       refused, or something is wrong; a retry fails too
2       wrong usage of the command
3       Genvoris or the store is unavailable or too busy; a retry may succeed
======  ==============================================================
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from flask import current_app

from ..core.api.http import RetryPolicy, may_repeat
from ..errors import (
    ApiError,
    CreditError,
    CustomerInactiveError,
    ForbiddenError,
    GenvorisError,
    LedgerUnavailableError,
    LockTimeoutError,
    MalformedAnswerError,
    NetworkSetupError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    StoreUnavailableError,
    UnauthorizedError,
    UnreachableError,
)
from ..web.state import AppState, get_state

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

GAP = "  "

_PASSING = (
    UnreachableError,
    RateLimitedError,
    ServerError,
    StoreUnavailableError,
    LedgerUnavailableError,
    LockTimeoutError,
)
# The first that matches.
_SENTENCES: tuple[tuple[type[GenvorisError], str], ...] = (
    (
        UnauthorizedError,
        "Genvoris refuses the key: copy GENVORIS_API_KEY once more from the dashboard.",
    ),
    (CustomerInactiveError, "This shopper is paused or cancelled, so nothing is done for them."),
    (ForbiddenError, "Genvoris does not allow this."),
    (NotFoundError, "Genvoris knows nothing by this id."),
    (CreditError, "The shop's own credit is spent: buy credits in the dashboard."),
    (RateLimitedError, "Genvoris was asked too often: try again later."),
    (ServerError, "Genvoris failed: try again later."),
    (ApiError, "Genvoris refuses this."),
    (NetworkSetupError, "Nothing was sent."),
    (
        UnreachableError,
        "Genvoris does not answer: check GENVORIS_API_URL and this machine's way out.",
    ),
    (MalformedAnswerError, "The answer is not Genvoris's: check GENVORIS_API_URL."),
)


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


def text(value: str) -> str:
    """A click parameter type for non-empty strings.

    Raises:
        click.BadParameter: The value is empty, as an unset variable of a script is.
    """
    if not value.strip():
        raise click.BadParameter("it is empty.")
    return value


FILLED = text  # a function, since click.ParamType is only generic in recent releases


class Failure(click.ClickException):
    """Ends a command with an error message."""

    exit_code = 1


class PassingFailure(Failure):
    """A failure for which a retry may succeed."""

    exit_code = 3


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Report this package's errors as sentences, also those of the app's start.

    Raises:
        Failure: The block raised a GenvorisError.
    """
    try:
        yield
    except GenvorisError as error:
        kind = PassingFailure if isinstance(error, _PASSING) else Failure
        raise kind(sentence(error)) from None


def sentence(error: GenvorisError) -> str:
    """Return what happened, and what to do about it."""
    for kind, text in _SENTENCES:
        if isinstance(error, kind):
            return f"{text} ({error})"
    return str(error)


def may_have_happened(error: ApiError | UnreachableError) -> bool:
    """Return whether Genvoris may have carried out a request that failed."""
    lost = isinstance(error, UnreachableError | ServerError)
    return lost and not may_repeat(error, RetryPolicy.IF_UNSENT)


def this_shop() -> AppState:
    """Return the state of the current app.

    Raises:
        Failure: The extension is not set up for the app.
    """
    try:
        return get_state(current_app)
    except RuntimeError as error:
        raise Failure(str(error)) from None


def genvoris_id(text: str) -> str:
    """Return the id to send to Genvoris: the shop's ids get GENVORIS_EXTERNAL_ID_PREFIX."""
    prefix = this_shop().settings.external_id_prefix
    known = text.startswith("ec_") or (prefix and text.startswith(prefix))
    return text if known else prefix + text
