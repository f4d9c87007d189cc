"""Verifies session tokens that come from browsers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import ForeignTokenError, TokenError
from ..api.models import Session
from .jwks import MAX_KEY_ID_LENGTH, JwksCache, PublicKey

AUDIENCE = "genvoris-widget"
ALGORITHM = "RS256"
MAX_TOKEN_LENGTH = 8192
# Seconds that this machine's clock may differ from Genvoris's; `flask genvoris check` warns beyond.
MAX_CLOCK_SKEW = 30.0
# A token's times are in whole seconds, and so is the one that `check` compares with.
LEEWAY = MAX_CLOCK_SKEW + 5.0
MAX_TIME = 253402300799  # the end of the year 9999
REQUIRED_CLAIMS = ("exp", "sub", "jti", "iss", "aud")


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
