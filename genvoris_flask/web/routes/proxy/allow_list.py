"""What may be passed on: these paths with these methods, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Route:
    """One path of the allow-list.

    Attributes:
        path: At Genvoris, and below the shop's prefix.
        method: The one method.
        limit: Which limit counts it.
        takes_shopper: Whether it is on behalf of a shopper, whose token goes with its body.
        timeout: Seconds for the answer; None: as long as a try-on may take.
    """

    path: str
    method: str
    limit: str
    takes_shopper: bool
    timeout: float | None


# The contract's browser-facing paths of the try-on host. ``api/status`` and ``api/v1/events`` are
# answered by the shop itself.
ANALYZE = Route("/api/analyze", "POST", "tryons", True, None)
TRYON = Route("/api/tryon", "POST", "tryons", True, None)
CONFIG = Route("/api/config", "GET", "session", False, 10.0)
