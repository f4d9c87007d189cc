"""The oldest releases of Flask and Werkzeug."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from genvoris_flask.web.compat import OLDEST, require_oldest

PYPROJECT = Path(__file__).parent.parent.parent / "pyproject.toml"
NEWEST = {"Flask": "3.1.3", "Werkzeug": "3.1.9"}


def test_oldest_releases() -> None:
    """The numbers in code are the lower bounds of pyproject.toml."""
    declared = tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]
    for name, oldest in OLDEST.items():
        assert f"{name.lower()}>={'.'.join(map(str, oldest))}" in declared


@pytest.mark.parametrize(("name", "found"), [("Flask", "2.0.3"), ("Werkzeug", "2.2.3")])
def test_older_release(name: str, found: str) -> None:
    """The error names what is too old, and what to do."""
    with pytest.raises(ImportError, match=f"needs {name} .* but {found} is installed"):
        require_oldest(NEWEST | {name: found})


@pytest.mark.parametrize("flask", ["2.2.5", "2.3.0", "3.0", "3.1.0rc1", "10.0"])
def test_accepted_releases(flask: str) -> None:
    """Any release from the oldest on is accepted, however its number is written."""
    require_oldest({"Flask": flask, "Werkzeug": "2.3.8"})
