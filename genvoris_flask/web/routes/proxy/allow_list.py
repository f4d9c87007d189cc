"""What is forwarded: the paths that browsers may call, and headers in both directions.

All other headers are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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


_TO_GENVORIS = {
    "accept",
    "accept-language",
    "origin",
    "user-agent",
    "x-correlation-id",
    "x-request-id",
}
_TO_BROWSER = {
    "cf-ray",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "request-id",
    "retry-after",
    "x-correlation-id",
    "x-request-id",
}
# By pattern, as they differ between versions.
_TO_GENVORIS_PATTERN = re.compile(r"x-genvoris-[a-z0-9-]+")
_TO_BROWSER_PATTERN = re.compile(r"(x-genvoris|x-ratelimit|ratelimit)(-[a-z0-9-]+)?")
_CARRIES_SECRETS = re.compile(
    r"key|token|secret|auth|signature|cookie|jwt|bearer|customer|credential"
)
_VALID_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
MAX_VALUE = 4096


def to_genvoris(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Return the headers to send to Genvoris, except for Content-Type."""
    headers = [(name.lower(), value) for name, value in headers]
    dropped = _named_by_connection(headers)
    forwarded = [
        (name.encode(), value.encode("latin-1", "replace"))
        for name, value in headers
        if name not in dropped and _is_forwarded(name, _TO_GENVORIS, _TO_GENVORIS_PATTERN)
    ]
    gzip = any(name == "accept-encoding" and _accepts_gzip(value) for name, value in headers)
    # Only what the API client can decode, as it reads error responses.
    forwarded.append((b"accept-encoding", b"gzip" if gzip else b"identity"))
    return [(name, value) for name, value in forwarded if _is_valid(value)]


def to_browser(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the headers to send to the browser."""
    pairs = [(name.lower(), value) for name, value in headers.items()]
    dropped = _named_by_connection(pairs)
    return [
        (name, value)
        for name, value in pairs
        if name not in dropped
        and _is_forwarded(name, _TO_BROWSER, _TO_BROWSER_PATTERN)
        and _is_valid(value.encode("latin-1", "replace"))
    ]


def _is_forwarded(name: str, names: set[str], pattern: re.Pattern[str]) -> bool:
    return name in names or bool(pattern.fullmatch(name) and not _CARRIES_SECRETS.search(name))


def _named_by_connection(headers: Iterable[tuple[str, str]]) -> set[str]:
    named = (value for name, value in headers if name == "connection")
    return {each.strip().lower() for value in named for each in value.split(",")}


def _accepts_gzip(value: str) -> bool:
    """Return whether Accept-Encoding (RFC 9110, 12.5.3) allows gzip."""
    for each in value.lower().split(","):
        coding, _, weight = each.replace(" ", "").partition(";")
        if coding in ("gzip", "*"):
            return not re.fullmatch(r"q=0(\.0*)?", weight)
    return False


def _is_valid(value: bytes) -> bool:
    return len(value) <= MAX_VALUE and bool(_VALID_VALUE.fullmatch(value))
