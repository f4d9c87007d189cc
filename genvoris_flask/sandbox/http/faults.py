"""The faults to inject: rules that match requests by path, with a share and a count."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from ..responses import Json

Kind = Literal["latency", "status", "hang", "garbage", "drop", "slow"]
KINDS: tuple[Kind, ...] = ("latency", "status", "hang", "garbage", "drop", "slow")
SECONDS = {"latency": 1.0, "hang": 60.0, "slow": 10.0}


@dataclass
class Fault:
    """A rule, and how often it was applied.

    Attributes:
        kind: ``latency`` responds late; ``status`` responds with an error; ``hang`` disconnects
            without a response; ``garbage`` responds with a body that is not JSON; ``drop`` resets
            the connection; ``slow`` sends the body bit by bit.
        path: A pattern of paths, in which ``*`` matches anything.
        method: The method, or None for any.
        share: The share of matching requests from 0 to 1: one in four at 0.25.
        count: How often the rule is applied at most; None has no limit.
        seconds: The duration of ``latency``, ``hang`` and ``slow``.
        status: The status code of ``status``.
        error: The error code of ``status``.
        retry_after: The Retry-After header of ``status``, in seconds.
        after: Whether the request takes effect before it fails.
        hits: How often the rule was applied.
    """

    kind: Kind
    path: str = "*"
    method: str | None = None
    share: float = 1.0
    count: int | None = None
    seconds: float = 0.0
    status: int = 503
    error: str = "internal_error"
    retry_after: int | None = None
    after: bool = False
    id: str = field(default_factory=lambda: f"flt_{secrets.token_hex(4)}")
    hits: int = 0
    _due: float = 0.0

    def matches(self, method: str, path: str) -> bool:
        """Return whether to apply the rule to a request, and count it if so."""
        if self.count is not None and self.hits >= self.count:
            return False
        if self.method not in (None, method) or not fnmatchcase(path, self.path):
            return False
        # Not random, so that tests that ask for a quarter get exactly that.
        self._due += self.share
        if self._due < 1 - 1e-9:
            return False
        self._due -= 1
        self.hits += 1
        return True

    def fields(self) -> Json:
        """Return the rule's fields in ``/sandbox/faults``."""
        names = ("id", "kind", "path", "method", "share", "count", "seconds", "status", "error")
        written = {name: getattr(self, name) for name in names}
        when = "after" if self.after else "before"
        return {**written, "retryAfter": self.retry_after, "when": when, "hits": self.hits}


class Faults:
    """The active rules. The first that matches a request is applied."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._lock = threading.Lock()

    def replace(self, rules: Iterable[Fault]) -> None:
        """Replace all rules."""
        with self._lock:
            self._rules = list(rules)

    def all(self) -> list[Json]:
        """Return the fields of the active rules."""
        with self._lock:
            return [rule.fields() for rule in self._rules]

    def match(self, method: str, path: str) -> Fault | None:
        """Return the rule to apply to a request, or None."""
        with self._lock:
            return next((rule for rule in self._rules if rule.matches(method, path)), None)
