"""Fetching product pictures, from this machine and from allowed hosts alone."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    import httpx
LOOPBACK = ("127.0.0.1", "localhost", "::1")


MAX_BYTES = 10 * 1024 * 1024
MAX_REDIRECTS = 3
TIMEOUT = 5.0


class ImageError(Exception):
    """The picture cannot be fetched; the message says why."""


class ImageFetcher:
    """Fetches product pictures from this machine and from allowed hosts.

    Args:
        allow_hosts: Hosts besides this machine: ``cdn.shop.example``, or ``*.shop.example`` for
            all of its subdomains.
    """

    def __init__(self, allow_hosts: Sequence[str] = ()) -> None:
        self._allow_hosts = tuple(host.lower() for host in allow_hosts)

    def __call__(self, url: str) -> bytes:
        """Return the picture's bytes.

        Args:
            url: An http or https URL, or a data URL.

        Raises:
            ImageError: The host is not allowed, or the picture is too large or cannot be fetched.
        """
        if url.startswith("data:image/"):
            return _decode(url)
        deadline = time.monotonic() + TIMEOUT
        for _ in range(MAX_REDIRECTS + 1):
            found = _fetch(url, self._checked_host(url), deadline)
            if isinstance(found, bytes):
                return found
            url = found
        raise ImageError("the picture's address redirects too often")

    def _checked_host(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            _ = parts.port  # refuses one beyond 65535
        except ValueError:
            parts = urlsplit("")
        host = parts.hostname
        if parts.scheme not in ("http", "https") or not host:
            raise ImageError("must be an http(s) or data URL of the product's picture")
        allowed = host in LOOPBACK or any(_allows(each, host) for each in self._allow_hosts)
        if not allowed:
            raise ImageError(
                "the sandbox fetches pictures from this machine alone (127.0.0.1), unless it is "
                f"started with --allow-host {host}"
            )
        return host


def _allows(allowed: str, host: str) -> bool:
    return host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed


def _decode(url: str) -> bytes:
    head, _, text = url.partition(",")
    try:
        if not head.endswith(";base64"):
            raise ImageError("a data URL must be base64")
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ImageError("is no valid base64") from None


def _fetch(url: str, host: str, deadline: float) -> bytes | str:
    """Return the bytes at an address, or the address that it redirects to."""
    import httpx  # imported late, since it would delay the start

    left = max(0.1, deadline - time.monotonic())
    try:
        # The environment's proxy is for other hosts, which may be unreachable without it.
        with (
            httpx.Client(timeout=left, trust_env=host not in LOOPBACK) as client,
            client.stream("GET", url) as response,
        ):
            if response.has_redirect_location:
                return urljoin(url, response.headers["Location"])
            return _read(response, deadline)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        problem = f"the picture at {_shown(url)} could not be fetched ({type(error).__name__})"
        raise ImageError(problem) from None


def _shown(url: str) -> str:
    """Return a URL without its password and query, which may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _read(response: httpx.Response, deadline: float) -> bytes:
    if response.status_code != 200:
        raise ImageError(f"the shop answered {response.status_code} for the picture")
    data = bytearray()
    for piece in response.iter_bytes():
        data += piece
        if len(data) > MAX_BYTES:
            raise ImageError("the picture is larger than 10 MB")
        if time.monotonic() > deadline:
            raise ImageError("the picture came too slowly")
    return bytes(data)
