"""Alarms on one thread for all."""

from __future__ import annotations

import threading

from genvoris_flask.core.concurrency.timers import Timers


def test_alarms_ring_in_the_order_of_their_times_and_on_one_thread() -> None:
    rung: list[tuple[str, str]] = []
    done = threading.Event()
    clock = Timers()

    def ring(name: str) -> None:
        rung.append((name, threading.current_thread().name))
        if name == "last":
            done.set()

    clock.after(0.15, lambda: ring("last"))
    clock.after(0.02, lambda: ring("first"))
    clock.after(0.08, lambda: ring("second"))
    assert done.wait(60)
    assert [name for name, _ in rung] == ["first", "second", "last"]
    assert len({thread for _, thread in rung}) == 1


def test_a_cancelled_alarm_never_rings_and_does_not_stay_in_memory() -> None:
    rung: list[int] = []
    done = threading.Event()
    clock = Timers()
    for number in range(1000):
        clock.after(0.05, lambda number=number: rung.append(number)).cancel()  # type: ignore[misc]
    clock.after(0.06, done.set)
    assert len(clock._clockwork.get().waiting) == 1
    assert done.wait(60)
    assert rung == []
