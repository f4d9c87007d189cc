"""The commands that follow once the settings are written, each run as a person would run it.

Each is a process of its own: the app of this one was loaded without try-on, and what the new
settings do is only certain in an app that reads them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import click

from ...core.webhooks.events import KNOWN_TYPES
from ..output import Failure
from ..webhooks import TEST_TYPE


class Commands:
    """Runs ``flask genvoris …`` for the same app as this process.

    Args:
        environ: The environment of the commands, with the new settings.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ: dict[str, str] = {**environ}
        self._program = _program(sys.argv)

    def run(self, *arguments: str) -> int:
        """Show a command, run it, and return its exit status."""
        click.secho(f"\n$ flask genvoris {' '.join(arguments)}", bold=True)
        sys.stdout.flush()
        done = subprocess.run(  # noqa: S603
            [*self._program, *arguments], env=self.environ, check=False
        )
        return done.returncode

    def need(self, *arguments: str) -> None:
        """Run a command.

        Raises:
            Failure: It failed.
        """
        if status := self.run(*arguments):
            raise Failure(
                f"`flask genvoris {arguments[0]}` ended with status {status}. The settings are "
                "written; mend what it says, and run `flask genvoris init` again."
            )

    def register_webhooks(self, url: str) -> None:
        """Have webhooks of all types sent to the shop, unless they are already.

        Raises:
            Failure: The endpoint is refused.
        """
        events = sorted(KNOWN_TYPES - {TEST_TYPE})
        named = [word for event in events for word in ("--event", event)]
        self.need("webhooks", "create", url, "--once", *named)


def _program(arguments: Sequence[str]) -> list[str]:
    """Return the command line of ``flask genvoris`` for this process's app."""
    words = list(arguments[1:])
    program = Path(arguments[0])
    # The app may have the group's name: flask --app genvoris genvoris init.
    ends = [at for at, pair in enumerate(pairwise(words)) if pair == ("genvoris", "init")]
    options = words[: ends[0] + 1] if ends else ["genvoris"]
    if program.stem in ("flask", "__main__"):
        return [sys.executable, "-m", "flask", *options]
    starts = [sys.executable] if program.suffix == ".py" or os.name == "posix" else []
    return [*starts, str(program), *options]
