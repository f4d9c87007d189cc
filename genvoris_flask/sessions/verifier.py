"""Checks session tokens that come from browsers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

from ..api.models import Session
from ..errors import ForeignTokenError, TokenError
from .keys import KeySet

AUDIENCE = "genvoris-widget"
LEEWAY = 10.0  # seconds that our clock and Genvoris's may differ
MAX_TOKEN_LENGTH = 8192


@dataclass(frozen=True)
class Claims:
    """What a genuine token says.

    Attributes:
        customer_id: Whose it is (``sub``).
        shop_id: Which shop's (``sid``), if it says so.
        jti: Its own id.
        expires_at: Its end in Unix seconds.
    """

    customer_id: str
    shop_id: str | None
    jti: str
    expires_at: float

    def must_match(self, session: Session) -> None:
        """Compare with the session that we hold for the shopper.

        Raises:
            ForeignTokenError: The token is another shop's.
            TokenError: It is another shopper's.
        """
        if self.shop_id and session.shop_id and self.shop_id != session.shop_id:
            raise ForeignTokenError("The session token was minted for another shop.")
        if self.customer_id != session.customer_id:
            raise TokenError("The session token was minted for another shopper.")


class TokenVerifier:
    """Verifies tokens as the contract says: RS256 alone, by Genvoris's key, iss, aud, exp, sub.

    A revoked token passes: revocations cannot be seen from here.

    Args:
        keys: Genvoris's public keys.
        issuer: Who must have issued the token.
        clock: The wall clock, in Unix seconds.
    """

    def __init__(self, keys: KeySet, issuer: str, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._issuer = issuer
        self._clock = clock

    def verify(self, token: str) -> Claims:
        """Give the claims of a genuine token.

        Raises:
            TokenError: It is expired, forged, or meant for something else.
            UnreachableError: There are no keys to check it with.
        """
        claims = self._decode(token)
        expires_at = claims["exp"]
        if not isinstance(expires_at, int | float) or not math.isfinite(expires_at):
            raise TokenError("The session token's end is not a time.")
        if expires_at + LEEWAY <= self._clock():
            raise TokenError("The session token has expired.")
        shop_id = claims.get("sid")
        return Claims(
            customer_id=claims["sub"],
            shop_id=shop_id if isinstance(shop_id, str) else None,
            jti=str(claims["jti"]),
            expires_at=float(expires_at),
        )

    def _decode(self, token: str) -> dict[str, Any]:
        try:
            if len(token) > MAX_TOKEN_LENGTH:
                raise TokenError("The session token is too long.")
            key = self._keys.get(str(jwt.get_unverified_header(token).get("kid")))
            if key is None:
                raise TokenError("The session token is signed with a key that is not Genvoris's.")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                issuer=self._issuer,
                audience=AUDIENCE,
                # exp is checked by our own clock, which tests can move
                options={"require": ["exp", "sub", "jti", "iss", "aud"], "verify_exp": False},
                leeway=LEEWAY,
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise TokenError(f"The session token is not valid ({type(error).__name__}).") from None
        return claims
