"""Finds and hashes the widget's built files."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from ..core.built_widget import find_folder

HASH_DIGITS = 12


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
