"""Which headers are passed on. What is not named here stays behind, in both directions.

So hop-by-hop headers (RFC 9110, 7.6.1) and those that ``Connection`` names, cookies, keys, tokens,
forwarding headers and CORS headers never pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

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
# Named by patterns, since they come and go with versions.
_TO_GENVORIS_TOO = re.compile(r"x-genvoris-[a-z0-9-]+")
_TO_BROWSER_TOO = re.compile(r"(x-genvoris|x-ratelimit|ratelimit)(-[a-z0-9-]+)?")
_CARRIES_SECRETS = re.compile(
    r"key|token|secret|auth|signature|cookie|jwt|bearer|customer|credential"
)
_SANE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
MAX_VALUE = 4096


def to_genvoris(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Give what goes to Genvoris beside Content-Type."""
    headers = [(name.lower(), value) for name, value in headers]
    dropped = _named_by_connection(headers)
    passed = [
        (name.encode(), value.encode("latin-1", "replace"))
        for name, value in headers
        if name not in dropped and _passes(name, _TO_GENVORIS, _TO_GENVORIS_TOO)
    ]
    gzip = any(name == "accept-encoding" and _takes_gzip(value) for name, value in headers)
    # Only what we can decode ourselves, since a refusal is read here.
    passed.append((b"accept-encoding", b"gzip" if gzip else b"identity"))
    return [(name, value) for name, value in passed if _is_sane(value)]


def to_browser(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Give what comes back to the browser."""
    pairs = [(name.lower(), value) for name, value in headers.items()]
    dropped = _named_by_connection(pairs)
    return [
        (name, value)
        for name, value in pairs
        if name not in dropped
        and _passes(name, _TO_BROWSER, _TO_BROWSER_TOO)
        and _is_sane(value.encode("latin-1", "replace"))
    ]


def _passes(name: str, names: set[str], pattern: re.Pattern[str]) -> bool:
    return name in names or bool(pattern.fullmatch(name) and not _CARRIES_SECRETS.search(name))


def _named_by_connection(headers: Iterable[tuple[str, str]]) -> set[str]:
    named = (value for name, value in headers if name == "connection")
    return {each.strip().lower() for value in named for each in value.split(",")}


def _takes_gzip(value: str) -> bool:
    """Read Accept-Encoding (RFC 9110, 12.5.3) as far as gzip goes."""
    for each in value.lower().split(","):
        coding, _, weight = each.replace(" ", "").partition(";")
        if coding in ("gzip", "*"):
            return not re.fullmatch(r"q=0(\.0*)?", weight)
    return False


def _is_sane(value: bytes) -> bool:
    return len(value) <= MAX_VALUE and bool(_SANE.fullmatch(value))
