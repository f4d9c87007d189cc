"""Where the widget's built files are."""

from __future__ import annotations

from pathlib import Path

from ..errors import ConfigurationError

PACKAGE = Path(__file__).resolve().parent.parent
# In a wheel the files are inside the package; in a checkout they are beside it.
FOLDERS = (PACKAGE / "static" / "widget", PACKAGE.parent / "static" / "widget")


def find_folder(folders: tuple[Path, ...] = FOLDERS) -> Path:
    """Return the folder of the built files.

    Raises:
        ConfigurationError: They are missing.
    """
    for folder in folders:
        if (folder / "widget.js").is_file():
            return folder
    raise ConfigurationError(
        "The widget's built files are missing from this installation. Install genvoris-flask "
        "again; in a checkout, run: make widget"
    )
