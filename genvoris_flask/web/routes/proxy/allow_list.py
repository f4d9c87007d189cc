"""What is forwarded: the paths of the try-on host that browsers may call.

The shop itself answers ``api/status`` and ``api/v1/events``.
"""

from __future__ import annotations

from typing import NamedTuple


class Route(NamedTuple):
    """A path that is forwarded.

    Attributes:
        path: The path at Genvoris, and below the shop's prefix.
        method: The one method that is forwarded.
        limit: The name of the rate limit that counts its requests.
        takes_shopper: Whether it acts for a shopper, whose token is added to its body.
        timeout: Seconds to wait for the response; None for as long as a try-on may take.
    """

    path: str
    method: str
    limit: str
    takes_shopper: bool
    timeout: float | None


ANALYZE = Route("/api/analyze", "POST", "tryons", True, None)
TRYON = Route("/api/tryon", "POST", "tryons", True, None)
CONFIG = Route("/api/config", "GET", "session", False, 10.0)
