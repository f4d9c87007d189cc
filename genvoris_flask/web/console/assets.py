"""The console's style sheet and script, under names with a digest of their content."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from flask import Response

from ..assets import HASH_DIGITS
from ..errors import HttpError

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript"}
ONE_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class ConsoleAsset:
    """One file."""

    hashed_name: str
    mimetype: str
    body: bytes = field(repr=False)


@functools.cache
def load_asset(name: str) -> ConsoleAsset:
    """Return a file of the console by its plain name."""
    path = FOLDER / name
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:HASH_DIGITS]
    return ConsoleAsset(f"{path.stem}-{digest}{path.suffix}", TYPES[path.suffix], body)


@functools.cache
def _by_hashed_name() -> dict[str, ConsoleAsset]:
    found = [load_asset(path.name) for path in FOLDER.iterdir() if path.suffix in TYPES]
    return {asset.hashed_name: asset for asset in found}


def serve(name: str) -> Response:
    """Serve a file, which browsers keep: another version has another name."""
    asset = _by_hashed_name().get(name)
    if asset is None:
        raise HttpError("path_not_allowed")
    response = Response(asset.body, mimetype=asset.mimetype)
    response.cache_control.private = True
    response.cache_control.max_age = ONE_YEAR
    response.cache_control.immutable = True
    return response
