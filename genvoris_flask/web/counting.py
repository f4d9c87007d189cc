"""Counts the current request against the limits."""

from __future__ import annotations

import functools
import ipaddress
import logging

from flask import Request, request

from ..api.addresses import is_public
from ..state import get_state
from .answers import AnswerError

log = logging.getLogger("genvoris_flask.web")


def count_address(name: str, factor: int | None = None) -> None:
    """Count this request for its address.

    Raises:
        AnswerError: 429 ``rate_limited``: it was one too many.
    """
    address = sender_address()
    if address is None:
        return
    limiter = get_state().limiter
    more = {} if factor is None else {"factor": factor}
    _refuse_after(limiter.count_address(name, address, **more))


def count_shopper(name: str, owner: str) -> None:
    """Count this request for who sent it.

    Raises:
        AnswerError: 429 ``rate_limited``: it was one too many.
    """
    _refuse_after(get_state().limiter.count_shopper(name, owner))


def _refuse_after(wait: float | None) -> None:
    if wait is not None:
        raise AnswerError("rate_limited", retry_after=wait)


def sender_address() -> str | None:
    """Return the address that sent the current request, or None if only the shop's proxy is known.

    Counting the proxy would make all visitors share one limit.
    """
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:  # such as a socket file's
        return None
    if address.is_private and _is_passed_on(request):
        _warn_of_proxy()
        return None
    if address.version == 6:
        # One home or server has a whole /64 to choose from (RFC 6177).
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def is_from_inside(request: Request) -> bool:
    """Say whether who sent a request is surely in a private network, such as a developer."""
    return not _is_passed_on(request) and not is_public(request.remote_addr or "")


def _is_passed_on(request: Request) -> bool:
    """Say whether a proxy sent the request for somebody of whom the app knows nothing."""
    trusted = "werkzeug.proxy_fix.orig" in request.environ
    return "X-Forwarded-For" in request.headers and not trusted


@functools.cache  # once
def _warn_of_proxy() -> None:
    log.warning(
        "A proxy passes requests on, but its X-Forwarded-For is not trusted, so calls are not "
        "limited by address. Use werkzeug.middleware.proxy_fix.ProxyFix."
    )
