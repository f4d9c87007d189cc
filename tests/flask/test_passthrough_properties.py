"""Whatever comes: never a 500, and never a call to Genvoris that the allow-list does not name."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.formparser import FormDataParser
from werkzeug.test import EnvironBuilder, run_wsgi_app

from genvoris_flask.core.reserved_fields import is_reserved
from genvoris_flask.web.routes.proxy.json_rewriter import MAX_NAMES, MAX_VALUES, rewrite_json
from genvoris_flask.web.routes.proxy.multipart import rewrite_multipart
from tests.flask.conftest import SAME_ORIGIN, Shop
from tests.support.local_genvoris import API_KEY, LocalGenvoris

ALLOWED = {("POST", "/api/analyze"), ("POST", "/api/tryon"), ("GET", "/api/config")}
JSON = "application/json"
OFTEN = "1000000/minute"
lightly = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def open_shop(genvoris: LocalGenvoris) -> Iterator[Shop]:
    genvoris.customer("ada")
    names = ("SESSION", "TRYONS", "EVENTS")
    shop = Shop(genvoris, **{f"GENVORIS_LIMIT_{name}": OFTEN for name in names})
    shop.log_in()
    shop.post("/session")  # so that the token is at hand

    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.startswith("/api/v1/"):
            return None
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    shop.transport.fault = answer
    yield shop
    shop.state.events.join(60)


def call(
    shop: Shop,
    method: str,
    path: str,
    body: bytes = b"",
    kind: str = "",
    query: str = "",
    **more: Any,
) -> tuple[int, list[httpx.Request]]:
    """Send one request; give its status, and what reached Genvoris's try-on host."""
    environ = EnvironBuilder(input_stream=io.BytesIO(body)).get_environ()
    cookie = shop.browser.get_cookie("session")
    assert cookie
    environ.update(
        REQUEST_METHOD=method,
        PATH_INFO=path.encode("utf-8", "replace").decode("latin-1"),
        QUERY_STRING=query.encode("utf-8", "replace").decode("latin-1"),
        CONTENT_LENGTH=str(len(body)),
        CONTENT_TYPE=kind,
        HTTP_COOKIE=f"session={cookie.value}",
        HTTP_SEC_FETCH_SITE=SAME_ORIGIN["Sec-Fetch-Site"],
        **more,
    )
    shop.transport.requests.clear()
    pieces, status, _ = run_wsgi_app(shop.app.wsgi_app, environ, buffered=True)
    b"".join(pieces)
    seen = [each for each in shop.transport.requests if "/api/v1/" not in each.url.path]
    return int(status.split()[0]), seen


def check(status: int, seen: list[httpx.Request]) -> None:
    assert status != 500
    for sent in seen:
        assert (sent.method, sent.url.path) in ALLOWED
        assert sent.url.host == "127.0.0.1"
        assert sent.headers.get_list("X-API-Key") == [API_KEY]
        assert "Cookie" not in sent.headers


SEGMENTS = st.sampled_from(
    ["api", "tryon", "analyze", "config", "v1", "events", "..", ".", "", "%2e%2e", "track", "\\"]
) | st.text(max_size=6)
PATHS = st.lists(SEGMENTS, max_size=6).map("/".join)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])


@lightly
@given(method=METHODS, path=PATHS, query=st.text(max_size=30))
def test_no_path_leaves_the_allow_list(open_shop: Shop, method: str, path: str, query: str) -> None:
    check(*call(open_shop, method, f"/genvoris/{path}", b"{}", JSON, query))


HEADER_NAMES = st.sampled_from(
    [
        "ACCEPT",
        "ACCEPT_ENCODING",
        "ACCEPT_LANGUAGE",
        "AUTHORIZATION",
        "CONNECTION",
        "CONTENT_ENCODING",
        "EXPECT",
        "FORWARDED",
        "HOST",
        "IDEMPOTENCY_KEY",
        "IF_NONE_MATCH",
        "ORIGIN",
        "RANGE",
        "TRANSFER_ENCODING",
        "USER_AGENT",
        "X_API_KEY",
        "X_FORWARDED_FOR",
        "X_GENVORIS_A",
        "X_REQUEST_ID",
    ]
)
LATIN = st.characters(min_codepoint=0, max_codepoint=255)
HEADERS = st.dictionaries(
    HEADER_NAMES.map("HTTP_".__add__),
    st.text(LATIN, max_size=40) | st.sampled_from(["gzip", "Bearer x", "*", "x-request-id", "q=0"]),
    max_size=6,
)


@lightly
@given(headers=HEADERS, path=st.sampled_from(["tryon", "config", "/tryon", "v1/events"]))
def test_no_header_gets_through_that_should_not(
    open_shop: Shop, headers: dict[str, str], path: str
) -> None:
    method = "GET" if path == "config" else "POST"
    check(*call(open_shop, method, f"/genvoris/api/{path}", b"{}", JSON, **headers))


NAMES = st.sampled_from(["photo", "api_key", "API-Key", "end_customer_token", "a", ""]) | st.text(
    max_size=8
)
PARTS = st.lists(
    st.tuples(NAMES, st.none() | st.text(max_size=8), st.binary(max_size=60)), max_size=5
)


def written(parts: list[tuple[str, str | None, bytes]]) -> bytes:
    body = b""
    for name, filename, data in parts:
        head = f'Content-Disposition: form-data; name="{name}"'
        head += "" if filename is None else f'; filename="{filename}"'
        body += b"--b\r\n" + head.encode("utf-8", "replace") + b"\r\n\r\n" + data + b"\r\n"
    return body + b"--b--\r\n"


@st.composite
def forms(draw: st.DrawFn) -> bytes:
    """Give a form, whole or spoilt."""
    body = written(draw(PARTS))
    if draw(st.booleans()):
        return body
    at = draw(st.integers(0, len(body)))
    return body[:at] + draw(st.binary(max_size=8)) + body[draw(st.integers(at, len(body))) :]


def parts_of(sent: httpx.Request) -> list[str]:
    environ = {
        "wsgi.input": io.BytesIO(sent.content),
        "CONTENT_LENGTH": str(len(sent.content)),
        "CONTENT_TYPE": sent.headers["Content-Type"],
    }
    parser = FormDataParser(stream_factory=lambda *_args, **_more: io.BytesIO(), silent=False)
    _, fields, files = parser.parse_from_environ(environ)
    return [*fields.keys(), *files.keys()]


@lightly
@given(body=forms())
def test_no_form_carries_a_key_or_a_token_of_its_own(open_shop: Shop, body: bytes) -> None:
    kind = "multipart/form-data; boundary=b"
    status, seen = call(open_shop, "POST", "/genvoris/api/tryon", body, kind)
    check(status, seen)
    assert bool(seen) == (status == 200)
    for sent in seen:
        assert [name for name in parts_of(sent) if is_reserved(name)] == ["end_customer_token"]


@settings(max_examples=200, deadline=None)
@given(
    parts=st.lists(st.tuples(st.just("photo"), st.just("a"), st.binary(max_size=400)), max_size=3),
    size=st.integers(1, 60),
)
def test_a_forms_bytes_come_through_whatever_pieces_they_come_in(
    parts: list[tuple[str, str | None, bytes]], size: int
) -> None:
    body = written(parts)
    chunks = (body[at : at + size] for at in range(0, len(body), size))
    out = b"".join(rewrite_multipart(chunks, b"b", "ours", {}, 10_000))
    parser = FormDataParser(stream_factory=lambda *_args, **_more: io.BytesIO())
    environ = {
        "wsgi.input": io.BytesIO(out),
        "CONTENT_LENGTH": str(len(out)),
        "CONTENT_TYPE": "multipart/form-data; boundary=ours",
    }
    _, _, files = parser.parse_from_environ(environ)
    # Werkzeug itself cannot tell a part's data from the boundary that it holds.
    if all(b"--b" not in data for _, _, data in parts):
        assert [file.read() for file in files.getlist("photo")] == [data for _, _, data in parts]


# Names with a backslash or a control character are refused.
READABLE = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\\")
KEYS = st.sampled_from(["api_key", "apiKey", "end_customer_token", "a"]) | st.text(
    READABLE, max_size=5
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


def without_ours(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_ours(inner) for name, inner in value.items() if not is_reserved(name)}
    return [without_ours(inner) for inner in value] if isinstance(value, list) else value


def rewritten(text: bytes, size: int) -> Any:
    chunks = (text[at : at + size] for at in range(0, len(text), size))
    return json.loads(b"".join(rewrite_json(chunks, {"end_customer_token": "T"})))


@settings(max_examples=200, deadline=None)
@given(
    value=st.dictionaries(KEYS, VALUES, max_size=6),
    size=st.integers(1, 9),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 2]),
)
def test_json_comes_through_but_for_what_is_ours_whatever_pieces_it_comes_in(
    value: dict[str, Any], size: int, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    expected = {"end_customer_token": "T", **without_ours(value)}
    assert rewritten(text.encode("utf-8"), size) == expected


def calls_for(body: bytes, most: int) -> tuple[int, int]:
    """Return how many functions were called for a body, and how many of its bytes were read.

    Args:
        body: What is rewritten, in chunks of 1,000 bytes.
        most: As many calls at most, else the test fails.
    """
    calls = read = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")
        assert calls <= most

    def chunks() -> Iterator[bytes]:
        nonlocal read
        for at in range(0, len(body), 1000):
            read = at + 1000
            yield body[at : at + 1000]

    sys.setprofile(count)
    try:
        for _ in rewrite_json(chunks(), {}):
            pass
    except ValueError:
        pass
    finally:
        sys.setprofile(None)
    return calls, read


@pytest.mark.parametrize("value", ["1", '""', "[]", "{}", "[[]]", '{"a":1}'])
def test_json_of_many_values_is_given_up_once_there_are_too_many(value: str) -> None:
    """Each value costs time, and a photo's worth of bytes would hold millions."""
    body = b'{"a":[' + ",".join([value] * 300_000).encode() + b"]}"
    _, read = calls_for(body, 150 * MAX_VALUES)
    assert read <= (MAX_VALUES + 1) * (len(value) + 1) + 2000


@pytest.mark.parametrize(
    "text",
    [b"\\n", b"\\u0041", b"\\ud83d\\ude00", b"a", b" ", b"\xc3\xa9"],
    ids=["escapes", "numbers", "pairs", "letters", "spaces", "UTF-8"],
)
@pytest.mark.parametrize("where", [b'{"a":"%b"}', b'{"a":1%b}'], ids=["text", "after a value"])
def test_json_costs_by_its_chunks_whatever_its_text_is(text: bytes, where: bytes) -> None:
    """Not by each escape or space in it."""
    small, large = (calls_for(where % (text * size), 50_000)[0] for size in (2_000, 20_000))
    chunks = len(text) * 18_000 / 1000 + 1
    assert large - small <= 30 * chunks


def names_in(value: Any) -> Iterator[str]:
    """Yield every name in a value, at any depth."""
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from names_in(inner)


def is_readable(name: str) -> bool:
    """Return whether all servers read a name alike."""
    return name.isprintable() and "\\" not in name


@settings(max_examples=300, deadline=None)
@given(
    text=st.text('{}[]:,"\\ a1-.etrufalsn0', max_size=14).map("{".__add__), size=st.integers(1, 5)
)
def test_json_is_taken_exactly_when_it_is_an_object(text: str, size: int) -> None:
    try:
        value = json.loads(text)
        good = isinstance(value, dict) and all(map(is_readable, names_in(value)))
    except ValueError:
        good = False
    if good:
        rewritten(text.encode(), size)
    else:
        with pytest.raises(ValueError, match=r"JSON|Expecting|Invalid|Extra|name"):
            rewritten(text.encode(), size)


@pytest.mark.parametrize("letter", ["a", "\ufdfa"], ids=["Latin", "one for eighteen"])
def test_what_reading_names_costs_is_bounded_for_the_whole_object(letter: str) -> None:
    """Each name is short enough, but a photo's worth of bytes holds thousands of them."""
    names = MAX_NAMES // 1024

    def rewrite(count: int) -> bytes:
        body = json.dumps({f"{letter * 1020}{number:04}": 1 for number in range(count)})
        return b"".join(rewrite_json([body.encode()], {}))

    assert len(json.loads(rewrite(names))) == names
    with pytest.raises(ValueError, match="too long in total"):
        rewrite(names + 1)
