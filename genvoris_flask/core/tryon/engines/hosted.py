"""Makes try-ons at Genvoris.

The field names of Genvoris's try-on call are not public. Only this module knows what is sent and
what is accepted.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ....errors import ApiError, GenvorisError, MalformedAnswerError, RateLimitedError
from ...api.fetch import PictureFetcher
from ...api.http import HttpClient, Response, RetryPolicy
from ...api.large_answers import LargeAnswers
from ...api.parsing import as_int, pick, read_json
from ...api.response import NoConnectionError
from ...images.photos import Picture, Quota, is_picture, read_picture
from ...pacing import DEFAULT_HOLD
from ..models import TryOnPostponedError, TryOnRequest
from . import TokenSource

# Keys that may hold a picture in the answer, best first; case, "_" and "-" are ignored.
PICTURE_KEYS = (
    *("images", "image", "imageurl", "imageurls", "imagebase64", "b64json", "base64", "dataurl"),
    *("results", "result", "resulturl", "resultimage", "output", "outputs", "outputurl"),
    *("generatedimage", "generatedimages", "tryonimage", "variations", "data", "url", "uri", "src"),
)
MAX_DEPTH = 5
FETCH_SECONDS = 15.0
MAX_CANDIDATES = 8
MAX_ANSWER_BYTES = 24 * 1024 * 1024  # as base64, the largest picture that is fetched takes 22


class HostedEngine:
    """Sends photo and product to the try-on host and reads the picture from its answer.

    Args:
        http: Calls GENVORIS_TRYON_URL, with the key in X-API-Key.
        fetcher: Fetches pictures that the answer names by their URL.
        timeout: Seconds that Genvoris may take.
        report: Called with the shop's credits that are left, if Genvoris says so.
    """

    def __init__(
        self,
        http: HttpClient,
        fetcher: PictureFetcher,
        timeout: float,
        report: Callable[[int], object] = lambda _left: None,
    ) -> None:
        self._report = report
        self._http = http
        self._fetcher = fetcher
        self._timeout = timeout
        self._large = LargeAnswers()

    def make(self, request: TryOnRequest, tokens: TokenSource) -> Picture:
        """Return a picture, which Genvoris itself has metered.

        Raises:
            MintError: The shopper has no token.
            TryOnCancelledError: It was cancelled before it was sent.
            TryOnPostponedError: Genvoris asks to wait.
            GenvorisError: Genvoris refused, could not be reached, or answered without a picture.
        """
        with self._large.turn(self._timeout) as take_turn:
            try:
                answer = tokens.call(lambda token: self._send(request, token, take_turn))
            except RateLimitedError as error:
                raise TryOnPostponedError(error.retry_after or DEFAULT_HOLD) from error
            return self._read_picture(answer, take_turn)

    def charged(self, error: Exception) -> bool | None:
        """Return False if Genvoris refused; None if it may have made the picture all the same."""
        refused = isinstance(error, ApiError) and error.status < 500
        return False if refused or isinstance(error, NoConnectionError) else None

    def _send(
        self, request: TryOnRequest, token: str | None, take_turn: Callable[[], object]
    ) -> Response:
        product = request.product
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
            max_bytes=MAX_ANSWER_BYTES,
            before_large=take_turn,
            data={name: value for name, value in fields.items() if value is not None},
            files={"photo": ("photo", request.photo.data, request.photo.mimetype)},
            headers={"Idempotency-Key": request.key},
            before=request.cancellation.begin_charging,
        )

    def _read_picture(self, answer: Response, take_turn: Callable[[], object]) -> Picture:
        """Return the first picture in the answer, whatever its form."""
        if answer.headers.get("content-type", "").startswith("image/"):
            return read_picture(answer.body)
        payload = read_json(answer.body, "a try-on")
        if (left := as_int(pick(payload, "remaining_credits"))) is not None:
            self._report(left)
        quota = _read_quota(payload)
        failure = MalformedAnswerError("Genvoris answered a try-on without a picture.")
        for number, text in enumerate(_texts(payload, MAX_DEPTH)):
            try:
                if number < MAX_CANDIDATES and (data := self._bytes(text, take_turn)):
                    return read_picture(data, quota)
            except GenvorisError as error:
                failure = MalformedAnswerError(str(error))
        raise failure

    def _bytes(self, text: str, take_turn: Callable[[], object]) -> bytes | None:
        """Return the picture that a text encodes, or that is at the URL that it is."""
        data = _decode(text)
        if data and is_picture(data):  # a long path may read as base64 too
            return data
        if text.startswith(("https://", "http://", "/")):
            return self._fetcher.fetch(text, FETCH_SECONDS, take_turn)
        return None


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Yield the texts under the keys that may hold a picture, best first."""
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, list) and depth:
        for item in value:
            yield from _texts(item, depth - 1)
    elif isinstance(value, Mapping) and depth:
        plain = {re.sub(r"[_-]", "", str(key)).lower(): item for key, item in value.items()}
        for key in PICTURE_KEYS:
            yield from _texts(plain.get(key), depth - 1)


def _decode(text: str) -> bytes | None:
    """Return what a data URL or bare base64 encodes; either alphabet, padding is optional."""
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
