"""A rush of new shoppers: the shop is not suspended, and everyone is served or told when."""

from __future__ import annotations

from pathlib import Path

from tests.support.rush import Rush


def test_rush_of_new_shoppers(tmp_path: Path) -> None:
    """On four workers; ``python -m tests.support.rush`` runs a day of it."""
    rush = Rush(tmp_path / "genvoris", GENVORIS_PACE_REGISTRATIONS="6/hour")
    report = rush.run(hours=0.05, shoppers=2000, clicks=0.12)
    counts = report.counts
    assert report.safety["suspension"] is None
    assert (counts["pages"], counts["pages that failed"], counts["calls of pages"]) == (100, 0, 0)
    assert counts["clicks"] == counts["served"] + counts["told when"]
    assert (counts["served"], min(report.waits) > 0) == (6, True)
    assert [name for name in counts if name.startswith("neither")] == []
