"""Invalid requests, which are refused with 400, 413 or 415 and never cause a 500."""

from __future__ import annotations

import io
import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genvoris_flask.sandbox.http.openapi import api_document
from tests.support.local_genvoris import API_KEY, LocalGenvoris
from tests.support.pictures import picture

JSON_OPERATIONS = [
    each
    for each in api_document().operations.values()
    if list(each.content) == ["application/json"]
]


def send(sandbox: LocalGenvoris, path: str, raw: bytes | str, **more: Any) -> Any:
    more.setdefault("content_type", "application/json")
    return sandbox.call("POST", path, data=raw, **more)


@pytest.mark.parametrize(
    ("path", "raw", "detail"),
    [
        ("/plans", '{"name": "a", "name": "b", "monthlyTryOns": 1}', "name: is given twice"),
        (
            "/customers",
            '{"externalId": "a", "metadata": {"k": 1, "k": 2}}',
            "metadata.k: is given twice",
        ),
        (
            "/events",
            '{"events": [{"sessionId": "s", "sessionId": "s", "eventType": "CLOSED"}]}',
            "events.0.sessionId: is given twice",
        ),
        ("/plans", '{"name": "a\\u0000", "monthlyTryOns": 1}', "name: must be a string"),
        ("/plans", '{"name": "\\ud800", "monthlyTryOns": 1}', "name: holds characters"),
        ("/plans", '{"name": "a", "\\udfff": 1, "monthlyTryOns": 1}', ": holds characters"),
        ("/plans", '{"name": "a", "monthlyTryOns": 1000001}', "monthlyTryOns: must be a whole"),
        ("/plans", '{"name": "a", "monthlyTryOns": 1e30}', "monthlyTryOns: must be a whole"),
        ("/plans", '{"name": "a", "monthlyTryOns": ' + "9" * 4000 + "}", "monthlyTryOns: must be"),
        ("/plans", '{"name": "a", "monthlyTryOns": ' + "9" * 5000 + "}", "monthlyTryOns: must be"),
        ("/plans", '{"name": "a", "monthlyTryOns": NaN}', "monthlyTryOns: must be a number"),
        ("/plans", '{"name": "a", "monthlyTryOns": 1e999}', "monthlyTryOns: must be a number"),
        (
            "/customers",
            '{"externalId": "a", "metadata": {"k": -Infinity}}',
            "metadata.k: must be a number that JSON can write",
        ),
        ("/plans", "NaN", "The body: must be a number that JSON can write"),
        ("/plans", '{"x": ' + "[" * 99_999 + "]" * 99_999 + "}", "is nested deeper than 20"),
        ("/plans", '{"x": ' + '{"x":' * 30 + "1" + "}" * 31, "x.x.x: is nested deeper"),
        ("/plans", "null", "The body: must be an object"),
        ("/plans", "", "not valid JSON"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_invalid_body_is_refused(sandbox: LocalGenvoris, path: str, raw: str, detail: str) -> None:
    """The error names the path of the invalid field."""
    answer = send(sandbox, path, raw.encode())
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_body")
    assert detail in answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("path", "raw", "detail"),
    [
        (
            "/customers",
            json.dumps({"externalId": "a", "metadata": {str(n): n for n in range(21)}}),
            "metadata: must be an object of at most 20 keys",
        ),
        (
            "/customers",
            json.dumps({"externalId": "a", "metadata": {"k": "ü" * 2048}}, ensure_ascii=False),
            "metadata: must be at most 4096 bytes",
        ),
        (
            "/events",
            json.dumps(
                {
                    "events": [
                        {"sessionId": "s", "eventType": "CLOSED"},
                        {"sessionId": "s", "eventType": "CLOSED", "metadata": {"k": "x" * 4096}},
                    ]
                }
            ),
            "events.1.metadata: must be at most 4096 bytes",
        ),
    ],
    ids=["keys", "bytes", "bytes of one in a batch"],
)
def test_large_metadata_is_refused(
    sandbox: LocalGenvoris, path: str, raw: str, detail: str
) -> None:
    """Metadata that is too large has its own error code."""
    answer = send(sandbox, path, raw.encode())
    assert (answer.status_code, answer.get_json()["error"]) == (400, "metadata_too_large")
    assert detail in answer.get_json()["detail"]


def test_plan_quota_limit(sandbox: LocalGenvoris) -> None:
    """A plan has at most a million try-ons."""
    assert sandbox.plan(1_000_000)
    more = sandbox.call("POST", "/plans", {"name": "Pro", "monthlyTryOns": 1_000_001})
    assert more.status_code == 400


def test_integer_with_decimal_point(sandbox: LocalGenvoris) -> None:
    """3.0 is accepted as an integer."""
    answer = send(sandbox, "/plans", b'{"name": "Pro", "monthlyTryOns": 3.0}')
    assert answer.get_json()["monthlyTryOns"] == 3


@pytest.mark.parametrize("operation", JSON_OPERATIONS, ids=lambda each: str(each.id))
def test_body_type_and_size_are_checked(sandbox: LocalGenvoris, operation: Any) -> None:
    """Bodies of the wrong type or size are refused."""
    path = operation.path.replace("{name}", "ada").replace("{plan_id}", "pln_1")
    headers = {"Authorization": f"Bearer {API_KEY}"}

    def status(data: bytes, content_type: str) -> int:
        answer = sandbox.http.open(
            path, method=operation.method, data=data, content_type=content_type, headers=headers
        )
        return int(answer.status_code)

    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert status(b"a=1", content_type) == 415
    assert status(b'{"a": "' + b"x" * 262_144 + b'"}', "application/json") == 413
    assert status(b"[" * 200_000, "application/json") == 400


@pytest.mark.parametrize(
    "name", ["a/b", "//", "a/usage", "a/sessions", "%2F", "%", "a%20b", "..x", "ü/?#", "a b"]
)
def test_external_id_with_slashes(sandbox: LocalGenvoris, name: str) -> None:
    """An encoded slash belongs to the external id in every path."""
    sandbox.customer(name)
    path = f"/customers/{quote(name, safe='')}"
    for answer in (
        sandbox.call("GET", path),
        sandbox.call("GET", f"{path}/usage"),
        sandbox.call("POST", f"{path}/sessions"),
        sandbox.call("PATCH", path, {"email": "a@example.com"}),
        sandbox.call("DELETE", path),
    ):
        assert answer.status_code == 200
    assert sandbox.call("GET", path).get_json()["externalId"] == name


@pytest.mark.parametrize("name", ["%00", "a%00b", "%ff", "%ed%a0%80", "%0a", "x" * 3000])
def test_undecodable_id_is_not_found(sandbox: LocalGenvoris, name: str) -> None:
    """An id that is not UTF-8 is not found."""
    for method, end in (("GET", ""), ("GET", "/usage"), ("POST", "/sessions"), ("DELETE", "")):
        assert sandbox.call(method, f"/customers/{name}{end}").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "include_inactive=maybe",
        "include_inactive=true&include_inactive=false",
        "include_inactive=%00",
        "include_inactive=",
    ],
)
def test_invalid_query_is_refused(sandbox: LocalGenvoris, query: str) -> None:
    """The error names the invalid parameter."""
    answer = sandbox.call("GET", f"/plans?{query}")
    assert answer.status_code == 400
    assert answer.get_json()["detail"].startswith("include_inactive: ")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> LocalGenvoris:
    """Return one sandbox for all examples."""
    folder: Path = tmp_path_factory.mktemp("busy")
    return LocalGenvoris(folder)


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200), st.sampled_from(JSON_OPERATIONS))
def test_any_bytes_are_handled(busy: LocalGenvoris, raw: bytes, operation: Any) -> None:
    """No body causes a server error."""
    path = operation.path.replace("{name}", "ada").replace("{plan_id}", "pln_1")
    answer = busy.http.open(
        path,
        method=operation.method,
        data=raw,
        content_type="application/json",
        headers={"Authorization": f"Bearer {API_KEY}"},
    )
    assert answer.status_code < 500


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/plans", "GET, HEAD, OPTIONS, POST"), ("/customers/ada/usage", "GET, HEAD, OPTIONS")],
)
def test_options_lists_methods(sandbox: LocalGenvoris, path: str, methods: str) -> None:
    """OPTIONS returns the methods of a path."""
    answer = sandbox.http.options(f"/api/v1{path}")
    assert answer.status_code == 200
    assert ", ".join(sorted(answer.headers["Allow"].split(", "))) == methods


@pytest.mark.parametrize("port", ["99999", "9" * 20, "-1"])
def test_invalid_picture_port_is_refused(sandbox: LocalGenvoris, port: str) -> None:
    """A product picture's URL must have a valid port."""
    answer = sandbox.tryon(product_image_url=f"http://127.0.0.1:{port}/shirt.png")
    assert answer.status_code == 400
    assert answer.get_json()["detail"].startswith("product_image_url: must be an http(s)")


def test_unreachable_picture_is_named(sandbox: LocalGenvoris) -> None:
    """The error contains the picture's URL, but neither its password nor its query."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        answer = sandbox.tryon(product_image_url=f"http://me:secret@{host}/shirt.png?sig=secret")
    assert answer.status_code == 400
    problem = f"the picture at http://{host}/shirt.png could not be fetched (ConnectError)"
    assert answer.get_json()["detail"] == f"product_image_url: {problem}"


def test_duplicate_form_field_is_refused(
    sandbox: LocalGenvoris,
) -> None:
    """A form field or file may not be sent twice."""
    photos = [(io.BytesIO(picture()), f"{name}.jpg") for name in "ab"]
    answer = sandbox.tryon(photo=photos)
    assert (answer.status_code, answer.get_json()["detail"]) == (400, "photo: is given twice")
    answer = sandbox.tryon(product_category=["apparel", "home"])
    assert answer.status_code == 400
    assert answer.get_json()["detail"] == "product_category: is given twice"
