"""Attacks that need real sockets, on a shop under gunicorn."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.integration.conftest import Shop
from tests.support.pace import UNPACED
from tests.support.sink import Sink
from tests.support.waiting import LIMIT, until

ADA = "/genvoris/api/tryon?user=ada"
TYPE = b"Content-Type: application/json\r\n"
SAME = b"Host: shop\r\nSec-Fetch-Site: same-origin\r\n"
# On one worker, so that what all of these tests share is made once.
pytestmark = pytest.mark.xdist_group("sockets")
SMUGGLED = (
    b"POST /genvoris/api/analyze?user=eve HTTP/1.1\r\n"
    + SAME
    + TYPE
    + b"Content-Length: 2\r\n\r\n{}"
)
# Returns the peak of the worker's memory in kilobytes.
PEAK = """
@app.get("/peak")
def peak():
    import resource

    return str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.fixture(scope="module")
def running_sink() -> Iterator[Sink]:
    """Run a Genvoris for all tests of this module."""
    server = Sink()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.stop()
    thread.join()


@pytest.fixture
def sink(running_sink: Sink) -> Sink:
    """Return the running Genvoris with its records cleared."""
    running_sink.counts.clear()
    running_sink.bodies.clear()
    running_sink.broken = 0
    return running_sink


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, running_sink: Sink) -> Iterator[Shop]:
    """Run a shop that waits for browsers."""
    yield from serve(tmp_path_factory.mktemp("shop"), running_sink, seconds=LIMIT)


@pytest.fixture
def fresh_shop(tmp_path: Path, sink: Sink) -> Iterator[Shop]:
    """Run a shop that has used little memory so far."""
    yield from serve(tmp_path, sink, seconds=LIMIT)


@pytest.fixture(scope="module")
def impatient_shop(tmp_path_factory: pytest.TempPathFactory, running_sink: Sink) -> Iterator[Shop]:
    """Run a shop that gives browsers one second."""
    yield from serve(tmp_path_factory.mktemp("impatient"), running_sink, seconds=1)


def serve(folder: Path, sink: Sink, seconds: float) -> Iterator[Shop]:
    config = {
        "GENVORIS_API_KEY": "gvk_test_1",
        "GENVORIS_API_URL": f"{sink.url}/api/v1",
        "GENVORIS_TRYON_URL": sink.url,
        "GENVORIS_UPLOAD_TIMEOUT": seconds,
        "GENVORIS_WEBHOOK_SECRET": "whsec_1",
        "GENVORIS_STRIPE_WEBHOOK_SECRET": "whsec_2",
        "GENVORIS_MAX_UPLOAD_BYTES": 64 * 1024 * 1024,
        "GENVORIS_LIMIT_TRYONS": "100000/minute",
        **UNPACED,
    }
    server = Shop(folder, config, more=PEAK, workers=1)
    yield server
    server.stop()


def request(extra: bytes, path: str = ADA) -> bytes:
    kind = TYPE if path == ADA else b"Content-Type: multipart/form-data; boundary=b\r\n"
    return b"POST " + path.encode() + b" HTTP/1.1\r\n" + SAME + kind + extra


def connect(shop: Shop) -> socket.socket:
    return socket.create_connection(("127.0.0.1", shop.port), timeout=LIMIT)


def talk(shop: Shop, *pieces: bytes, pause: float = 0.0, is_whole: bool = True) -> bytes:
    """Send pieces, and return all that the shop answers until it closes the connection.

    Args:
        shop: The shop.
        pieces: What is sent.
        pause: Seconds after each piece.
        is_whole: Whether to close the outgoing half then, so that the shop waits for no more.
    """
    with connect(shop) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:  # the shop has closed the connection, which is an answer
                break
            time.sleep(pause)
        return rest_of(connection, is_whole=is_whole)


def rest_of(connection: socket.socket, *, is_whole: bool = True) -> bytes:
    """Return what the shop sends until it closes the connection."""
    answer = b""
    if is_whole:
        with suppress(OSError):  # the shop has closed it already
            connection.shutdown(socket.SHUT_WR)
    with suppress(ConnectionError):
        while part := connection.recv(65536):
            answer += part
    return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


def forwarded(sink: Sink) -> list[str]:
    return [line for line in sink.counts if line.startswith("POST")]


FORM_HEAD = (
    b"Content-Length: 100000\r\n\r\n"
    b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
)
# Of the right form, so that the body is read.
SIGNED = b"X-Genvoris-Signature: t=1,v1=%b\r\nStripe-Signature: t=1,v1=%b\r\n" % ((b"0" * 64,) * 2)
SMUGGLING = {
    "length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "two lengths": b"Content-Length: 2\r\nContent-Length: 200\r\n\r\n{}" + SMUGGLED,
    "two lengths in one": b"Content-Length: 2, 200\r\n\r\n{}" + SMUGGLED,
    "chunks by another name": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunks twice": b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "space before the colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "folded header": b"X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
    "negative length": b"Content-Length: -2\r\n\r\n{}",
    "length of words": b"Content-Length: two\r\n\r\n{}",
    "chunk of no size": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "chunk of negative size": b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
    "chunk of another size": b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
    "bare line end in a header": b"X: a\nX-API-Key: evil\r\nContent-Length: 2\r\n\r\n{}",
    "null in a header": b"X: a\x00b\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_ambiguous_request_is_refused(shop: Shop, sink: Sink, name: str) -> None:
    """A request that servers may frame differently is refused, with all that follows it."""
    answer = talk(shop, request(SMUGGLING[name]))
    assert status(answer) in (0, *range(400, 500), 501), answer
    assert forwarded(sink) == []


def test_chunked_body_is_forwarded(shop: Shop, sink: Sink) -> None:
    """A body of unknown length is forwarded in chunks."""
    head = request(b"Transfer-Encoding: chunked\r\n\r\n")
    assert status(talk(shop, head, b'8\r\n{"a": 1}\r\n0\r\n\r\n')) == 200
    assert b'"a": 1' in sink.bodies[-1].replace(b":", b": ")


def test_endless_body_is_cut(shop: Shop, sink: Sink) -> None:
    """A body of unknown length is cut off at the limit, and Genvoris gets no complete request."""
    megabyte = b"100000\r\n" + b"0" * 0x100000 + b"\r\n"
    endless = [request(b"Transfer-Encoding: chunked\r\n\r\n"), b'6\r\n{"a":"\r\n']
    assert status(talk(shop, *endless, *[megabyte] * 120)) in (413, 0)
    until(lambda: sink.broken, "the request to Genvoris did not break off")
    assert sink.bodies == []


def test_declared_length_over_the_limit(shop: Shop, sink: Sink) -> None:
    """A body whose length is declared to be too large is refused before it is sent."""
    answer = talk(shop, request(b"Content-Length: 900000000\r\n\r\n"), b"{", is_whole=False)
    assert status(answer) == 413
    assert b"body_too_large" in answer
    assert forwarded(sink) == []


@pytest.mark.parametrize(
    "path",
    [
        ADA,
        "/genvoris/tryons?user=ada",
        "/genvoris/api/v1/events?user=ada",
        "/genvoris/webhook",
        "/genvoris/stripe",
    ],
)
@pytest.mark.parametrize("pause", [0.0, 0.2], ids=["stops", "drips"])
def test_slow_body_is_cut(impatient_shop: Shop, sink: Sink, pause: float, path: str) -> None:
    """A body that does not arrive in time is answered with 408, and pages are served meanwhile."""
    form = FORM_HEAD if "tryons" in path else SIGNED + b"Content-Length: 100000\r\n\r\n{"
    pieces = [request(form, path), *[b" "] * (12 if pause else 1)]
    answers: list[bytes] = []

    def send() -> None:
        answers.append(talk(impatient_shop, *pieces, pause=pause, is_whole=False))

    browser = threading.Thread(target=send)
    browser.start()
    assert impatient_shop.get("ada").status_code == 200
    browser.join(LIMIT)
    assert status(answers[0]) == 408
    assert b"body_too_slow" in answers[0]
    assert forwarded(sink) == []


def test_unread_responses_are_cut(impatient_shop: Shop, sink: Sink) -> None:
    """Browsers that never read their responses occupy neither threads nor slots for long.

    There are sixteen of them, as many as the server has threads, and four slots.
    """
    size = 20_000_000
    held = []
    for number in range(16):
        user = b"ada" if number % 2 else b"ben"
        path = b"/genvoris/api/analyze?user=%b&answer=%d" % (user, size)
        connection = connect(impatient_shop)
        connection.sendall(b"POST " + path + b" HTTP/1.1\r\n" + SAME + TYPE)
        connection.sendall(b"Content-Length: 2\r\n\r\n{}")
        held.append(connection)
    assert impatient_shop.get("ada").status_code == 200
    # Seen but not read, so that no further bytes are sent.
    statuses = [status(connection.recv(64, socket.MSG_PEEK)) for connection in held]
    assert statuses.count(200) >= 4
    assert set(statuses) <= {200, 429, 503}
    until(lambda: sink.broken == statuses.count(200), "a response was not cut")
    for connection in held:
        assert len(rest_of(connection)) < size
        connection.close()
    answer = talk(impatient_shop, request(b"Content-Length: 2\r\n\r\n{}"))
    assert status(answer) == 200


def test_abandoned_upload(shop: Shop, sink: Sink) -> None:
    """When a browser closes the connection, Genvoris gets no complete request."""
    with connect(shop) as connection:
        start = b'{"a": "' + b"0" * 1_000_000
        connection.sendall(request(b"Content-Length: 3000000\r\n\r\n") + start)
    until(lambda: sink.broken, "the request to Genvoris did not break off")
    assert shop.get("ada").status_code == 200
    assert sink.bodies == []


def test_memory_of_large_uploads(fresh_shop: Shop) -> None:
    """An upload takes no more memory than a few chunks, however large it is."""

    def peak_after(megabytes: int) -> int:
        body = b'{"a": "' + b"0" * (megabytes * 1024 * 1024) + b'"}'
        head = request(b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n")
        answer = talk(fresh_shop, head + body)
        assert status(answer) == 200, answer
        return int(httpx.get(f"http://127.0.0.1:{fresh_shop.port}/peak", timeout=LIMIT).text)

    small = peak_after(1)
    assert peak_after(60) - small < 8 * 1024  # kilobytes
