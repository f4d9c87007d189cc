"""Changes of the shop's files: proposed, shown as a unified diff, and written."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from ..output import Failure

CONTEXT = 3  # lines around a change


@dataclass(frozen=True)
class Change:
    """A file's new text.

    Attributes:
        path: The file.
        before: Its text; None if it does not exist.
        after: Its text after the change.
        secret: Whether it holds secrets: lines around the change are left out of the diff, and
            nobody else may read the file if it is new.
        mask: Hides the secrets of a line that is shown.
    """

    path: Path
    before: str | None
    after: str
    secret: bool = False
    mask: Callable[[str], str] = str

    def diff(self) -> str:
        """Return the change as a unified diff."""
        name = shown(self.path)
        lines = difflib.unified_diff(
            (self.before or "").splitlines(),
            self.after.splitlines(),
            "/dev/null" if self.before is None else name,
            name,
            n=0 if self.secret else CONTEXT,
            lineterm="",
        )
        # Masked afterwards: a secret that changes is a change too.
        return "\n".join(_coloured(line[:1] + self.mask(line[1:])) for line in lines)

    def write(self) -> None:
        """Write the file, all of it or nothing.

        Raises:
            Failure: It cannot be written, or somebody has changed it in the meantime.
        """
        try:
            if read_text(self.path) != self.before:
                raise Failure(
                    f"{shown(self.path)} was changed in the meantime and is left as it is: run "
                    "`flask genvoris init` again."
                )
            self._replace()
        except OSError as error:
            raise Failure(
                f"{shown(self.path)} cannot be written ({error.strerror}). Change its permissions, "
                "and run `flask genvoris init` again; it continues with what is missing."
            ) from None

    def _replace(self) -> None:
        target = self.path.resolve()  # a link to a file stays one
        mode = target.stat().st_mode & 0o777 if self.before is not None else None
        beside = target.with_name(f".{target.name}.genvoris")
        # Made for its owner alone: what it holds must not be readable for a moment either.
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(self.after.encode())
            if mode is not None or not self.secret:
                beside.chmod(0o644 if mode is None else mode)
            beside.replace(target)
        except OSError:
            beside.unlink(missing_ok=True)
            raise


def _coloured(line: str) -> str:
    if line.startswith(("---", "+++")):
        return click.style(line, bold=True)
    colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return click.style(line, fg=colour) if colour else line


def read_text(path: Path) -> str | None:
    """Return a file's text with its own line ends; None if it does not exist.

    Raises:
        Failure: It is not text in UTF-8.
    """
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise Failure(f"{shown(path)} is not text in UTF-8, so it cannot be changed.") from None


def newline(text: str) -> str:
    """Return the line end that a text uses."""
    return "\r\n" if "\r\n" in text else "\n"


def shown(path: Path) -> str:
    """Return a path as a person in the current folder writes it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
