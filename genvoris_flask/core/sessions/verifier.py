"""Verifies session tokens that come from browsers, with Genvoris's public keys."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import ForeignTokenError, GenvorisError, TokenError, UnreachableError
from ..api.http import HttpClient, RetryPolicy
from ..api.models import Session
from ..api.parsing import read_json
from ..concurrency.per_process import ProcessLock

AUDIENCE = "genvoris-widget"
ALGORITHM = "RS256"
MAX_TOKEN_LENGTH = 8192
# Seconds that this machine's clock may differ from Genvoris's; `flask genvoris check` warns beyond.
MAX_CLOCK_SKEW = 30.0
# A token's times are in whole seconds, and so is the one that `check` compares with.
LEEWAY = MAX_CLOCK_SKEW + 5.0
MAX_TIME = 253402300799  # the end of the year 9999
REQUIRED_CLAIMS = ("exp", "sub", "jti", "iss", "aud")

# An RSAPublicKey of cryptography, which is imported with the first keys: it is slow to import.
PublicKey = Any
log: logging.Logger = logging.getLogger("genvoris_flask.sessions")
MAX_AGE = 3600.0  # seconds; Genvoris's keys may be cached for an hour at most
# Seconds without another fetch, so that made-up key ids cost next to nothing: after one that did
# not return the key that was asked for, and after one that failed.
MISSING_KEY_PAUSE = 60.0
FAILURE_PAUSE = 10.0
FETCH_TIMEOUT = 5.0
MAX_ENTRIES = 100
MAX_KEY_ID_LENGTH = 256
KEY_BITS = range(2048, 8192 + 1)  # shorter keys are weak, longer ones slow
# The parameters of RSA keys that only their owner may have (RFC 7518, 6.3.2).
PRIVATE_PARAMETERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})


@dataclass(frozen=True)
class Claims:
    """The claims of a verified token.

    Attributes:
        customer_id: The customer it was minted for (``sub``).
        shop_id: The shop it was minted for (``sid``), if it names one.
        jti: The token's own id.
        expires_at: When it expires, in Unix seconds.
    """

    customer_id: str
    shop_id: str | None
    jti: str
    expires_at: float

    def must_match(self, session: Session) -> None:
        """Raise unless the token belongs to this session's shop and shopper.

        Raises:
            ForeignTokenError: The token belongs to another shop.
            TokenError: It belongs to another shopper.
        """
        if self.shop_id and session.shop_id and self.shop_id != session.shop_id:
            raise ForeignTokenError("The session token was minted for another shop.")
        if self.customer_id != session.customer_id:
            raise TokenError("The session token was minted for another shopper.")


class TokenVerifier:
    """Verifies the signature (RS256), audience, issuer and times of tokens.

    A revoked token passes, since revocations are only known to Genvoris.

    Args:
        keys: Genvoris's public keys.
        issuer: The issuer that tokens must name.
        clock: The wall clock, in Unix seconds.
    """

    def __init__(
        self, keys: JwksCache, issuer: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._clock = clock

    def verify(self, token: str) -> Claims:
        """Return the claims of a valid token.

        Raises:
            TokenError: It is expired, forged, or meant for another audience.
            UnreachableError: The keys to verify it with could not be fetched.
        """
        import jwt  # slow to import

        if len(token) > MAX_TOKEN_LENGTH:
            raise TokenError("The session token is too long.")
        try:
            kid = _key_id(jwt.get_unverified_header(token))
            # Checked before the signature, so that an invalid token never causes a fetch of keys.
            self._read(self._decode(token, None))
            key = self._keys.get(kid)
            if key is None:
                raise TokenError("The session token is not signed with one of Genvoris's keys.")
            return self._read(self._decode(token, key))
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise TokenError(f"The session token is not valid ({type(error).__name__}).") from None

    def _decode(self, token: str, key: PublicKey | None) -> dict[str, Any]:
        """Return the claims, with all but the times checked. Without a key, skip the signature."""
        import jwt

        claims: dict[str, Any] = jwt.decode(
            token,
            "" if key is None else key,
            algorithms=[ALGORITHM],
            issuer=self._issuer,
            audience=AUDIENCE,
            options={
                "require": list(REQUIRED_CLAIMS),
                "verify_signature": key is not None,
                "verify_aud": True,
                "verify_iss": True,
                # Checked in _read, with a clock that tests can move.
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        return claims

    def _read(self, claims: Mapping[str, Any]) -> Claims:
        now, expires_at = self._clock(), _seconds(claims, "exp")
        if expires_at + LEEWAY <= now:
            raise TokenError("The session token has expired.")
        for name in ("iat", "nbf"):
            if name in claims and _seconds(claims, name) - LEEWAY > now:
                raise TokenError("The session token is not valid yet: check this machine's clock.")
        shop_id = claims.get("sid")
        return Claims(
            customer_id=_text(claims, "sub"),
            shop_id=shop_id if isinstance(shop_id, str) else None,
            jti=_text(claims, "jti"),
            expires_at=expires_at,
        )


def _key_id(header: Mapping[str, Any]) -> str:
    if header.get("alg") != ALGORITHM or "crit" in header:
        raise TokenError("The session token is not signed the way Genvoris signs tokens.")
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KEY_ID_LENGTH:
        raise TokenError("The session token does not name the key that it is signed with.")
    return kid


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims[name]
    if not isinstance(value, str) or not value.strip():
        raise TokenError(f"The session token's {name} is empty.")
    return value


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    # Compared before it is converted: JSON has whole numbers that no float can hold.
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= MAX_TIME:
        raise TokenError(f"The session token's {name} is not a time.")
    return float(value)


class JwksCache:
    """The public keys that session tokens are verified with, by their key id.

    Args:
        http: Its base URL is the JWKS URL.
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, http: HttpClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._clock = clock
        self._keys: dict[str, PublicKey] = {}
        self._fetched_at: float | None = None
        self._paused_until: float | None = None
        self._lock = ProcessLock()

    def get(self, kid: str) -> PublicKey | None:
        """Return the key with this id, or None if Genvoris has no such key.

        Keys are fetched when they are an hour old, or when the id is unknown. While the endpoint
        is down, the cached keys stay in use.

        Raises:
            UnreachableError: No keys could be fetched yet.
        """
        known = kid in self._keys
        if not known or self._is_old():
            # A thread that has a key already does not wait for another one's fetch.
            self._refresh(kid, wait=not known)
        if self._fetched_at is None:
            raise UnreachableError("Genvoris's keys could not be fetched, so no token is valid.")
        return self._keys.get(kid)

    def _refresh(self, kid: str, *, wait: bool) -> None:
        if not self._lock.acquire(blocking=wait):
            return
        try:
            # Another thread may have fetched them while this one waited.
            if (kid not in self._keys or self._is_old()) and not self._is_paused():
                self._fetch(kid)
        finally:
            self._lock.release()

    def _is_old(self) -> bool:
        return self._fetched_at is None or self._clock() - self._fetched_at >= MAX_AGE

    def _is_paused(self) -> bool:
        return self._paused_until is not None and self._clock() < self._paused_until

    def _fetch(self, kid: str) -> None:
        try:
            answer = self._http.request("GET", "", timeout=FETCH_TIMEOUT, repeat=RetryPolicy.ALWAYS)
            keys = read_keys(answer.body)
        except GenvorisError as error:
            self._paused_until = self._clock() + FAILURE_PAUSE
            log.warning("The keys of session tokens could not be fetched: %s", error)
            return
        if keys:
            # Replaced as a whole, so that readers need no lock.
            self._keys, self._fetched_at = keys, self._clock()
        else:
            log.warning(
                "The JWKS holds no key that can verify RS256 tokens: check GENVORIS_JWKS_URL."
            )
        if kid not in keys:
            self._paused_until = self._clock() + MISSING_KEY_PAUSE


def read_keys(body: bytes) -> dict[str, PublicKey]:
    """Return the keys of a JWKS (RFC 7517) that can verify RS256 signatures, by their id.

    Entries that are private, weak, malformed or meant for another use or algorithm are skipped.

    Raises:
        MalformedAnswerError: The body is not a JSON object.
    """
    import jwt  # slow to import
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    entries = read_json(body, "the JWKS").get("keys")
    keys: dict[str, PublicKey] = {}
    for entry in entries[:MAX_ENTRIES] if isinstance(entries, list) else []:
        if not _verifies_rs256(entry):
            continue
        # Built from the public parameters only, so that it is never another kind of key.
        public = {name: entry.get(name) for name in ("kty", "n", "e")}
        try:
            key = jwt.PyJWK(public, algorithm="RS256").key
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        if isinstance(key, RSAPublicKey) and key.key_size in KEY_BITS:
            keys.setdefault(entry["kid"], key)
    return keys


def _verifies_rs256(entry: object) -> bool:
    """Return whether a JWKS entry is a public key for verifying RS256 signatures."""
    if not isinstance(entry, dict) or entry.get("kty") != "RSA":
        return False
    if not PRIVATE_PARAMETERS.isdisjoint(entry):
        log.error("The JWKS holds a private key, with which anybody could sign; it is not used.")
        return False
    kid, operations = entry.get("kid"), entry.get("key_ops", ["verify"])
    return (
        isinstance(kid, str)
        and 0 < len(kid) <= MAX_KEY_ID_LENGTH
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", "RS256") == "RS256"
        and isinstance(operations, list)
        and "verify" in operations
    )
