"""Properties of the pass-through that hold for any request."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from genvoris_flask.core.reserved_fields import is_reserved
from genvoris_flask.web.routes.proxy.json_rewriter import MAX_NAMES, MAX_VALUES, rewrite_json
from genvoris_flask.web.routes.proxy.multipart import rewrite_multipart
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.forwarding import Part, answer_forwarded, forwarded, parse_parts, parts_of
from tests.support.local_genvoris import API_KEY, LocalGenvoris

pytestmark = pytest.mark.thorough

ALLOWED = [("POST", "api/analyze"), ("POST", "api/tryon"), ("GET", "api/config")]
# Flask answers HEAD like GET, and a slash at the end of a base address is tolerated.
FORWARDED = [*ALLOWED, ("HEAD", "api/config"), *((method, f"/{path}") for method, path in ALLOWED)]
FORWARDED += [("HEAD", "/api/config")]
JSON = "application/json"
UNLIMITED = "1000000/minute"
with_a_shop = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def open_shop(genvoris: LocalGenvoris) -> Iterator[Shop]:
    """Return a shop without rate limits, in which Ada is logged in and has a token."""
    genvoris.customer("ada")
    names = ("SESSION", "TRYONS", "EVENTS")
    shop = Shop(genvoris, **{f"GENVORIS_LIMIT_{name}": UNLIMITED for name in names})
    shop.log_in()
    shop.post("/session")
    answer_forwarded(shop.transport)
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
    """Send one request, and return its status and what was forwarded, which is always harmless."""
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
    seen = forwarded(shop.transport)
    for sent in seen:
        assert (sent.method, sent.url.path[1:]) in ALLOWED
        assert sent.url.host == "127.0.0.1"
        assert sent.headers.get_list("X-API-Key") == [API_KEY]
        assert "Cookie" not in sent.headers
    code = int(status.split()[0])
    event(f"answered with {code}")
    assert code != 500
    return code, seen


SEGMENTS = st.sampled_from(
    ["api", "tryon", "analyze", "config", "v1", "events", "..", ".", "", "%2e%2e", "track", "\\"]
) | st.text(max_size=6)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
CALLS = st.tuples(METHODS, st.lists(SEGMENTS, max_size=6).map("/".join))


@with_a_shop
@given(call_=CALLS | st.sampled_from(FORWARDED), query=st.just("") | st.text(max_size=30))
def test_allow_list(open_shop: Shop, call_: tuple[str, str], query: str) -> None:
    """A request is forwarded if and only if the allow-list has its method and path."""
    method, path = call_
    status, seen = call(open_shop, method, f"/genvoris/{path}", b"{}", JSON, query)
    if (method, path) not in FORWARDED:
        assert seen == []
    elif query:
        assert status in (200, 400)
    else:
        assert len(seen) == 1


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
# Headers for which a request may be refused.
REFUSED_FOR = {"HTTP_AUTHORIZATION", "HTTP_CONTENT_ENCODING", "HTTP_HOST", "HTTP_TRANSFER_ENCODING"}
COPIED = {"accept", "accept-language", "origin", "user-agent", "x-genvoris-a", "x-request-id"}
ADDED = {"accept-encoding", "connection", "content-length", "content-type", "host"}
ADDED |= {"idempotency-key", "x-api-key"}
DEFAULTED = {"accept", "user-agent"}  # the client has values of its own for these


@with_a_shop
@given(headers=HEADERS, path=st.sampled_from(["tryon", "config", "analyze"]))
def test_headers(open_shop: Shop, headers: dict[str, str], path: str) -> None:
    """Headers are copied unchanged if the allow-list has them; all others are dropped."""
    method = "GET" if path == "config" else "POST"
    status, seen = call(open_shop, method, f"/genvoris/api/{path}", b"{}", JSON, **headers)
    if not headers.keys() & REFUSED_FOR:
        assert status == 200
    for sent in seen:
        assert set(sent.headers) <= COPIED | ADDED
        for name in COPIED & set(sent.headers) - DEFAULTED:
            original = headers[f"HTTP_{name.upper().replace('-', '_')}"]
            assert original.encode("latin-1") in dict(sent.headers.raw).values()
        key = headers.get("HTTP_IDEMPOTENCY_KEY")
        assert key is None or sent.headers.get("Idempotency-Key") != key


# Forms


def written(parts: list[Part], boundary: bytes = b"b") -> bytes:
    body = b""
    for name, filename, data in parts:
        head = f'Content-Disposition: form-data; name="{name}"'
        head += "" if filename is None else f'; filename="{filename}"'
        body += b"--" + boundary + b"\r\n" + head.encode("utf-8", "replace")
        body += b"\r\n\r\n" + data + b"\r\n"
    return body + b"--" + boundary + b"--\r\n"


RESERVED = ["api_key", "API-Key", "api[key]", "end_customer_token", "endCustomerToken[x]"]
PLAIN = ["photo", "a", "größe", "tags[]", "product_title", "b"]
# Werkzeug itself cannot tell a part's data from a boundary in it.
DATA = st.binary(max_size=400).filter(lambda data: b"--b" not in data)
TEXT = st.text(max_size=40).map(lambda text: text.encode("utf-8", "ignore"))
FIELDS = st.tuples(
    st.sampled_from(PLAIN + RESERVED), st.none(), TEXT.filter(lambda data: b"--b" not in data)
)
FILES = st.tuples(st.sampled_from(PLAIN + RESERVED), st.sampled_from(["a.png", "衣"]), DATA)


@with_a_shop
@given(fields=st.lists(FIELDS, max_size=4), files=st.lists(FILES, max_size=3))
def test_form(open_shop: Shop, fields: list[Part], files: list[Part]) -> None:
    """All parts of a good form are forwarded, but the reserved ones, and the token is added."""
    kind = "multipart/form-data; boundary=b"
    _, (sent,) = call(open_shop, "POST", "/genvoris/api/tryon", written(fields + files), kind)
    token, *parts = parts_of(sent)
    assert (token[0], token[1]) == ("end_customer_token", None)
    assert open_shop.state.verifier.verify(token[2].decode()).customer_id.startswith("ec_")
    expected = [part for part in fields + files if not is_reserved(part[0])]
    assert sorted(parts, key=repr) == sorted(expected, key=repr)


NAMES = st.sampled_from([*PLAIN, *RESERVED, ""]) | st.text(max_size=8)
PARTS = st.lists(
    st.tuples(NAMES, st.none() | st.text(max_size=8), st.binary(max_size=60)), max_size=5
)


@st.composite
def damaged_forms(draw: st.DrawFn) -> bytes:
    """Draw a form with any names, from which a few bytes may have been cut or replaced."""
    body = written(draw(PARTS))
    if draw(st.booleans()):
        return body
    at = draw(st.integers(0, len(body)))
    return body[:at] + draw(st.binary(max_size=8)) + body[draw(st.integers(at, len(body))) :]


@with_a_shop
@given(body=damaged_forms())
@example(body=written([("a", None, b"1"), ("api_key", None, b"2")]))
def test_damaged_form(open_shop: Shop, body: bytes) -> None:
    """A form is refused, or forwarded with no reserved field but the shopper's token."""
    kind = "multipart/form-data; boundary=b"
    status, seen = call(open_shop, "POST", "/genvoris/api/tryon", body, kind)
    assert (status, len(seen)) in ((200, 1), (400, 0))
    for sent in seen:
        reserved = [name for name, _, _ in parts_of(sent) if is_reserved(name)]
        assert reserved == ["end_customer_token"]


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(FILES, max_size=3), size=st.integers(1, 60))
def test_form_in_chunks(parts: list[Part], size: int) -> None:
    """A form is rewritten the same, whatever chunks it arrives in."""
    body = written(parts)
    chunks = (body[at : at + size] for at in range(0, len(body), size))
    out = b"".join(rewrite_multipart(chunks, b"b", "ours", {}, 10_000))
    expected = [part for part in parts if not is_reserved(part[0])]
    found = parse_parts(out, "multipart/form-data; boundary=ours")
    assert sorted(found, key=repr) == sorted(expected, key=repr)


# JSON

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


def without_reserved(value: Any) -> Any:
    """Return a value without the reserved members of its objects."""
    if isinstance(value, dict):
        return {
            name: without_reserved(inner) for name, inner in value.items() if not is_reserved(name)
        }
    return [without_reserved(inner) for inner in value] if isinstance(value, list) else value


def rewritten(text: bytes, size: int) -> Any:
    """Return a JSON text as it is rewritten in chunks of a size."""
    chunks = (text[at : at + size] for at in range(0, len(text), size))
    return json.loads(b"".join(rewrite_json(chunks, {"end_customer_token": "T"})))


@settings(max_examples=200, deadline=None)
@given(
    value=st.dictionaries(KEYS, VALUES, max_size=6),
    size=st.integers(1, 9),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 2]),
)
def test_json_in_chunks(
    value: dict[str, Any], size: int, ascii_only: bool, indent: int | None
) -> None:
    """Everything but reserved members is kept, whatever chunks a JSON object arrives in."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    expected = {"end_customer_token": "T", **without_reserved(value)}
    assert rewritten(text.encode("utf-8"), size) == expected


def calls_for(body: bytes, most: int) -> tuple[int, int]:
    """Return how many functions rewriting a body called, and how many bytes it read.

    Args:
        body: The body, which is rewritten in chunks of 1,000 bytes.
        most: The number of calls above which the test fails.
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
def test_json_value_limit(value: str) -> None:
    """Reading stops at the limit of values, of which a body could hold millions."""
    body = b'{"a":[' + ",".join([value] * 300_000).encode() + b"]}"
    _, read = calls_for(body, 150 * MAX_VALUES)
    assert read <= (MAX_VALUES + 1) * (len(value) + 1) + 2000


@pytest.mark.parametrize(
    "text",
    [b"\\n", b"\\u0041", b"\\ud83d\\ude00", b"a", b" ", b"\xc3\xa9"],
    ids=["escapes", "numbers", "pairs", "letters", "spaces", "UTF-8"],
)
@pytest.mark.parametrize("where", [b'{"a":"%b"}', b'{"a":1%b}'], ids=["string", "after a value"])
def test_json_cost(text: bytes, where: bytes) -> None:
    """The cost grows with the number of chunks, not with the number of escapes or spaces."""
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
    """Return whether all servers read a name in the same way."""
    return name.isprintable() and "\\" not in name


@settings(max_examples=300, deadline=None)
@given(
    text=st.text('{}[]:,"\\ a1-.etrufalsn0', max_size=14).map("{".__add__), size=st.integers(1, 5)
)
def test_json_syntax(text: str, size: int) -> None:
    """A text is accepted if and only if it is a JSON object with unambiguous names."""
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
def test_json_name_limit(letter: str) -> None:
    """The length of all names together is bounded, as each could be short enough by itself."""
    names = MAX_NAMES // 1024

    def rewrite(count: int) -> bytes:
        body = json.dumps({f"{letter * 1020}{number:04}": 1 for number in range(count)})
        return b"".join(rewrite_json([body.encode()], {}))

    assert len(json.loads(rewrite(names))) == names
    with pytest.raises(ValueError, match="too long in total"):
        rewrite(names + 1)
