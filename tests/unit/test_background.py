"""Tasks that are retried, and the log of what became of them."""

from __future__ import annotations

import pytest

from genvoris_flask.core.concurrency.background import BackgroundPool
from genvoris_flask.errors import QueueFullError


class Flaky:
    """A task that fails some times before it succeeds."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.attempts = 0

    def __call__(self) -> None:
        self.attempts += 1
        if self.attempts <= self.failures:
            raise RuntimeError("away")


def test_failed_task_is_retried() -> None:
    """And not again once it has succeeded."""
    pool = BackgroundPool(delays=(0.001, 0.001, 0.001))
    task = Flaky(failures=2)
    pool.submit("task", task)
    assert pool.join(60)
    assert task.attempts == 3


def test_task_is_given_up_after_the_last_delay(caplog: pytest.LogCaptureFixture) -> None:
    """Each attempt is logged with the name of the task."""
    pool = BackgroundPool(delays=(0.001, 0.002))
    task = Flaky(failures=9)
    pool.submit("Order 17", task)
    assert pool.join(60)
    assert task.attempts == 3
    assert "Order 17: RuntimeError: away; trying again in 0.001 s" in caplog.text
    assert "Order 17: RuntimeError: away; trying again in 0.002 s" in caplog.text
    assert caplog.text.count("Order 17: given up") == 1


def test_final_error_is_not_retried() -> None:
    """The caller says which errors these are."""
    pool = BackgroundPool(delays=(0.001,))
    task = Flaky(failures=9)
    pool.submit("task", task, lambda error: None if str(error) == "away" else 0.0)
    assert pool.join(60)
    assert task.attempts == 1


def test_full_pool_names_the_refused_task() -> None:
    """Tasks that wait for another attempt count as unfinished."""
    pool = BackgroundPool(threads=1, max_unfinished=1, delays=(600.0,))
    pool.submit("first", Flaky(failures=1))
    with pytest.raises(QueueFullError, match=r"Order 18: 1 tasks are waiting already\."):
        pool.submit("Order 18", Flaky(failures=0))
