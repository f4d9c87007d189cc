"""Jobs as browsers see them: repeats, limits, an unavailable store, and photos in memory only."""

from __future__ import annotations

import io
import tempfile
import threading
from dataclasses import replace
from functools import partial
from typing import Any

import httpx
import pytest
from flask import request
from PIL import Image
from werkzeug.test import TestResponse

from genvoris_flask import Paywall, Refusal
from genvoris_flask.core.tryon.jobs import finished
from genvoris_flask.core.tryon.jobs.local import LocalJobQueue
from genvoris_flask.web.callbacks import run_tryon
from genvoris_flask.web.state import EXTENSION_KEY
from tests.support.flask_shop import SAME_ORIGIN, Shop
from tests.support.jobs import SharedStore
from tests.support.local_genvoris import LocalGenvoris
from tests.support.pictures import SECRET, with_metadata

KEY = {"Idempotency-Key": "click-1"}


class Held:
    """Blocks all try-ons at Genvoris until ``open`` is set."""

    def __init__(self, shop: Shop) -> None:
        self.open = threading.Event()
        shop.transport.fault = self

    def __call__(self, request: httpx.Request) -> None:
        if request.url.path == "/api/tryon":
            assert self.open.wait(60)


def refusal(answer: TestResponse) -> tuple[int, str, str | None]:
    return answer.status_code, answer.get_json()["error"], answer.headers.get("Retry-After")


def test_key_of_another_shopper_is_another_job(shop: Shop) -> None:
    """Neither shop nor Genvoris mixes up equal keys of two shoppers."""
    shop.genvoris.customer("ben")
    first = shop.tryon(headers=KEY)
    shop.finish(first)
    other = shop.app.test_client()
    shop.log_in("ben", other)
    second = shop.tryon(headers=KEY, browser=other)
    assert second.status_code == 202
    assert second.get_json()["id"] != first.get_json()["id"]
    keys = [
        each.headers["Idempotency-Key"]
        for each in shop.transport.requests
        if each.url.path == "/api/tryon"
    ]
    assert "click-1" not in str(keys)


def test_guests_at_an_address_leave_room(genvoris: LocalGenvoris) -> None:
    """Requests without cookies, each of a new guest, cannot fill the queue."""
    genvoris.customer("ada")
    shop = Shop(
        genvoris,
        GENVORIS_ALLOW_GUESTS=True,
        GENVORIS_TRYON_CONCURRENCY=1,
        GENVORIS_TRYONS_PER_SHOPPER=1,
        GENVORIS_LIMIT_TRYONS="1000/minute",
    )
    held = Held(shop)
    statuses = []
    for _ in range(5):  # as many as a process takes
        guest = shop.app.test_client()
        guest.environ_base["REMOTE_ADDR"] = "203.0.113.5"
        statuses.append(shop.tryon(browser=guest).status_code)
    shop.log_in()
    answer = shop.tryon()
    held.open.set()
    assert statuses == [202, 202, 202, 202, 429]
    assert shop.finish(answer)["state"] == "done"


def test_repeat_has_the_same_key_at_genvoris(genvoris: LocalGenvoris) -> None:
    """Even if it reaches a process that does not know the first."""
    genvoris.customer("ada")
    keys = set()
    for _ in range(2):  # two shops that share nothing
        shop = Shop(genvoris)
        shop.log_in()
        shop.finish(shop.tryon(headers=KEY))
        sent = [each for each in shop.transport.requests if each.url.path == "/api/tryon"]
        keys |= {each.headers["Idempotency-Key"] for each in sent}
    assert len(keys) == 1
    assert genvoris.used() == 1


def test_lost_answer_is_charged_once(shop: Shop) -> None:
    """The try-on failed for the shopper; the same key then gets the picture that was made."""

    def lose(request: httpx.Request) -> None:
        if request.url.path == "/api/tryon":
            shop.genvoris.transport.handle_request(request)
            raise httpx.ReadError("gone", request=request)

    shop.transport.fault = lose
    failed = shop.finish(shop.tryon(headers=KEY))
    assert (failed["state"], failed["error"]) == ("failed", "upstream_unreachable")
    assert shop.genvoris.used() == 1
    shop.transport.fault = lambda request: None
    job = shop.finish(shop.tryon(headers=KEY))
    assert (job["state"], job["quota"]["used"]) == ("done", 1)
    assert shop.browser.get(job["image_url"]).status_code == 200
    assert shop.genvoris.used() == 1
    assert shop.finish(shop.tryon(headers=KEY))["id"] == job["id"]


def test_repeat_of_removed_try_on_is_gone(shop: Shop) -> None:
    """It is answered 410 and costs nothing."""
    job = shop.finish(shop.tryon(headers=KEY))
    shop.browser.delete(f"/genvoris/tryons/{job['id']}", headers=SAME_ORIGIN)
    answer = shop.tryon(headers=KEY)
    assert refusal(answer) == (410, "tryon_over", None)
    assert answer.get_json()["detail"].endswith(".")
    assert shop.genvoris.used() == 1


def test_shopper_limit(shop: Shop) -> None:
    """One shopper may have two unfinished try-ons."""
    held = Held(shop)
    under_way = [shop.tryon(), shop.tryon()]
    assert refusal(shop.tryon()) == (429, "too_many_tryons", "5")
    held.open.set()
    assert {shop.finish(answer)["state"] for answer in under_way} == {"done"}
    assert shop.finish(shop.tryon())["state"] == "done"
    assert shop.genvoris.used() == 3


def test_result_expires(genvoris: LocalGenvoris, monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture is served for GENVORIS_RESULT_TTL seconds."""
    # The process that made it keeps it for some seconds by a clock that does not move here.
    monkeypatch.setattr(finished, "RECENT_SECONDS", 0.0)
    genvoris.customer("ada")
    shop = Shop(genvoris, GENVORIS_RESULT_TTL=600)
    shop.log_in()
    job = shop.finish(shop.tryon())
    genvoris.clock.now += 599
    assert shop.browser.get(job["image_url"]).status_code == 200
    genvoris.clock.now += 2
    assert shop.browser.get(job["image_url"]).status_code == 404
    assert shop.browser.get(f"/genvoris/tryons/{job['id']}").status_code == 404


def test_paywall_hook_gets_the_shopper(shop: Shop) -> None:
    """The hook sees who was refused, what they wanted and what they have used."""
    asked: list[Refusal] = []

    @shop.extension.paywall
    def paywall(refusal: Refusal) -> Paywall:
        asked.append(refusal)
        return Paywall("t", "m")

    shop.genvoris.spend(3)
    shop.finish(shop.tryon(product_id="s1"))
    (seen,) = asked
    assert seen.shopper
    assert seen.product
    assert (seen.shopper.external_id, seen.product.id, seen.used) == ("ada", "s1", 3)


def test_picture_that_this_process_does_not_know_of(shop: Shop) -> None:
    """Another one may have said that it is there, so it is not called gone."""
    release = threading.Event()

    def hold(request: httpx.Request) -> None:
        if request.url.path == "/api/tryon":
            release.wait(60)

    shop.transport.fault = hold
    job = shop.tryon()
    early = shop.browser.get(f"{job.headers['Location']}/image")
    release.set()
    assert refusal(early) == (503, "busy", "1")
    assert shop.browser.get(str(shop.finish(job)["image_url"])).status_code == 200


def test_browsers_retry_while_the_store_is_away(shop: Shop) -> None:
    """Another process may have the job, so it is not called missing."""
    job = shop.finish(shop.tryon())

    store = SharedStore(shop.genvoris.clock)
    store.away = True
    shop.app.extensions[EXTENSION_KEY] = replace(
        shop.state,
        jobs=LocalJobQueue(
            store, partial(run_tryon, shop.app), shop.state.daily_limit.without_picture
        ),
    )
    path = f"/genvoris/tryons/{job['id']}"
    answers = [
        shop.browser.get(path),
        shop.browser.get(f"{path}/image"),
        shop.browser.delete(path, headers=SAME_ORIGIN),
    ]
    assert [refusal(answer) for answer in answers] == [(503, "busy", "2")] * 3
    assert shop.finish(shop.tryon())["state"] == "done"  # its own are still made


def large_photo() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((1200, 1200), 100).save(file, "PNG")
    assert len(file.getvalue()) > 1_000_000
    return file.getvalue()


def test_photo_stays_in_memory(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if one of the shop's hooks reads the form first."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a temporary file was made")

    for name in ("TemporaryFile", "SpooledTemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(f"werkzeug.formparser.{name}", refuse, raising=False)
        monkeypatch.setattr(tempfile, name, refuse)
    seen: list[str] = []
    shop.app.before_request(lambda: seen.append(request.form.get("product_title", "")))
    assert shop.tryon(large_photo()).status_code == 202
    assert seen == ["Shirt"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_photo_metadata_is_not_sent(shop: Shop, kind: str) -> None:
    """A photo's metadata is removed before it is sent to Genvoris."""
    assert SECRET in with_metadata(kind)
    shop.finish(shop.tryon(with_metadata(kind)))
    assert shop.transport.count("/api/tryon") == 1
    for sent in shop.transport.requests:
        assert SECRET not in sent.content
