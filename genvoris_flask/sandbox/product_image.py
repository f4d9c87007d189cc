"""Fetches a product's picture, from this machine and the hosts that the sandbox was given."""

from __future__ import annotations

import base64
import binascii
import time
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from .defaults import LOOPBACK

if TYPE_CHECKING:
    import httpx

MAX_BYTES = 10 * 1024 * 1024
MAX_REDIRECTS = 3
TIMEOUT = 5.0


class ImageError(Exception):
    """The picture cannot be had; the message says why."""


def fetch_image(url: str, allow_hosts: tuple[str, ...] = ()) -> bytes:
    """Return the picture's bytes.

    Args:
        url: Its address (http or https), or a data URL.
        allow_hosts: Where it may be, beside this machine: ``cdn.shop.example``, or
            ``*.shop.example`` for all below it.

    Raises:
        ImageError: It is elsewhere, too large, or not there.
    """
    if url.startswith("data:image/"):
        return _decode(url)
    deadline = time.monotonic() + TIMEOUT
    for _ in range(MAX_REDIRECTS + 1):
        found = _fetch(url, _checked_host(url, allow_hosts), deadline)
        if isinstance(found, bytes):
            return found
        url = found
    raise ImageError("the picture's address leads from one to another without end")


def _checked_host(url: str, allow_hosts: tuple[str, ...]) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port  # refuses one beyond 65535
    except ValueError:
        parts = urlsplit("")
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host:
        raise ImageError("must be an http(s) or data URL of the product's picture")
    if host not in LOOPBACK and not any(_allows(allowed, host) for allowed in allow_hosts):
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
    import httpx  # late: the sandbox is ready sooner without it

    left = max(0.1, deadline - time.monotonic())
    try:
        # No proxy of the environment for this machine; another may only be reachable through one.
        with (
            httpx.Client(timeout=left, trust_env=host not in LOOPBACK) as client,
            client.stream("GET", url) as response,
        ):
            if response.has_redirect_location:
                return urljoin(url, response.headers["Location"])
            return _read(response, deadline)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise ImageError(f"the picture could not be fetched ({type(error).__name__})") from None


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
