"""What a server sends back before the deadline of a call, and which exception an error raises."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

from ...errors import (
    ApiError,
    DeadlineError,
    MalformedAnswerError,
    Problem,
    QuotaReason,
    UnreachableError,
    error_for,
)
from .parsing import as_http_date, as_int, as_text, pick

REASONS = ("quota_exhausted", "no_plan", "paused", "cancelled")
REQUEST_ID_HEADERS = ("x-request-id", "request-id", "cf-ray")
MAX_DETAIL = 500
MAX_FIELDS = 20
LONGEST_WAIT = 24 * 3600.0  # seconds
_SECONDS = re.compile(r"[0-9]+")  # str.isdigit() has more digits, which are no number to float()
_CODES = {
    400: "invalid_body",
    401: "unauthorized",
    402: "credit_limit_reached",
    403: "forbidden",
    404: "not_found",
    422: "invalid_body",
    429: "rate_limited",
}

MAX_RESPONSE_BYTES = 32 * 1024 * 1024  # of what is passed on in pieces
MAX_JSON_BYTES = 4 * 1024 * 1024  # two hundred customers with all their metadata take one
LARGE_BYTES = 1024 * 1024
_NAME = "The answer from Genvoris"
_QUERY = re.compile(r"""(https?://[^\s"'<>?#]*)[?#][^\s"'<>]*""", re.IGNORECASE)


def parse_error(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    secrets: tuple[str, ...] = (),
    ids: tuple[str, ...] = (),
) -> ApiError:
    """Return the exception for an error response, whatever fields hold its code and message.

    The code may be in ``code`` or ``error``, the message in ``message`` or ``detail``.

    Args:
        status: The HTTP status.
        headers: The response's headers.
        body: The response's body.
        secrets: Strings to replace wherever the server repeats them.
        ids: Shoppers' ids and email addresses, which are replaced where they are whole words.
    """
    payload = _payload(body)
    code = as_text(payload.get("code")) or as_text(payload.get("error"))
    detail = as_text(payload.get("detail")) or as_text(payload.get("message"))
    code = code or _CODES.get(status, "internal_error")
    field_errors = _field_errors(payload, secrets, ids)
    detail = detail or f"Genvoris answered with status {status}."
    problem = Problem(
        status=status,
        code=_clean(code, secrets),
        detail=_clean(_with_fields(detail, field_errors), secrets, ids),
        request_id=_request_id(headers),
        retry_after=read_retry_after(headers.get("retry-after")),
        reason=_reason(payload),
        used=as_int(pick(payload, "used")),
        limit=as_int(pick(payload, "limit")),
        field_errors=field_errors,
    )
    return error_for(problem)


def read_retry_after(value: str | None, now: dt.datetime | None = None) -> float | None:
    """Parse a Retry-After header, in seconds or as a date (RFC 9110, 10.2.3), into seconds.

    Nobody is told to wait for longer than a day.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_WAIT)
    if (date := as_http_date(text)) is None:
        return None
    wait = (date - (now or dt.datetime.now(dt.UTC))).total_seconds()
    return min(max(0.0, wait), LONGEST_WAIT)


def _payload(body: bytes) -> Mapping[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(parsed, dict):
        return {}
    # Some servers wrap it once more: {"error": {"code": …, "message": …}}.
    inner = parsed.get("error")
    return {**parsed, **inner} if isinstance(inner, dict) else parsed


def _field_errors(
    payload: Mapping[str, Any], secrets: tuple[str, ...], ids: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    """Parse ``fieldErrors`` or ``errors``: one or more strings for each field."""
    details = payload.get("details")
    places = (payload, details) if isinstance(details, dict) else (payload,)
    named = (pick(place, name) for place in places for name in ("field_errors", "errors"))
    found = next((each for each in named if isinstance(each, dict)), {})
    errors: dict[str, tuple[str, ...]] = {}
    for name, texts in itertools.islice(found.items(), MAX_FIELDS):
        listed = texts if isinstance(texts, list) else [texts]
        kept = tuple(_clean(text, secrets, ids) for each in listed if (text := as_text(each)))
        if kept:
            errors[_clean(as_text(name) or "", secrets, ids)] = kept
    return errors


def _with_fields(detail: str, field_errors: Mapping[str, tuple[str, ...]]) -> str:
    listed = "; ".join(f"{name}: {', '.join(texts)}" for name, texts in field_errors.items())
    return f"{detail} ({listed})" if listed else detail


def _reason(payload: Mapping[str, Any]) -> QuotaReason:
    reason = as_text(payload.get("reason"))
    return cast("QuotaReason", reason) if reason in REASONS else "quota_exhausted"


def _request_id(headers: Mapping[str, str]) -> str | None:
    for name in REQUEST_ID_HEADERS:
        if value := headers.get(name):
            return value[:100]
    return None


def _clean(text: str, secrets: tuple[str, ...], ids: tuple[str, ...] = ()) -> str:
    for secret in secrets:
        text = text.replace(secret, "[key]")
    for each in ids:
        text = re.sub(rf"(?<!\w){re.escape(each)}(?!\w)", "[id]", text)
    # The query of a picture's address may be its signature.
    text = _QUERY.sub(r"\1?…", text)
    return text[:MAX_DETAIL]


class Deadline:
    """A point in time by which a call must be done.

    Args:
        seconds: How far it is from now.
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def restart(self, seconds: float) -> None:
        """Move the deadline to ``seconds`` from now."""
        self._end = self._clock() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left, or zero."""
        return max(0.0, self._end - self._clock())

    def allows(self, seconds: float) -> bool:
        """Return whether something that takes this long would be done in time."""
        return seconds < self.remaining()


# The deadline of the call that uses a socket now: sockets are shared by calls.
current_deadline: ContextVar[Deadline | None] = ContextVar("genvoris_deadline", default=None)


@dataclass(frozen=True)
class Response:
    """A response with a status below 300."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class StreamedResponse:
    """A response whose body is still coming in. The caller closes it.

    Args:
        status: The HTTP status.
        headers: Its headers.
        raw: The body as it was sent, in pieces.
        decoded: The same body, decoded. Only one of the two can be read.
        close: Releases the connection.
    """

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        *,
        raw: Iterator[bytes],
        decoded: Iterator[bytes],
        close: Callable[[], None],
    ) -> None:
        self.status = status
        self.headers = headers
        self._raw = raw
        self._decoded = decoded
        self._close = close

    def iter_raw(self) -> Iterator[bytes]:
        """Yield the body as it was sent, still encoded as Content-Encoding says.

        Raises:
            UnreachableError: The connection broke, or (DeadlineError) the time is up.
            MalformedAnswerError: The body is larger than 32 MiB.
        """
        return _limited(self._raw, MAX_RESPONSE_BYTES, _NAME)

    def iter_decoded(self) -> Iterator[bytes]:
        """Yield the body as it was before it was encoded; otherwise as ``iter_raw``."""
        return _limited(self._decoded, MAX_RESPONSE_BYTES, _NAME)

    def read(
        self,
        limit: int = MAX_JSON_BYTES,
        name: str = _NAME,
        before_large: Callable[[], object] | None = None,
    ) -> bytes:
        """Return the whole body, decoded.

        Args:
            limit: The largest body, in bytes.
            name: What it is, for the error.
            before_large: Called before more than ``LARGE_BYTES`` of it are read.

        Raises:
            UnreachableError: The connection broke, or (DeadlineError) the time is up.
            MalformedAnswerError: The body is larger than ``limit``.
        """
        return b"".join(_limited(self._decoded, limit, name, before_large))

    def error(self, secrets: tuple[str, ...] = ()) -> ApiError:
        """Return the error that the response describes.

        Args:
            secrets: Strings to blot out of it.
        """
        return parse_error(self.status, self.headers, self.read(), secrets)

    def close(self) -> None:
        """Release the connection."""
        self._close()


def _limited(
    pieces: Iterator[bytes],
    limit: int,
    name: str,
    before_large: Callable[[], object] | None = None,
) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise MalformedAnswerError(f"{name} is larger than {limit // 2**20} MiB.")
        if size > LARGE_BYTES and before_large:
            before_large()
            before_large = None
        yield piece


class NoConnectionError(UnreachableError):
    """Nothing was sent."""


class NoConnectionInTimeError(DeadlineError, NoConnectionError):
    """Nothing was sent, and the time is up."""
