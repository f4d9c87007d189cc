"""The error messages and exit statuses of the commands.

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

from collections.abc import Iterator
from contextlib import contextmanager

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
