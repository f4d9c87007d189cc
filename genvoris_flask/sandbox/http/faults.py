"""What shall go wrong: rules by path, with a share and a count."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from ..serializers import Json

Kind = Literal["latency", "status", "hang", "garbage", "drop", "slow"]
KINDS: tuple[Kind, ...] = ("latency", "status", "hang", "garbage", "drop", "slow")
SECONDS = {"latency": 1.0, "hang": 60.0, "slow": 10.0}


@dataclass
class Fault:
    """One rule, and how often it struck.

    Attributes:
        kind: ``latency`` waits and then answers; ``status`` refuses; ``hang`` does not answer and
            then hangs up; ``garbage`` answers what is no JSON; ``drop`` resets the connection;
            ``slow`` lets the answer's body drip.
        path: Which paths, with ``*`` for anything.
        method: Which method; None is any.
        share: How many of the matching calls, 0 to 1: of each four, one at 0.25.
        count: After how many times it is over; None is never.
        seconds: How long ``latency``, ``hang`` and ``slow`` take.
        status: What ``status`` answers with.
        error: The code in that answer.
        retry_after: Its Retry-After, in seconds.
        after: Whether the call takes effect before it goes wrong.
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

    def strikes(self, method: str, path: str) -> bool:
        """Say whether this call is to go wrong, and count it if so."""
        if self.count is not None and self.hits >= self.count:
            return False
        if self.method not in (None, method) or not fnmatchcase(path, self.path):
            return False
        # Not by chance: a test that asks for a quarter gets exactly that, each time.
        self._due += self.share
        if self._due < 1 - 1e-9:
            return False
        self._due -= 1
        self.hits += 1
        return True

    def fields(self) -> Json:
        """Write it as ``/sandbox/faults`` does."""
        names = ("id", "kind", "path", "method", "share", "count", "seconds", "status", "error")
        written = {name: getattr(self, name) for name in names}
        when = "after" if self.after else "before"
        return {**written, "retryAfter": self.retry_after, "when": when, "hits": self.hits}


class Faults:
    """The rules in force, in order: the first that strikes decides."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._lock = threading.Lock()

    def replace(self, rules: Iterable[Fault]) -> None:
        """Put these rules in force, and no others."""
        with self._lock:
            self._rules = list(rules)

    def all(self) -> list[Json]:
        """Give the rules in force."""
        with self._lock:
            return [rule.fields() for rule in self._rules]

    def strike(self, method: str, path: str) -> Fault | None:
        """Give what is to go wrong with this call."""
        with self._lock:
            return next((rule for rule in self._rules if rule.strikes(method, path)), None)
