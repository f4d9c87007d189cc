"""Fetches a product's picture, from this machine alone."""

from __future__ import annotations

import base64
import binascii
import time
from urllib.parse import urlsplit

from .defaults import LOOPBACK

MAX_BYTES = 10 * 1024 * 1024
TIMEOUT = 5.0


class ImageError(Exception):
    """The picture cannot be had; the message says why."""


def fetch_image(url: str) -> bytes:
    """Give the picture's bytes.

    Args:
        url: On this machine (http or https), or a data URL.

    Raises:
        ImageError: It is elsewhere, too large, or not there.
    """
    if url.startswith("data:image/"):
        return _decode(url)
    try:
        parts = urlsplit(url)
        _ = parts.port  # refuses one beyond 65535
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https"):
        raise ImageError("must be an http(s) or data URL of the product's picture")
    if parts.hostname not in LOOPBACK:
        raise ImageError("the sandbox fetches pictures from this machine alone (127.0.0.1)")
    return _fetch(url)


def _decode(url: str) -> bytes:
    head, _, text = url.partition(",")
    try:
        if not head.endswith(";base64"):
            raise ImageError("a data URL must be base64")
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ImageError("is no valid base64") from None


def _fetch(url: str) -> bytes:
    import httpx  # late: the sandbox is ready sooner without it

    data = bytearray()
    started = time.monotonic()
    try:
        # No proxy of the environment: what is fetched is on this machine.
        with (
            httpx.Client(timeout=TIMEOUT, trust_env=False) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != 200:
                raise ImageError(f"the shop answered {response.status_code} for the picture")
            for piece in response.iter_bytes():
                data += piece
                if len(data) > MAX_BYTES:
                    raise ImageError("the picture is larger than 10 MB")
                if time.monotonic() - started > TIMEOUT:
                    raise ImageError("the picture came too slowly")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ImageError(f"the picture could not be fetched ({type(error).__name__})") from None
    return bytes(data)
