"""What all of the sandbox's answers share."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

Json = dict[str, Any]


def new_request_id() -> str:
    """Name a request."""
    return f"req_{secrets.token_hex(8)}"


def iso(time: float) -> str:
    """Write a time as the quickstart does."""
    moment = dt.datetime.fromtimestamp(time, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
