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
        self.breaker = CircuitBreaker(lambda: self.now, slow_seconds=0.8)

    def fail(self, error: GenvorisError = AWAY, times: int = 1) -> None:
        for _ in range(times):
            self.breaker.failed(error)

    def lets_through(self) -> bool:
        try:
            self.breaker.enter()
        except CircuitOpenError:
            return False
        return True


def test_opens_after_three_failures() -> None:
    """In a row."""
    it = Breaker()
    it.fail(times=2)
    assert it.lets_through()
    it.fail()
    assert not it.lets_through()
    assert it.breaker.is_open


def test_success_resets_the_count() -> None:
    """Failures before it do not count."""
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
def test_refusal_of_one_call_is_no_failure(answer: GenvorisError) -> None:
    """It shows that Genvoris is well."""
    it = Breaker()
    it.fail(answer, times=10)
    assert it.lets_through()


@pytest.mark.parametrize(
    "fault",
    [AWAY, errors.MalformedAnswerError("html"), refusal(500), refusal(429)],
    ids=["away", "html", "500", "429"],
)
def test_faults_are_failures(fault: GenvorisError) -> None:
    """Whether Genvoris is unreachable, confused or overloaded."""
    it = Breaker()
    it.fail(fault, times=3)
    assert not it.lets_through()


def test_one_probe_after_the_pause() -> None:
    """All other calls are held back meanwhile."""
    it = Breaker()
    it.fail(times=3)
    it.now += 5
    assert [it.lets_through() for _ in range(8)] == [True] + [False] * 7


def test_one_probe_among_many_threads() -> None:
    """They may ask at the same moment."""
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


def test_successful_probe_closes() -> None:
    """All calls are made again."""
    it = Breaker()
    it.fail(times=3)
    it.now += 5
    assert it.lets_through()
    it.breaker.succeeded()
    assert all(it.lets_through() for _ in range(5))


def test_failed_probes_double_the_pause() -> None:
    """Up to a minute."""
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


def test_lost_probe_is_replaced() -> None:
    """After 15 seconds."""
    it = Breaker()
    it.fail(times=3)
    it.now += 5
    assert it.lets_through()
    assert not it.lets_through()
    it.now += 15
    assert it.lets_through()


def test_abandoned_probe_is_replaced() -> None:
    """At once, and the circuit stays open."""
    it = Breaker()
    it.fail(times=3)
    it.now += 5
    assert it.lets_through()
    it.breaker.abandoned()
    assert it.breaker.is_open
    assert it.lets_through()


@pytest.mark.parametrize("status", [401, 403])
def test_refused_key_opens_at_once(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """For a minute; it is logged once."""
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


def test_retry_after_extends_the_pause() -> None:
    """Genvoris knows best."""
    it = Breaker()
    it.fail(refusal(429, retry_after=30), times=3)
    it.now += 29
    assert not it.lets_through()
    it.now += 1
    assert it.lets_through()


def test_each_change_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """However many calls fail."""
    it = Breaker()
    it.fail(times=20)
    it.now += 100
    it.lets_through()
    it.breaker.succeeded()
    it.breaker.succeeded()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "does not answer" in caplog.records[0].getMessage()
    assert "answers again" in caplog.records[1].getMessage()


def test_slow_genvoris_is_asked_without_waiting(caplog: pytest.LogCaptureFixture) -> None:
    """Five seconds a call: pages wait in vain once, then for nobody, and nothing flips."""
    it = Breaker()
    it.fail(errors.DeadlineError("a page's time is up"), times=3)
    states = [str(it.breaker.state)]
    for _ in range(50):
        it.breaker.succeeded(5.0)
        states.append(it.breaker.state)
        assert it.lets_through()
    it.breaker.failed(refusal(404))
    assert it.breaker.is_slow, "a refusal says nothing of the time that a token takes"
    for seconds in (0.1, 0.1, 5.0, 0.1, 0.1, 0.1):
        states.append(it.breaker.state)
        it.breaker.succeeded(seconds)
    assert [*states, it.breaker.state] == ["open", *["slow"] * 56, "closed"]
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3


def test_few_slow_calls_change_nothing() -> None:
    """Only three in a row do, if no page waited in vain."""
    it = Breaker()
    for seconds in (5.0, 5.0, 0.1, 5.0, 5.0):
        it.breaker.succeeded(seconds)
        assert not it.breaker.is_slow
    it.breaker.succeeded(5.0)
    assert it.breaker.is_slow
    it.fail(times=3)
    assert it.breaker.state == "open"
