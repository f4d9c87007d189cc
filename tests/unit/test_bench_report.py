"""Writing benchmarks/RESULTS.md from the parts of several programs."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report import RESULTS, read_parts, section, write_part


def test_program_replaces_its_part(tmp_path: Path) -> None:
    """A program replaces only its own part of the results."""
    file = tmp_path / "RESULTS.md"
    table = section("Speed", ["what", "ratio"], [["ours", "1.0"]], "A note.")
    write_part("widget", "The widget", "In Chromium.", [table], file)
    write_part("sessions", "Sessions", "With gunicorn.", ["old"], file)
    before = read_parts(file.read_text())
    write_part("sessions", "Sessions", "With gunicorn.", ["new"], file)
    after = read_parts(file.read_text())
    assert list(after) == ["sessions", "widget"]
    assert after["widget"] == before["widget"]
    assert "| ours | 1.0 |" in after["widget"]
    assert "new" in after["sessions"]
    assert "old" not in file.read_text()


def test_results_are_complete() -> None:
    """The committed results have a part of each program."""
    programs = {
        file.stem for file in RESULTS.parent.glob("*.py") if "write_part(" in file.read_text()
    } - {"report"}
    assert set(read_parts(RESULTS.read_text())) == programs
