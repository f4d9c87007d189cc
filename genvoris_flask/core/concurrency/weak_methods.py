"""Work that doesn't keep alive what it is for."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def while_in_use(
    method: Callable[P, T], *arguments: P.args, **more: P.kwargs
) -> Callable[[], T | None]:
    """Return a function that calls a bound method for as long as its object is used elsewhere.

    Work that is done again and again refers to its object by this alone. Otherwise its thread would
    keep an app that is dropped, as tests drop theirs, and work for it until the process ends.
    """
    found = weakref.WeakMethod(method)

    def call() -> T | None:
        bound = found()
        return bound(*arguments, **more) if bound else None

    return call
