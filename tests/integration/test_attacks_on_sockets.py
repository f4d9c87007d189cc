"""Attacks that only real sockets can make, on a shop under gunicorn, and what they must meet."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import Shop
from tests.support.sink import Sink

ADA = "/genvoris/api/tryon?user=ada"
TYPE = b"Content-Type: application/json\r\n"
SAME = b"Host: shop\r\nSec-Fetch-Site: same-origin\r\n"
SMUGGLED = (
    b"POST /genvoris/api/analyze?user=eve HTTP/1.1\r\n"
    + SAME
    + TYPE
    + b"Content-Length: 2\r\n\r\n{}"
)


@pytest.fixture(scope="module")
def running_sink() -> Iterator[Sink]:
    server = Sink()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.stop()
    thread.join()


@pytest.fixture
def sink(running_sink: Sink) -> Sink:
    """Give the Genvoris of all these tests, as if it had just been started."""
    running_sink.counts.clear()
    running_sink.bodies.clear()
    return running_sink


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, running_sink: Sink) -> Iterator[Shop]:
    yield from serve(tmp_path_factory.mktemp("shop"), running_sink, seconds=60)


@pytest.fixture
def fresh_shop(tmp_path: Path, sink: Sink) -> Iterator[Shop]:
    """Give a shop that has held nothing yet."""
    yield from serve(tmp_path, sink, seconds=60)


@pytest.fixture(scope="module")
def impatient_shop(tmp_path_factory: pytest.TempPathFactory, running_sink: Sink) -> Iterator[Shop]:
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
    }
    server = Shop(folder, config, workers=1)
    yield server
    server.stop()


def request(extra: bytes, path: str = ADA) -> bytes:
    kind = TYPE if path == ADA else b"Content-Type: multipart/form-data; boundary=b\r\n"
    return b"POST " + path.encode() + b" HTTP/1.1\r\n" + SAME + kind + extra


def talk(shop: Shop, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Send pieces and give all that comes back until the shop hangs up or says no more."""
    with socket.create_connection(("127.0.0.1", shop.port), timeout=4) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:  # it has hung up on us, which is an answer
                break
            time.sleep(pause)
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
                if b"Connection: close" not in answer and answer.endswith(b"}\n"):
                    break
        except OSError:
            pass
        return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


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
def test_a_request_with_two_meanings_is_refused_and_none_hides_behind_it(
    shop: Shop, sink: Sink, name: str
) -> None:
    answer = talk(shop, request(SMUGGLING[name]))
    assert 400 <= status(answer) < 502 or answer == b"", answer
    assert status(answer) != 500
    assert not [what for what in sink.counts if what.startswith("POST")]


def test_a_body_of_unknown_length_passes_in_chunks_and_is_cut_at_the_limit(
    shop: Shop, sink: Sink
) -> None:
    head = request(b"Transfer-Encoding: chunked\r\n\r\n")
    assert status(talk(shop, head, b'8\r\n{"a": 1}\r\n0\r\n\r\n')) == 200
    assert b'"a": 1' in sink.bodies[-1].replace(b":", b": ")
    megabyte = b"100000\r\n" + b"0" * 0x100000 + b"\r\n"
    endless = [b'6\r\n{"a":"\r\n', *[megabyte] * 120]
    before = len(sink.bodies)
    answer = talk(shop, head, *endless)
    assert status(answer) in (413, 0)
    assert len(sink.bodies) == before


def test_a_body_over_the_limit_is_refused_before_it_is_sent(shop: Shop, sink: Sink) -> None:
    answer = talk(shop, request(b"Content-Length: 900000000\r\n\r\n"), b"{")
    assert status(answer) == 413
    assert b"body_too_large" in answer
    assert not [what for what in sink.counts if what.startswith("POST")]


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
def test_a_body_that_does_not_come_in_time_is_cut_and_pages_go_on(
    impatient_shop: Shop, sink: Sink, pause: float, path: str
) -> None:
    form = FORM_HEAD if "tryons" in path else SIGNED + b"Content-Length: 100000\r\n\r\n{"
    pieces = [request(form, path), *[b" "] * (12 if pause else 1)]
    done: list[bytes] = []
    slow = threading.Thread(target=lambda: done.append(talk(impatient_shop, *pieces, pause=pause)))
    slow.start()
    assert impatient_shop.get("ada").status_code == 200
    slow.join(60)
    assert status(done[0]) == 408
    assert b"body_too_slow" in done[0]
    assert not [what for what in sink.counts if what.startswith("POST")]


def test_browsers_that_do_not_read_their_answers_are_cut_and_leave_threads_to_others(
    impatient_shop: Shop, sink: Sink
) -> None:
    """Sixteen of them, on a server with sixteen threads and four places for what passes through."""
    size = 20_000_000
    held = []
    for number in range(16):
        user = b"ada" if number % 2 else b"ben"
        path = b"/genvoris/api/tryon?user=%b&answer=%d" % (user, size)
        connection = socket.create_connection(("127.0.0.1", impatient_shop.port), timeout=20)
        connection.sendall(b"POST " + path + b" HTTP/1.1\r\n" + SAME + TYPE)
        connection.sendall(b"Content-Length: 2\r\n\r\n{}")
        held.append(connection)
    assert impatient_shop.get("ada").status_code == 200
    ends = time.monotonic() + 30
    while status(talk(impatient_shop, request(b"Content-Length: 2\r\n\r\n{}"))) != 200:
        assert time.monotonic() < ends
        time.sleep(0.1)
    answers = [rest_of(connection) for connection in held]
    statuses = sorted(status(answer) for answer in answers)
    assert statuses == [200] * 4 + statuses[4:]
    assert set(statuses[4:]) <= {429, 503}
    assert all(len(answer) < size for answer in answers)


def rest_of(connection: socket.socket) -> bytes:
    """Read what a connection still holds until its end, or until no more is sent."""
    answer = b""
    with connection:
        connection.settimeout(2)
        try:
            while part := connection.recv(65536):
                answer += part
        except OSError:
            pass
    return answer


def test_an_upload_that_is_given_up_reaches_genvoris_as_no_whole_request(
    shop: Shop, sink: Sink
) -> None:
    with socket.create_connection(("127.0.0.1", shop.port), timeout=4) as connection:
        connection.sendall(
            request(b"Content-Length: 3000000\r\n\r\n") + b'{"a": "' + b"0" * 1_000_000
        )
    time.sleep(0.3)
    assert shop.get("ada").status_code == 200
    assert sink.bodies == []


def test_a_large_upload_costs_no_more_memory_than_a_few_chunks(fresh_shop: Shop) -> None:
    def upload(megabytes: int) -> int:
        body = b'{"a": "' + b"0" * (megabytes * 1024 * 1024) + b'"}'
        head = request(b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n")
        answer = talk(fresh_shop, head + body)
        assert status(answer) == 200, answer
        return peak(fresh_shop)

    small = upload(1)
    assert upload(60) - small < 8 * 1024  # kilobytes


def peak(shop: Shop) -> int:
    """Give the most memory that the shop's worker has held, in kilobytes."""
    parent = shop._process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    text = Path(f"/proc/{children[0]}/status").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("VmHWM")))
