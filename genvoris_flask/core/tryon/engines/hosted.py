"""Makes try-ons at Genvoris.

The field names of Genvoris's try-on call are not public. This module alone knows what we send and
what we accept, so that it is the one place to change.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ....errors import GenvorisError, MalformedAnswerError
from ...api.fetch import PictureFetcher
from ...api.http import HttpClient, Response, RetryPolicy
from ...api.parsing import as_int, pick, read_json
from ...images.photos import is_picture
from ...images.pictures import Picture, Quota, read_picture
from .base import AsShopper, Order

# Where a picture may be in the answer, best first; compared without case, "_" and "-".
PICTURE_KEYS = (
    *("images", "image", "imageurl", "imageurls", "imagebase64", "b64json", "base64", "dataurl"),
    *("results", "result", "resulturl", "resultimage", "output", "outputs", "outputurl"),
    *("generatedimage", "generatedimages", "tryonimage", "variations", "data", "url", "uri", "src"),
)
MAX_DEPTH = 5
FETCH_SECONDS = 15.0
MAX_CANDIDATES = 8


class HostedEngine:
    """Sends photo and product to the try-on host and reads the picture from its answer.

    Args:
        http: Reaches GENVORIS_TRYON_URL, with the key in X-API-Key.
        fetcher: Fetches pictures that are named by their address.
        timeout: Seconds that Genvoris may take.
    """

    def __init__(self, http: HttpClient, fetcher: PictureFetcher, timeout: float) -> None:
        self._http = http
        self._fetcher = fetcher
        self._timeout = timeout

    def make(self, order: Order, as_shopper: AsShopper) -> Picture:
        """Have a picture made, metered by Genvoris itself.

        Raises:
            GenvorisError: Genvoris refused, could not be reached, or answered without a picture.
        """
        return self._read_picture(as_shopper(lambda token: self._send(order, token)))

    def _send(self, order: Order, token: str | None) -> Response:
        product = order.product
        fields = {
            "product_image_url": product.image,
            "product_image_urls": json.dumps(product.images) if len(product.images) > 1 else None,
            "product_title": product.title,
            "product_id": product.id,
            "product_category": product.category,
            "page_url": product.page_url,
            "end_customer_token": token,
        }
        return self._http.request(
            "POST",
            "/api/tryon",
            timeout=self._timeout,
            repeat=RetryPolicy.IF_UNSENT,  # a second try-on would be charged
            data={name: value for name, value in fields.items() if value is not None},
            files={"photo": ("photo", order.photo.data, order.photo.mimetype)},
            headers={"Idempotency-Key": order.key},
        )

    def _read_picture(self, answer: Response) -> Picture:
        """Take the first picture that the answer holds, in whatever form."""
        if answer.headers.get("content-type", "").startswith("image/"):
            return read_picture(answer.body)
        payload = read_json(answer.body, "a try-on")
        quota = _read_quota(payload)
        fault = MalformedAnswerError("Genvoris answered a try-on without a picture.")
        for number, text in enumerate(_texts(payload, MAX_DEPTH)):
            try:
                if number < MAX_CANDIDATES and (data := self._bytes(text)):
                    return read_picture(data, quota)
            except GenvorisError as error:
                fault = MalformedAnswerError(str(error))
        raise fault

    def _bytes(self, text: str) -> bytes | None:
        """Give what a text stands for: the picture itself, or what is at its address."""
        data = _decode(text)
        if data and is_picture(data):  # a long path may read as base64 too
            return data
        if text.startswith(("https://", "http://", "/")):
            return self._fetcher.fetch(text, FETCH_SECONDS)
        return None


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Give the texts under the keys that may hold a picture, best first."""
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, list) and depth:
        for item in value:
            yield from _texts(item, depth - 1)
    elif isinstance(value, Mapping) and depth:
        plain = {re.sub(r"[_-]", "", str(key)).lower(): held for key, held in value.items()}
        for key in PICTURE_KEYS:
            yield from _texts(plain.get(key), depth - 1)


def _decode(text: str) -> bytes | None:
    """Decode a data URL or bare base64, of either alphabet, padded or not; else give None."""
    if text[:5].lower() == "data:":
        head, _, text = text.partition(",")
        if not head.lower().endswith(";base64"):
            return None
    elif len(text) < MIN_BASE64 or text.startswith(("https://", "http://")):
        return None
    packed = re.sub(r"\s", "", text).rstrip("=").translate(_URL_SAFE)
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


MIN_BASE64 = 64  # no picture is smaller, but a path may be
_URL_SAFE = str.maketrans("-_", "+/")


def _read_quota(payload: Mapping[str, Any]) -> Quota | None:
    inner = payload.get("data")
    quota = pick(payload, "end_customer_quota") or payload.get("quota")
    if not isinstance(quota, dict):
        return _read_quota(inner) if isinstance(inner, dict) else None
    used, limit = as_int(quota.get("used")), as_int(quota.get("limit"))
    if used is None or limit is None:
        return None
    remaining = as_int(quota.get("remaining"))
    return Quota(used, limit, max(0, limit - used) if remaining is None else remaining)
