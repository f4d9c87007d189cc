"""What a shop leaves of a marked photo and address: in requests, memory, Redis and on disk."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import redis

from genvoris_flask.core.tryon.jobs.leases import LEASE_SECONDS
from tests.integration.conftest import ROOT, free_port, wait_for
from tests.support.marked_shop import SHOPPER
from tests.support.waiting import LIMIT

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
# How long a try-on may wait for a worker and run: ten minutes, GENVORIS_TRYON_TIMEOUT, a minute.
QUEUED = 10 * MINUTE + 90 + MINUTE
# What names the keys in Redis, the row of docs/privacy.md about them, what that row says of the
# time, and the same in seconds; None for what is never over, as it is about nobody.
KEPT = [
    (r"limits:.*/1/minute", "requests of the last minute or hour", "an hour", MINUTE),
    (r"limits:.*/1/hour", "requests of the last minute or hour", "an hour", HOUR),
    (r"limits:.*/1/day", "opinions of the last day", "a day", DAY),
    (r"(lock|turn):\w+", "locks, which processes are alive", "an hour", HOUR),
    (r"tryon-worker:\w+", "locks, which processes are alive", "an hour", HOUR),
    (r"tryon:[\w-]+", "picture, try-on", "10 minutes", 10 * MINUTE + QUEUED),
    (r"tryon:[\w-]+:request(:\d+)?", "photo |", "a minute", QUEUED),
    (r"tryon:[\w-]+:(ticket|attempts|sent|lease)", "what is settled", "an hour", HOUR + QUEUED),
    (r"tryon-(unfinished|watch|slot:\w+:\d+)", "what is settled", "an hour", HOUR + QUEUED),
    (r"tryon-key:\w+:\w+", "that a try-on was started", "a day", DAY),
    (r"handover:\w+:[0-9a-f]{16}(:\d+)?", "photo from the phone", "2 minutes", 2 * MINUTE),
    (r"handover(-of)?:\w+(:(photo|connected))?", "the link for", "7 minutes", 7 * MINUTE),
    # Its worker deletes it when the try-on is over, so it is there a little longer.
    (r"tryon:[\w-]+:picture(:\d+)?", "picture, try-on", "10 minutes", 10 * MINUTE + LEASE_SECONDS),
    (r"jobs-of:\w+", "which try-ons are whose", "an hour longer", HOUR + 10 * MINUTE),
    (r"tryon:[\w-]+:(end|charge)", "that a try-on was started", "a day longer", DAY + 10 * MINUTE),
    (r"session:\w+", "session token", "15 minutes", 15 * MINUTE),
    (r"known:\w+", "that Genvoris knows a shopper", "6 days", 6 * DAY),
    (r"tryon-day:\w+", "the day's counts", "25 hours", 25 * HOUR),
    (r"mark|emptied|pace:[\w.-]+", "a mark by which processes notice", "6 days", 6 * DAY),
    (r"credits-spent", "how many credits the shop", "a day", DAY),
    (r"receipt:\w+", "the receipt that the account page", "an hour", HOUR),
    (r"billing:\w+", "events of billing systems", "35 days to 400 days", 35 * DAY),
    (r"(billing:order|stripe:account):\w+", "events of billing systems", "400 days", 400 * DAY),
    (r"outbox:\{\w+\}:[\w:]+", "messages to Genvoris, with a [task", "90 days", None),
    (r"outbox:\{\w+\}:pause:\w+", "messages to Genvoris, with a [task", "90 days", 3 * DAY),
    (
        r"rq:(job|executions?|worker|clean_\w+).*",
        "what RQ or Celery note",
        "10 minutes",
        10 * MINUTE,
    ),
    (r"rq:[\w:]+", "what RQ or Celery note", "nobody", None),
    (r"celery|_kombu\..*|unacked.*", "what RQ or Celery note", "nobody", None),
    (r"namespace:(key|plan):\w+", "the shop's name in Redis", "nobody", None),
]


@dataclass
class Recorder:
    """Records what a server is sent, by path, and answers some paths with 503."""

    app: Any
    failing: set[str] = field(default_factory=set)
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        stream = environ["wsgi.input"]
        is_chunked = bool(environ.get("wsgi.input_terminated"))
        body = stream.read() if is_chunked else stream.read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = repr({key: environ[key] for key in environ if key.startswith("HTTP_")}).encode()
        self.sent.append((environ["PATH_INFO"], body + headers + environ["QUERY_STRING"].encode()))
        whole = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        if environ["PATH_INFO"] in self.failing:
            start("503 Service Unavailable", [("Content-Length", "0")])
            return []
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
            base_url=f"http://127.0.0.1:{port}", cookies={"user": SHOPPER}, timeout=30
        ) as browser:
            yield browser, process.pid
    finally:
        process.terminate()
        process.wait(LIMIT)


def memory_of(pid: int) -> bytes:
    """Return all that a process could write to, as a core dump has it; nothing after its end."""
    parts = []
    with (
        suppress(FileNotFoundError, ProcessLookupError),
        Path(f"/proc/{pid}/maps").open() as maps,
        Path(f"/proc/{pid}/mem").open("rb", 0) as memory,
    ):
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
