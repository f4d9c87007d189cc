"""Makes try-ons at Genvoris.

The field names of Genvoris's try-on call are not public. This module alone knows what we send and
what we accept, so that it is the one place to change.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

from ..api.http import Answer, HttpClient, Repeat
from ..api.wire import as_int, pick, read_object
from ..errors import MalformedAnswerError
from .jobs import Picture, Quota
from .photos import Photo, PhotoError, check_photo
from .product import Product

log = logging.getLogger("genvoris_flask.tryon")

PICTURE_KEYS = ("images", "image", "results", "result", "output", "data", "url", "b64_json")
SERVABLE = ("image/jpeg", "image/png", "image/webp")


class HostedEngine:
    """Sends photo and product to the try-on host and reads the picture from its answer.

    Args:
        http: Reaches GENVORIS_TRYON_URL, with the key in X-API-Key.
        timeout: Seconds that a try-on may take.
    """

    def __init__(self, http: HttpClient, timeout: float) -> None:
        self._http = http
        self._timeout = timeout

    def make(
        self, photo: Photo, product: Product, token: str | None, idempotency_key: str
    ) -> Picture:
        """Make a picture of the product on the shopper.

        Args:
            photo: The shopper's photo.
            product: What to put on; ``image`` is needed.
            token: The shopper's session token. None: a guest, metered to the shop alone.
            idempotency_key: Lets a repeat of the same job be told from a new one.

        Raises:
            GenvorisError: Genvoris refused, could not be reached, or answered without a picture.
        """
        fields = {
            "product_image_url": product.image,
            "product_title": product.title,
            "product_id": product.id,
            "product_category": product.category,
            "page_url": product.page_url,
            "end_customer_token": token,
        }
        answer = self._http.request(
            "POST",
            "/api/tryon",
            timeout=self._timeout,
            repeat=Repeat.IF_UNSENT,  # a second try-on would be charged
            data={name: value for name, value in fields.items() if value is not None},
            files={"photo": ("photo", photo.data, photo.mimetype)},
            headers={"Idempotency-Key": idempotency_key},
        )
        return self._read_picture(answer)

    def _read_picture(self, answer: Answer) -> Picture:
        """Take the first picture that the answer holds, in whatever form."""
        if answer.headers.get("content-type", "").startswith("image/"):
            return _picture(answer.body, None)
        payload = read_object(answer.body, "a try-on")
        for text in _texts(payload, depth=4):
            if data := _decode(text) or self._fetch(text):
                return _picture(data, _read_quota(payload))
        raise MalformedAnswerError("Genvoris answered a try-on without a picture.")

    def _fetch(self, url: str) -> bytes | None:
        """Fetch a picture that is named by its address, from the try-on host alone."""
        if not url.startswith(("https://", "http://", "/")) or "\\" in url:
            return None
        whole = urljoin(self._http.base_url + "/", url)
        if not whole.startswith(self._http.base_url + "/"):
            log.warning("A try-on's picture is on another host than GENVORIS_TRYON_URL; left there")
            return None
        path = whole.removeprefix(self._http.base_url)
        answer = self._http.request("GET", path, timeout=self._timeout, repeat=Repeat.ALWAYS)
        return answer.body


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Give the texts under the keys that may hold a picture, best first."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth:
        for item in value:
            yield from _texts(item, depth - 1)
    elif isinstance(value, Mapping) and depth:
        for key in PICTURE_KEYS:
            yield from _texts(value.get(key), depth - 1)


def _decode(text: str) -> bytes | None:
    """Decode a data URL or bare base64."""
    if text.startswith("data:"):
        head, _, text = text.partition(",")
        if not head.endswith(";base64"):
            return None
    try:
        return base64.b64decode(text, validate=True) or None
    except binascii.Error:
        return None


def _picture(data: bytes, quota: Quota | None) -> Picture:
    try:
        mimetype = check_photo(data).mimetype
    except PhotoError:
        raise MalformedAnswerError("Genvoris's picture is damaged or is no picture.") from None
    if mimetype not in SERVABLE:
        raise MalformedAnswerError(f"Genvoris's picture is {mimetype}, which few browsers show.")
    return Picture(data, mimetype, quota)


def _read_quota(payload: Mapping[str, Any]) -> Quota | None:
    quota = pick(payload, "end_customer_quota") or payload.get("quota")
    if not isinstance(quota, dict):
        return None
    used, limit = as_int(quota.get("used")), as_int(quota.get("limit"))
    if used is None or limit is None:
        return None
    remaining = as_int(quota.get("remaining"))
    return Quota(used, limit, max(0, limit - used) if remaining is None else remaining)
