"""Attacks and the refusals that they must meet, before anything reaches Genvoris.

Attacks by product addresses, photos and repeated keys are in the tests of products, photos and
jobs; those that need real sockets in ``tests/integration/test_attacks_on_sockets.py``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from flask import Flask
from werkzeug.datastructures import Authorization
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from genvoris_flask.errors import ExternalIdError
from genvoris_flask.sandbox.context import EXTENSION_KEY
from tests.support.fake_genvoris import OTHER_KEY, claims_for, sign
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.forwarding import answer_forwarded, forwarded
from tests.support.local_genvoris import PRODUCT_URL, LocalGenvoris
from tests.support.pictures import picture

PHOTO = picture("PNG", (300, 400))


@dataclass(frozen=True)
class Attack:
    """One request, and how it must end."""

    name: str
    method: str
    path: str
    status: int
    error: str | None = None
    headers: dict[str, str] = field(default_factory=lambda: dict(SAME_ORIGIN))


def paths() -> list[Attack]:
    """Return requests that try to leave the allow-list by their path."""
    tried = {
        "parent": "/genvoris/api/../../admin",
        "parent after a name": "/genvoris/api/tryon/../v1/plans",
        "encoded dots": "/genvoris/api/%2e%2e/%2e%2e/admin",
        "encoded slash": "/genvoris/api%2ftryon%2f..%2f..%2fapi%2fv1%2fplans",
        "twice encoded": "/genvoris/api/%252e%252e/plans",
        "overlong UTF-8": "/genvoris/api/%c0%ae%c0%ae/plans",
        "backslashes": "/genvoris/api/..\\..\\plans",
        "encoded backslashes": "/genvoris/api/%5c..%5cplans",
        "semicolon": "/genvoris/api/tryon;/../plans",
        "null byte": "/genvoris/api/tryon%00.png",
        "line end": "/genvoris/api/tryon%0d%0aHost:%20evil.example",
        "tab": "/genvoris/api/tryon%09",
        "trailing slash": "/genvoris/api/tryon/",
        "another case": "/genvoris/API/tryon",
        "longer": "/genvoris/api/tryon/track",
        "shorter": "/genvoris/api",
        "the REST API": "/genvoris/api/v1/plans",
        "the other API's status": "/genvoris/api/v1/customers/ec_1/sessions",
        "absolute": "/genvoris/http://evil.example/api/tryon",
        "absolute after api": "/genvoris/api/http://evil.example/",
        "scheme-relative": "/genvoris/api//evil.example/tryon",
        "userinfo": "/genvoris/api/tryon@evil.example",
        "fragment": "/genvoris/api/tryon%23/../plans",
        "question mark": "/genvoris/api/tryon%3f/../plans",
        "full-width slash": "/genvoris/api/tryon%ef%bc%8ftrack",
    }
    return [Attack(f"path: {name}", "POST", path, 404) for name, path in tried.items()]


def methods() -> list[Attack]:
    """Return requests with methods that the allow-list does not have."""
    tried = [("GET", "tryon"), ("PUT", "tryon"), ("DELETE", "analyze"), ("POST", "config")]
    tried += [("PATCH", "config"), ("TRACE", "tryon"), ("CONNECT", "tryon"), ("FOO", "tryon")]
    attacks = [
        Attack(f"method: {method} {name}", method, f"/genvoris/api/{name}", 405)
        for method, name in tried
    ]
    override = {"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST", **SAME_ORIGIN}
    attacks.append(Attack("method: override", "GET", "/genvoris/api/tryon", 405, headers=override))
    return attacks


def origins() -> list[Attack]:
    """Return requests that another site's page can make a browser send."""
    tried: dict[str, dict[str, str]] = {
        "no Origin": {},
        "null Origin": {"Origin": "null"},
        "foreign Origin": {"Origin": "https://evil.example"},
        "Origin with the shop's as prefix": {"Origin": "http://localhost.evil.example"},
        "Origin with the shop's as suffix": {"Origin": "http://evil-localhost"},
        "Origin on another port": {"Origin": "http://localhost:8080"},
        "Origin with the shop as user": {"Origin": "http://localhost@evil.example"},
        "invalid Origin": {"Origin": "http://[::"},
        "cross-site": {"Sec-Fetch-Site": "cross-site"},
        "cross-site with the shop's Origin": {
            "Sec-Fetch-Site": "cross-site",
            "Origin": "http://localhost",
        },
        "same-site": {"Sec-Fetch-Site": "same-site"},
        "Sec-Fetch-Site of its own": {"Sec-Fetch-Site": "Same-Origin, cross-site"},
        "forwarded host": {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"},
    }
    calls = [("POST", "/genvoris/api/tryon"), ("POST", "/genvoris/api/analyze")]
    calls += [("POST", "/genvoris/session"), ("POST", "/genvoris/tryons")]
    calls += [("DELETE", "/genvoris/tryons/x"), ("POST", "/genvoris/api/v1/events")]
    return [
        Attack(f"origin: {name} {method} {path[9:]}", method, path, 403, "cross_origin", headers)
        for name, headers in tried.items()
        for method, path in calls
    ]


ATTACKS = [*paths(), *methods(), *origins()]


def raw(shop: Shop, method: str, path: str, headers: dict[str, str]) -> TestResponse:
    """Send a path as a server passes it on: decoded once and not normalized."""
    environ = EnvironBuilder(method="POST", headers=[*headers.items()]).get_environ()
    environ["REQUEST_METHOD"] = method
    environ["PATH_INFO"] = _decoded(path)
    environ["RAW_URI"] = environ["REQUEST_URI"] = path
    cookie = shop.browser.get_cookie("session")
    environ["HTTP_COOKIE"] = f"session={cookie.value}" if cookie else ""
    answer = run_wsgi_app(shop.app.wsgi_app, environ, buffered=True)
    return TestResponse(*answer, EnvironBuilder().get_request())


def _decoded(path: str) -> str:
    return unquote_to_bytes(path).decode("latin-1")


def reached(shop: Shop) -> list[tuple[str, str]]:
    """Return the methods and paths of what reached the try-on host."""
    return [(each.method, each.url.path) for each in forwarded(shop.transport)]


@pytest.fixture(scope="module")
def refusing_shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Return one shop for all requests that are refused before they change anything."""
    genvoris = LocalGenvoris(tmp_path_factory.mktemp("genvoris"))
    genvoris.customer("ada")
    shop = Shop(genvoris)
    shop.log_in()
    return shop


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack_is_refused(refusing_shop: Shop, attack: Attack) -> None:
    """The request is refused with its status, and nothing is forwarded."""
    shop = refusing_shop
    answer = raw(shop, attack.method, attack.path, attack.headers)
    assert answer.status_code == attack.status, answer.text
    body = answer.get_json()
    if attack.path.startswith("/genvoris/"):
        assert set(body) >= {"error", "detail"}
        assert answer.headers["Cache-Control"] == "no-store"
    if attack.error:
        assert body["error"] == attack.error
    assert "Location" not in answer.headers
    assert reached(shop) == []


# Header smuggling and line ends


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Accept", "a\r\nX-API-Key: evil"),
        ("Accept", "a\nX-API-Key: evil"),
        ("Accept", "a\x00b"),
        ("User-Agent", "\x7f"),
        ("Idempotency-Key", "k\r\n\r\nGET /admin HTTP/1.1"),
        ("X-Genvoris-Thing", "x" * 100_000),
        ("Origin", "http://localhost\r\nCookie: a=b"),
    ],
)
def test_header_injection(shop: Shop, name: str, value: str) -> None:
    """A header with line ends or of any length is not forwarded."""
    environ = EnvironBuilder(method="POST", json={}, headers=[*SAME_ORIGIN.items()]).get_environ()
    environ["PATH_INFO"] = "/genvoris/api/tryon"
    environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    cookie = shop.browser.get_cookie("session")
    assert cookie
    environ["HTTP_COOKIE"] = f"session={cookie.value}"
    answer_forwarded(shop.transport)
    run_wsgi_app(shop.app.wsgi_app, environ, buffered=True)
    (sent,) = forwarded(shop.transport)
    assert value.encode("latin-1") not in dict(sent.headers.raw).values()
    assert sent.headers.get_list("X-API-Key") == [shop.state.settings.api_key]
    assert "Cookie" not in sent.headers


@pytest.mark.parametrize(
    ("name", "is_accepted"),
    [
        (rb"a\"; filename=\"b", True),
        (b"a%22; filename=%22b", True),
        (b"a\x0b\x0c", False),
        ("a\u2028b".encode(), False),
        (b"api_key\\", False),
    ],
)
def test_field_name_injection(shop: Shop, name: bytes, is_accepted: bool) -> None:
    """A field's name adds no header or parameter to the form that is forwarded."""
    head = b'Content-Disposition: form-data; name="%s"' % name
    body = b"--b\r\n" + head + b"\r\nX-A: b\r\n\r\nv\r\n--b--\r\n"
    answer_forwarded(shop.transport)
    answer = shop.post("/api/tryon", data=body, content_type="multipart/form-data; boundary=b")
    seen = forwarded(shop.transport)
    assert (answer.status_code, len(seen)) == ((200, 1) if is_accepted else (400, 0))
    for sent in seen:
        boundary = sent.content.split(b"\r\n", 1)[0]
        for part in sent.content.split(boundary)[1:-1]:
            written = part.split(b"\r\n\r\n")[0].strip(b"\r\n")
            assert written.startswith(b'Content-Disposition: form-data; name="')
            assert (written.count(b"\r\n"), written.count(b'"')) == (0, 2)


# Tokens


def signing_key(shop: Shop) -> Any:
    """Return the key that the sandbox signs tokens with."""
    return shop.genvoris.app.extensions[EXTENSION_KEY].keys.current()


def _public_key_as_secret(shop: Shop) -> bytes:
    key = signing_key(shop).private.public_key()
    pem: bytes = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem


def _kid(shop: Shop) -> str:
    return str(jwt.get_unverified_header(_own(shop))["kid"])


def _own(shop: Shop) -> str:
    return str(shop.post("/session").get_json()["token"])


def _claims(shop: Shop, **changes: Any) -> dict[str, Any]:
    claims = jwt.decode(_own(shop), options={"verify_signature": False})
    return {**claims, **changes}


def _raw_token(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    encoded = [part(json.dumps(each).encode()) for each in (header, claims)]
    return ".".join([*encoded, part(signature)])


def _hmac_with_public_key(shop: Shop) -> str:
    unsigned = _raw_token({"alg": "HS256", "kid": _kid(shop)}, _claims(shop)).rpartition(".")[0]
    digest = hmac.new(_public_key_as_secret(shop), unsigned.encode(), hashlib.sha256).digest()
    return f"{unsigned}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def resigned(shop: Shop, **changes: Any) -> str:
    """Return a token that differs from a genuine one only by some claims."""
    key = signing_key(shop)
    claims = _claims(shop, **changes)
    kept = {name: value for name, value in claims.items() if value is not None}
    # Not with PyJWT, which refuses to write wrong claims.
    unsigned = _raw_token({"alg": "RS256", "kid": key.kid, "typ": "JWT"}, kept).rpartition(".")[0]
    signature = key.private.sign(unsigned.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _another_shoppers(shop: Shop) -> str:
    shop.genvoris.customer("ben")
    return shop.genvoris.token("ben")


TOKENS: dict[str, Callable[[Shop], str]] = {
    "another shopper's": _another_shoppers,
    "HS256 with the public key": _hmac_with_public_key,
    "alg none": lambda shop: _raw_token({"alg": "none", "kid": _kid(shop)}, _claims(shop)),
    "alg None in capitals": lambda shop: _raw_token({"alg": "NONE"}, _claims(shop)),
    "unknown kid": lambda shop: sign(_claims(shop), kid="nobody's"),
    "another key under a known kid": lambda shop: sign(_claims(shop), OTHER_KEY, _kid(shop)),
    "a key in the header": lambda shop: _raw_token(
        {"alg": "RS256", "jku": "https://evil.example/jwks", "kid": _kid(shop)}, _claims(shop), b"x"
    ),
    "kid that is a path": lambda shop: sign(_claims(shop), kid="../../etc/passwd"),
    "words": lambda shop: "not a token",
    "too long": lambda shop: "a" * 9000,
    "unknown customer": lambda shop: sign(claims_for("ec_1", time.time())),
}


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("path", ["/tryons", "/api/tryon", "/api/analyze"])
def test_forged_token(shop: Shop, name: str, path: str) -> None:
    """A token that is not the shopper's own is refused."""
    token = TOKENS[name](shop)
    answer = shop.post(path, json={}, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_session_token")
    assert reached(shop) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1_600_000_000},
        {"aud": "somebody-else"},
        {"iss": "https://evil.example"},
        {"sub": "ec_somebody"},
        {"exp": "never"},
        {"jti": None},
    ],
    ids=["expired", "wrong aud", "wrong iss", "wrong sub", "exp of no number", "no jti"],
)
def test_wrong_claim(shop: Shop, changes: Any) -> None:
    """A token with a valid signature and a wrong claim is refused."""
    token = resigned(shop, **changes)
    for path in ("/tryons", "/api/tryon"):
        answer = shop.post(path, json={}, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_session_token")
    assert reached(shop) == []


def test_resigned_token(
    shop: Shop,
) -> None:
    """A token that is only signed again is accepted, so the others fail for their claims."""
    headers = {"Authorization": f"Bearer {resigned(shop)}"}
    answer = shop.post("/api/tryon", json={}, headers=headers)
    assert answer.status_code == 400  # the sandbox's own: a try-on needs a photo
    assert reached(shop) == [("POST", "/api/tryon")]


def test_long_authorization_header(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Werkzeug's parser, which has no limit, never parses an Authorization header."""
    parsed: list[str] = []
    monkeypatch.setattr(Authorization, "from_header", lambda value: parsed.append(str(value)))
    for scheme in ("Basic", "Digest", "Negotiate", "Bearer"):
        headers = {"Authorization": f"{scheme} " + 'a="b", ' * 10_000}
        answer = shop.post("/tryons", json={}, headers=headers)
        refused = "invalid_session_token" if scheme == "Bearer" else "invalid_body"
        assert answer.get_json()["error"] == refused
    assert parsed == []


def test_revoked_shopper(shop: Shop) -> None:
    """A revoked shopper gets a message about the account and no try-on."""
    token = _own(shop)
    shop.genvoris.call("DELETE", "/customers/ada")
    form = {"photo": (io.BytesIO(PHOTO), "a.png"), "product_image_url": PRODUCT_URL}
    answer = shop.post("/api/tryon", data=form, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.get_json()["reason"]) == (402, "cancelled")
    assert answer.get_json()["paywall"]["kind"] == "account"
    assert shop.genvoris.used() == 0


def test_job_of_another_shopper(shop: Shop) -> None:
    """A job of another shopper cannot be read or deleted."""
    job = shop.finish(shop.tryon())
    thief = shop.app.test_client()
    shop.log_in("ben", thief)
    for method, path in (("GET", ""), ("GET", "/image"), ("DELETE", "")):
        address = f"/genvoris/tryons/{job['id']}{path}"
        answer = thief.open(address, method=method, headers=SAME_ORIGIN)
        assert (answer.status_code, answer.get_json()["error"]) == (404, "not_found")
    assert shop.browser.get(job["image_url"]).status_code == 200


def tryon_with_host(
    shop: Shop, host: str, image: str, sender: str = "127.0.0.1", **headers: str
) -> TestResponse:
    """Request a try-on with a Host header, whose port is 80 like the server's."""
    browser = shop.app.test_client()
    browser.environ_base["REMOTE_ADDR"] = sender
    with browser.session_transaction(base_url=f"http://{host}/") as cookies:
        cookies["user"] = "ada"
    return shop.tryon(headers={"Host": host, **headers}, browser=browser, product_image=image)


INSIDE = ["127.0.0.1:6379", "169.254.169.254", "10.0.0.1", "redis:6379", "localhost:8000"]


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("8.8.8.8", {}),
        ("127.0.0.1", {}),
        ("172.17.0.1", {}),
        ("127.0.0.1", {"X-Forwarded-For": "8.8.8.8"}),
    ],
    ids=["bare", "behind a silent proxy", "in a container", "behind a proxy"],
)
@pytest.mark.parametrize("host", INSIDE)
def test_private_host(shop: Shop, host: str, sender: str, headers: dict[str, str]) -> None:
    """A private address in the Host header makes no private picture acceptable."""
    for image in ("/latest/meta-data/", f"http://{host}/x", "http://10.0.0.9/x"):
        answer = tryon_with_host(shop, host, image, sender, **headers)
        assert (answer.status_code, answer.get_json()["error"]) == (400, "no_product")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_development_server(shop: Shop, host: str) -> None:
    """A local development server may use its own pictures."""
    assert tryon_with_host(shop, host, "/static/shirt.png").status_code == 202


def test_trusted_hosts(genvoris: LocalGenvoris) -> None:
    """TRUSTED_HOSTS, if set, decides which hosts are the shop's own."""
    genvoris.customer("ada")
    shop = Shop(genvoris, GENVORIS_TRYONS_PER_SHOPPER=9)
    shop.app.config["TRUSTED_HOSTS"] = ["shop.intra", "10.1.2.3"]
    for host in ("shop.intra", "shop.intra:8080", "10.1.2.3"):
        assert tryon_with_host(shop, host, "/shirt.png", "10.0.0.7").status_code == 202
    assert tryon_with_host(shop, "shop.intra", "http://10.1.2.3/shirt.png").status_code == 400
    refused = 400 if "TRUSTED_HOSTS" in Flask.default_config else 200  # Flask 3.1 reads it
    assert shop.browser.get("/genvoris/status").status_code == refused


def test_debug_mode(shop: Shop) -> None:
    """In debug mode the server's port may differ, as it does in a container."""
    assert tryon_with_host(shop, "localhost:8080", "/shirt.png").status_code == 400
    shop.app.debug = True
    assert tryon_with_host(shop, "localhost:8080", "/shirt.png").status_code == 202
    assert tryon_with_host(shop, "localhost:8080", "http://localhost:9000/a").status_code == 400
    assert tryon_with_host(shop, "localhost:8080", "/shirt.png", "8.8.8.8").status_code == 400


def test_genvoris_id_as_shopper_id(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """A shopper whose own id is another's id at Genvoris gets nothing of theirs."""
    victim = str(shop.genvoris.call("GET", "/customers/ada").get_json()["id"])
    shop.log_in(victim)
    assert "data-end-customer-token" not in shop.browser.get("/product").text
    session = shop.post("/session")
    assert (session.status_code, session.get_json()["error"]) == (500, "internal_error")
    status = shop.browser.get("/genvoris/status").get_json()
    assert (status["access"], status["quota"], status["externalId"]) == ("ERROR", None, None)
    assert shop.finish(shop.tryon())["error"] == "internal_error"
    assert shop.post("/api/tryon", json={}).status_code == 500
    with shop.app.app_context():
        billing = shop.extension.billing
        for change in (billing.pause, billing.cancel, billing.renew):
            with pytest.raises(ExternalIdError):
                change(victim)
        with pytest.raises(ExternalIdError):
            billing.activate(victim, plan_id="pln_1")
    assert shop.transport.requests == []
    assert "GENVORIS_EXTERNAL_ID_PREFIX" in caplog.text
    assert victim not in caplog.text
