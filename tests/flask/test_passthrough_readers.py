"""Parsers of other languages find one token in what is forwarded: the shopper's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from genvoris_flask import Shopper
from genvoris_flask.core.reserved_fields import is_reserved
from tests.support.flask_shop import Shop
from tests.support.forwarding import answer_forwarded, forwarded
from tests.support.local_genvoris import LocalGenvoris
from tests.support.readers import PythonReader, Reader, node_reader, php_reader

STOLEN = "from-browser"
UNLIMITED = "1000000/minute"
# On one worker, so that what all of these tests share is made once.
pytestmark = pytest.mark.xdist_group("readers")


@pytest.fixture(scope="module")
def readers() -> Iterator[dict[str, Reader]]:
    """Run the parsers of each language."""
    node, php = node_reader(), php_reader()
    yield {"Node": node, "PHP": php, "Python": PythonReader()}
    node.stop()
    php.stop()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Return a shop that answers everything that is forwarded."""
    genvoris = LocalGenvoris(tmp_path_factory.mktemp("genvoris"))
    genvoris.customer("ada")
    shop = Shop(genvoris, GENVORIS_LIMIT_TRYONS=UNLIMITED, GENVORIS_LIMIT_SESSION=UNLIMITED)
    shop.log_in()
    answer_forwarded(shop.transport)
    return shop


def sent(shop: Shop) -> list[httpx.Request]:
    """Return what was forwarded since the last call."""
    requests = forwarded(shop.transport)
    shop.transport.requests.clear()
    return requests


def leaves(found: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each value that a parser found, with the names that lead to it."""
    pairs: Any = None
    if isinstance(found, dict):
        pairs = found.items()
    elif isinstance(found, list):
        named = all(isinstance(each, list | tuple) and len(each) == 2 for each in found)
        pairs = found if named and not path else enumerate(found)
    if pairs is None:
        yield path, found
        return
    for name, value in pairs:
        yield from leaves(value, (*path, str(name)))


def check(shop: Shop, readers: dict[str, Reader], request: httpx.Request) -> None:
    """Assert that every parser finds the shopper's token once, and no other reserved name."""
    token = shop.state.broker.session(Shopper("ada"), 5).token
    for language, reader in readers.items():
        for parser, found in reader.read(request).items():
            reserved = [
                (path, value)
                for path, value in leaves(found)
                if any(is_reserved(name) for name in path) or is_reserved(".".join(path))
            ]
            names = [path for path, _ in reserved]
            expected = [] if parser.startswith("query:") else ["end_customer_token"]
            tops = [path[0] for path in names]
            failure = f"{language}'s {parser} finds {reserved}"
            assert tops == expected, failure
            assert all(value == token for _, value in reserved), failure


def outcome(shop: Shop, readers: dict[str, Reader], answer: TestResponse) -> bool:
    """Assert that a request was refused or is harmless; return whether it was forwarded."""
    requests = sent(shop)
    if answer.status_code == 200:
        (request,) = requests
        check(shop, readers, request)
        return True
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_body")
    assert requests == []
    return False


HEADS = {
    "plain": 'name="end_customer_token"',
    "unquoted": "name=end_customer_token",
    "member": 'name="end_customer_token[x]"',
    "element": 'name="end_customer_token[0]"',
    "empty member": 'name="end_customer_token[]"',
    "open bracket": 'name="end_customer_token["',
    "member with dots": 'name="end_customer_token.x"',
    "dots for underscores": 'name="end.customer.token"',
    "spaces for underscores": 'name="end customer token"',
    "space before": 'name=" end_customer_token"',
    "space after": 'name="end_customer_token "',
    "below another": 'name="a[end_customer_token]"',
    "below the prototype": 'name="__proto__[end_customer_token]"',
    "nul": 'name="end_customer_token\x00x"',
    "nul before": 'name="\x00end_customer_token"',
    "tab": 'name="end_customer_token\t"',
    "escaped quote": 'name="x\\"; name=\\"end_customer_token"',
    "escaped quote that ends it": 'name="end_customer_token\\"x"',
    "backslash at the end": 'name="x\\"; filename="; name=end_customer_token; y="',
    "two backslashes at the end": 'name="x\\\\"; name="end_customer_token"',
    "escaped letter": 'name="end_c\\ustomer_token"',
    "percent": 'name="end%5Fcustomer%5Ftoken"',
    "percent quote": 'name="x%22; name=%22end_customer_token"',
    "percent line end": 'name="x%0D%0AContent-Disposition: f; name=%22end_customer_token%22"',
    "extended": "name=\"x\"; name*=UTF-8''end_customer_token",
    "extended alone": "name*=UTF-8''end_customer_token",
    "extended in pieces": 'name*0="end_customer"; name*1="_token"',
    "extended below": "name=\"x\"; name*=UTF-8''end_customer_token%5Bx%5D",
    "name twice": 'name="x"; name="end_customer_token"',
    "name twice, reserved first": 'name="end_customer_token"; name="x"',
    "encoded word": 'name="=?utf-8?Q?end=5Fcustomer=5Ftoken?="',
    "full width": 'name="\uff45nd_customer_token"',
    "long s": 'name="end_cu\u017ftomer_token"',
    "zero width": 'name="end_customer\u200b_token"',
    "line separator": 'name="x\u2028end_customer_token"',
    "in the file's name": 'name="photo"; filename="a\\"; name=\\"end_customer_token"',
    "backslash in the file's name": 'name="photo"; filename="a\\"; name="end_customer_token"',
    "semicolon in the file's name": 'name="photo"; filename="a; name=end_customer_token; x.png"',
    "folded": 'name="x";\r\n name="end_customer_token"',
    "no name": 'filename="end_customer_token"',
    "empty name": 'name=""',
    "header after": 'name="x"\r\nContent-Disposition: form-data; name="end_customer_token"',
    "header before": 'name="end_customer_token"\r\nContent-Disposition: form-data; name="x"',
    "another case of header": 'name="x"\r\ncontent-disposition : f; name="end_customer_token"',
    "encoded body": 'name="x"\r\nContent-Transfer-Encoding: base64',
    "charset": 'name="+AGU-nd_customer_token"\r\nContent-Type: text/plain; charset=utf-7',
    "form in the form": 'name="x"\r\nContent-Type: multipart/mixed; boundary=c',
    "message in the form": 'name="x"\r\nContent-Type: message/rfc822',
}
INNER = (
    b'--c\r\nContent-Disposition: form-data; name="end_customer_token"\r\n\r\n'
    + STOLEN.encode()
    + b"\r\n--c--"
)


@pytest.mark.parametrize("name", HEADS)
def test_forms(shop: Shop, readers: dict[str, Reader], name: str) -> None:
    """No parser of forms finds the browser's token, whatever a part's headers look like."""
    value = INNER if name == "form in the form" else STOLEN.encode()
    head = b"Content-Disposition: form-data; " + HEADS[name].encode()
    body = b"--b\r\n" + head + b"\r\n\r\n" + value + b"\r\n--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    outcome(shop, readers, shop.post("/api/tryon", data=body, content_type=kind))


def test_charset_field(shop: Shop, readers: dict[str, Reader]) -> None:
    """``_charset_`` is dropped, as parsers would decode names by it."""
    form = {"_charset_": "utf-7", "+AGUAbgBkAF8AYwB1AHMAdABvAG0AZQByAF8AdABvAGsAZQBu-": STOLEN}
    kind = "multipart/form-data"
    answer = shop.post("/api/tryon", data=form, content_type=kind)
    assert b"_charset_" not in shop.transport.requests[-1].content
    assert outcome(shop, readers, answer)


PAIRS = {
    "plain": "end_customer_token=X",
    "member": "end_customer_token[x]=X",
    "encoded brackets": "end_customer_token%5Bx%5D=X",
    "element": "end_customer_token[0]=X",
    "list": "end_customer_token[]=X",
    "open bracket": "end_customer_token[=X",
    "open bracket and nul": "end_customer_token[%00=X",
    "nul": "end_customer_token%00x=X",
    "dots": "end.customer.token=X",
    "spaces": "end+customer%20token=X",
    "spaces before": "++end_customer_token=X",
    "member by a dot": "end_customer_token.x=X",
    "below another": "a[b][end_customer_token]=X",
    "below another by a dot": "a.end_customer_token=X",
    "dots and a member": "end.customer_token[x]=X",
    "twice encoded": "end%255Fcustomer%255Ftoken=X",
    "encoded": "%65nd_customer_token=X",
    "semicolons": "a=1;end_customer_token=X",
    "another case": "END_CUSTOMER_TOKEN=X",
    "backslash": "end_customer_token%5Cx=X",
    "no value": "end_customer_token",
    "line end": "a=1%0D%0Aend_customer_token=X",
    "key": "api_key[x]=X",
    "X key": "x-api-key[x]=X",
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("place", ["body", "query", "design"])
def test_urlencoded(shop: Shop, readers: dict[str, Reader], name: str, place: str) -> None:
    """No parser of queries and URL-encoded forms finds the browser's token."""
    text = PAIRS[name].replace("X", STOLEN)
    if place == "body":
        kind = "application/x-www-form-urlencoded"
        outcome(shop, readers, shop.post("/api/tryon", data=text, content_type=kind))
    elif place == "query":
        outcome(shop, readers, shop.post(f"/api/tryon?{text}", json={}))
    else:
        answer = shop.browser.get(f"/genvoris/api/config?{text}")
        for request in sent(shop):
            assert not [name for name, _ in request.url.params.multi_items() if is_reserved(name)]
        assert answer.status_code in (200, 400)


JSON = {
    "plain": b'{"end_customer_token": "X"}',
    "escaped": b'{"\\u0065nd_customer_token": "X"}',
    "member": b'{"end_customer_token[x]": "X"}',
    "object": b'{"end_customer_token": {"end_customer_token": "X"}}',
    "nul": b'{"end_customer_token\\u0000x": "X"}',
    "nul before": b'{"\\u0000end_customer_token": "X"}',
    "prototype": b'{"__proto__": {"end_customer_token": "X"}}',
    "half a character": b'{"end_customer_token\\ud800": "X"}',
    "half a character in a value": b'{"a": "\\ud800", "b": "X"}',
    "the other half": b'{"a": "\\udc00", "b": "X"}',
    "a whole character": b'{"a": "\\ud83d\\ude00"}',
    "overlong quote": b'{"a": "\xc0\xa2,\xc0\xa2end_customer_token\xc0\xa2:\xc0\xa2X"}',
    "Latin-1": b'{"\xe9": "X"}',
    "unknown escape": b'{"a": "\\x22, \\"end_customer_token\\": \\x22X"}',
    "short escape": b'{"a": "\\u12"}',
    "line end": b'{"a": "\n"}',
    "UTF-16": '{"end_customer_token": "X"}'.encode("utf-16"),
    "comment": b'{"a": 1 /*, "b": 2 */, "end_customer_token": "X"}',
    "single quotes": b"{'end_customer_token': 'X'}",
    "not a number": b'{"a": NaN}',
}


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=latin-1"])
@pytest.mark.parametrize("name", JSON)
def test_json(shop: Shop, readers: dict[str, Reader], name: str, charset: str) -> None:
    """No parser of JSON finds the browser's token, and all accept what is forwarded."""
    body = JSON[name].replace(b"X", STOLEN.encode())
    for kind in ("application/json", "text/plain"):
        outcome(shop, readers, shop.post("/api/tryon", data=body, content_type=kind + charset))


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
@pytest.mark.parametrize("charset", ["utf-7", "UTF-7", '"utf-7"', "utf-16", "latin-1", "x-user"])
def test_json_in_another_charset(
    shop: Shop, readers: dict[str, Reader], kind: str, charset: str
) -> None:
    """JSON that declares another character set than UTF-8 is refused."""
    body = '{"+AGUAbgBkAF8AYwB1AHMAdABvAG0AZQByAF8AdABvAGsAZQBu-": "from-browser"}'
    content_type = f"{kind}; charset={charset}"
    answer = shop.post("/api/tryon", data=body, content_type=content_type)
    assert not outcome(shop, readers, answer)


def test_content_type(shop: Shop, readers: dict[str, Reader]) -> None:
    """The content type is written anew, without the browser's parameters."""
    for kind in ("application/json; charset=utf-8; x=y", "text/plain;charset=UTF-8"):
        assert shop.post("/api/tryon", data="{}", content_type=kind).status_code == 200
    assert [each.headers["Content-Type"] for each in sent(shop)] == ["application/json"] * 2
    body = (
        b'--b\r\nContent-Disposition: form-data; name=a; filename=b\r\nContent-Type: IMAGE/png; x="'
    )
    body += b'y"\r\n\r\n\r\n--b--\r\n'
    kind = "multipart/form-data; boundary=b; charset=utf-8"
    assert shop.post("/api/tryon", data=body, content_type=kind).status_code == 200
    (request,) = sent(shop)
    assert re.fullmatch(
        r"multipart/form-data; boundary=genvoris-[0-9a-f]{32}", request.headers["Content-Type"]
    )
    assert b"Content-Type: image/png\r\n" in request.content


PIECES = ["end_customer_token", "end", "customer", "_token", "api", "key", "_", "-", ".", "[", "]"]
PIECES += ["\\", '"', "%", "%22", "%5B", "%00", "\x00", " ", "=", ";", ":", "'", "*", "\r\n", "\t"]
NAMES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=NAMES, filename=st.none() | NAMES)
def test_random_names(
    shop: Shop, readers: dict[str, Reader], name: str, filename: str | None
) -> None:
    """No parser finds the browser's token under any name made of these pieces."""
    head = f'Content-Disposition: form-data; name="{name}"'
    head += "" if filename is None else f'; filename="{filename}"'
    body = f"--b\r\n{head}\r\n\r\n{STOLEN}\r\n--b--\r\n".encode()
    kind = "multipart/form-data; boundary=b"
    outcome(shop, readers, shop.post("/api/tryon", data=body, content_type=kind))
    pair = f"{quote(name, safe='[]')}={STOLEN}"
    kind = "application/x-www-form-urlencoded"
    outcome(shop, readers, shop.post(f"/api/tryon?{pair}", data=pair, content_type=kind))
    outcome(shop, readers, shop.post("/api/tryon", json={name: STOLEN, "a": {name: STOLEN}}))


def test_harmless_fields(shop: Shop, readers: dict[str, Reader]) -> None:
    """All parsers read the same names and values in a harmless form."""
    values = {"product_title": 'A "quoted" ü, 衣', "tags[]": "a", "größe": "M"}
    kind = "multipart/form-data"
    assert shop.post("/api/tryon", data=values, content_type=kind).status_code == 200
    (request,) = sent(shop)
    for reader in readers.values():
        for parser, found in reader.read(request).items():
            if not parser.startswith("query:"):
                flat = [value for _, value in leaves(found)]
                assert set(values.values()) <= set(flat), parser
