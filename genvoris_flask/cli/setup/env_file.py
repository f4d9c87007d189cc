"""The ``.env`` file that Flask reads: its settings, and the change that adds some.

Settings are written there, since it is where Flask's developers keep what differs between machines
and must not be committed, and where process managers and containers read it as well.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ...core.setting_checks import CHECKS
from ..output import Failure
from .changes import Change, newline, read_text, shown

NAME = ".env"
_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$")
_PLAIN = re.compile(r"[\w.,:/@%+=-]*")  # means the same to a shell, too
# Settings whose value is a secret or may hold one.
SECRET = frozenset(
    {
        "GENVORIS_API_KEY",
        "GENVORIS_WEBHOOK_SECRET",
        "GENVORIS_STRIPE_WEBHOOK_SECRET",
        "GENVORIS_STRIPE_API_KEY",
        "GENVORIS_METRICS_TOKEN",
        "GENVORIS_ALERT_URL",
        "GENVORIS_STORE_URL",
        "GENVORIS_DATABASE_URL",
    }
)
_SHOWN = CHECKS.keys() - SECRET
HIDDEN = "********"


def find(folder: Path) -> Path:
    """Return the file that Flask reads in a folder: the nearest above it, else a new one in it."""
    for parent in (folder, *folder.parents):
        if (parent / NAME).is_file():
            return parent / NAME
    return folder / NAME


def read(path: Path) -> dict[str, str]:
    """Return what a file sets."""
    found = {}
    for line in (read_text(path) or "").splitlines():
        if match := _LINE.match(line):
            found[match[1]] = _unquoted(match[2])
    return found


def propose(path: Path, values: Mapping[str, str]) -> Change | None:
    """Return the change that sets values, or None if the file says the same already.

    Raises:
        Failure: A value cannot be written in such a file.
    """
    before = read_text(path)
    known = read(path)
    missing = {name: value for name, value in values.items() if known.get(name) != value}
    if not missing:
        return None
    after = _set(before or "", missing)
    return Change(path, before, after, secret=True, mask=mask)


def propose_ignored(path: Path) -> Change | None:
    """Return the change that keeps a file out of Git; None if nothing has to be changed.

    Raises:
        Failure: Git tracks the file.
    """
    folder = path.parent
    if not shutil.which("git") or _git(folder, "rev-parse", "--is-inside-work-tree") != 0:
        return None
    if _git(folder, "ls-files", "--error-unmatch", path.name) == 0:
        raise Failure(
            f"Git tracks {shown(path)}, so your key would be committed. Take it out with `git rm "
            f"--cached {shown(path)}`, or name another file with --env-file. Nothing was changed."
        )
    if _git(folder, "check-ignore", "--quiet", path.name) == 0:
        return None
    ignored = folder / ".gitignore"
    before = read_text(ignored)
    return Change(ignored, before, _joined(before or "", [path.name]))


def mask(line: str) -> str:
    """Return a line of the file without the value of a secret."""
    match = _LINE.match(line)
    if match and not line.lstrip().startswith("#") and match[1] not in _SHOWN:
        return line[: match.start(2)] + HIDDEN
    return line


def _set(text: str, values: Mapping[str, str]) -> str:
    """Return a text with values: in the line that sets them, else at its end."""
    left = {name: f"{name}={_quoted(name, value)}" for name, value in values.items()}
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        match = _LINE.match(line)
        if match and match[1] in values:
            end = line[len(line.rstrip("\r\n")) :]
            new = left.pop(match[1], None)  # what is set twice is set once afterwards
            lines[number] = "" if new is None else new + end
    return _joined("".join(lines), list(left.values()))


def _joined(text: str, lines: list[str]) -> str:
    end = newline(text)
    if text and not text.endswith("\n"):
        text += end
    return text + "".join(line + end for line in lines)


def _quoted(name: str, value: str) -> str:
    if "${" in value or not value.isprintable():
        raise Failure(
            f"The value of {name} has signs that mean something else in {NAME} files: set it in "
            "app.config instead, and run `flask genvoris init` again."
        )
    if _PLAIN.fullmatch(value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _unquoted(text: str) -> str:
    if quoted := re.match(r"'((?:[^'\\]|\\.)*)'", text):
        return re.sub(r"\\([\\'])", r"\1", quoted[1])
    if quoted := re.match(r'"((?:[^"\\]|\\.)*)"', text):
        return re.sub(r'\\([\\"])', r"\1", quoted[1])
    return re.sub(r"\s+#.*", "", text)


def _git(folder: Path, *arguments: str) -> int:
    return subprocess.run(  # noqa: S603
        ["git", "-C", str(folder), *arguments],  # noqa: S607
        capture_output=True,
        check=False,
    ).returncode
