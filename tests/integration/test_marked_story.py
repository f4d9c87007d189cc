"""Where a photo and an address go until they are erased: marked ones are looked for everywhere."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from genvoris_flask.core.ledger.database import Database
from genvoris_flask.core.ledger.migrate import upgrade
from genvoris_flask.core.tryon.jobs.leases import LEASE_SECONDS
from genvoris_flask.sandbox.app import create_app
from tests.integration.conftest import ROOT, RedisServer, free_port, wait_for
from tests.support.local_genvoris import API_KEY, with_key
from tests.support.marked_photo import MARK, files_with, marked_photo
from tests.support.marked_shop import EMAIL
from tests.support.served_shop import serving
from tests.support.waiting import LIMIT, until

ADDRESS = EMAIL.encode()
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
ROWS = (ROOT / "docs/privacy.md").read_text("utf-8").split("## How long data is kept")[1]
MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
# What names the keys in Redis, the row of docs/privacy.md about them, what that row says of the
# time, and the same in seconds; None for what is never over, as it is about nobody.
KEPT = [
    (r"limits:.*/1/minute", "requests of the last minute or hour", "an hour", MINUTE),
    (r"limits:.*/1/hour", "requests of the last minute or hour", "an hour", HOUR),
    (r"(lock|turn):\w+", "locks, and which processes are alive", "an hour", HOUR),
    (r"tryon-worker:\w+", "locks, and which processes are alive", "an hour", HOUR),
    (r"tryon:[\w-]+", "picture, try-on", "10 minutes", 10 * MINUTE),
    # Its worker deletes it when the try-on is over, so it is there a little longer.
    (r"tryon:[\w-]+:picture(:\d+)?", "picture, try-on", "10 minutes", 10 * MINUTE + LEASE_SECONDS),
    (r"jobs-of:\w+", "which try-ons are whose", "an hour longer", HOUR + 10 * MINUTE),
    (r"tryon:[\w-]+:(end|charge)", "that a try-on has ended", "a day longer", DAY + 10 * MINUTE),
    (r"session:\w+", "session token", "15 minutes", 15 * MINUTE),
    (r"known:\w+", "that Genvoris knows a shopper", "6 days", 6 * DAY),
    (r"tryons-today:\w+", "the day's counts", "25 hours", 25 * HOUR),
    (r"credits-spent", "how many credits the shop", "a day", DAY),
    (r"receipt:\w+", "the receipt that the account page", "an hour", HOUR),
    (r"billing:\w+", "events of billing systems", "35 days to 400 days", 35 * DAY),
    (r"(billing:order|stripe:account):\w+", "events of billing systems", "400 days", 400 * DAY),
    (r"namespace:(key|plan):\w+", "the shop's name in Redis", "nobody", None),
]


@dataclass
class Recorder:
    """Records what a server is sent, by path."""

    app: Any
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        stream = environ["wsgi.input"]
        is_chunked = bool(environ.get("wsgi.input_terminated"))
        body = stream.read() if is_chunked else stream.read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = repr({key: environ[key] for key in environ if key.startswith("HTTP_")}).encode()
        self.sent.append((environ["PATH_INFO"], body + headers + environ["QUERY_STRING"].encode()))
        whole = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return self.app({**environ, **whole}, start)

    def paths_with(self, mark: bytes) -> set[str]:
        return {path for path, content in self.sent if mark in content}


@contextmanager
def running_shop(folder: Path, settings: dict[str, str]) -> Iterator[tuple[httpx.Client, int]]:
    """Run a process of the shop; yield a browser of Ada's, and the process's id."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.marked_shop", str(port), str(folder)],
        cwd=ROOT,
        env={**os.environ, **settings, "PYTHONPATH": str(ROOT)},
    )
    try:
        wait_for(port)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", cookies={"user": "ada"}, timeout=30
        ) as browser:
            yield browser, process.pid
    finally:
        process.terminate()
        process.wait(LIMIT)


def memory_of(pid: int) -> bytes:
    """Return all that a process could write to, as a core dump has it."""
    parts = []
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in maps:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if found and "[v" not in line:
                start, end = (int(each, 16) for each in found.groups())
                memory.seek(start)
                parts.append(memory.read(end - start))
    return b"".join(parts)


def redis_with(client: redis.Redis, mark: bytes) -> list[bytes]:
    """Return the keys whose name or value contains a mark."""
    found = [(key, client.dump(key) or b"") for key in client.scan_iter()]
    return [key for key, value in found if mark in key or mark in value]


def is_within(left: int, seconds: float | None) -> bool:
    """Return whether a key with so many milliseconds to live goes in time; None is never."""
    return left == -1 if seconds is None else 0 <= left <= seconds * 1000


def outlasting(client: redis.Redis) -> dict[bytes, int]:
    """Return the keys that outlast what docs/privacy.md says, or that it says nothing of."""
    found = {}
    for key in client.scan_iter():
        left = client.pttl(key)  # -1 if it never goes, -2 if it has just gone
        name = re.sub(r"^genvoris:([0-9a-f]{32}:)?", "", key.decode())
        periods = [seconds for pattern, *_, seconds in KEPT if re.fullmatch(pattern, name)]
        if left != -2 and not any(is_within(left, seconds) for seconds in periods):
            found[key] = left
    return found


def test_documented_periods() -> None:
    """docs/privacy.md has a row for everything in Redis, with the period that is checked."""
    for _, what, words, _ in KEPT:
        (row,) = re.findall(rf"^\| {re.escape(what)}.*$", ROWS, re.MULTILINE)
        assert "Redis" in row, what
        assert words in row.rsplit("|", 2)[1], what


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
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
            "GENVORIS_API_KEY": API_KEY,
            "GENVORIS_API_URL": f"{url}/api/v1",
            "GENVORIS_TRYON_URL": url,
            "GENVORIS_STORE_URL": server.url,
            "GENVORIS_DATABASE_URL": database,
            "GENVORIS_MINIMUM_AGE": "16",
            "TMPDIR": str(disk),
        }
        ada, _ = stack.enter_context(running_shop(disk, settings))
        bob, idle = stack.enter_context(running_shop(disk, settings))
        store = stack.enter_context(redis.Redis.from_url(server.url))

        for browser in (ada, bob):
            browser.get("/").raise_for_status()
        ada.post("/order").raise_for_status()
        photo = {"photo": ("me.png", marked_photo(), "image/png")}
        product = {"product_image": "/shirt.png", "product_title": "Shirt"}

        def start() -> httpx.Response:
            return ada.post("/genvoris/tryons", data=product, files=photo, headers=SAME_ORIGIN)

        refused = start()
        assert refused.json()["error"] == "consent_required"
        form = refused.json()["consent"]
        ticked = {"text": True, "depicted": True, "age": True}
        agreed = {"hash": form["hash"], "language": form["language"], **ticked}
        ada.post("/genvoris/consent", json=agreed, headers=SAME_ORIGIN).raise_for_status()
        assert genvoris.paths_with(MARK) == set(), "nothing is sent before the consent"
        job = start()
        assert job.status_code == 202, job.text
        address = job.headers["Location"]
        until(lambda: ada.get(address).json()["state"] not in ("queued", "running"))
        done = ada.get(address).json()
        assert done["state"] == "done", done
        assert bob.get(done["image_url"]).status_code == 200, "another process serves it, too"
        until(lambda: genvoris.paths_with(ADDRESS))

        assert genvoris.paths_with(MARK) == {"/api/tryon"}
        assert genvoris.paths_with(ADDRESS) <= {"/api/v1/customers", "/api/v1/conversions"}
        assert outlasting(store) == {}
        for mark in (MARK, ADDRESS):
            assert redis_with(store, mark) == []
            assert [name for name in files_with(disk, mark) if "ledger.sqlite" not in name] == []
        assert files_with(disk, MARK) == []
        assert MARK not in memory_of(idle), "it never had the photo"
        answer = ada.post("/genvoris/account/erase", data={"confirm": "yes"}, headers=SAME_ORIGIN)
        assert "genvoris_receipt" in answer.headers["Location"]
        assert ada.get(done["image_url"]).status_code == 404
        assert outlasting(store) == {}
        store.save()
        for mark in (MARK, ADDRESS):
            assert redis_with(store, mark) == []
            assert files_with(server_folder, mark) == []
        assert MARK not in memory_of(idle)
        assert memory_of(idle).count(ADDRESS) == 1, "in this shop's own code"
        # Neither in free pages nor in the log, while both processes still have it open.
        for mark in (MARK, ADDRESS):
            assert files_with(disk, mark) == []
