"""Where a photo and an address go until they are erased: marked ones are looked for everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from platform import libc_ver
from urllib.parse import urlsplit

import httpx
import pytest
import redis

from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.migrate import upgrade
from genvoris_flask.sandbox.app import create_app
from tests.integration.conftest import ROOT, RedisServer
from tests.support.local_genvoris import API_KEY, with_key
from tests.support.marked_photo import MARK, PIECE, files_with, marked_photo
from tests.support.marked_shop import EMAIL, SHOPPER
from tests.support.queue_workers import Worker
from tests.support.served_shop import serving
from tests.support.traces import KEPT, Recorder, memory_of, outlasting, redis_with, running_shop
from tests.support.waiting import until

ADDRESS, NAME = EMAIL.encode(), SHOPPER.encode()
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
ROWS = (ROOT / "docs/privacy.md").read_text("utf-8").split("## How long data is kept")[1]
# As docs/privacy.md has it: glibc overwrites memory that was given back.
OVERWRITES = {"MALLOC_PERTURB_": "165"}
PHOTO = {"photo": ("me.png", marked_photo(), "image/png")}
PRODUCT = {"product_image": "/shirt.png", "product_title": "Shirt"}


def plan_at(url: str) -> str:
    """Create a plan at Genvoris, and return its id."""
    headers = {"Authorization": f"Bearer {API_KEY}"}
    fields = {"name": "Basic", "monthlyTryOns": 5}
    return str(httpx.post(f"{url}/api/v1/plans", json=fields, headers=headers).json()["id"])


def test_documented_periods() -> None:
    """docs/privacy.md has a row for everything in Redis, with the period that is checked."""
    for _, what, words, _ in KEPT:
        (row,) = re.findall(rf"^\| {re.escape(what)}.*$", ROWS, re.MULTILINE)
        assert "Redis" in row, what
        assert words in row.rsplit("|", 2)[1], what


def genvoris_at(url: str) -> dict[str, str]:
    """Return a shop's settings for a local Genvoris."""
    return {
        "GENVORIS_API_KEY": API_KEY,
        "GENVORIS_API_URL": f"{url}/api/v1",
        "GENVORIS_TRYON_URL": url,
    }


@pytest.mark.skipif(libc_ver()[0] != "glibc", reason="memory is read from Linux, with glibc")
def test_marked_story(tmp_path: Path, start_redis: Callable[..., RedisServer]) -> None:
    """Photo and address are where docs/privacy.md says, and after an erasure nowhere."""
    disk, server_folder = tmp_path / "shop", tmp_path / "redis"
    disk.mkdir()
    server_folder.mkdir()
    database = f"sqlite:///{disk}/ledger.sqlite"
    upgrade(Database(database).engine)
    server = start_redis("--dir", str(server_folder), "--appendonly", "yes")
    sandbox = create_app(with_key(tmp_path / "genvoris"), api_key=API_KEY, safety_switches=False)
    genvoris = Recorder(sandbox)
    with ExitStack() as stack:
        url = stack.enter_context(serving(genvoris))
        settings = {
            **genvoris_at(url),
            "GENVORIS_STORE_URL": server.url,
            "GENVORIS_DATABASE_URL": database,
            "GENVORIS_MINIMUM_AGE": "16",
            "GENVORIS_TRYONS_PER_DAY": "9",
            "TMPDIR": str(disk),
            **OVERWRITES,
        }
        ada, busy = stack.enter_context(running_shop(disk, settings))
        bob, idle = stack.enter_context(running_shop(disk, settings))
        store = stack.enter_context(redis.Redis.from_url(server.url))

        for browser in (ada, bob):
            browser.get("/").raise_for_status()
        ada.post("/order").raise_for_status()

        def start() -> httpx.Response:
            return ada.post("/genvoris/tryons", data=PRODUCT, files=PHOTO, headers=SAME_ORIGIN)

        def link_a_phone() -> httpx.Response:
            return ada.post("/genvoris/handovers", headers=SAME_ORIGIN)

        for refused in (start(), link_a_phone()):
            assert refused.json()["error"] == "consent_required"
        form = refused.json()["consent"]
        ticked = {"text": True, "depicted": True, "age": True}
        agreed = {"hash": form["hash"], "language": form["language"], **ticked}
        ada.post("/genvoris/consent", json=agreed, headers=SAME_ORIGIN).raise_for_status()
        assert genvoris.paths_with(MARK) == set(), "nothing is sent before the consent"
        link = link_a_phone().json()
        token = SAME_ORIGIN | {"Authorization": f"Bearer {urlsplit(link['url']).fragment}"}
        phone = ada.post("/genvoris/phone/photo", content=marked_photo(), headers=token)
        assert phone.status_code == 204, "it waits for the dialog, until the erasure"
        assert list(store.scan_iter("*:handover:*:photo")) != []
        job = start()
        assert job.status_code == 202, job.text
        address = job.headers["Location"]
        until(lambda: ada.get(address).json()["state"] not in ("queued", "running"))
        done = ada.get(address).json()
        assert done["state"] == "done", done
        assert bob.get(done["image_url"]).status_code == 200, "another process serves it, too"
        until(lambda: genvoris.paths_with(ADDRESS))

        opinion = {"tryOn": address.rsplit("/", 1)[1], "liked": True}
        rated = {"sessionId": "visit-0001", "eventType": "TRYON_RATED", "metadata": opinion}
        ada.post("/genvoris/api/v1/events", json=rated, headers=SAME_ORIGIN).raise_for_status()

        assert genvoris.paths_with(MARK) == {"/api/tryon"}
        assert genvoris.paths_with(ADDRESS) <= {"/api/v1/customers", "/api/v1/conversions"}
        assert outlasting(store) == {}
        for mark in (MARK, ADDRESS, NAME):
            assert redis_with(store, mark) == []
            assert [name for name in files_with(disk, mark) if "ledger.sqlite" not in name] == []
        assert files_with(disk, MARK) == []
        assert MARK not in memory_of(idle), "it never had the photo"
        until(lambda: PIECE not in memory_of(busy))
        answer = ada.post("/genvoris/account/erase", data={"confirm": "yes"}, headers=SAME_ORIGIN)
        assert "genvoris_receipt" in answer.headers["Location"]
        assert ada.get(done["image_url"]).status_code == 404
        assert list(store.scan_iter("*:handover*")) == []
        assert outlasting(store) == {}
        store.save()
        for mark in (MARK, ADDRESS, NAME):
            assert redis_with(store, mark) == []
            assert files_with(server_folder, mark) == []
        assert MARK not in memory_of(idle)
        assert memory_of(idle).count(ADDRESS) == 1, "in this shop's own code"
        # Neither in free pages nor in the log, while both processes still have it open.
        for mark in (MARK, ADDRESS, NAME):
            assert files_with(disk, mark) == []


@pytest.mark.skipif(libc_ver()[0] != "glibc", reason="memory is read from Linux, with glibc")
@pytest.mark.parametrize("queue", ["rq", "celery"])
def test_marked_story_on_a_queue(
    tmp_path: Path, start_redis: Callable[..., RedisServer], queue: str
) -> None:
    """Photo and address wait in Redis where nobody can read them, and are gone with their time."""
    disk, server_folder = tmp_path / "shop", tmp_path / "redis"
    disk.mkdir()
    server_folder.mkdir()
    server = start_redis("--dir", str(server_folder), "--appendonly", "yes")
    sandbox = create_app(with_key(tmp_path / "genvoris"), api_key=API_KEY, safety_switches=False)
    genvoris = Recorder(sandbox, failing={"/api/v1/conversions"})
    with ExitStack() as stack:
        url = stack.enter_context(serving(genvoris))
        settings = {
            **genvoris_at(url),
            "GENVORIS_STORE_URL": server.url,
            "GENVORIS_DEFAULT_PLAN": plan_at(url),
            "GENVORIS_QUEUE": queue,
            "TMPDIR": str(disk),
            **OVERWRITES,
        }
        ada, web = stack.enter_context(running_shop(disk, settings))
        store = stack.enter_context(redis.Redis.from_url(server.url))

        def keys(pattern: str) -> list[bytes]:
            return list(store.scan_iter(pattern))

        def look() -> None:
            store.save()
            assert outlasting(store) == {}
            for mark in (MARK, ADDRESS, NAME):
                assert redis_with(store, mark) == []
                assert files_with(disk, mark) == []
                assert files_with(server_folder, mark) == []

        ada.post("/order").raise_for_status()
        headers = SAME_ORIGIN | {"Idempotency-Key": "a-click-of-ada"}
        job = ada.post("/genvoris/tryons", data=PRODUCT, files=PHOTO, headers=headers)
        assert job.status_code == 202, job.text
        until(lambda: "/api/v1/conversions" in genvoris.paths_with(ADDRESS))
        assert keys("*:outbox:*:bodies"), "the order waits"
        assert keys("*:request*"), "the photo waits"
        look()
        genvoris.failing.clear()
        log = tmp_path / "worker.log"
        worker = Worker(queue, server.url, settings, log, shop="tests.support.marked_shop")
        stack.callback(worker.kill)
        address = job.headers["Location"]
        until(lambda: ada.get(address).json()["state"] not in ("queued", "running"))
        done = ada.get(address).json()
        assert done["state"] == "done", done
        until(lambda: not keys("*:outbox:*:bodies") and not keys("rq:job:*"))
        assert genvoris.paths_with(MARK) == {"/api/tryon"}
        look()
        assert MARK not in log.read_bytes()
        until(lambda: not any(PIECE in memory_of(pid) for pid in (web, *worker.pids())))
        answer = ada.post("/genvoris/account/erase", data={"confirm": "yes"}, headers=SAME_ORIGIN)
        assert "genvoris_receipt" in answer.headers["Location"]
        assert ada.get(done["image_url"]).status_code == 404
        look()
        assert keys("*:request*") == []


@pytest.mark.skipif(libc_ver()[0] != "glibc", reason="memory is read from Linux, with glibc")
def test_photos_that_gave_no_picture(tmp_path: Path) -> None:
    """A photo that was refused, or whose try-on failed or was cancelled, isn't left in memory."""
    photo = marked_photo()
    sandbox = create_app(with_key(tmp_path / "genvoris"), api_key=API_KEY, safety_switches=False)
    genvoris = Recorder(sandbox)
    with ExitStack() as stack:
        url = stack.enter_context(serving(genvoris))
        settings = {
            **genvoris_at(url),
            "GENVORIS_DEFAULT_PLAN": plan_at(url),
            **OVERWRITES,
        }
        ada, web = stack.enter_context(running_shop(tmp_path, settings))

        def start(data: bytes, fields: dict[str, str] = PRODUCT) -> httpx.Response:
            files = {"photo": ("me.png", data, "image/png")}
            return ada.post("/genvoris/tryons", data=fields, files=files, headers=SAME_ORIGIN)

        refused = {
            "no_product": start(photo, {}),
            "broken_photo": start(photo[:-500]),
            "not_a_photo": start(PIECE),
            "photo_too_large": start(photo + PIECE * 10_000),
        }
        assert [answer.json()["error"] for answer in refused.values()] == list(refused)
        genvoris.failing = {"/api/tryon"}
        failed = start(photo).headers["Location"]
        until(lambda: ada.get(failed).json()["state"] == "failed")
        genvoris.failing.clear()
        cancelled = ada.delete(start(photo).headers["Location"], headers=SAME_ORIGIN)
        assert cancelled.json()["outcome"] in ("cancelled", "under_way", "deleted")
        until(lambda: PIECE not in memory_of(web))
