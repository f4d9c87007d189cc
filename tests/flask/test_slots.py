"""Slots: how many requests of a kind, and of one owner, may hold a worker."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from genvoris_flask.core.concurrency.limits import (
    NoSlotError,
    NoSlotForOwnerError,
    Slot,
    Slots,
)
from genvoris_flask.core.concurrency.threads import Task, call_later
from genvoris_flask.web import transfers
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.local_genvoris import LocalGenvoris


def refusal(take: Callable[[], Slot]) -> type[NoSlotError]:
    with pytest.raises(NoSlotError) as caught:
        take()
    return caught.type


def test_owner_cannot_take_all_slots() -> None:
    """Whatever the limit, one slot is left for others."""
    slots = Slots(per_owner=9, total=3)
    held = [slots.take("ada"), slots.take("ada")]
    assert refusal(lambda: slots.take("ada")) is NoSlotForOwnerError
    held.append(slots.take("ben"))
    assert refusal(lambda: slots.take("eve")) is NoSlotError
    held.pop().free()
    assert refusal(lambda: slots.take("ada")) is NoSlotForOwnerError
    slots.take("eve")


def test_slot_is_freed_once() -> None:
    """Freeing it again does not free another's."""
    slots = Slots(per_owner=1, total=2)
    first = slots.take("ada")
    first.free()
    slots.take("ada")
    first.free()
    assert refusal(lambda: slots.take("ada")) is NoSlotForOwnerError


def test_error_frees_the_slot() -> None:
    """The with block that holds it ends."""
    slots = Slots(per_owner=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), slots.take("ada"):
            raise ZeroDivisionError


def test_anonymous_slots_have_only_the_total() -> None:
    """What anybody may ask for has no owner."""
    slots = Slots(per_owner=1, total=3)
    for _ in range(3):
        slots.take(None)
    assert refusal(lambda: slots.take(None)) is NoSlotError


class Slow:
    """A body that does not arrive until ``go_on`` is set."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def read(self, size: int = -1) -> bytes:
        self.asked.set()
        assert self.go_on.wait(60)
        return b""


class Upload:
    """A request with a slow body, sent from a thread."""

    def __init__(self, shop: Shop, name: str, path: str, address: str = "10.1.1.1") -> None:
        self.body = Slow()
        browser = shop.app.test_client()
        shop.log_in(name, browser)
        cookie = browser.get_cookie("session")
        assert cookie
        self._environ = EnvironBuilder(method="POST", path=f"/genvoris{path}").get_environ() | {
            "HTTP_COOKIE": f"session={cookie.value}",
            "HTTP_SEC_FETCH_SITE": SAME_ORIGIN["Sec-Fetch-Site"],
            "CONTENT_TYPE": "multipart/form-data; boundary=b",
            "CONTENT_LENGTH": "10000",
            "wsgi.input": self.body,
            "REMOTE_ADDR": address,
        }
        self._app = shop.app
        self.status = 0
        self.retry_after: str | None = None
        self._done = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        pieces, status, headers = run_wsgi_app(self._app.wsgi_app, self._environ, buffered=True)
        b"".join(pieces)
        self.status = int(status.split()[0])
        self.retry_after = headers.get("Retry-After")
        self._done.set()

    def started(self) -> Upload:
        assert self.body.asked.wait(60)
        return self

    def ended(self) -> int:
        assert self._done.wait(60)
        return self.status


@pytest.mark.parametrize(
    ("path", "seconds"),
    [
        ("/tryons", 120.0),
        ("/api/tryon", 120.0),
        ("/api/v1/events", 10.0),
        ("/webhook", 10.0),
        ("/stripe", 10.0),
    ],
)
def test_body_without_photo_has_ten_seconds(
    genvoris: LocalGenvoris, monkeypatch: pytest.MonkeyPatch, path: str, seconds: float
) -> None:
    """Anybody can send it, so it may not block a worker for as long as a photo."""
    asked: list[float] = []

    def note(wait: float, call: Callable[[], None]) -> Task:
        asked.append(wait)
        return call_later(wait, call)

    monkeypatch.setattr(transfers, "call_later", note)
    genvoris.customer("ada")
    shop = Shop(
        genvoris, GENVORIS_WEBHOOK_SECRET="whsec_1", GENVORIS_STRIPE_WEBHOOK_SECRET="whsec_2"
    )
    shop.log_in()
    signature = f"t=1,v1={'0' * 64}"
    headers = {"X-Genvoris-Signature": signature, "Stripe-Signature": signature}
    kind = "multipart/form-data; boundary=b"
    answer = shop.post(path, data=b"--b--\r\n", content_type=kind, headers=headers)
    assert answer.status_code in (200, 400)
    assert asked[0] == seconds


@pytest.fixture
def busy_shop(genvoris: LocalGenvoris) -> Shop:
    """Return a shop with four slots and no limit on try-ons."""
    for name in ("ada", "ben"):
        genvoris.customer(name)
    return Shop(genvoris, GENVORIS_LIMIT_TRYONS="1000/minute")


@pytest.mark.parametrize("path", ["/api/tryon", "/api/analyze", "/tryons"])
def test_slow_uploads_leave_room(busy_shop: Shop, path: str) -> None:
    """Two of one shopper's are read at once; the next must wait, others need not."""
    held = [Upload(busy_shop, "ada", path).started() for _ in range(2)]
    refused = Upload(busy_shop, "ada", path)
    assert (refused.ended(), refused.retry_after) == (429, "5")
    other = Upload(busy_shop, "ben", path).started()
    for each in (*held, other):
        each.body.go_on.set()
        assert each.ended() == 400
    again = Upload(busy_shop, "ada", path).started()
    again.body.go_on.set()
    assert again.ended() == 400


def test_guests_share_slots_by_address(genvoris: LocalGenvoris) -> None:
    """A request without cookies would otherwise have a new owner."""
    shop = Shop(genvoris, GENVORIS_ALLOW_GUESTS=True, GENVORIS_LIMIT_TRYONS="1000/minute")
    held = [Upload(shop, "", "/tryons", "203.0.113.5").started() for _ in range(2)]
    assert Upload(shop, "", "/tryons", "203.0.113.5").ended() == 429
    held.append(Upload(shop, "", "/tryons", "203.0.113.6").started())
    for each in held:
        each.body.go_on.set()
        each.ended()


class Answer(httpx.SyncByteStream):
    """An answer of three pieces that records how much of it was read."""

    def __init__(self) -> None:
        self.given = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(3):
            self.given += 1
            yield b"x" * 100_000

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def answers(shop: Shop) -> list[Answer]:
    """Record the answers of the try-on host, of which the shop passes on one at a time."""
    given: list[Answer] = []

    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.url.path not in ("/api/tryon", "/api/analyze"):
            return None
        given.append(Answer())
        return httpx.Response(200, stream=given[-1])

    shop.transport.fault = answer
    return given


@pytest.fixture
def shop(genvoris: LocalGenvoris) -> Shop:
    genvoris.customer("ada")
    shop = Shop(genvoris, GENVORIS_PASSTHROUGH_CONCURRENCY=1)
    shop.log_in()
    return shop


def test_slot_is_held_until_the_body_is_read(shop: Shop, answers: list[Answer]) -> None:
    """Not only until its first bytes arrive."""
    first = shop.post("/api/analyze", json={})
    assert (first.status_code, answers[0].closed) == (200, False)
    assert shop.post("/api/analyze", json={}).status_code == 503
    assert len(first.data) == 300_000
    first.close()
    assert answers[0].closed
    assert shop.post("/api/analyze", json={}).status_code == 200


def test_slot_of_a_tryon_is_held_until_its_body_is_read(shop: Shop, answers: list[Answer]) -> None:
    """Although Genvoris's answer was received to its end, so that its pictures could be marked."""
    first = shop.post("/api/tryon", json={})
    assert (first.status_code, answers[0].closed) == (200, True)
    assert shop.post("/api/tryon", json={}).status_code == 503
    first.close()
    assert shop.post("/api/tryon", json={}).status_code == 200


def test_unread_response_frees_its_slot(shop: Shop, answers: list[Answer]) -> None:
    """The server closes it when the browser has gone."""
    shop.post("/api/analyze", json={}).close()
    assert (answers[0].given, answers[0].closed) == (1, True)
    assert shop.post("/api/analyze", json={}).status_code == 200


def test_replaced_response_frees_its_slot(shop: Shop, answers: list[Answer]) -> None:
    """No server closes it, since no server gets it."""

    @shop.app.after_request
    def replace(response: Any) -> Any:
        return shop.app.response_class("Not today.")

    assert shop.post("/api/tryon", json={}).text == "Not today."
    gc.collect()
    assert answers[0].closed
    assert shop.post("/api/tryon", json={}).status_code == 200
