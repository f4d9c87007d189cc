"""Counts the current request against the limits."""

from __future__ import annotations

import functools
import ipaddress
import logging

from flask import request

from ..state import get_state
from .answers import AnswerError

log = logging.getLogger("genvoris_flask.web")


def count_address(name: str, factor: int | None = None) -> None:
    """Count this request for its address.

    Raises:
        AnswerError: 429 ``rate_limited``: it was one too many.
    """
    address = _address()
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


def _address() -> str | None:
    """Give who sent the request; None when only the shop's own proxy is known.

    Counting the proxy would make all visitors share one limit.
    """
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:  # such as a socket file's
        return None
    passed_on = "X-Forwarded-For" in request.headers
    if passed_on and address.is_private and "werkzeug.proxy_fix.orig" not in request.environ:
        _warn_of_proxy()
        return None
    if address.version == 6:
        # One home or server has a whole /64 to choose from (RFC 6177).
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


@functools.cache  # once
def _warn_of_proxy() -> None:
    log.warning(
        "A proxy passes requests on, but its X-Forwarded-For is not trusted, so calls are not "
        "limited by address. Use werkzeug.middleware.proxy_fix.ProxyFix."
    )
