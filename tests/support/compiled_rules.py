"""URL rules that are compiled once, since those of a sandbox take longer than most tests."""

from __future__ import annotations

from copy import copy
from typing import Any

from werkzeug.routing import Rule

_COMPILED: dict[tuple[object, ...], dict[str, Any]] = {}


class CompiledOnceRule(Rule):
    """A rule that takes over what compiling an equal one of another app has led to."""

    def compile(self) -> None:
        """Compile the rule, unless an equal one was."""
        key = self._key()
        if key not in _COMPILED:
            before = {name: copy(value) for name, value in vars(self).items() if name != "map"}
            super().compile()
            _COMPILED[key] = {
                name: value
                for name, value in vars(self).items()
                if name != "map" and (name not in before or before[name] != value)
            }
        vars(self).update(_COMPILED[key])

    def _key(self) -> tuple[object, ...]:
        return (
            self.rule,
            self.host if self.map.host_matching else self.subdomain,
            self.merge_slashes,
            self.strict_slashes,
            self.map.sort_parameters,
            tuple((self.defaults or {}).items()),
            tuple(self.map.converters.items()),
        )
