"""The widget's built files: found, hashed, and served so that browsers keep them for good."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from flask import Response, request

from ..errors import ConfigurationError
from .errors import HttpError, answer_error, harden
from .exemptions import exempt
from .host_matching import EveryHostBlueprint
from .state import get_state

HASH_DIGITS = 12
ONE_YEAR = 365 * 24 * 3600
PACKAGE = Path(__file__).resolve().parent.parent
# In a wheel the files are inside the package; in a checkout they are beside it.
FOLDERS = (PACKAGE / "static" / "widget", PACKAGE.parent / "static" / "widget")

blueprint = EveryHostBlueprint("genvoris_assets", __name__)
exempt(blueprint)


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


def load_assets(folders: tuple[Path, ...] = FOLDERS) -> Assets:
    """Read the built files.

    Raises:
        ConfigurationError: They are not there.
    """
    for folder in folders:
        if (folder / "widget.js").is_file():
            assets = [_read(path) for path in sorted(folder.glob("*.js"))]
            names = {asset.name: asset for asset in assets}
            return Assets(names | {asset.hashed_name: asset for asset in assets})
    raise ConfigurationError(
        "The widget's built files are missing from this installation. Install genvoris-flask "
        "again; in a checkout, run: make widget"
    )


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:HASH_DIGITS]
    integrity = base64.b64encode(hashlib.sha384(body).digest()).decode()
    return Asset(path.name, f"{path.stem}-{digest}.js", f"sha384-{integrity}", body)


@blueprint.errorhandler(HttpError)
def refuse(error: HttpError) -> Response:
    """Answer as all routes below the prefix do."""
    return harden(answer_error(error))


@blueprint.get("/<name>.js")
def script(name: str) -> Response:
    """Serve a built file: for good under its hashed name, revalidated under its plain one.

    Another version's ``widget`` is answered with this version's: a cached page, or a page that
    another version's worker made, then has a widget that finds its other files here. Those are
    refused instead, since the widget that asks for another version's files would not take them.
    """
    assets = get_state().assets
    of_another_version = re.fullmatch(r"widget-[0-9a-f]{12}", name)
    asset = assets.by_name.get(f"{name}.js") or (assets.widget if of_another_version else None)
    if asset is None:
        raise HttpError("path_not_allowed")
    response = Response(asset.body, mimetype="text/javascript")
    response.set_etag(asset.integrity)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # The dialog's script tag asks with CORS, since integrity is checked on it.
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.cache_control.public = True
    if name + ".js" == asset.hashed_name:
        response.cache_control.max_age = ONE_YEAR
        response.cache_control.immutable = True
    else:
        response.cache_control.no_cache = True
    response.make_conditional(request)
    return response
