"""Apps that are no longer used, as the tests of a shop leave them behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.dropped_apps import dropped_app, is_collected
from tests.support.waiting import until


@pytest.mark.parametrize("has_ledger", [False, True])
def test_threads_keep_no_app(tmp_path: Path, has_ledger: bool) -> None:
    """An app that is no longer used is freed, although its threads go on for a while."""
    app = dropped_app(tmp_path, has_ledger=has_ledger)
    until(lambda: is_collected(app))
