"""A photo from the phone that one process accepts and another one hands to the dialog."""

from __future__ import annotations

import io
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx

from tests.integration.conftest import RedisServer, Shop
from tests.support.pictures import noise, opened
from tests.support.waiting import until

WHO_ANSWERED = """
import os

@app.after_request
def who_answered(response):
    response.headers["X-Worker"] = str(os.getpid())
    return response
"""
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def test_two_processes(start_shop: Callable[..., Shop], redis_server: RedisServer) -> None:
    """Neither needs to know the other, and Redis keeps nothing that can be read, or is left."""
    shop = start_shop(more=WHO_ANSWERED, GENVORIS_STORE_URL=redis_server.url)
    base = f"http://127.0.0.1:{shop.port}"
    # Connections are not kept, so that any worker answers.
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=base, headers=SAME_ORIGIN, limits=limits, timeout=60) as browser:
        # A name that so many random bytes contain by chance in no lifetime.
        ada = {"user": "ada-lovelace"}
        link = browser.post("/genvoris/handovers", params=ada).json()
        token = {"Authorization": f"Bearer {urlsplit(link['url']).fragment}"}
        workers: set[str] = set()

        def connect_again() -> bool:
            answer = browser.post("/genvoris/phone/connect", headers=token)
            assert answer.status_code == 200
            workers.add(answer.headers["X-Worker"])
            return len(workers) > 1

        until(connect_again)
        photo = large_photo()
        sent = browser.post("/genvoris/phone/photo", headers=token, content=photo)
        assert sent.status_code == 204
        stored = [redis_server.command("GET", key) for key in redis_keys(redis_server)]
        assert len(stored) > 3
        assert not any(b"ada-lovelace" in value or b"JFIF" in value for value in stored)
        path = f"/genvoris/handovers/{link['id']}/photo"
        assert browser.post(path, params={"user": "bob"}).status_code == 410
        taken = browser.post(path, params=ada)
        assert opened(taken.content).size == opened(photo).size
        assert browser.post(path, params=ada).status_code == 410
        again = browser.post("/genvoris/phone/photo", headers=token, content=photo)
        assert again.json()["error"] == "handover_used"
    left = [key for key in redis_keys(redis_server) if redis_server.command("STRLEN", key) > 1024]
    assert left == []


def redis_keys(server: RedisServer) -> list[str]:
    return [key.decode() for key in server.command("KEYS", "*") if b":handover" in key]


def large_photo() -> bytes:
    """Return a photo that is stored in several pieces."""
    file = io.BytesIO()
    noise((900, 900)).save(file, "JPEG", quality=95)
    assert file.tell() > 256 * 1024
    return file.getvalue()
