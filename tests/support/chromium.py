"""How the Chromium that the set-up found is started."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

OFFLINE = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-gpu",
]


def launch_options() -> dict[str, Any]:
    """Give the options for Playwright's ``launch``."""
    found = Path(sys.prefix) / "chromium"
    assert found.exists(), "No Chromium is set up: run make test, which installs one."
    path = found.read_text().strip()
    arguments = [*OFFLINE, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return {"args": arguments, **({"executable_path": path} if path else {})}
