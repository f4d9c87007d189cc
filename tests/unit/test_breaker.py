"""The circuit breaker: when it opens, and how it closes by itself."""

from __future__ import annotations

import threading

import pytest

from genvoris_flask import errors
from genvoris_flask.core.sessions.breaker import CircuitBreaker
from genvoris_flask.errors import CircuitOpenError, GenvorisError, Problem, error_for

AWAY = errors.UnreachableError("no answer")


def refusal(status: int, code: str = "x", retry_after: float | None = None) -> GenvorisError:
    return error_for(Problem(status, code, "A sentence.", retry_after=retry_after))


class Breaker:
    def __init__(self) -> None:
        self.now = 1000.0
        self.breaker = CircuitBreaker(lambda: self.now)

    def fail(self, error: GenvorisError = AWAY, times: int = 1) -> None:
        for _ in range(times):
            self.breaker.failed(error)

    def lets_through(self) -> bool:
        try:
            self.breaker.enter()
        except CircuitOpenError:
            return False
        return True


def test_it_opens_after_three_failures_in_a_row() -> None:
    it = Breaker()
    it.fail(times=2)
    assert it.lets_through()
    it.fail()
    assert not it.lets_through()
    assert it.breaker.is_open


def test_a_success_in_between_starts_the_count_anew() -> None:
    it = Breaker()
    it.fail(times=2)
    it.breaker.succeeded()
    it.fail(times=2)
    assert it.lets_through()


@pytest.mark.parametrize(
    "answer",
    [refusal(404), refusal(400), refusal(402), refusal(403, "customer_inactive")],
    ids=["404", "400", "402", "customer_inactive"],
)
def test_a_proper_answer_is_no_failure(answer: GenvorisError) -> None:
    it = Breaker()
    it.fail(answer, times=10)
    assert it.lets_through()


@pytest.mark.parametrize(
    "fault",
    [AWAY, errors.MalformedAnswerError("html"), refusal(500), refusal(429)],
    ids=["away", "html", "500", "429"],
)
def test_faults_are_failures(fault: GenvorisError) -> None:
    it = Breaker()
    it.fail(fault, times=3)
    assert not it.lets_through()


def test_one_probe_at_a_time_is_let_through_after_the_pause() -> None:
    it = Breaker()
    it.fail(times=3)
    it.now += 5
    assert [it.lets_through() for _ in range(8)] == [True] + [False] * 7


def test_one_probe_is_let_through_however_many_threads_ask() -> None:
    it = Breaker()
    it.fail(times=3)
    it.now += 5
    barrier = threading.Barrier(16)
    let_through: list[bool] = []

    def ask() -> None:
        barrier.wait()
        let_through.append(it.lets_through())

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert let_through.count(True) == 1


def test_a_probe_that_succeeds_closes_it() -> None:
    it = Breaker()
    it.fail(times=3)
    it.now += 5
    assert it.lets_through()
    it.breaker.succeeded()
    assert all(it.lets_through() for _ in range(5))


def test_each_probe_that_fails_makes_the_pause_longer_up_to_a_minute() -> None:
    it = Breaker()
    it.fail(times=3)
    pauses = []
    for _ in range(6):
        waited = 0
        while not it.lets_through():
            it.now += 1
            waited += 1
        pauses.append(waited)
        it.fail()
    assert pauses == [5, 10, 20, 40, 60, 60]


def test_a_probe_that_never_comes_back_makes_room_for_another() -> None:
    it = Breaker()
    it.fail(times=3)
    it.now += 5
    assert it.lets_through()
    assert not it.lets_through()
    it.now += 15
    assert it.lets_through()


def test_a_probe_that_was_not_needed_makes_room_for_another() -> None:
    it = Breaker()
    it.fail(times=3)
    it.now += 5
    assert it.lets_through()
    it.breaker.abandoned()
    assert it.breaker.is_open
    assert it.lets_through()


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_opens_it_at_once_for_a_minute_and_is_told_once(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    it = Breaker()
    it.fail(refusal(status, "invalid_key"))
    assert not it.lets_through()
    it.now += 59
    assert not it.lets_through()
    it.now += 1
    assert it.lets_through()
    it.fail(refusal(status, "invalid_key"))
    errors_told = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors_told) == 1
    assert "GENVORIS_API_KEY" in errors_told[0].getMessage()


def test_a_retry_after_is_respected() -> None:
    it = Breaker()
    it.fail(refusal(429, retry_after=30), times=3)
    it.now += 29
    assert not it.lets_through()
    it.now += 1
    assert it.lets_through()


def test_each_change_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    it = Breaker()
    it.fail(times=20)
    it.now += 100
    it.lets_through()
    it.breaker.succeeded()
    it.breaker.succeeded()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "does not answer" in caplog.records[0].getMessage()
    assert "answers again" in caplog.records[1].getMessage()
