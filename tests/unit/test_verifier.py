"""Tokens from browsers: what passes and what does not."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from email.utils import format_datetime
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from genvoris_flask.core.api.http import HttpClient
from genvoris_flask.core.api.models import Session
from genvoris_flask.core.sessions.verifier import Claims, JwksCache, TokenVerifier
from genvoris_flask.errors import ForeignTokenError, TokenError, UnreachableError
from genvoris_flask.web.health_checks.genvoris import check_clock
from tests.support.fake_genvoris import ISSUER, KEY, OTHER_KEY, claims_for, jwks, sign

NOW = time.time()


class Endpoint:
    """Serves a key set and counts how often it is asked."""

    def __init__(self) -> None:
        self.payload: Any = jwks()
        self.status = 200
        self.asked = 0
        self.now = 0.0
        self.hangs: threading.Event | None = None
        transport = httpx.MockTransport(self._answer)
        http = HttpClient("https://genvoris.test/jwks", {}, transport=transport, sleep=self._sleep)
        self.keys = JwksCache(http, clock=lambda: self.now)
        self.verifier = TokenVerifier(self.keys, ISSUER, clock=lambda: NOW)

    def _sleep(self, seconds: float) -> None:
        return

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.hangs:
            self.hangs.wait(60)
        return httpx.Response(self.status, json=self.payload)


def token(**changes: Any) -> str:
    return sign(claims_for("ec_ada", NOW, **changes))


def public_pem() -> bytes:
    return KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def unsigned() -> str:
    return jwt.encode(claims_for("ec_ada", NOW), "", algorithm="none", headers={"kid": "k1"})


def hs256_with_the_public_key() -> str:
    def encode(part: Any) -> bytes:
        raw = part if isinstance(part, bytes) else json.dumps(part).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=")

    head = encode({"alg": "HS256", "kid": "k1", "typ": "JWT"})
    body = head + b"." + encode(claims_for("ec_ada", NOW))
    return (body + b"." + encode(hmac.digest(public_pem(), body, hashlib.sha256))).decode()


def changed() -> str:
    head, _, signature = token().split(".")
    forged = base64.urlsafe_b64encode(json.dumps(claims_for("ec_ben", NOW)).encode())
    return f"{head}.{forged.rstrip(b'=').decode()}.{signature}"


def with_payload(payload: bytes) -> str:
    """Return a token whose payload is this, whatever it is."""
    head = jwt.encode({}, KEY, algorithm="RS256", headers={"kid": "k1"}).split(".")[0].encode()
    body = head + b"." + base64.urlsafe_b64encode(payload).rstrip(b"=")
    signature = KEY.sign(body, padding.PKCS1v15(), hashes.SHA256())
    return (body + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def test_valid_token_returns_its_claims() -> None:
    """Its customer, shop and id."""
    claims = Endpoint().verifier.verify(token())
    assert (claims.customer_id, claims.shop_id, claims.jti) == ("ec_ada", "shop_1", "ec_ada.1")


@pytest.mark.parametrize("behind", [-30, -10, 10, 30])
def test_clocks_may_differ_a_little(behind: int) -> None:
    """As much as `flask genvoris check` tolerates."""
    date = format_datetime(dt.datetime.fromtimestamp(int(NOW) + behind, dt.UTC), usegmt=True)
    assert check_clock(date, int(NOW)).ok
    endpoint = Endpoint()
    fresh = token(iat=int(NOW) + behind, nbf=int(NOW) + behind, exp=int(NOW) + behind + 1)
    assert endpoint.verifier.verify(fresh).customer_id == "ec_ada"


@pytest.mark.parametrize(
    "make",
    [
        lambda: token(exp=int(NOW) - 60),
        lambda: token(exp=None),
        lambda: token(exp="soon"),
        lambda: token(exp=1e400),
        lambda: token(exp=10**400),
        lambda: token(exp=True),
        lambda: token(exp=int(NOW) - 36),
        lambda: token(iat=int(NOW) + 90),
        lambda: token(iat=10**400),
        lambda: token(iat="now"),
        lambda: token(sub=""),
        lambda: token(sub="  "),
        lambda: token(jti=""),
        lambda: sign(claims_for("ec_ada", NOW), kid=""),
        lambda: with_payload(b"[" * 5000),
        lambda: with_payload(b"7" * 5000),
        lambda: jwt.encode(claims_for("ec_ada", NOW), KEY, "RS256", {"kid": "k1", "crit": ["x"]}),
        lambda: token(sub=None),
        lambda: token(sub=7),
        lambda: token(jti=None),
        lambda: token(aud="another-audience"),
        lambda: token(aud=None),
        lambda: token(iss="https://evil.example"),
        lambda: token(iss=None),
        lambda: token(nbf=int(NOW) + 3600),
        lambda: sign(claims_for("ec_ada", NOW), OTHER_KEY),
        lambda: sign(claims_for("ec_ada", NOW), kid="made-up"),
        unsigned,
        hs256_with_the_public_key,
        changed,
        lambda: "",
        lambda: "a.b.c",
        lambda: "x" * 100_000,
        lambda: "a.b.\ud800",
        lambda: token() + "x",
    ],
)
def test_invalid_token_is_refused(make: Callable[[], str]) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(TokenError):
        Endpoint().verifier.verify(make())


@pytest.mark.parametrize(
    ("claimed", "held", "error"),
    [
        (("ec_ada", "shop_1"), ("ec_ada", "shop_1"), None),
        (("ec_ada", None), ("ec_ada", "shop_1"), None),
        (("ec_ada", "shop_1"), ("ec_ada", None), None),
        (("ec_ben", "shop_1"), ("ec_ada", "shop_1"), TokenError),
        (("ec_ada", "shop_2"), ("ec_ada", "shop_1"), ForeignTokenError),
    ],
)
def test_claims_must_match_the_session(
    claimed: tuple[str, str | None],
    held: tuple[str, str | None],
    error: type[TokenError] | None,
) -> None:
    """Another shop's token is told from another shopper's."""
    claims = Claims(*claimed, jti="j1", expires_at=NOW)
    session = Session("t", NOW, "j2", held[1], held[0], None, None, None, None, None)
    if error is None:
        claims.must_match(session)
        return
    with pytest.raises(TokenError) as caught:
        claims.must_match(session)
    assert caught.type is error


def test_error_does_not_repeat_the_token() -> None:
    """It may end up in a log."""
    bad = token(exp=int(NOW) - 60)
    with pytest.raises(TokenError) as caught:
        Endpoint().verifier.verify(bad)
    assert bad not in str(caught.value)


def test_keys_are_fetched_once_an_hour() -> None:
    """Not for each token."""
    endpoint = Endpoint()
    for _ in range(5):
        endpoint.verifier.verify(token())
    assert endpoint.asked == 1
    endpoint.now = 3601
    endpoint.verifier.verify(token())
    assert endpoint.asked == 2


def test_new_key_is_found_right_after_a_fetch() -> None:
    """The last fetch may have been a moment before a rotation."""
    endpoint = Endpoint()
    endpoint.verifier.verify(token())
    endpoint.payload, endpoint.now = jwks(k1=KEY, k2=OTHER_KEY), 1
    rotated = sign(claims_for("ec_ada", NOW), OTHER_KEY, kid="k2")
    assert endpoint.verifier.verify(rotated).customer_id == "ec_ada"
    assert endpoint.verifier.verify(token()).customer_id == "ec_ada"
    assert endpoint.asked == 2


def test_unknown_key_ids_cost_one_fetch_a_minute() -> None:
    """A rotated key is still found after that."""
    endpoint = Endpoint()
    endpoint.verifier.verify(token())
    for second in range(60):
        endpoint.now = second
        with pytest.raises(TokenError):
            endpoint.verifier.verify(sign(claims_for("ec_ada", NOW), OTHER_KEY, kid=f"x{second}"))
    assert endpoint.asked == 2
    endpoint.payload, endpoint.now = jwks(k1=KEY, k2=OTHER_KEY), 60
    rotated = sign(claims_for("ec_ada", NOW), OTHER_KEY, kid="k2")
    assert endpoint.verifier.verify(rotated).customer_id == "ec_ada"
    assert endpoint.asked == 3


@pytest.mark.parametrize("changes", [{"exp": int(NOW) - 60}, {"aud": "other"}, {"sub": ""}])
def test_expired_token_costs_no_fetch(changes: dict[str, Any]) -> None:
    """Its key may have been retired since."""
    endpoint = Endpoint()
    endpoint.verifier.verify(token())
    for _ in range(3):
        with pytest.raises(TokenError):
            endpoint.verifier.verify(sign(claims_for("ec_ada", NOW, **changes), kid="retired"))
    assert endpoint.asked == 1


def test_failed_fetch_is_retried_soon() -> None:
    """After ten seconds."""
    endpoint = Endpoint()
    endpoint.status = 404
    for second in (0, 1, 9):
        endpoint.now = second
        with pytest.raises(UnreachableError):
            endpoint.verifier.verify(token())
    assert endpoint.asked == 1
    endpoint.status, endpoint.now = 200, 10
    assert endpoint.verifier.verify(token()).customer_id == "ec_ada"


def test_old_keys_are_used_while_the_endpoint_is_down() -> None:
    """They are better than none."""
    endpoint = Endpoint()
    endpoint.verifier.verify(token())
    endpoint.status, endpoint.now = 500, 4000
    assert endpoint.verifier.verify(token()).customer_id == "ec_ada"


def test_empty_key_set_replaces_no_keys() -> None:
    """It is more likely an error than a rotation."""
    endpoint = Endpoint()
    endpoint.verifier.verify(token())
    endpoint.payload, endpoint.now = {"keys": []}, 4000
    assert endpoint.verifier.verify(token()).customer_id == "ec_ada"


def test_known_key_does_not_wait_for_a_fetch() -> None:
    """Another thread may hang in it."""
    endpoint = Endpoint()
    endpoint.verifier.verify(token())
    endpoint.now, endpoint.hangs = 4000, threading.Event()
    fetching = threading.Thread(target=lambda: endpoint.verifier.verify(token()))
    fetching.start()
    while endpoint.asked < 2:
        time.sleep(0.001)
    assert endpoint.verifier.verify(token()).customer_id == "ec_ada"  # while the other one hangs
    assert fetching.is_alive()
    endpoint.hangs.set()
    fetching.join()


def test_no_token_is_valid_without_keys() -> None:
    """That is not the token's fault."""
    endpoint = Endpoint()
    endpoint.status = 500
    with pytest.raises(UnreachableError):
        endpoint.verifier.verify(token())


@pytest.mark.parametrize(
    "payload",
    [
        {"keys": "x"},
        {"keys": 7},
        {"keys": ["x", None]},
        {"keys": [{"kty": "RSA", "kid": "k1"}]},
        {"keys": [{"kty": "RSA", "kid": "k1", "n": 7, "e": []}]},
        {"keys": [{"kty": "RSA", "kid": "k1", "n": "AA", "e": "AA"}]},
        [],
    ],
)
def test_malformed_key_set_is_handled(payload: Any) -> None:
    """It raises none but the documented errors."""
    endpoint = Endpoint()
    endpoint.payload = payload
    with pytest.raises((TokenError, UnreachableError)):
        endpoint.verifier.verify(token())


def entry(**changes: Any) -> dict[str, Any]:
    """Return the entry of the public key; a change to None leaves a field out."""
    fields = {**jwks()["keys"][0], **changes}
    return {name: value for name, value in fields.items() if value is not None}


def private_entry() -> dict[str, Any]:
    return {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY)), "kid": "k1"}


def weak_entry() -> dict[str, Any]:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    return {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(weak.public_key())), "kid": "k1"}


@pytest.mark.parametrize(
    "make",
    [
        private_entry,
        weak_entry,
        lambda: entry(use="enc"),
        lambda: entry(alg="RS512"),
        lambda: entry(alg="RSA-OAEP"),
        lambda: entry(key_ops=["encrypt"]),
        lambda: entry(key_ops="verify"),
        lambda: entry(d="AQAB"),
        lambda: entry(kty="oct", k="c2VjcmV0"),
        lambda: entry(kid=7),
        lambda: entry(kid="k" * 300),
    ],
)
def test_unsuitable_key_is_not_used(make: Callable[[], dict[str, Any]]) -> None:
    """Private, weak, for another use or another algorithm."""
    endpoint = Endpoint()
    endpoint.payload = {"keys": [make(), *jwks(k9=OTHER_KEY)["keys"]]}
    with pytest.raises(TokenError):
        endpoint.verifier.verify(token())


@pytest.mark.parametrize(
    "changes",
    [{"use": None, "alg": None, "key_ops": None}, {"key_ops": ["verify"]}, {"x5t": "AQAB"}],
)
def test_optional_fields_of_a_key_do_not_matter(changes: dict[str, Any]) -> None:
    """Neither missing nor additional ones."""
    endpoint = Endpoint()
    endpoint.payload = {"keys": [entry(**changes), entry(use="enc"), entry(alg="RS512")]}
    assert endpoint.verifier.verify(token()).customer_id == "ec_ada"
