"""The requests of Genvoris's hosted widget that a shop forwards, and the responses."""

from __future__ import annotations

import base64
import gzip
import io
import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.forwarding import Respond, answer_forwarded, forwarded, parts_of
from tests.support.local_genvoris import API_KEY, PRODUCT_URL, LocalGenvoris
from tests.support.pictures import picture

PHOTO = picture("PNG", (40, 60))
FORM_DATA = "multipart/form-data"
ANSWER = {"images": ["data:image/png;base64,AAAA"]}


def upstream(shop: Shop, respond: Respond | None = None) -> None:
    """Answer what is forwarded, by default with a picture."""
    answer_forwarded(shop.transport, respond or (lambda _: httpx.Response(200, json=ANSWER)))


def forwarded_by(shop: Shop) -> list[httpx.Request]:
    return forwarded(shop.transport)


def form(sent: httpx.Request) -> tuple[dict[str, list[str]], dict[str, bytes]]:
    """Return the fields and files of a multipart request."""
    fields: dict[str, list[str]] = {}
    files: dict[str, bytes] = {}
    for name, filename, data in parts_of(sent):
        if filename is None:
            fields.setdefault(name, []).append(data.decode())
        else:
            files[name] = data
    return fields, files


def send(shop: Shop, path: str = "/api/tryon", **fields: Any) -> TestResponse:
    """Send a form with a photo and a product."""
    data = {"photo": (io.BytesIO(PHOTO), "me.png"), "product_image_url": "https://s/a.png"}
    return shop.post(path, data={**data, **fields}, content_type="multipart/form-data")


# Requests


@pytest.mark.parametrize("path", ["/api/tryon", "/api/analyze", "//api/tryon", "//api/analyze"])
def test_form_is_forwarded(shop: Shop, path: str) -> None:
    """A form arrives complete, with the API key and the shopper's token."""
    upstream(shop)
    answer = send(shop, path, product_title='A "quoted" title\r\nand ü')
    assert (answer.status_code, answer.get_json()) == (200, ANSWER)
    (sent,) = forwarded_by(shop)
    assert (sent.method, sent.url.path) == ("POST", path.replace("//", "/"))
    assert sent.headers.get_list("X-API-Key") == [API_KEY]
    fields, files = form(sent)
    assert files == {"photo": PHOTO}
    assert fields["product_title"] == ['A "quoted" title\r\nand ü']
    claims = shop.state.verifier.verify(fields["end_customer_token"][0])
    assert claims.customer_id == shop.genvoris.call("GET", "/customers/ada").get_json()["id"]


@pytest.mark.parametrize(
    "name",
    ["api_key", "apiKey", "API-KEY", "api_key[]", "end_customer_token", "endCustomerToken"],
)
def test_reserved_fields_are_dropped(shop: Shop, name: str) -> None:
    """A key or token from the browser is dropped from queries, headers and bodies."""
    upstream(shop)
    query = {name: "from-browser", "v": "2"}
    multipart = shop.post(
        "/api/tryon",
        data={"photo": (io.BytesIO(PHOTO), "a.png"), name: "from-browser"},
        content_type="multipart/form-data",
        query_string=query,
        headers={"X-API-Key": "from-browser", "Api-Key": "from-browser"},
    )
    multipart.close()
    as_json = shop.post("/api/tryon", json={name: "from-browser", "deep": {name: "from-browser"}})
    as_json.close()
    urlencoded = shop.post("/api/tryon", data={name: "from-browser", "a": "1"})
    assert [each.status_code for each in (multipart, as_json, urlencoded)] == [200] * 3
    for sent in forwarded_by(shop):
        assert b"from-browser" not in sent.content
        assert "from-browser" not in str(sent.url)
        assert "from-browser" not in str(sent.headers.raw)
        assert sent.content.count(b"end_customer_token") == 1
    assert forwarded_by(shop)[0].url.query == b"v=2"


def test_json_is_forwarded(shop: Shop) -> None:
    """JSON arrives complete, with the shopper's token added."""
    upstream(shop)
    body = {"photo": "data:image/png;base64,AAAA", "product": {"title": "ü", "tags": [1, None]}}
    shop.post("/api/tryon", json=body)
    sent = json.loads(forwarded_by(shop)[0].content)
    shop.state.verifier.verify(sent.pop("end_customer_token"))
    assert sent == body


def test_guest_has_no_token(genvoris: LocalGenvoris) -> None:
    """A guest's request has no token, even if the browser sent one."""
    shop = Shop(genvoris, GENVORIS_ALLOW_GUESTS=True)
    upstream(shop)
    assert send(shop, end_customer_token="stolen").status_code == 200
    assert "end_customer_token" not in form(forwarded_by(shop)[0])[0]


def test_request_headers(shop: Shop) -> None:
    """Only the headers of the allow-list are forwarded."""
    upstream(shop)
    headers = {
        "Accept-Language": "fr",
        "Idempotency-Key": "k1",
        "X-Genvoris-Widget": "3.1",
        "X-Genvoris-Api-Key": "no",
        "X-Request-Id": "r1",
        "Connection": "keep-alive, X-Request-Id",
        "Cookie": "a=b",
        "Expect": "100-continue",
        "Forwarded": "for=1.2.3.4",
        "Proxy-Authorization": "no",
        "Referer": "http://localhost/account?secret=1",
        "TE": "trailers",
        "Upgrade": "h2c",
        "X-Forwarded-For": "1.2.3.4",
        "X-HTTP-Method-Override": "DELETE",
        "X-Original-URL": "/admin",
    }
    shop.post("/api/tryon", json={}, headers=headers)
    sent = forwarded_by(shop)[0].headers
    assert {"accept-language", "idempotency-key", "x-genvoris-widget"} <= set(sent)
    assert sent["idempotency-key"] != "k1"
    assert sent["accept-encoding"] == "identity"
    added = {"host", "connection", "x-api-key", "content-length", "content-type", "accept"}
    added |= {"accept-encoding", "user-agent"}
    assert set(sent) - added == {"accept-language", "idempotency-key", "x-genvoris-widget"}


def test_large_form(shop: Shop) -> None:
    """A form of several chunks arrives complete, without its reserved fields."""
    upstream(shop)
    photo = bytes(range(256)) * 4096 * 6 + b"\r\n--almost a boundary\r\n" * 1000
    file = FileStorage(io.BytesIO(photo), "a.png")
    data = {"photo": file, "api_key": "x" * 300_000, "z": "last"}
    boundary, body = encode_multipart(data)
    answer = shop.post("/api/tryon", data=body, content_type=f"{FORM_DATA}; boundary={boundary}")
    assert answer.status_code == 200
    (sent,) = forwarded_by(shop)
    fields, files = form(sent)
    assert files["photo"] == photo
    assert set(fields) == {"end_customer_token", "z"}


READS: dict[str, Callable[[], object]] = {
    "form": lambda: request.form,
    "data": lambda: request.get_data(),
    "data and form": lambda: (request.get_data(), request.form),
    "JSON": lambda: request.get_json(silent=True),
}
BODIES = {
    "multipart/form-data; boundary=b": b'--b\r\nContent-Disposition: form-data; name="api_key"\r\n'
    b'\r\nx\r\n--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n',
    "application/x-www-form-urlencoded": b"api_key=x&a=1",
    "application/json": b'{"api_key": "x", "a": "1"}',
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("length", ["declared", "chunked"])
def test_body_read_by_the_shop(shop: Shop, kind: str, read: str, length: str) -> None:
    """A body that a hook of the shop has read is forwarded nevertheless."""
    upstream(shop)

    @shop.app.before_request
    def hook() -> None:
        READS[read]()

    chunked = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    answer = shop.post(
        "/api/tryon",
        input_stream=io.BytesIO(BODIES[kind]),
        content_length=len(BODIES[kind]),
        content_type=kind,
        environ_overrides=chunked if length == "chunked" else {},
    )
    assert answer.status_code == 200
    (sent,) = forwarded_by(shop)
    if kind == "application/json":
        fields = json.loads(sent.content)
    elif kind.startswith("multipart/"):
        fields = {name: value.decode() for name, _, value in parts_of(sent)}
    else:
        fields = dict(parse_qsl(sent.content.decode()))
    shop.state.verifier.verify(fields.pop("end_customer_token"))
    assert fields == {"a": "1"}


def test_file_read_by_the_shop(shop: Shop) -> None:
    """A photo in a form that a hook of the shop has read is forwarded nevertheless."""
    upstream(shop)
    shop.app.before_request(lambda: request.form and None)
    assert send(shop, api_key="x", title="ü").status_code == 200
    fields, files = form(forwarded_by(shop)[0])
    assert files == {"photo": PHOTO}
    assert fields["title"] == ["ü"]
    assert set(fields) == {"end_customer_token", "title", "product_image_url"}


def test_idempotency_key_is_per_shopper(shop: Shop) -> None:
    """The same Idempotency-Key of two shoppers is forwarded as two keys."""
    upstream(shop)
    shop.genvoris.customer("ben")
    for name in ("ada", "ada", "ben"):
        shop.log_in(name)
        assert shop.post("/api/tryon", json={}, headers={"Idempotency-Key": "k"}).status_code == 200
    first, again, others = (each.headers["idempotency-key"] for each in forwarded_by(shop))
    assert first == again != others


def test_photo_stays_in_memory(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """No temporary file is made, even if a hook of the shop reads the form first."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a temporary file was made")

    for name in ("TemporaryFile", "SpooledTemporaryFile"):
        monkeypatch.setattr(f"werkzeug.formparser.{name}", refuse, raising=False)
    upstream(shop)
    shop.app.before_request(lambda: request.form.get("a") and None)
    body = b"--b\r\nContent-Disposition: form-data; name=photo; filename=a\r\n\r\n"
    body += bytes(1_000_000) + b"\r\n--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    assert shop.post("/api/tryon", data=body, content_type=kind).status_code == 200


def test_design_is_public(shop: Shop) -> None:
    """The button's design is forwarded for anybody, without reserved parameters."""
    upstream(shop, lambda request: httpx.Response(200, json={"label": "Try"}))
    shop.log_in(None)
    query = {"shop": "1", "api_key": "x", "end_customer_token": "y"}
    for path in ("/genvoris/api/config", "/genvoris//api/config"):
        answer = shop.browser.get(path, query_string=query)
        assert answer.get_json() == {"label": "Try"}
    for sent in forwarded_by(shop):
        assert (sent.method, sent.url.path, sent.url.query) == ("GET", "/api/config", b"shop=1")
        assert sent.content == b""


# Responses


def test_response_headers(shop: Shop) -> None:
    """Only the headers of the allow-list come back, besides the shop's own."""
    headers = [
        ("Content-Type", "application/json"),
        ("X-Request-Id", "req_1"),
        ("X-RateLimit-Remaining", "7"),
        ("Set-Cookie", "tracker=1"),
        ("Access-Control-Allow-Origin", "*"),
        ("Cache-Control", "public"),
        ("Connection", "X-Request-Id2"),
        ("Keep-Alive", "1"),
        ("Server", "nginx"),
        ("Location", "https://evil.example"),
    ]
    upstream(shop, lambda request: httpx.Response(200, headers=headers, content=b"{}"))
    answer = send(shop)
    kept = {name.lower() for name, _ in answer.headers}
    assert kept == {
        "content-type",
        "x-request-id",
        "x-ratelimit-remaining",
        "content-length",
        "cache-control",
        "x-content-type-options",
        "content-security-policy",
    } | ({"vary"} & kept)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_gzip_response(shop: Shop) -> None:
    """A compressed response stays compressed for a browser that accepts gzip."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Accept-Encoding"] == "gzip"
        packed = gzip.compress(b'{"a": 1}')
        return httpx.Response(
            200, stream=httpx.ByteStream(packed), headers={"Content-Encoding": "gzip"}
        )

    upstream(shop, answer)
    headers = {"Accept-Encoding": "br, gzip;q=0.8"}
    response = shop.post("/api/analyze", json={}, headers=headers)
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.data) == b'{"a": 1}'
    tryon = shop.post("/api/tryon", json={}, headers=headers)
    assert "Content-Encoding" not in tryon.headers, "its pictures are marked"
    assert (tryon.data, tryon.content_length) == (b'{"a": 1}', 8)


REFUSALS: list[tuple[httpx.Response, int, str]] = [
    (httpx.Response(400, json={"error": "invalid_body"}), 400, "invalid_body"),
    (httpx.Response(401, json={"error": "invalid_key"}), 500, "internal_error"),
    (httpx.Response(401, json={"error": "invalid_api_key"}), 500, "internal_error"),
    (httpx.Response(401, json={"code": "invalid_session_token"}), 401, "invalid_session_token"),
    (httpx.Response(402, json={"error": "end_customer_quota"}), 402, "end_customer_quota"),
    (httpx.Response(402, json={"error": "credit_limit_reached"}), 402, "credit_limit_reached"),
    (httpx.Response(403, json={"error": "domain_not_allowed"}), 500, "internal_error"),
    (httpx.Response(429, headers={"Retry-After": "7"}), 429, "rate_limited"),
    (httpx.Response(500, text="<html>internal stack"), 502, "upstream_unreachable"),
    (
        httpx.Response(302, headers={"Location": "https://evil.example"}),
        502,
        "upstream_unreachable",
    ),
]


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    REFUSALS,
    ids=range(len(REFUSALS)),
)
def test_error_response(shop: Shop, refusal: httpx.Response, status: int, code: str) -> None:
    """An error of Genvoris becomes one of the extension's own, without internal details."""

    def answer(request: httpx.Request) -> httpx.Response:
        headers = {**refusal.headers, "X-Request-Id": "req_9"}
        return httpx.Response(refusal.status_code, headers=headers, content=refusal.content)

    upstream(shop, answer)
    response = send(shop)
    body = response.get_json()
    assert (response.status_code, body["error"]) == (status, code)
    assert body["detail"].endswith(".")
    if status != 502:
        assert response.headers["X-Request-Id"] == "req_9"
    assert response.headers.get("Retry-After") == refusal.headers.get("Retry-After")
    assert "Location" not in response.headers
    assert "internal stack" not in response.text


def test_spent_quota(shop: Shop) -> None:
    """The error for a spent quota has the shop's paywall."""
    refusal = {"error": "end_customer_quota", "reason": "quota_exhausted", "used": 3, "limit": 3}
    upstream(shop, lambda request: httpx.Response(402, json=refusal))
    body = send(shop).get_json()
    assert (body["reason"], body["used"], body["limit"]) == ("quota_exhausted", 3, 3)
    assert body["paywall"]["action_url"] == "/plans"


def test_revoked_token_is_replaced(shop: Shop) -> None:
    """After a token was refused, the next request has a new one."""
    upstream(shop, lambda request: httpx.Response(401, json={"error": "invalid_session_token"}))
    send(shop)
    send(shop)
    tokens = [form(sent)[0]["end_customer_token"][0] for sent in forwarded_by(shop)]
    assert len(set(tokens)) == 2


def test_unreachable(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """The error for an unreachable Genvoris does not show its address."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("cannot reach 127.0.0.1:8787")

    upstream(shop, answer)
    response = send(shop)
    assert (response.status_code, response.get_json()["error"]) == (502, "upstream_unreachable")
    assert "8787" not in response.text


def test_truncated_response(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """A response that breaks off raises, so that the server closes the connection."""

    class Half(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            yield b'{"a":'
            raise httpx.ReadError("gone")

    upstream(shop, lambda request: httpx.Response(200, stream=Half()))
    with pytest.raises(Exception, match="broke"):
        _ = send(shop, "/api/analyze").data
    assert "broke off" in caplog.text
    assert send(shop).get_json()["error"] == "upstream_unreachable"


# Access and limits


def test_access(shop: Shop) -> None:
    """Another site's page and a visitor who is not logged in are refused."""
    upstream(shop)
    foreign = shop.browser.post("/genvoris/api/tryon", headers={"Sec-Fetch-Site": "cross-site"})
    shop.log_in(None)
    nobody = send(shop)
    assert (foreign.status_code, nobody.status_code) == (403, 401)
    assert nobody.get_json()["login_url"] == "/login"
    assert forwarded_by(shop) == []


def test_token_of_another_shopper(shop: Shop) -> None:
    """A bearer token of another shopper is refused."""
    upstream(shop)
    shop.genvoris.customer("ben")
    bearer = {"Authorization": f"Bearer {shop.genvoris.token('ben')}"}
    answer = shop.post("/api/tryon", json={}, headers=bearer)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_session_token")
    assert forwarded_by(shop) == []


def test_shared_rate_limit(genvoris: LocalGenvoris) -> None:
    """Forwarded try-ons and jobs share one rate limit."""
    genvoris.customer("ada", quota=9)
    shop = Shop(genvoris, GENVORIS_LIMIT_TRYONS="2/hour")
    shop.log_in()
    upstream(shop)
    codes = [send(shop).status_code, send(shop, "/api/analyze").status_code]
    codes.append(shop.tryon(PHOTO).status_code)
    assert codes == [200, 200, 429]


def test_concurrency_limit(genvoris: LocalGenvoris) -> None:
    """A request is refused while all slots are taken, which a response holds until it is closed."""
    genvoris.customer("ada")
    shop = Shop(genvoris, GENVORIS_PASSTHROUGH_CONCURRENCY=1)
    shop.log_in()
    inner: list[TestResponse] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if not inner:
            second = shop.app.test_client()
            shop.log_in("ada", second)
            inner.append(second.post("/genvoris/api/tryon", json={}, headers=SAME_ORIGIN))
        return httpx.Response(200, json=ANSWER)

    upstream(shop, answer)
    first = send(shop)
    assert first.get_json() == ANSWER
    assert (inner[0].status_code, inner[0].get_json()["error"]) == (503, "busy")
    assert inner[0].headers["Retry-After"] == "5"
    first.close()
    assert send(shop).status_code == 200


FORM = "multipart/form-data; boundary=b"
BAD_BODIES: list[tuple[str, bytes]] = [
    (
        FORM,
        b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nhalf",
    ),
    (FORM, b"no boundary at all"),
    (FORM, b"--b\r\nX: no disposition\r\n\r\nx\r\n--b--\r\n"),
    (FORM, b"--b\r\n\xff\xfe: x\r\n\r\nx\r\n--b--\r\n"),
    ("multipart/form-data", b"--b--\r\n"),
    ("application/json", b""),
    ("application/json", b"[]"),
    ("application/json", b'{"a": 1} {"api_key": "x"}'),
    ("application/json", b"{'api_key': 'x'}"),
    ("application/json", b'{"a": 1, /* "api_key" */}'),
    ("application/json", b'\xef\xbb\xbf{"a": 1}'),
    ("application/json", '{"a": 1}'.encode("utf-16")),
    ("application/json", b'{"a":' * 100),
    ("application/json", b'{"' + b"a" * 5000 + b'": 1}'),
    ("text/plain", b"api_key=x"),
    ("application/x-www-form-urlencoded", b"a=%ff%fe"),
    ("application/x-www-form-urlencoded", b"\xff"),
    ("image/png", PHOTO),
    ("", PHOTO),
]


@pytest.mark.parametrize(("kind", "body"), BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_ambiguous_body(shop: Shop, kind: str, body: bytes) -> None:
    """A body that could be read in different ways is refused."""
    upstream(shop)
    answer = shop.post("/api/tryon", data=body, headers={"Content-Type": kind} if kind else {})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_body")
    assert forwarded_by(shop) == []


def test_compressed_body(shop: Shop) -> None:
    """A compressed body is refused, as it could decompress to any size."""
    upstream(shop)
    body = gzip.compress(b'{"a": "' + b"0" * 1_000_000 + b'"}')
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = shop.post("/api/tryon", data=body, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_body")
    assert forwarded_by(shop) == []


def test_body_over_the_limit(genvoris: LocalGenvoris) -> None:
    """A body that is too large is refused, whether or not it declares its length."""
    genvoris.customer("ada")
    shop = Shop(genvoris, GENVORIS_MAX_UPLOAD_BYTES=64 * 1024)
    shop.log_in()
    upstream(shop)
    body = b'{"a": "' + b"0" * 400_000 + b'"}'
    known = shop.post("/api/tryon", data=body, content_type="application/json")
    environ = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    unknown = shop.post(
        "/api/tryon",
        input_stream=io.BytesIO(body),
        content_type="application/json",
        environ_overrides=environ,
    )
    for answer in (known, unknown):
        assert (answer.status_code, answer.get_json()["error"]) == (413, "body_too_large")
    assert forwarded_by(shop) == []


def test_tryon_in_the_sandbox(shop: Shop) -> None:
    """A try-on through the sandbox returns a picture and is metered."""
    answer = send(shop, product_image_url=PRODUCT_URL, product_category="apparel")
    assert answer.status_code == 200, answer.get_json()
    head, _, encoded = answer.get_json()["images"][0].partition(",")
    assert head == "data:image/jpeg;base64"
    assert b"compositeWithTrainedAlgorithmicMedia" in base64.b64decode(encoded)
    assert shop.genvoris.used() == 1


def test_secrets_are_not_logged(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """Neither key, token nor photo appears in a log or an error."""
    caplog.set_level(logging.DEBUG)
    token = shop.post("/session").get_json()["token"]
    upstream(shop, lambda request: httpx.Response(401, json={"detail": f"bad {API_KEY}"}))
    for answer in (send(shop), shop.post("/api/tryon", json={"photo": "secret-photo"})):
        assert API_KEY not in answer.text
        assert token not in answer.text
    assert API_KEY not in caplog.text
    assert token not in caplog.text
    assert "secret-photo" not in caplog.text
