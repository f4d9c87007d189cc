"""Apps that are no longer used, as the tests of a shop leave them behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.dropped_apps import is_freed


@pytest.mark.parametrize("options", [[], ["ledger"]])
def test_threads_keep_no_app(tmp_path: Path, options: list[str]) -> None:
    """An app that is no longer used is freed, although its threads go on for a while."""
    assert is_freed(tmp_path, *options)
