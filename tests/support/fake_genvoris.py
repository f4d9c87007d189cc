"""A fake Genvoris for unit tests: a transport without sockets or delays, with faults on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.core.pacing import Pace

NOW = 1_700_000_000.0
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ISSUER = "https://genvoris.org"


class Clock:
    """A wall clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def sign(claims: dict[str, Any], key: Any = KEY, kid: str = "k1", algorithm: str = "RS256") -> str:
    """Sign claims as a token."""
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


def claims_for(customer_id: str, now: float = NOW, **changes: Any) -> dict[str, Any]:
    """Return the claims of a valid token; a change to None omits a claim."""
    claims = {
        "sub": customer_id,
        "sid": "shop_1",
        "iss": ISSUER,
        "aud": "genvoris-widget",
        "iat": int(now),
        "exp": int(now) + 900,
        "jti": f"{customer_id}.1",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def jwks(**keys: Any) -> dict[str, Any]:
    """Return the JWKS with the public halves of these keys, by their kid."""
    entries = []
    for kid, key in (keys or {"k1": KEY}).items():
        entry = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
        entries.append({**entry, "kid": kid, "alg": "RS256", "use": "sig"})
    return {"keys": entries}


class FakeGenvoris:
    """Knows customers by id and external id, mints tokens, and records its requests.

    Attributes:
        customers: Customer id by external id.
        calls: Method and path of each request.
        fault: Called before each answer; may wait, raise, or return a response of its own.
        ttl: Seconds that a token lives, whatever was asked for.
    """

    def __init__(self, clock: Callable[[], float] = lambda: NOW) -> None:
        self.clock = clock
        self.customers: dict[str, str] = {}
        self.calls: list[str] = []
        self.bodies: list[Any] = []
        self.fault: Callable[[], httpx.Response | None] = lambda: None
        self.ttl = 900
        self._lock = threading.Lock()

    def client(self, pace: Pace | None = None) -> GenvorisClient:
        """Return a client of this Genvoris."""
        transport = httpx.MockTransport(self)
        return GenvorisClient("gvk_test_1", transport=transport, now=self.clock, pace=pace)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        with self._lock:
            self.calls.append(f"{request.method} {path}")
            self.bodies.append(json.loads(request.content or b"null"))
        answer = self.fault()
        if answer is not None:
            return answer
        if request.method == "DELETE":
            return httpx.Response(200, json={"data": {"revoked": True}})
        if path == "/customers":
            return self._register(json.loads(request.content))
        return self._mint(path.split("/")[2])

    def _register(self, body: dict[str, Any]) -> httpx.Response:
        external_id = body["externalId"]
        with self._lock:
            customer_id = self.customers.setdefault(external_id, f"ec_{len(self.customers) + 1}")
        return httpx.Response(200, json={"id": customer_id, "externalId": external_id})

    def _mint(self, name: str) -> httpx.Response:
        customer_id = self.customers.get(name, name)
        if customer_id not in self.customers.values():
            return httpx.Response(404, json={"error": "not_found", "detail": "No such customer."})
        now = int(self.clock())
        claims = claims_for(customer_id, now, exp=now + self.ttl, jti=f"j{len(self.calls)}")
        answer = {"token": sign(claims), "expires_in": self.ttl, "customer": {"id": customer_id}}
        return httpx.Response(200, json=answer)
