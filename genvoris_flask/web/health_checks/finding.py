"""What a health check found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        name: What was checked.
        ok: Whether try-ons can work with it as it is.
        text: What is wrong and what to do, or what is right.
        warning: Whether it works but should be looked at; ``text`` says why.
    """

    name: str
    ok: bool
    text: str
    warning: bool = False


def good(name: str, text: str) -> Finding:
    """Return that there is nothing to do."""
    return Finding(name, True, text)


def warn(name: str, text: str) -> Finding:
    """Return that something works, but should be looked at."""
    return Finding(name, True, text, warning=True)


def wrong(name: str, text: str) -> Finding:
    """Return that something keeps try-ons from working."""
    return Finding(name, False, text)
