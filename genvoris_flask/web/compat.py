"""What the oldest supported releases of Flask lack, and what its public API leaves slow.

Each access to the current app or request through one of Flask's proxies costs about 2 µs, and some
code runs for every page. ``_get_current_object`` is Werkzeug's documented way to the object behind
a proxy.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, TypeVar, cast

from flask import Flask, Request, current_app, request
from werkzeug.local import LocalProxy

RequestT = TypeVar("RequestT")

OLDEST = {"Flask": (2, 2, 5), "Werkzeug": (2, 3, 8)}


def require_oldest(installed: dict[str, str] | None = None) -> None:
    """Check that Flask and Werkzeug are not older than ``OLDEST``.

    Args:
        installed: Version numbers by distribution; defaults to what is installed.

    Raises:
        ImportError: Flask or Werkzeug is too old.
    """
    for name, oldest in OLDEST.items():
        found = installed[name] if installed is not None else version(name)
        if tuple(int(number) for number in re.findall(r"\d+", found)[:3]) < oldest:
            needed = ".".join(map(str, oldest))
            raise ImportError(
                f"genvoris-flask needs {name} {needed} or newer, but {found} is installed. "
                f'Raise it where your shop pins it, then run: pip install "{name}>={needed}"'
            )


class _BodyLimit:
    """Makes ``max_content_length`` of a request class settable, as it is since Flask 3.1."""

    _body_limit: int | None = None

    @property
    def max_content_length(self) -> int | None:
        """The largest body in bytes: this request's own limit, else MAX_CONTENT_LENGTH."""
        if self._body_limit is not None:
            return self._body_limit
        limit: int | None = super().max_content_length  # type: ignore[misc]
        return limit

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        self._body_limit = value


def with_body_limit(request_class: type[RequestT]) -> type[RequestT]:
    """Return a request class of which each request can have a body limit of its own.

    Flask's own class refuses that before 3.1.
    """
    limit: Any = getattr(request_class, "max_content_length", None)
    if isinstance(limit, property) and limit.fset is None:
        return type("Request", (_BodyLimit, request_class), {})
    return request_class


# Each raises RuntimeError if there is no current one.
get_app: Callable[[], Flask] = cast("LocalProxy[Flask]", current_app)._get_current_object  # noqa: SLF001
get_request: Callable[[], Request] = cast("LocalProxy[Request]", request)._get_current_object  # noqa: SLF001
