"""Which faults of the shop's own functions were logged: one line each, not one a page."""

from __future__ import annotations

_told: set[tuple[str, str]] = set()


def first_time(function: object, fault: str) -> bool:
    """Say whether a function's fault is new, and remember it.

    Args:
        function: The shop's function.
        fault: A name for the kind of fault; not its words, which may be others on each page.
    """
    known = len(_told)
    _told.add((repr(function), fault))
    return len(_told) > known
