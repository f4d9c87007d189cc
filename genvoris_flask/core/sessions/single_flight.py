"""Mints under way in one process."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from ..api.models import Session

MINT_THREADS = 16


class Landing(NamedTuple):
    """How a mint ended. ``news``: its customer id is new to us and to the shop."""

    session: Session
    minted: bool
    news: bool


@dataclass
class Flights:
    """Mints under way in this process, by external id."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    mints: dict[str, Future[Session]] = field(default_factory=dict)
    pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(MINT_THREADS, "genvoris-mint")
    )
    # Apart from the mints, so that many log-outs at once delay nobody's page.
    drops: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, "genvoris-drop")
    )
