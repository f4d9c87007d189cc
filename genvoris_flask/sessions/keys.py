"""The public keys that Genvoris signs tokens with, fetched when needed and kept."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import jwt

from ..api.http import HttpClient, Repeat
from ..api.wire import read_json
from ..errors import GenvorisError, UnreachableError
from ..per_process import ProcessLock

log = logging.getLogger("genvoris_flask.sessions")

MAX_AGE = 3600.0  # seconds; the contract allows an hour at most
MIN_INTERVAL = 60.0  # seconds between fetches, so that made-up key ids cost nothing
FETCH_TIMEOUT = 5.0


class KeySet:
    """The keys by their id.

    Args:
        http: Reaches the JWKS URL at the empty path.
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, http: HttpClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._clock = clock
        self._keys: dict[str, Any] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._lock = ProcessLock()

    def get(self, kid: str) -> Any | None:
        """Give the key, or None when Genvoris has no such key.

        Keys that were good stay in use while the endpoint is down.

        Raises:
            UnreachableError: No key could be fetched yet.
        """
        known = kid in self._keys
        if not known or self._is_old():
            # Who has a key already does not wait for somebody else's fetch.
            self._refresh(wait=not known)
        if self._fetched_at is None:
            raise UnreachableError("Genvoris's keys could not be fetched, so no token counts.")
        return self._keys.get(kid)

    def _refresh(self, *, wait: bool) -> None:
        if self._lock.acquire(blocking=wait):
            try:
                self._fetch_unless_just_tried()
            finally:
                self._lock.release()

    def _is_old(self) -> bool:
        return self._fetched_at is None or self._clock() - self._fetched_at >= MAX_AGE

    def _fetch_unless_just_tried(self) -> None:
        if self._tried_at is not None and self._clock() - self._tried_at < MIN_INTERVAL:
            return
        self._tried_at = self._clock()
        try:
            answer = self._http.request("GET", "", timeout=FETCH_TIMEOUT, repeat=Repeat.ALWAYS)
            keys = read_keys(answer.body)
        except GenvorisError as error:
            log.warning("The keys for session tokens could not be fetched: %s", error)
            return
        if keys:
            # Replaced as a whole, so that readers need no lock.
            self._keys, self._fetched_at = keys, self._clock()
        else:
            log.warning("The address of Genvoris's keys holds no RSA key: check GENVORIS_JWKS_URL.")


def read_keys(body: bytes) -> dict[str, Any]:
    """Read the RSA keys of a JWKS (RFC 7517); others are left out."""
    keys = {}
    for entry in read_json(body, "the JWKS").get("keys") or []:
        if not isinstance(entry, dict) or entry.get("kty") != "RSA" or not entry.get("kid"):
            continue
        try:
            keys[str(entry["kid"])] = jwt.PyJWK(entry, algorithm="RS256").key
        except jwt.PyJWTError:
            continue
    return keys
