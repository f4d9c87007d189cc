"""Many shoppers who try on at once, and one visitor who loads pages meanwhile."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from genvoris_flask.core.storage.interface import key_of_owner
from tests.support.pictures import picture

PHOTO = picture("JPEG", (600, 900))
ENDED = ("done", "failed", "refused")
_BOUNDARY = "load"


def form(photo: bytes = PHOTO) -> tuple[bytes, dict[str, str]]:
    """Return the body and headers of ``POST tryons``."""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{{}}"{{}}\r\n\r\n'
    body = head.format("product_image", "").encode() + b"/static/shirt.png\r\n"
    body += head.format("photo", '; filename="me.jpg"').encode() + photo
    body += f"\r\n--{_BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={_BOUNDARY}"
    return body, {"Content-Type": kind, "Sec-Fetch-Site": "same-origin"}


@dataclass
class Seen:
    """What all clients saw together.

    Attributes:
        states: By job, its states in the order in which they were seen.
        keys: What the upstream must have been asked for, once each.
        statuses: How often each HTTP status came, by kind of call.
        pictures: How many pictures arrived.
        pages: Seconds that each page took.
        workers: The processes that answered for each job.
        errors: Calls that got no answer.
    """

    states: dict[str, list[str]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    pictures: int = 0
    pages: list[float] = field(default_factory=list)
    workers: dict[str, set[str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client:
    """One shopper's browser."""

    def __init__(
        self, port: int, user: str, seen: Seen, poll: float, timeout: float = 30.0
    ) -> None:
        self._port = port
        self._user = user
        self._seen = seen
        self._poll = poll
        self._timeout = timeout

    def call(
        self, kind: str, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, bytes, str]:
        """Return status, body and worker; the status is 0 if there was no answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection = HTTPConnection("127.0.0.1", self._port, timeout=self._timeout)
            connection.request(method, f"{path}?user={self._user}", body, named)
            response = connection.getresponse()
            answer = response.status, response.read(), response.headers.get("X-Worker", "")
            connection.close()
        except (OSError, HTTPException) as error:
            with self._seen.lock:
                self._seen.errors.append(f"{kind}: {error!r}")
            return 0, b"", ""
        with self._seen.lock:
            self._seen.statuses[kind, answer[0]] += 1
        return answer

    def start(self, until: float) -> str | None:
        """Start a try-on, retrying as the widget does; return None if there was no room in time."""
        key = str(uuid.uuid4())
        body, headers = form()
        while time.monotonic() < until:
            status, raw, _ = self.call(
                "start", "POST", "/genvoris/tryons", body, **headers, Idempotency_Key=key
            )
            if status == 202:
                with self._seen.lock:
                    self._seen.keys.add(key_of_owner(f"shopper:{self._user}", key))
                return str(json.loads(raw)["id"])
            time.sleep(random.uniform(0.5, 1.5) * self._poll)
        return None

    def follow(self, job_id: str) -> str:
        """Poll a job to its end, and twice more; fetch its picture. Return how it ended."""
        after = 0
        state = end = ""
        while after < 3:
            time.sleep(self._poll if not after else 0)
            status, raw, worker = self.call("poll", "GET", f"/genvoris/tryons/{job_id}")
            state = json.loads(raw)["state"] if status == 200 else f"status {status}"
            with self._seen.lock:
                self._seen.states.setdefault(job_id, []).append(state)
                self._seen.workers.setdefault(job_id, set()).add(worker)
            after += state in ENDED or status == 404
            # After its end, a process may say 503 while Redis is slow; the widget asks again.
            end = state if state in ENDED or status == 404 else end
        if end == "done":
            self._fetch(job_id)
        return end

    def _fetch(self, job_id: str) -> None:
        """Fetch a picture, again as long as the shop asks for that."""
        status = 503
        while status == 503:
            status, raw, _ = self.call("picture", "GET", f"/genvoris/tryons/{job_id}/image")
            time.sleep(self._poll if status == 503 else 0)
        with self._seen.lock:
            self._seen.pictures += status == 200 and raw.startswith(b"\xff\xd8")

    def shop(self, until: float) -> None:
        """Try on one product after another."""
        while time.monotonic() < until:
            if job_id := self.start(until):
                self.follow(job_id)

    def look(self, until: float) -> None:
        """Load one page after another."""
        while time.monotonic() < until:
            before = time.monotonic()
            status, _, _ = self.call("page", "GET", "/")
            if status == 200:
                with self._seen.lock:
                    self._seen.pages.append(time.monotonic() - before)
            time.sleep(0.02)


def run(port: int, clients: int, seconds: float, poll: float = 1.0) -> Seen:
    """Run clients for some seconds, each of which follows its try-ons to their end."""
    seen = Seen()
    until = time.monotonic() + seconds
    looks = threading.Thread(target=Client(port, "page", seen, poll).look, args=(until,))
    shops = [
        threading.Thread(target=Client(port, f"s{number}", seen, poll).shop, args=(until,))
        for number in range(clients)
    ]
    for thread in (looks, *shops):
        thread.start()
    for thread in (looks, *shops):
        thread.join()
    return seen


def contradictions(seen: Seen, asked: dict[str, int]) -> list[str]:
    """Return what went wrong: jobs without exactly one end, or without exactly one call.

    Args:
        seen: What the clients saw.
        asked: How often the upstream was asked, by key.
    """
    wrong = [f"no answer: {error}" for error in seen.errors]
    for job, states in seen.states.items():
        ends = {state for state in states if state not in ("queued", "running")}
        first = next((at for at, state in enumerate(states) if state in ENDED), len(states))
        if ends != {"done"} or set(states[first:]) != {"done"}:
            wrong.append(f"{job}: {states}")
    wrong += [f"{key}: asked {count} times" for key, count in asked.items() if count != 1]
    if set(asked) != seen.keys:
        wrong.append(f"{len(asked)} were asked for, {len(seen.keys)} were accepted")
    good = {("start", 202), ("start", 503), ("poll", 200), ("page", 200), ("picture", 200)}
    wrong += [f"{call}: {count}" for call, count in seen.statuses.items() if call not in good]
    if seen.pictures != len(seen.states):
        wrong.append(f"{seen.pictures} pictures of {len(seen.states)} try-ons")
    return wrong
