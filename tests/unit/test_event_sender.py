"""Events on their way to Genvoris: few calls, bounded, and nobody waits."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import pytest

from genvoris_flask.core.analytics import MAX_REQUESTS, EventSender
from genvoris_flask.core.api.models import Event
from genvoris_flask.errors import BadRequestError, Problem, UnreachableError


def events(count: int) -> list[Event]:
    return [Event(f"session-{number}", "WIDGET_OPENED") for number in range(count)]


class Genvoris:
    """Takes batches, and can be made to hang or to fail."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.open = threading.Event()
        self.entered = threading.Event()
        self.error: Exception | None = None

    def send(self, batch: Sequence[Event]) -> None:
        self.batches.append(len(batch))
        self.entered.set()
        assert self.open.wait(60)
        if self.error:
            raise self.error


def test_waiting_events_are_sent_in_batches() -> None:
    """Of 50, once the request under way is over."""
    genvoris = Genvoris()
    sender = EventSender(genvoris.send)
    sender.add(events(1))
    assert genvoris.entered.wait(60)
    for _ in range(12):
        sender.add(events(10))
    genvoris.open.set()
    assert sender.join(60)
    assert genvoris.batches == [1, 50, 50, 20]


def test_number_of_waiting_events_is_bounded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Further ones are dropped at once, which is logged once."""
    genvoris = Genvoris()
    sender = EventSender(genvoris.send, max_waiting=30)
    sender.add(events(1))
    assert genvoris.entered.wait(60)
    assert [sender.add(events(20)) for _ in range(4)] == [20, 10, 0, 0]
    genvoris.open.set()
    assert sender.join(60)
    assert genvoris.batches == [1, 30]
    assert caplog.text.count("are dropped") == 1


def test_failure_loses_one_batch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged once, and so is the recovery."""
    caplog.set_level(logging.WARNING)
    genvoris = Genvoris()
    genvoris.open.set()
    sender = EventSender(genvoris.send)
    genvoris.error = UnreachableError("gone")
    for _ in range(3):
        sender.add(events(2))
        assert sender.join(60)
    genvoris.error = None
    sender.add(events(5))
    assert sender.join(60)
    assert genvoris.batches[-1] == 5
    assert caplog.text.count("are dropped") == 1
    assert caplog.text.count("reach Genvoris again") == 1


def test_unexpected_error_does_not_end_the_thread() -> None:
    """The next batch is sent."""
    genvoris = Genvoris()
    genvoris.open.set()
    sender = EventSender(genvoris.send)
    genvoris.error = KeyError("oops")
    sender.add(events(1))
    assert sender.join(60)
    genvoris.error = None
    sender.add(events(3))
    assert sender.join(60)
    assert genvoris.batches == [1, 3]


class Strict:
    """Takes batches without a bad event, and remembers what it took."""

    def __init__(self, bad: set[int]) -> None:
        self.bad = {f"session-{number}" for number in bad}
        self.taken: list[str] = []
        self.calls = 0

    def send(self, batch: Sequence[Event]) -> None:
        self.calls += 1
        names = [event.session_id for event in batch]
        if self.bad & set(names):
            raise BadRequestError(Problem(400, "invalid_body", "productTitle is blank"))
        self.taken += names


@pytest.mark.parametrize("bad", [{0}, {25}, {49}, {3, 40}], ids=str)
def test_refused_event_costs_no_others(bad: set[int]) -> None:
    """The halves of a refused batch are sent separately."""
    genvoris = Strict(bad)
    sender = EventSender(genvoris.send)
    sender.add(events(50))
    assert sender.join(60)
    assert len(genvoris.taken) == len(set(genvoris.taken)) == 50 - len(bad)
    assert genvoris.calls <= MAX_REQUESTS


def test_number_of_requests_per_batch_is_bounded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """So is the log, however many events are refused."""
    genvoris = Strict(set(range(50)))
    sender = EventSender(genvoris.send)
    for _ in range(2):
        sender.add(events(50))
        assert sender.join(60)
    assert genvoris.calls <= 2 * MAX_REQUESTS
    assert caplog.text.count("refused an event") == 1
    assert "are dropped" not in caplog.text
