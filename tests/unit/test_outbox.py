"""What is delivered from a table of messages, when, how often and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from genvoris_flask.core.outbox.drain import LEASES
from genvoris_flask.core.outbox.messages import Message, UndeliverableError
from genvoris_flask.core.outbox.verdicts import Verdict, judge
from genvoris_flask.errors import (
    DeadlineError,
    MalformedAnswerError,
    NetworkSetupError,
    Problem,
    UnreachableError,
    error_for,
)
from tests.support.local_genvoris import LocalGenvoris
from tests.support.outboxes import (
    DAY,
    MINUTE,
    OutboxFixture,
    conversion,
    empty_outbox,
    survive_outage,
)
from tests.support.redis_servers import RedisServer

AWAY = UnreachableError("no answer")


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Start a Redis."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=["database", "Redis"])
def shop(request: pytest.FixtureRequest) -> Iterator[OutboxFixture]:
    """Return an empty outbox in a database, and one in Redis."""
    is_redis = request.param == "Redis"
    url = request.getfixturevalue("redis_server").url if is_redis else "sqlite://"
    with empty_outbox(url) as fixture:
        yield fixture


def refusal(status: int, code: str = "some_code", retry_after: float | None = None) -> Exception:
    return error_for(Problem(status, code, "detail with a secret", retry_after=retry_after))


def returned(number: int) -> Message:
    return Message("return", f"return:{number}", {"order_id": str(number)}, f"order:{number}")


def state(status: str, shopper: str = "ada") -> Message:
    key = f"customer:{shopper}"
    return Message("customer", key, {"status": status}, f"shopper:{shopper}", is_state=True)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AWAY, Verdict("unreachable", is_outage=True)),
        (DeadlineError("late"), Verdict("unreachable", is_outage=True)),
        (refusal(500), Verdict("some_code", is_outage=True)),
        (refusal(429, retry_after=90.0), Verdict("some_code", is_outage=True, retry_after=90.0)),
        (refusal(401), Verdict("some_code", is_outage=True)),
        (refusal(400), Verdict("some_code", is_final=True)),
        (refusal(404), Verdict("some_code", is_final=True)),
        (refusal(422, "Not A <code>"), Verdict("http_422", is_final=True)),
        (UndeliverableError("gone"), Verdict("gone", is_final=True)),
        (MalformedAnswerError("?"), Verdict("malformed_answer", is_outage=True)),
    ],
    ids=repr,
)
def test_errors_of_what_may_be_repeated(error: Exception, expected: Verdict) -> None:
    """Whatever may pass is tried again; a message that is refused is not."""
    assert judge(error, conversion(1)) == expected


@pytest.mark.parametrize(
    ("error", "code", "is_final"),
    [
        (NetworkSetupError("no proxy"), "unreachable", False),
        (refusal(503), "some_code", False),
        (refusal(429), "some_code", False),
        (DeadlineError("late"), "outcome_unknown", True),
        (refusal(500), "outcome_unknown", True),
        (MalformedAnswerError("?"), "malformed_answer", True),
    ],
    ids=repr,
)
def test_errors_of_what_counts_twice(error: Exception, code: str, is_final: bool) -> None:
    """It is tried again only if the first attempt surely had no effect."""
    verdict = judge(error, returned(1))
    assert (verdict.code, verdict.is_final) == (code, is_final)


def test_pauses_grow_for_three_days(shop: OutboxFixture) -> None:
    """Then a message is given up, kept, and can be sent again."""
    shop.fails_with = lambda _message: ValueError()
    shop.table.put(conversion(1))
    attempts = []
    while shop.states()["order:1"][0] == "waiting":
        shop.run()
        attempts.append(shop.now)
        due = shop.table.next_due("calls")
        shop.now = shop.now if due is None else due.timestamp()
    pauses = [later - earlier for earlier, later in pairwise(attempts)]
    assert pauses[:-1] == sorted(pauses[:-1])
    assert pauses[-2] == 3600
    assert attempts[-1] - attempts[0] == 3 * DAY
    assert shop.states() == {"order:1": ("given_up", "ValueError")}
    shop.fails_with = lambda _message: None
    assert shop.run(DAY) == []
    assert shop.table.retry() == 1
    assert shop.run() == ["conversion:1"]


def test_what_was_given_up_ends(shop: OutboxFixture) -> None:
    """It may name people, so it is gone after 90 days; statistics and what was sent after 30."""
    shop.fails_with = lambda message: None if message.subject == "order:2" else refusal(400)
    for message in (conversion(1), conversion(2), Message("events", "events:1", {"events": []})):
        shop.table.put(message)
    shop.run()
    assert {state for state, _ in shop.states().values()} == {"given_up", "sent"}
    shop.now += 31 * DAY
    assert shop.table.prune() == 2
    assert list(shop.states()) == ["order:1"]
    shop.now += 58 * DAY
    assert shop.table.prune() == 0
    shop.now += 2 * DAY
    assert shop.table.prune() == 1
    assert (shop.states(), shop.bodies()) == ({}, [])
    assert shop.table.put(conversion(1))


def test_log_says_how_long_it_is_kept(
    shop: OutboxFixture, caplog: pytest.LogCaptureFixture
) -> None:
    """What is given up is logged with the days in which it can be sent again."""
    shop.fails_with = lambda _message: refusal(400)
    for message in (conversion(1), Message("events", "events:1", {"events": []}), state("PAUSED")):
        shop.table.put(message)
    shop.run()
    found = [re.findall(r"within (\d+) days", text) for text in caplog.messages]
    assert found == [["90"], ["30"], []]  # a shopper's state stays as long as their account


def test_genvoris_says_how_long_to_wait(shop: OutboxFixture) -> None:
    """Nothing is sent to it before, whichever message was refused."""
    shop.fails_with = lambda _message: refusal(429, retry_after=90.0)
    shop.table.put(conversion(1))
    shop.table.put(conversion(2))
    shop.run()
    shop.fails_with = lambda _message: None
    assert shop.run(89) == []
    assert len(shop.run(2)) == 2


def test_one_message_tries_while_genvoris_is_away(shop: OutboxFixture) -> None:
    """However many wait; all of them are sent within a minute of its return."""
    tried: list[str] = []

    def fail(message: Message) -> Exception:
        tried.append(message.key)
        return AWAY

    shop.fails_with = fail
    for number in range(50):
        shop.table.put(conversion(number))
    for _second in range(60):
        shop.run(1)
    assert len(tried) < 10
    shop.fails_with = lambda _message: None
    assert len(shop.run(MINUTE)) > 40


def test_refused_message_holds_up_no_other(shop: OutboxFixture) -> None:
    """It is given up at once, with the reason, and without what Genvoris said about it."""
    shop.fails_with = lambda message: refusal(400) if message.key.endswith("1") else None
    for number in (1, 2):
        shop.table.put(conversion(number))
    assert shop.run() == ["conversion:2"]
    assert shop.states() == {"order:1": ("given_up", "some_code"), "order:2": ("sent", None)}
    assert shop.table.drop() == 1


def test_order_of_a_subject(shop: OutboxFixture) -> None:
    """What follows waits for what was put before it, and others do not."""
    shop.fails_with = lambda message: ValueError() if message.kind == "conversion" else None
    shop.table.put(conversion(1))
    shop.table.put(returned(1))
    shop.table.put(returned(2))
    assert shop.run() == ["return:2"]
    shop.fails_with = lambda _message: None
    assert shop.run(MINUTE) == ["conversion:1", "return:1"]


def test_same_key_is_told_once(shop: OutboxFixture) -> None:
    """Also after it was sent; what it said is forgotten then."""
    assert shop.table.put(conversion(1))
    assert not shop.table.put(conversion(1))
    assert shop.run() == ["conversion:1"]
    assert not shop.table.put(conversion(1))
    assert shop.bodies() == []


def test_corrected_message_replaces_one_that_was_given_up(shop: OutboxFixture) -> None:
    """As when a wrong currency was refused."""
    wrong = conversion(1)
    right = Message("conversion", wrong.key, {**wrong.body, "currency": "EUR"}, wrong.subject)
    shop.fails_with = lambda message: None if "currency" in message.body else refusal(400)
    shop.table.put(wrong)
    shop.run()
    assert not shop.table.put(wrong)
    assert shop.table.put(right)
    assert shop.run() == ["conversion:1"]


def test_later_state_supersedes_an_earlier_one(shop: OutboxFixture) -> None:
    """What was not sent in time never is, and the same state is sent once."""
    sent: list[str] = []
    shop.fails_with = lambda message: sent.append(message.body["status"])
    for status in ("PAUSED", "ACTIVE", "CANCELLED"):
        shop.table.put(state(status))
    shop.run()
    assert not shop.table.put(state("CANCELLED"))
    assert shop.table.put(state("ACTIVE"))
    shop.run()
    assert sent == ["CANCELLED", "ACTIVE"]


def test_state_that_changes_while_it_is_sent(shop: OutboxFixture) -> None:
    """The later one is sent after it."""
    sent: list[str] = []

    def change(message: Message) -> None:
        sent.append(message.body["status"])
        if len(sent) == 1:
            shop.table.put(state("ACTIVE"))

    shop.fails_with = change
    shop.table.put(state("PAUSED"))
    shop.run()
    assert sent == ["PAUSED", "ACTIVE"]
    assert shop.states() == {"shopper:ada": ("sent", None)}


def test_killed_process(shop: OutboxFixture) -> None:
    """What it was sending is sent again later, unless it might count twice."""

    class Killed(BaseException):
        pass

    def die(_message: Message) -> None:
        raise Killed

    shop.fails_with = die
    for message in (conversion(1), returned(2)):
        shop.table.put(message)
        with pytest.raises(Killed):
            shop.run()
    shop.fails_with = lambda _message: None
    assert shop.run() == []
    assert shop.run(LEASES["calls"] / timedelta(seconds=1)) == ["conversion:1"]
    assert shop.states()["order:2"] == ("given_up", "outcome_unknown")


def test_kinds_of_a_later_version_wait(shop: OutboxFixture) -> None:
    """As when an old and a new version run side by side."""
    shop.table.put(Message("later", "1", {}))
    assert shop.run() == []
    assert shop.states() == {"None": ("waiting", None)}


@pytest.mark.parametrize("kind", ["database", "Redis"])
@pytest.mark.parametrize("seconds", [10 * MINUTE, 2 * DAY], ids=["ten minutes", "two days"])
def test_outage_loses_no_conversion(
    tmp_path: Path, redis_server: RedisServer, kind: str, seconds: float
) -> None:
    """Each arrives once within minutes of its return, and those of a shopper in their order."""
    url = redis_server.url if kind == "Redis" else f"sqlite:///{tmp_path}/outbox.sqlite"
    assert survive_outage(LocalGenvoris(tmp_path / "genvoris"), url, 60, seconds) <= 400
