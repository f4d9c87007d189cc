"""Workers of the engines that try-ons can run on, each a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
SHOP = "tests.support.queue_shop"


def command(engine: str, url: str, shop: str) -> list[str]:
    """Return the command that starts a worker, as docs/queues.md has it."""
    if engine == "rq":
        worker = ["--worker-class", "genvoris_flask.rq.Worker", "--quiet"]
        return [str(BIN / "rq"), "worker", "--url", url, *worker, "genvoris"]
    options = ["--concurrency", "1", "--loglevel", "WARNING"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return [str(BIN / "celery"), "-A", f"{shop}_app:celery_app", "worker", *options, *quiet]


class Worker:
    """A running worker and the processes that it forks."""

    def __init__(
        self,
        engine: str,
        url: str,
        environ: dict[str, str],
        log: Path,
        *options: str,
        shop: str = SHOP,
    ) -> None:
        self._log = log.open("ab")
        self.process = subprocess.Popen(
            [*command(engine, url, shop), *options],
            cwd=ROOT,
            env=os.environ | environ | {"FLASK_APP": f"{shop}_app", "PYTHONPATH": str(ROOT)},
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def kill(self) -> None:
        """Kill it with all its children, as a machine that dies does."""
        if self._log.closed:
            return
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self._log.close()

    def pids(self) -> list[int]:
        """Return the ids of its processes."""
        return [self.process.pid, *self._forked()]

    def _forked(self) -> Iterator[int]:
        """Yield the processes of its session; RQ gives each job a process group of its own."""
        for entry in Path("/proc").iterdir():
            with suppress(ProcessLookupError):
                if entry.name.isdigit() and os.getsid(int(entry.name)) == self.process.pid:
                    yield int(entry.name)
