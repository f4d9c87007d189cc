"""The REST client: what is sent, what is repeated, and what errors say."""

from __future__ import annotations

import datetime as dt
import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from genvoris_flask import errors
from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.core.api.http import HttpClient, Response, RetryPolicy
from genvoris_flask.core.api.large_answers import LargeAnswers
from genvoris_flask.core.api.response import read_retry_after

KEY = "gvk_live_very_secret"
Handler = Callable[[httpx.Request], httpx.Response]


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Upstream:
    """Answers with the given answers in turn; the last one again and again."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def http_client(handler: Handler, time: Time | None = None) -> HttpClient:
    time = time or Time()
    return HttpClient(
        "https://genvoris.test/api/v1",
        {"Authorization": f"Bearer {KEY}"},
        secrets=(KEY,),
        transport=httpx.MockTransport(handler),
        clock=time.clock,
        sleep=time.sleep,
    )


def call(
    handler: Handler,
    repeat: RetryPolicy = RetryPolicy.ALWAYS,
    time: Time | None = None,
    timeout: float = 10.0,
) -> Response:
    client = http_client(handler, time)
    return client.request("GET", "/x", timeout=timeout, repeat=repeat)


def refusal(status: int, **payload: Any) -> httpx.Response:
    return httpx.Response(status, json=payload)


OK = httpx.Response(200, json={})
FAILED = refusal(503, error="unavailable", detail="later")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_temporary_error_is_retried(status: int) -> None:
    """A 429 or 5xx is retried until it passes."""
    upstream = Upstream(refusal(status), refusal(status), OK)
    assert call(upstream).status == 200
    assert len(upstream.requests) == 3


def test_three_attempts() -> None:
    """The third failure is raised."""
    upstream = Upstream(FAILED)
    with pytest.raises(errors.ServerError):
        call(upstream)
    assert len(upstream.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413])
def test_permanent_error_is_not_retried(status: int) -> None:
    """Other 4xx errors are raised at once."""
    upstream = Upstream(refusal(status))
    with pytest.raises(errors.ApiError):
        call(upstream)
    assert len(upstream.requests) == 1


def test_unsafe_request_is_retried_if_unsent() -> None:
    """Without idempotency, only a request that had no effect is retried."""
    unsure: list[httpx.Response | Exception] = [
        FAILED,
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
    ]
    for fault in unsure:
        upstream = Upstream(fault)
        with pytest.raises(errors.GenvorisError):
            call(upstream, RetryPolicy.IF_UNSENT)
        assert len(upstream.requests) == 1, fault
    harmless: list[httpx.Response | Exception] = [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        refusal(429),
    ]
    for fault in harmless:
        upstream = Upstream(fault, OK)
        assert call(upstream, RetryPolicy.IF_UNSENT).status == 200, fault


def test_plan_creation_is_not_retried() -> None:
    """No error makes the client create a second plan."""
    faults: list[httpx.Response | Exception] = [httpx.ConnectError("refused"), refusal(429), FAILED]
    for fault in faults:
        upstream = Upstream(fault)
        client = GenvorisClient(KEY, transport=httpx.MockTransport(upstream))
        with pytest.raises(errors.GenvorisError):
            client.plans.create(name="Pro", monthly_try_ons=100)
        assert len(upstream.requests) == 1


def test_backoff() -> None:
    """The wait grows and is jittered."""
    times = [Time() for _ in range(40)]
    for time in times:
        with pytest.raises(errors.ServerError):
            call(Upstream(FAILED), time=time)
    firsts, seconds = zip(*(time.slept for time in times), strict=True)
    assert all(0 <= wait <= 0.2 for wait in firsts)
    assert all(0 <= wait <= 0.4 for wait in seconds)
    assert max(seconds) > 0.2
    assert len({round(wait, 6) for wait in firsts}) > 30


def test_global_generator() -> None:
    """A wait does not move the global random generator, which the shop may have seeded."""
    before = random.getstate()
    time = Time()
    with pytest.raises(errors.ServerError):
        call(Upstream(FAILED), time=time)
    assert len(time.slept) == 2
    assert random.getstate() == before


def test_retry_after() -> None:
    """The client waits for as long as Retry-After says."""
    time = Time()
    limited = httpx.Response(429, headers={"Retry-After": "3"}, json={"error": "rate_limited"})
    assert call(Upstream(limited, OK), time=time).status == 200
    assert time.slept == [3.0]


def test_retry_after_beyond_deadline() -> None:
    """A wait that the deadline does not allow is an error at once."""
    time = Time()
    limited = httpx.Response(429, headers={"Retry-After": "60"}, json={"error": "rate_limited"})
    with pytest.raises(errors.RateLimitedError) as caught:
        call(Upstream(limited), time=time)
    assert time.slept == []
    assert caught.value.retry_after == 60.0


@pytest.mark.parametrize(
    "value",
    [
        *("", "soon", "-3", "Wed, 99 Nov 2026 00:00:00 GMT", "\u00b2", "\u0663", "1e3", "nan"),
        f"Fri, 01 Jan {'9' * 30} 00:00:00 GMT",
    ],
)
def test_bad_retry_after_is_ignored(value: str) -> None:
    """What is neither seconds nor a date counts as no header."""
    assert read_retry_after(value) is None


def test_retry_after_date() -> None:
    """A date is converted to seconds; a leap second is one, too."""
    now = dt.datetime(2016, 12, 31, 23, 59, 29, tzinfo=dt.UTC)
    assert read_retry_after("Sat, 31 Dec 2016 23:59:60 GMT", now) == 30


@pytest.mark.parametrize("value", ["9" * 400, "86401", "Wed, 01 Jan 2200 00:00:00 GMT"])
def test_longest_retry_after_is_a_day(value: str) -> None:
    """What is longer could not be passed on, nor waited for."""
    assert read_retry_after(value) == 24 * 3600


def test_no_time_left() -> None:
    """Nothing is sent after the deadline."""
    upstream = Upstream(OK)
    with pytest.raises(errors.DeadlineError):
        call(upstream, timeout=0.0)
    assert upstream.requests == []


@pytest.mark.parametrize(
    ("status", "payload", "kind"),
    [
        (400, {"error": "invalid_body", "detail": "name: too long"}, errors.BadRequestError),
        (401, {"error": "invalid_key", "detail": "no"}, errors.UnauthorizedError),
        (401, {"error": "invalid_session_token"}, errors.InvalidSessionTokenError),
        (402, {"error": "end_customer_quota", "reason": "paused"}, errors.QuotaError),
        (402, {"code": "quota_exhausted", "message": "spent"}, errors.QuotaError),
        (402, {"error": "credit_limit_reached"}, errors.CreditError),
        (403, {"error": "customer_inactive"}, errors.CustomerInactiveError),
        (403, {"error": "domain_not_allowed"}, errors.ForbiddenError),
        (404, {"error": "not_found"}, errors.NotFoundError),
        (418, {"error": "teapot"}, errors.BadRequestError),
        (302, {}, errors.BadRequestError),
    ],
)
def test_error_classes(status: int, payload: dict[str, str], kind: type[errors.ApiError]) -> None:
    """The code decides on the class, and else the status."""
    with pytest.raises(errors.ApiError) as caught:
        call(Upstream(refusal(status, **payload)))
    assert type(caught.value) is kind


def test_402_without_json() -> None:
    """A 402 without a code is about the shop's credits, not the shopper's plan."""
    with pytest.raises(errors.CreditError):
        call(Upstream(httpx.Response(402, text="<html>pay</html>")))


def test_error_attributes() -> None:
    """An error has all that its response says."""
    answer = httpx.Response(
        402,
        json={
            "code": "end_customer_quota",
            "message": "The quota is spent.",
            "reason": "no_plan",
            "used": 5,
            "limit": 5,
        },
        headers={"X-Request-Id": "req_7", "Retry-After": "9"},
    )
    with pytest.raises(errors.QuotaError) as caught:
        call(Upstream(answer))
    error = caught.value
    assert (error.status, error.code, error.detail) == (
        402,
        "end_customer_quota",
        "The quota is spent.",
    )
    assert (error.request_id, error.retry_after) == ("req_7", 9.0)
    assert (error.reason, error.used, error.limit) == ("no_plan", 5, 5)
    assert str(error) == "402 end_customer_quota: The quota is spent. (request req_7)"


def test_nested_error() -> None:
    """The error may be in an object of its own."""
    answer = refusal(404, error={"code": "not_found", "message": "No such plan."})
    with pytest.raises(errors.NotFoundError, match="No such plan"):
        call(Upstream(answer))


@pytest.mark.parametrize(
    "payload",
    [
        {"fieldErrors": {"email": ["Invalid email", KEY], "name": "Required"}},
        {"error": {"code": "invalid", "field_errors": {"email": ["Invalid email", KEY]}}},
        {"error": "invalid", "details": {"fieldErrors": {"email": ["Invalid email", KEY]}}},
        {"message": "Invalid.", "errors": {"email": ["Invalid email", KEY]}},
    ],
)
def test_field_errors(payload: dict[str, Any]) -> None:
    """Wherever they are in it, and without the key."""
    with pytest.raises(errors.BadRequestError, match="email: Invalid email") as caught:
        call(Upstream(refusal(422, **payload)))
    assert caught.value.field_errors["email"] == ("Invalid email", "[key]")
    assert KEY not in str(caught.value)


def test_query_of_an_address_is_not_repeated() -> None:
    """A picture's address may be signed, and an error reaches the log."""
    said = "Cannot fetch https://cdn.example/a.png?sig=s3cret&x=1, see https://x.example/#s3cret"
    answer = refusal(422, error={"code": "invalid", "message": said})
    with pytest.raises(errors.BadRequestError) as caught:
        call(Upstream(answer))
    assert "https://cdn.example/a.png?… see https://x.example/?…" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("odd", [[], "email", {"email": [1, None, []]}, {"email": {}}, {1: []}])
def test_odd_field_errors(odd: object) -> None:
    """Field errors in other forms are ignored."""
    with pytest.raises(errors.BadRequestError) as caught:
        call(Upstream(refusal(422, fieldErrors=odd)))
    assert caught.value.field_errors == {}
    assert (caught.value.code, caught.value.detail) == (
        "invalid_body",
        "Genvoris answered with status 422.",
    )


@pytest.mark.parametrize("body", ["<html>", "[1]", "null", '"text"', "{", "[" * 100_000])
def test_malformed_response(body: str) -> None:
    """A body that is no JSON object is an error of its own."""
    upstream = Upstream(httpx.Response(200, text=body))
    client = GenvorisClient(KEY, transport=httpx.MockTransport(upstream))
    with pytest.raises(errors.MalformedAnswerError):
        client.plans.list()
    with pytest.raises(errors.MalformedAnswerError):
        client.customers.get("ec_1")


def test_key_is_not_leaked(caplog: pytest.LogCaptureFixture) -> None:
    """No message, repr or log line contains the key."""
    caplog.set_level(logging.DEBUG)
    echo = refusal(500, error=KEY, detail=f"Bearer {KEY} is wrong")
    upstream = Upstream(echo)
    client = GenvorisClient(KEY, transport=httpx.MockTransport(upstream))
    with pytest.raises(errors.ServerError) as caught:
        client.plans.list()
    assert upstream.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    seen = [str(caught.value), repr(caught.value), repr(client), caught.value.detail, caplog.text]
    assert not [text for text in seen if KEY in text]


def test_redirect_is_not_followed() -> None:
    """The key goes to no other server."""
    upstream = Upstream(httpx.Response(302, headers={"Location": "https://evil.test/"}))
    with pytest.raises(errors.ApiError):
        call(upstream)
    assert len(upstream.requests) == 1


class _Slow(BaseHTTPRequestHandler):
    """Sends one byte of its body every 50 ms."""

    stop = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            for _ in range(200):
                if self.stop.wait(0.05):
                    return
                self.wfile.write(b" ")
        except OSError:
            return

    def log_message(self, *args: Any) -> None:
        return


@pytest.fixture
def slow_server() -> Iterator[str]:
    _Slow.stop.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Slow)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    _Slow.stop.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_slow_body(slow_server: str) -> None:
    """A body that arrives byte by byte ends with the deadline."""
    client = HttpClient(slow_server, {})
    with pytest.raises(errors.DeadlineError):
        client.request("GET", "/", timeout=0.3, repeat=RetryPolicy.NEVER)


@pytest.mark.parametrize(
    ("url", "path", "name"),
    [
        ("http://127.0.0.1:1", "/plans", "GET /plans"),
        ("http://ada:secret@127.0.0.1:1/jwks?key=secret", "", "GET http://127.0.0.1:1/jwks"),
    ],
)
def test_connection_refused(url: str, path: str, name: str) -> None:
    """A closed port is an UnreachableError, which names what was asked without its secrets."""
    with pytest.raises(errors.UnreachableError, match=f"^{name}: cannot connect"):
        HttpClient(url, {}).request("GET", path, timeout=60, repeat=RetryPolicy.NEVER)


def test_logs_hide_ids(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """httpx's own client logs every URL, and Genvoris's URLs hold ids."""
    caplog.set_level(logging.DEBUG)
    upstream = Upstream(FAILED, httpx.ReadTimeout("slow"), OK)
    client = GenvorisClient(
        KEY, transport=httpx.MockTransport(upstream), sleep=lambda seconds: None
    )
    client.sessions.revoke("user_ada", "jti_of_ada")
    asked = "DELETE /customers/{id}/sessions/{id}"
    assert f"{asked} was answered 200" in caplog.text
    assert f"{asked}: 503 unavailable: later; trying again" in caplog.text
    assert f"{asked}: no answer within the time that was left." in caplog.text
    assert "ada" not in caplog.text


def test_other_httpx_logs(caplog: pytest.LogCaptureFixture) -> None:
    """The shop's own use of httpx is logged as before."""
    caplog.set_level(logging.INFO)

    def call_another(request: httpx.Request) -> httpx.Response:
        with httpx.Client(transport=httpx.MockTransport(lambda request: OK)) as shops_own:
            shops_own.get("https://carrier.example/parcels")
        return httpx.Response(200, json={})

    call(call_another)
    assert [record.getMessage() for record in caplog.records] == [
        'HTTP Request: GET https://carrier.example/parcels "HTTP/1.1 200 OK"'
    ]


@pytest.mark.parametrize("detail", ["No customer 42.", "'42' (ada@shop.example) is unknown"])
def test_error_hides_ids(detail: str) -> None:
    """Refusals are logged, and a server may repeat what it was asked."""
    upstream = Upstream(refusal(400, error="invalid_body", detail=f"{detail} (error 4200)"))
    client = GenvorisClient(KEY, transport=httpx.MockTransport(upstream))
    with pytest.raises(errors.BadRequestError) as caught:
        client.customers.upsert(external_id="42", email="ada@shop.example")
    assert "[id]" in str(caught.value)
    assert "(error 4200)" in str(caught.value)
    assert "ada" not in str(caught.value)
    with pytest.raises(errors.BadRequestError, match=r"\[id\]"):
        client.customers.usage("42")


def test_no_cookies() -> None:
    """What it sets for one shopper is nothing to the next one."""
    upstream = Upstream(httpx.Response(200, json={}, headers={"Set-Cookie": "who=ada"}))
    client = http_client(upstream)
    for _ in range(2):
        client.request("GET", "/x", timeout=60, repeat=RetryPolicy.NEVER)
    assert all("cookie" not in request.headers for request in upstream.requests)


def test_large_response_is_refused() -> None:
    """Nothing that the API sends is that large; a try-on says how large its response may be."""
    body = b'"' + b"a" * (4 * 1024 * 1024) + b'"'
    upstream = Upstream(httpx.Response(200, content=body), httpx.Response(200, content=body))
    client = HttpClient("https://genvoris.test", {}, transport=httpx.MockTransport(upstream))
    once: dict[str, Any] = {"timeout": 60, "repeat": RetryPolicy.NEVER}
    with pytest.raises(errors.MalformedAnswerError, match="larger than 4 MiB"):
        client.request("GET", "/plans", **once)
    assert client.request("GET", "/plans", **once, max_bytes=len(body)).body == body


def test_large_responses_take_turns() -> None:
    """Two at once, until they are parsed; a small one waits for nobody."""
    large = LargeAnswers(at_once=2)
    with ExitStack() as held:
        for _ in range(2):
            take = held.enter_context(large.turn(60))
            take()
            take()  # again for another try-on of the same turn
        with large.turn(0.01) as take, pytest.raises(errors.DeadlineError):
            take()
        with large.turn(0.01):
            pass
    with large.turn(60) as take:
        take()
