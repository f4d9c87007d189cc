"""Finds and hashes the widget's built files."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ConfigurationError

HASH_DIGITS = 12
PACKAGE = Path(__file__).resolve().parent.parent
# In a wheel the files are inside the package; in a checkout they are beside it.
FOLDERS = (PACKAGE / "static" / "widget", PACKAGE.parent / "static" / "widget")


@dataclass(frozen=True)
class Asset:
    """One built file."""

    name: str
    hashed_name: str
    integrity: str
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Assets:
    """All built files, by plain and by hashed name."""

    by_name: dict[str, Asset]

    @property
    def widget(self) -> Asset:
        """The script that pages load."""
        return self.by_name["widget.js"]


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


def load_assets(folder: Path | None = None) -> Assets:
    """Read the built files.

    Raises:
        ConfigurationError: They are missing.
    """
    assets = [_read(path) for path in sorted((folder or find_folder()).glob("*.js"))]
    names = {asset.name: asset for asset in assets}
    return Assets(names | {asset.hashed_name: asset for asset in assets})


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:HASH_DIGITS]
    integrity = base64.b64encode(hashlib.sha384(body).digest()).decode()
    return Asset(path.name, f"{path.stem}-{digest}.js", f"sha384-{integrity}", body)
