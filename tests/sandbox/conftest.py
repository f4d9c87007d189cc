"""The fixture of an empty sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.local_genvoris import LocalGenvoris


@pytest.fixture
def sandbox(tmp_path: Path) -> LocalGenvoris:
    """Return an empty sandbox."""
    return LocalGenvoris(tmp_path / "data")
