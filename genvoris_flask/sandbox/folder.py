"""The data folder: for its owner alone, and never in a repository."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from . import keys, lock, store

IGNORE_NAME = ".gitignore"
IGNORE_ALL = "# The data of a local Genvoris.\n*\n"
DATABASES = (store.FILE_NAME, lock.FILE_NAME)
OWN_FILES = {
    *(name + end for name in DATABASES for end in ("", "-wal", "-shm", "-journal")),
    keys.FILE_NAME,
    keys.DRAFT_NAME,
    IGNORE_NAME,
}


def prepare_folder(folder: Path) -> None:
    """Create the folder, or take the access of others away from an existing one.

    A folder that holds other things as well is left as it is, apart from the sandbox's own files.

    Raises:
        OSError: The folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = {entry.name for entry in folder.iterdir()}
    if names <= OWN_FILES:
        _restrict(folder, 0o700)
        if IGNORE_NAME not in names:
            (folder / IGNORE_NAME).write_text(IGNORE_ALL)
    for name in DATABASES:
        # SQLite gives what it writes beside a database the same mode.
        os.close(os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600))
    for name in (names & OWN_FILES) - {IGNORE_NAME}:
        _restrict(folder / name, 0o600)


def _restrict(path: Path, mode: int) -> None:
    # The folder may be another user's, who shares it; its mode is then theirs to choose. SQLite may
    # remove a file in between.
    with suppress(PermissionError, FileNotFoundError):
        path.chmod(mode)
