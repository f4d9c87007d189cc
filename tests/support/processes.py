"""Processes that tests start and kill."""

from __future__ import annotations

import multiprocessing

# Forked from a server without threads. A fork of the tests' own process would inherit the locks
# that threads of other tests hold in C libraries at that moment, such as SQLite's, and wait for
# them forever.
processes = multiprocessing.get_context("forkserver")
