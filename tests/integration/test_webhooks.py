"""Many deliveries of an event to several processes: handled once, and never lost."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import redis

from genvoris_flask.core.webhooks.signature import HEADER, sign
from tests.integration.conftest import RedisServer, Shop
from tests.support.waiting import until

SECRET = "whsec_of_the_tests"
HANDLERS = """
import os, signal, time

FILE = {file!r}

def note(line):
    handle = os.open(FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{{line}}\\n".encode())  # one write, so lines of several processes stay whole
    os.close(handle)

@genvoris.on("webhook.test")
def count(event):
    note(event.id)
    time.sleep(0.05)

@genvoris.on("tryon.failed")
def die_the_first_time(event):
    first = event.id not in open(FILE).read() if os.path.exists(FILE) else True
    note(event.id)
    if first:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def deliver(shop: Shop, event_id: str, kind: str = "webhook.test") -> httpx.Response:
    body = f'{{"id": "{event_id}", "type": "{kind}", "created": 1, "data": {{}}}}'.encode()
    return httpx.post(
        f"http://127.0.0.1:{shop.port}/genvoris/webhook",
        content=body,
        headers={HEADER: sign(SECRET, body, time.time())},
        timeout=60,
    )


def deliver_repeatedly(shop: Shop, event_id: str) -> httpx.Response:
    """Deliver an event until it is answered 200, as Genvoris does."""
    answers: list[httpx.Response] = []

    def is_handled() -> bool:
        answers.append(deliver(shop, event_id))
        return answers[-1].status_code == 200

    until(is_handled, "deliveries are still refused")
    return answers[-1]


def start(start_shop: Any, folder: Path, redis_server: RedisServer) -> tuple[Shop, Path]:
    file = folder / "handled"
    shop = start_shop(
        more=HANDLERS.format(file=str(file)),
        GENVORIS_STORE_URL=redis_server.url,
        GENVORIS_WEBHOOK_SECRET=SECRET,
    )
    return shop, file


def test_concurrent_deliveries(start_shop: Any, tmp_path: Path, redis_server: RedisServer) -> None:
    """Fifty deliveries of an event to four workers run its handlers once."""
    shop, file = start(start_shop, tmp_path, redis_server)
    with ThreadPoolExecutor(50) as genvoris:
        answers = list(genvoris.map(lambda _: deliver(shop, "evt_1"), range(50)))
        others = list(genvoris.map(lambda n: deliver_repeatedly(shop, f"evt_{n}"), range(2, 22)))
    # 409: it is being handled; 503: Redis took too long on a busy machine.
    assert {answer.status_code for answer in answers} <= {200, 409, 503}
    answers.append(deliver_repeatedly(shop, "evt_1"))
    fresh = [each for each in answers if each.json() == {"received": True, "duplicate": False}]
    assert len(fresh) == 1
    assert deliver_repeatedly(shop, "evt_1").json() == {"received": True, "duplicate": True}
    assert {answer.status_code for answer in others} == {200}
    assert sorted(file.read_text().split()) == sorted(f"evt_{number}" for number in range(1, 22))


def test_chunked_body(start_shop: Any, tmp_path: Path) -> None:
    """A chunked body is verified unchanged, and bounded."""
    shop = start_shop(GENVORIS_WEBHOOK_SECRET=SECRET)

    def send(body: bytes) -> int:
        chunks = (body[at : at + 8192] for at in range(0, len(body), 8192))
        headers = {HEADER: sign(SECRET, body, time.time())}
        url = f"http://127.0.0.1:{shop.port}/genvoris/webhook"
        return httpx.post(url, content=chunks, headers=headers, timeout=60).status_code

    envelope = '{"id": "evt_1", "type": "webhook.test", "data": {"padding": "%s"}}'
    assert send((envelope % ("x" * 500_000)).encode()) == 200
    assert send((envelope % ("x" * 1_100_000)).encode()) == 413


def test_killed_worker(start_shop: Any, tmp_path: Path, redis_server: RedisServer) -> None:
    """An event whose worker was killed is handled by the next delivery."""
    shop, file = start(start_shop, tmp_path, redis_server)
    try:
        deliver(shop, "evt_1", "tryon.failed")
    except httpx.TransportError:
        pass
    else:
        raise AssertionError("the worker was not killed")
    assert deliver(shop, "evt_1", "tryon.failed").status_code == 409
    with redis.Redis.from_url(redis_server.url) as client:
        (held,) = client.keys("*:lock:*")
        assert 0 < client.pttl(held) <= 120_000, "the lock of the killed process expires"
        client.delete(held)
    late = deliver(shop, "evt_1", "tryon.failed")
    assert late.json() == {"received": True, "duplicate": False}
    assert deliver(shop, "evt_1", "tryon.failed").json()["duplicate"] is True
    assert file.read_text().split() == ["evt_1", "evt_1"]


def test_redis_unavailable(start_shop: Any, tmp_path: Path, redis_server: RedisServer) -> None:
    """While Redis is away, deliveries are answered 503."""
    shop, file = start(start_shop, tmp_path, redis_server)
    assert deliver(shop, "evt_0").status_code == 200
    redis_server.kill()
    assert [deliver(shop, f"evt_{number}").status_code for number in (1, 2, 3)] == [503] * 3
    redis_server.start()
    until(lambda: deliver(shop, "evt_1").status_code != 503, "deliveries are still refused")
    assert file.read_text().split() == ["evt_0", "evt_1"]
