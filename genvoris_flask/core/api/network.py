"""Opens connections to servers. httpx is imported with the first one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from .response import Deadline, StreamedResponse


class Transport(Protocol):
    """Carries requests: any ``httpx.BaseTransport``.

    httpx itself is imported with the first connection, since a command that asks Genvoris nothing
    should not pay for it.
    """

    def handle_request(self, request: Any) -> Any:
        """Send an ``httpx.Request`` and return the ``httpx.Response``."""

    def close(self) -> None:
        """Close all connections."""


class Connections(Protocol):
    """Sends requests to one server, or to any; see ``open_connections``."""

    def open(
        self,
        method: str,
        url: str,
        *,
        name: str,
        deadline: Deadline,
        timeout: float | None = None,
        **content: Any,
    ) -> StreamedResponse:
        """Send a request and return the response once its headers are there.

        Args:
            method: The HTTP method.
            url: The whole URL.
            name: What is asked, for messages.
            deadline: When the whole call must be done.
            timeout: Seconds for each step, where the deadline may still move. Defaults to the
                time that is left.
            content: ``json``, ``params``, ``data``, ``files``, ``content``, ``headers`` or
                ``extensions``, as httpx takes them.

        Raises:
            UnreachableError: There was no response, or (DeadlineError) none in time.
            NetworkSetupError: The environment's proxy or certificates cannot be used.
        """

    def close(self) -> None:
        """Close all connections."""


def open_connections(
    headers: Mapping[str, str],
    url: str | None,
    *,
    transport: Transport | None = None,
    keep: bool = True,
) -> Connections:
    """Return connections to a server, none of which is open yet.

    Args:
        headers: Sent with every request.
        url: The server, which may be behind the environment's proxy. None means any server,
            without a proxy.
        transport: Carries the requests instead of sockets; for tests.
        keep: Whether a connection serves several requests.

    Raises:
        NetworkSetupError: The environment's proxy or certificates cannot be used.
    """
    from .connections import HttpxConnections  # imports httpx

    carried_by: Any = transport
    return HttpxConnections(headers, url, transport=carried_by, keep=keep)
