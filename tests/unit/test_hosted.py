"""Genvoris's answers to a try-on, in all their forms."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest

from genvoris_flask.core.api.fetch import PictureFetcher
from genvoris_flask.core.api.http import HttpClient
from genvoris_flask.core.images.photos import Picture, Quota, check_photo
from genvoris_flask.core.products import Product
from genvoris_flask.core.tryon.engines import TokenSource
from genvoris_flask.core.tryon.engines.hosted import HostedEngine
from genvoris_flask.core.tryon.models import TryOnRequest
from genvoris_flask.errors import GenvorisError, MalformedAnswerError
from tests.support.pictures import picture
from tests.support.waiting import until

OWN = "https://api.genvoris.example"
JPEG, WEBP = picture("JPEG", (60, 90)), picture("WEBP", (60, 90))
TEXT = base64.b64encode(JPEG).decode()
DATA_URL = f"data:image/jpeg;base64,{TEXT}"
REQUEST = TryOnRequest(check_photo(JPEG), Product("https://shop.example/a.png"), None, "", "key-1")
NO_BROKER: Any = None
GUEST = TokenSource(NO_BROKER, None)


def make(answer: Any, picture_at: str = "/r/1.jpg") -> Picture:
    """Make a try-on that is answered like this; the try-on host has a picture at one path."""

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/tryon":
            return (
                answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)
            )
        found = request.url.path == picture_at
        headers = {"Content-Type": "image/jpeg"}
        return httpx.Response(200 if found else 404, headers=headers, content=JPEG)

    transport = httpx.MockTransport(respond)
    http = HttpClient(OWN, {}, transport=transport)
    engine = HostedEngine(http, PictureFetcher(OWN, {}, (), transport=transport), 5)
    return engine.make(REQUEST, GUEST)


@pytest.mark.parametrize(
    "answer",
    [
        {"image": DATA_URL},
        {"image": TEXT},
        {"image": TEXT.rstrip("=")},
        {"image": base64.urlsafe_b64encode(JPEG).decode()},
        {"image": "\n".join(TEXT[at : at + 76] for at in range(0, len(TEXT), 76))},
        {"image": DATA_URL.replace("data:", "DATA:")},
        {"images": [DATA_URL]},
        {"images": [{"url": f"{OWN}/r/1.jpg"}]},
        {"images": [{"b64_json": TEXT}]},
        {"image_url": f"{OWN}/r/1.jpg"},
        {"imageUrl": "/r/1.jpg"},
        {"generated_image": DATA_URL},
        {"resultUrl": "/r/1.jpg"},
        {"output": ["/r/1.jpg"]},
        {"data": {"image": TEXT}},
        {"data": [{"url": "/r/1.jpg"}]},
        {"result": {"images": [{"data": TEXT}]}},
        {"success": True, "data": "done", "result": DATA_URL},
        {"images": ["https://elsewhere.example/1.jpg", DATA_URL]},
        {"images": ["", None, 7, {"nothing": 1}, DATA_URL]},
        httpx.Response(200, headers={"Content-Type": "image/jpeg"}, content=JPEG),
    ],
    ids=lambda answer: str(answer)[:60],
)
def test_picture_is_found(answer: Any) -> None:
    """In every form in which an answer may hold one."""
    made = make(answer)
    assert (made.data, made.mimetype) == (JPEG, "image/jpeg")


@pytest.mark.parametrize("images", [("a",), ("a", "b")])
def test_all_product_pictures_are_sent(images: tuple[str, ...]) -> None:
    """Several go as a list beside the first."""
    bodies: list[bytes] = []

    def respond(request: httpx.Request) -> httpx.Response:
        bodies.append(request.read())
        return httpx.Response(200, json={"image": DATA_URL})

    transport = httpx.MockTransport(respond)
    fetcher = PictureFetcher(OWN, {}, (), transport=transport)
    engine = HostedEngine(HttpClient(OWN, {}, transport=transport), fetcher, 5)
    engine.make(replace(REQUEST, product=Product("a", images=images)), GUEST)
    assert b'name="product_image_url"\r\n\r\na\r\n' in bodies[0]
    several = b'name="product_image_urls"\r\n\r\n["a", "b"]\r\n'
    assert (several in bodies[0]) == (len(images) > 1)
    assert bodies[0].count(b"product_image_url") == len(images)


def test_long_path_is_not_base64() -> None:
    """A path that could be decoded is fetched instead."""
    path = "/results/" + "a" * 71
    assert make({"image": path}, picture_at=path).data == JPEG


def test_type_is_read_from_the_bytes() -> None:
    """Whatever type the answer declares."""
    text = base64.b64encode(WEBP).decode()
    assert make({"image": f"data:text/html;base64,{text}"}).mimetype == "image/webp"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"images": []},
        {"image": "hello"},
        {"image": "data:image/jpeg,raw"},
        {"image": "data:image/jpeg;base64,%%%"},
        {"image": "data:image/svg+xml;base64," + base64.b64encode(b"<svg/>" * 30).decode()},
        {"image": base64.b64encode(JPEG[:200]).decode()},
        {"image": base64.b64encode(picture("HEIF", (60, 90))).decode()},
        {"image": "https://elsewhere.example/1.jpg"},
        {"image": "http://169.254.169.254/latest"},
        {"image": "/not/there.jpg"},
        {"image": [[[[[[[[DATA_URL]]]]]]]]},
        {"message": DATA_URL},
        httpx.Response(200, headers={"Content-Type": "image/jpeg"}, content=b"<html>"),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[1]),
    ],
    ids=lambda answer: str(answer)[:60],
)
def test_answer_without_picture_is_malformed(answer: Any) -> None:
    """Nothing but a picture that browsers show is taken for one."""
    with pytest.raises(MalformedAnswerError):
        make(answer)


def test_fetched_urls_are_bounded() -> None:
    """An answer cannot make the shop send a flood of requests."""
    with pytest.raises(GenvorisError):
        make({"images": [f"/no/{number}.jpg" for number in range(1000)]})


@pytest.mark.parametrize(
    ("answer", "quota"),
    [
        ({"end_customer_quota": {"used": 1, "limit": 3, "remaining": 2}}, Quota(1, 3, 2)),
        ({"endCustomerQuota": {"used": 1, "limit": 3}}, Quota(1, 3, 2)),
        ({"quota": {"used": 5, "limit": 3}}, Quota(5, 3, 0)),
        ({"data": {"image": TEXT, "quota": {"used": 1, "limit": 3}}}, Quota(1, 3, 2)),
        ({"quota": {"used": "x"}}, None),
        ({}, None),
    ],
    ids=str,
)
def test_quota_is_read(answer: Any, quota: Quota | None) -> None:
    """Wherever an answer has it, if its numbers are whole."""
    assert make({"image": TEXT, **answer}).quota == quota


@pytest.mark.parametrize("at_url", [False, True])
def test_large_pictures_take_turns(at_url: bool) -> None:
    """A third one is not read while two others are in memory."""
    large = JPEG + b"\0" * (2 * 1024 * 1024)
    held = threading.Semaphore(0)
    read: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/tryon" and at_url:
            return httpx.Response(200, json={"image": "/r/1.jpg"})
        return httpx.Response(200, headers={"Content-Type": "image/jpeg"}, content=pieces())

    def pieces() -> Iterator[bytes]:
        yield large
        read.append("one")
        assert held.acquire(timeout=60)

    transport = httpx.MockTransport(respond)
    fetcher = PictureFetcher(OWN, {}, (), transport=transport)
    engine = HostedEngine(HttpClient(OWN, {}, transport=transport), fetcher, 60)
    with ThreadPoolExecutor(4) as threads:
        made = [threads.submit(engine.make, REQUEST, GUEST) for _ in range(4)]
        until(lambda: len(read) == 2)
        held.release()
        until(lambda: len(read) == 3)
        for _ in range(3):
            held.release()
        assert all(each.result(60).data for each in made)
