"""Raise the floors of the test coverage to what was measured, so that they never sink.

``make coverage`` runs it last. Coverage.py and Vitest fail below their floors, which are in
pyproject.toml and in the widget's vitest.config.mjs; this writes higher ones there, in whole
percents, to be committed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
MEASURED = ROOT / ".cache/coverage"


def raised(text: str, name: str, measured: float) -> str:
    """Return a configuration with a floor raised to a measured number of percents.

    Args:
        text: The configuration.
        name: The floor's name in it.
        measured: What was measured; a floor above it is left as it is.

    Raises:
        ValueError: The configuration has no such floor, or several.
    """
    pattern = re.compile(rf"(\b{name}(?: =|:) )(\d+)\b")
    if len(pattern.findall(text)) != 1:
        raise ValueError(f"There has to be one floor named {name}.")
    return pattern.sub(lambda found: f"{found[1]}{max(int(found[2]), int(measured))}", text)


def main() -> None:
    """Raise the floors, and say which."""
    python = json.loads((MEASURED / "python.json").read_text())["totals"]
    widget = json.loads((MEASURED / "widget/coverage-summary.json").read_text())["total"]
    floors = {
        "pyproject.toml": {"fail_under": python["percent_covered"]},
        "static/widget/vitest.config.mjs": {
            "lines": widget["lines"]["pct"],
            "branches": widget["branches"]["pct"],
        },
    }
    for name, measured in floors.items():
        path = ROOT / name
        before = after = path.read_text()
        for floor, number in measured.items():
            print(f"{name}: {floor}: {number:.1f} % were measured")
            after = raised(after, floor, number)
        if after != before:
            path.write_text(after)
            print(f"{name}: the floor was raised; commit it")


if __name__ == "__main__":
    main()
