"""Try-ons under gunicorn: many at once, answered by any worker, and workers that die."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.conftest import RedisServer, Shop
from tests.support.pace import UNPACED
from tests.support.tryon_host import RESULT, TryonHost
from tests.support.tryon_load import Client, Seen, contradictions, form, run
from tests.support.waiting import until

WHO_ANSWERED = """
import os

@app.after_request
def who_answered(response):
    response.headers["X-Worker"] = str(os.getpid())
    return response
"""


@pytest.fixture
def host() -> Iterator[TryonHost]:
    """Yield a Genvoris whose try-ons take half a second."""
    server = TryonHost()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.stop()
    thread.join()


Start = Callable[..., Shop]


@pytest.fixture
def start(tmp_path: Path, host: TryonHost) -> Iterator[Start]:
    """Yield a function that starts a shop on the host."""
    shops: list[Shop] = []

    def start_one(workers: int = 2, worker_class: str = "gthread", **config: object) -> Shop:
        settings = {
            "GENVORIS_API_KEY": "gvk_test_1",
            "GENVORIS_API_URL": f"{host.url}/api/v1",
            "GENVORIS_TRYON_URL": host.url,
            "GENVORIS_LIMIT_TRYONS": "100000/minute",
            **UNPACED,
            **config,
        }
        folder = tmp_path / f"shop{len(shops)}"
        folder.mkdir()
        shop = Shop(folder, settings, worker_class, WHO_ANSWERED, workers=workers)
        shops.append(shop)
        return shop

    yield start_one
    for shop in shops:
        shop.stop()


class Browser:
    """Ada's browser, which keeps nothing open."""

    def __init__(self, shop: Shop, user: str = "ada") -> None:
        self._client = Client(shop.port, user, Seen(), 0.05)

    def start(self, **more: str) -> tuple[str, int]:
        """Start a try-on and return its id and its worker."""
        body, headers = form()
        status, raw, worker = self._client.call(
            "start", "POST", "/genvoris/tryons", body, **headers, **more
        )
        assert status == 202, raw
        return str(json.loads(raw)["id"]), int(worker)

    def get(self, path: str) -> tuple[int, bytes, int]:
        status, raw, worker = self._client.call("get", "GET", path)
        return status, raw, int(worker or 0)

    def delete(self, job_id: str) -> int:
        status, _, _ = self._client.call(
            "delete", "DELETE", f"/genvoris/tryons/{job_id}", Sec_Fetch_Site="same-origin"
        )
        return status

    def state(self, job_id: str) -> str:
        status, raw, _ = self.get(f"/genvoris/tryons/{job_id}")
        return str(json.loads(raw)["state"]) if status == 200 else str(status)


def test_two_hundred_shoppers(start: Start, host: TryonHost, redis_server: RedisServer) -> None:
    """Each gets one picture for each try-on, whichever worker answers."""
    shop = start(workers=2, GENVORIS_STORE_URL=redis_server.url, GENVORIS_TRYON_CONCURRENCY=16)
    seen = run(shop.port, clients=200, seconds=10)
    assert contradictions(seen, dict(host.keys)) == []
    assert len(seen.states) >= 100
    assert any(len(workers) == 2 for workers in seen.workers.values())


def test_sync_worker_serves_pages_meanwhile(start: Start, host: TryonHost) -> None:
    """Four try-ons run, and the only worker is free."""
    host.seconds = 2.0
    shop = start(workers=1, worker_class="sync")
    browsers = [Browser(shop, f"s{number}") for number in range(4)]
    jobs = [browser.start()[0] for browser in browsers]
    until(lambda: sum(host.keys.values()) == 4)
    pages = [browsers[0].get("/")[0] for _ in range(20)]
    assert pages == [200] * 20
    assert [browser.state(job) for browser, job in zip(browsers, jobs, strict=True)] == [
        "running"
    ] * 4


def test_simultaneous_repeats_on_two_hosts(
    start: Start, host: TryonHost, redis_server: RedisServer
) -> None:
    """Thirty-two requests with one key are one try-on."""
    # One shopper may send so many photos at once.
    settings = {"GENVORIS_STORE_URL": redis_server.url, "GENVORIS_TRYONS_PER_SHOPPER": 16}
    shops = [start(workers=2, **settings) for _ in range(2)]

    def click(number: int) -> str:
        return Browser(shops[number % 2]).start(Idempotency_Key="one click")[0]

    with ThreadPoolExecutor(16) as browsers:
        jobs = set(browsers.map(click, range(32)))
    assert len(jobs) == 1
    until(lambda: Browser(shops[0]).state(*jobs) == "done")
    assert click(1) in jobs
    assert list(host.keys.values()) == [1]


@pytest.mark.parametrize("worker_class", ["sync", "gevent"])
def test_job_is_served_by_another_host(
    start: Start, redis_server: RedisServer, worker_class: str
) -> None:
    """It is polled, fetched and removed there."""
    shops = [start(1, worker_class, GENVORIS_STORE_URL=redis_server.url) for _ in range(2)]
    first, second = (Browser(shop) for shop in shops)
    job, _ = first.start()
    until(lambda: second.state(job) == "done")
    assert second.get(f"/genvoris/tryons/{job}/image")[1] == RESULT
    assert Browser(shops[1], "ben").state(job) == "404"
    assert second.delete(job) == 200
    assert (first.state(job), second.state(job)) == ("404", "404")


def test_killed_worker_interrupts_its_job(
    start: Start, host: TryonHost, redis_server: RedisServer
) -> None:
    """Others say so, and its slot is free."""
    host.seconds = 60.0
    shop = start(workers=2, GENVORIS_STORE_URL=redis_server.url, GENVORIS_TRYONS_PER_SHOPPER=1)
    ada = Browser(shop)
    job, worker = ada.start()
    until(lambda: bool(host.keys))
    os.kill(worker, signal.SIGKILL)
    until(lambda: ada.state(job) not in ("running", "0"))
    status, raw, answered = ada.get(f"/genvoris/tryons/{job}")
    assert (status, answered != worker) == (200, True)
    assert json.loads(raw)["state"] == "failed"
    assert json.loads(raw)["error"] == "interrupted"
    assert ada.get(f"/genvoris/tryons/{job}/image")[0] == 404
    host.seconds = 0.1
    again, _ = ada.start()  # the place that the dead one held is free
    until(lambda: ada.state(again) == "done")
    assert sorted(host.keys.values()) == [1, 1]


def test_stopping_worker_finishes_its_job(
    start: Start, host: TryonHost, redis_server: RedisServer
) -> None:
    """It ends after the job, which others find."""
    host.seconds = 2.0
    stopping, other = (start(workers=1, GENVORIS_STORE_URL=redis_server.url) for _ in range(2))
    job, _ = Browser(stopping).start()
    until(lambda: bool(host.keys))
    stopping.stop()
    assert Browser(other).state(job) == "done"


def test_job_survives_a_redis_restart(
    start: Start, host: TryonHost, redis_server: RedisServer
) -> None:
    """Its own process answers meanwhile, and the others afterwards."""
    host.seconds = 1.0
    shops = [start(workers=1, GENVORIS_STORE_URL=redis_server.url) for _ in range(2)]
    ada, elsewhere = Browser(shops[0]), Browser(shops[1])
    job, _ = ada.start()
    redis_server.kill()
    until(lambda: ada.state(job) == "done")
    assert elsewhere.state(job) == "503"
    assert ada.get(f"/genvoris/tryons/{job}/image")[1] == RESULT
    redis_server.start()
    until(lambda: elsewhere.state(job) == "done")
    assert list(host.keys.values()) == [1]


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
@pytest.mark.parametrize("worker_class", ["sync", "gthread"])
def test_body_over_the_limit_is_cut_off(start: Start, chunked: bool, worker_class: str) -> None:
    """No more than the limit and the sockets' buffers are read."""
    shop = start(workers=1, worker_class=worker_class, GENVORIS_MAX_UPLOAD_BYTES=1024 * 1024)
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {1024**3}"
    head = (
        "POST /genvoris/tryons?user=ada HTTP/1.1\r\nHost: localhost\r\n"
        "Sec-Fetch-Site: same-origin\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        f"{length}\r\n\r\n"
    )
    part = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
    sent = 0
    with socket.create_connection(("127.0.0.1", shop.port), timeout=60) as connection:
        connection.sendall(head.encode())
        piece = part + bytes(64 * 1024)
        try:
            while sent < 64 * 1024 * 1024:
                frame = b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece
                connection.sendall(frame)
                sent += len(piece)
                piece = bytes(64 * 1024)
        except OSError:
            pass  # cut
    # Beside the limit there is what both ends' sockets buffer.
    assert sent < 16 * 1024 * 1024
    assert Browser(shop).get("/")[0] == 200


def test_declared_length_over_the_limit(start: Start) -> None:
    """It is answered before the body is read."""
    shop = start(workers=1, GENVORIS_MAX_UPLOAD_BYTES=1024 * 1024)
    body, headers = form(bytes(3 * 1024 * 1024))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = (
        "POST /genvoris/tryons?user=ada HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Length: {len(body)}\r\n{lines}\r\n"
    )
    answer = b""
    with socket.create_connection(("127.0.0.1", shop.port), timeout=60) as connection:
        connection.sendall(head.encode())
        while b"photo_too_large" not in answer and (piece := connection.recv(65536)):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"photo_too_large" in answer
