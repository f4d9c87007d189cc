"""Ports for servers that the tests start as processes."""

from __future__ import annotations

import itertools
import random
import socket
from pathlib import Path

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST = 10_000


def _end() -> int:
    """Return the first of the ports that the system gives to connections on its own."""
    return int(RANGE.read_text().split()[0]) if RANGE.exists() else 32_768


# Those ports could go to any connection before the server listens. And whoever connects to one
# where nobody listens yet may be given the same, and so be connected with themselves. Where the
# numbers begin differs by process, so that tests that run side by side ask for different ones.
_ports = itertools.cycle(range(FIRST, max(_end(), FIRST + 1000)))
for _ in range(random.SystemRandom().randrange(20_000)):
    next(_ports)


def free_port() -> int:
    """Return a port that nobody listens on, and that no connection is given meanwhile."""
    for port in _ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("unreachable")
