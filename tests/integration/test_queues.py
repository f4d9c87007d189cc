"""Try-ons on threads, and on workers of RQ and Celery in other processes: the same promises.

Two web processes of a shop are two apps in this process, on one Redis.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.cli import run_command
from tests.support.processes import processes
from tests.support.queue_engine import QueueEngine
from tests.support.queue_shop import create_app
from tests.support.tryon_host import RESULT
from tests.support.tryon_load import PHOTO, form
from tests.support.waiting import until

ROOM = 5  # try-ons that a shop takes at once: one under way, and four that wait


class Engine(QueueEngine):
    """A shop with two web processes, and a single worker that makes one try-on at a time."""

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(
            name,
            folder,
            seconds=0.02,
            GENVORIS_QUEUE_SIZE=str(ROOM),
            GENVORIS_TRYON_CONCURRENCY="1",
            GENVORIS_ALLOW_GUESTS="true",
            GENVORIS_GUEST_TRYONS_PER_DAY="1",
        )
        self.one, self.other = (self.web_process().test_client() for _ in range(2))
        self.worker = self.start_worker() if name != "threads" else None

    def stored(self) -> dict[bytes, bytes]:
        """Return all texts in Redis."""
        keys = self.redis.command("KEYS", "*")
        kinds = {key: self.redis.command("TYPE", key) for key in keys}
        return {
            key: self.redis.command("GET", key) or b""
            for key, kind in kinds.items()
            if kind in (b"string", "string")
        }

    def photos(self) -> list[bytes]:
        return [key for key in self.stored() if b":request" in key]

    def slots(self) -> list[bytes]:
        return [key for key in self.stored() if b"tryon-slot:" in key]

    def is_idle(self) -> bool:
        """Return whether no try-on is unfinished; it is so a moment after the photo is gone."""
        lists = [text for key, text in self.stored().items() if key.endswith(b"tryon-unfinished")]
        return not self.photos() and all(text == b"[]" for text in lists)


@pytest.fixture(scope="module", params=["threads", "rq", "celery"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """Yield a shop on an engine."""
    engine = Engine(request.param, tmp_path_factory.mktemp(request.param))
    yield engine
    engine.stop()


@pytest.fixture(autouse=True)
def apart(engine: Engine) -> Iterator[None]:
    """Let no test's try-ons be made during the next one."""
    until(engine.is_idle)
    yield
    engine.host.gate.set()


def start(web: FlaskClient, user: str = "", key: str = "") -> tuple[int, dict[str, Any]]:
    """Start a try-on; return the status and the answer. Without a user, a guest does."""
    body, headers = form()
    more = {"Idempotency-Key": key} if key else {}
    answer = web.post(f"/genvoris/tryons?user={user}", data=body, headers=headers | more)
    return answer.status_code, answer.get_json()


def started(web: FlaskClient, user: str = "", key: str = "") -> str:
    status, fields = start(web, user, key)
    assert status == 202, fields
    return str(fields["id"])


def look(web: FlaskClient, job: str, user: str = "") -> dict[str, Any]:
    fields: dict[str, Any] = web.get(f"/genvoris/tryons/{job}?user={user}").get_json()
    return fields


def finish(web: FlaskClient, job: str, user: str = "") -> dict[str, Any]:
    """Poll until a try-on has ended."""
    until(lambda: look(web, job, user).get("state") not in ("queued", "running"))
    return look(web, job, user)


def cancel(web: FlaskClient, job: str, user: str) -> str:
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = web.delete(f"/genvoris/tryons/{job}?user={user}", headers=headers)
    return str(answer.get_json()["outcome"])


def test_try_on_is_made_once(engine: Engine) -> None:
    """A repeat is the same job in every process, and its picture is found there."""
    engine.sell("ada")
    engine.host.keys.clear()
    job = started(engine.one, "ada", "click")
    assert started(engine.other, "ada", "click") == job
    found = finish(engine.other, job, "ada")
    assert (found["state"], found["charged"]) == ("done", True)
    for web in (engine.one, engine.other):
        assert web.get(f"{found['image_url']}?user=ada").data == RESULT
        assert look(web, job, "ben")["error"] == "not_found"
    assert started(engine.one, "ada", "click") == job
    assert list(engine.host.keys.values()) == [1]
    assert engine.used("ada") == (1, 0)


def test_stages_limits_and_cancelling(engine: Engine) -> None:
    """All processes count together, and what is cancelled before it is charged costs nothing."""
    engine.sell("evelyn-4711")
    engine.host.keys.clear()
    engine.host.gate.clear()
    running = started(engine.one, "evelyn-4711")
    until(lambda: engine.host.keys)
    queued = started(engine.one, "evelyn-4711")
    assert [look(engine.one, each, "evelyn-4711")["state"] for each in (running, queued)] == [
        "running",
        "queued",
    ]
    for web in (engine.one, engine.other):
        assert start(web, "evelyn-4711")[1]["error"] == "too_many_tryons"
    stored = b"".join(engine.stored().values())
    assert PHOTO[100:140] not in stored
    assert b"evelyn-4711" not in stored
    assert cancel(engine.other, queued, "evelyn-4711") == "cancelled"
    assert cancel(engine.other, running, "evelyn-4711") == "under_way"
    assert engine.photos() == []
    engine.host.gate.set()
    until(lambda: start(engine.one, "evelyn-4711")[0] == 202)
    until(lambda: engine.photos() == [])
    for each in (running, queued):
        assert look(engine.one, each, "evelyn-4711")["error"] == "not_found"
    until(lambda: len(engine.host.keys) == 2)


def test_full_queue(engine: Engine) -> None:
    """So many are taken; one more shopper is told to come back, and charged nothing."""
    users = [f"rush{number}" for number in range(ROOM + 1)]
    for user in users:
        engine.sell(user)
    engine.host.gate.clear()
    jobs = {user: started(engine.one, user) for user in users[:ROOM]}
    status, fields = start(engine.one, users[ROOM], "k")
    assert (status, fields["error"]) == (503, "busy")
    engine.host.gate.set()
    for user, job in jobs.items():
        assert finish(engine.one, job, user)["state"] == "done"
        assert engine.used(user) == (1, 0)
    assert engine.used(users[ROOM]) == (0, 0)
    assert finish(engine.one, started(engine.one, users[ROOM], "k"), users[ROOM])["state"] == "done"


def test_failure_gives_everything_back(engine: Engine) -> None:
    """A shopper keeps the try-on, and a guest theirs of the day."""
    engine.sell("ben")
    engine.host.status = 500
    shopper, guest = started(engine.one, "ben", "click"), started(engine.one)
    for job, user in ((shopper, "ben"), (guest, "")):
        assert finish(engine.one, job, user)["state"] == "failed"
    assert engine.used("ben") == (0, 0)
    engine.host.status = 200
    again = started(engine.other, "ben", "click")
    assert again != shopper
    assert finish(engine.one, again, "ben")["state"] == "done"
    assert engine.used("ben") == (1, 0)
    until(lambda: start(engine.one)[0] == 202)
    assert start(engine.one)[1]["error"] == "guest_limit_reached"


def test_cancelled_under_way_is_counted(engine: Engine) -> None:
    """Genvoris makes it all the same, so a guest's day does not get it back."""
    engine.host.keys.clear()
    engine.host.gate.clear()
    guest = engine.web_process().test_client()
    job = started(guest)
    until(lambda: engine.host.keys)
    elsewhere = engine.web_process().test_client()
    cookie = guest.get_cookie("genvoris_guest")
    assert cookie
    elsewhere.set_cookie("genvoris_guest", cookie.value)
    assert cancel(elsewhere, job, "") == "under_way"
    engine.host.gate.set()
    until(engine.is_idle)
    until(lambda: engine.slots() == [])
    assert start(guest)[1]["error"] == "guest_limit_reached"


@pytest.mark.parametrize("engine", ["rq", "celery"], indirect=True)
def test_check_sees_whether_a_worker_listens(engine: Engine) -> None:
    """``flask genvoris check`` says so."""
    listens = f"A worker of {engine.name} listens"
    until(lambda: listens in run_command(engine.app, "check").output)  # it is being started


def post_and_die(config: dict[str, Any], answers: Any) -> None:
    web = create_app(config).test_client()
    answers.send(started(web, "web", "click"))
    os.kill(os.getpid(), 9)


@pytest.mark.parametrize("engine", ["rq", "celery"], indirect=True)
def test_killed_processes_lose_nothing(engine: Engine) -> None:
    """Neither the web process that took a try-on, nor the worker that makes it.

    What threads promise is in test_tryons.
    """
    engine.sell("web")
    engine.host.keys.clear()
    engine.host.gate.clear()
    receiver, sender = processes.Pipe(duplex=False)
    process = processes.Process(target=post_and_die, args=(engine.config, sender))
    process.start()
    job = receiver.recv()
    process.join()
    # The dialog polls, and so has a process look after the job.
    until(lambda: look(engine.one, job, "web") and engine.host.keys)
    assert engine.worker
    engine.worker.kill()
    engine.host.gate.set()
    engine.worker = engine.start_worker()
    assert finish(engine.one, job, "web")["state"] == "done"
    assert list(engine.host.keys.values()) == [2]
    assert engine.used("web") == (1, 0)
    assert started(engine.one, "web", "click") == job
