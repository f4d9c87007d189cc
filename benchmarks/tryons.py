"""Measures what try-ons cost a shop's pages, and 200 shoppers at once."""

from __future__ import annotations

import json
import multiprocessing
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness import free_port, median, process, redis_server
from benchmarks.report import section, write_part
from tests.support.tryon_load import Client, Seen, contradictions, form, run

CLIENTS = 200
LOAD_SECONDS = 60.0
SECONDS_EACH = 5.0
LONG_SECONDS = 20.0
ROUNDS = {"ours": 5, "blocking": 1}  # the two differ by far more than a few percent


def main() -> None:
    parts = [pages_beside_try_ons(), one_worker_and_long_try_ons(), two_hundred_shoppers()]
    how = "The try-on host and the load are processes of their own."
    write_part("tryons", "What try-ons cost a shop's pages", how, parts)


@contextmanager
def tryon_host(seconds: float) -> Iterator[int]:
    """Run a Genvoris whose try-ons take a given time, and yield its port."""
    port = free_port()
    program = (
        "from tests.support.tryon_host import TryonHost\n"
        f"TryonHost({seconds}, {port}).serve_forever()"
    )
    with process([sys.executable, "-c", program], port):
        yield port


@contextmanager
def shop(
    host: int, workers: int, worker: str = "sync", **environ: str
) -> Iterator[tuple[int, int]]:
    """Serve a shop; yield its port and the parent process of its workers."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--worker-class", worker]
    command += ["--workers", str(workers), "--threads", "16" if worker == "gthread" else "1"]
    command += ["--bind", f"127.0.0.1:{port}", "--backlog", "2048", "--timeout", "300"]
    command += ["benchmarks.tryon_shop:app"]
    with process(command, port, BENCH_TRYON_URL=f"http://127.0.0.1:{host}", **environ) as child:
        Client(port, "ada", Seen(), 1).call("page", "GET", "/")
        yield port, child.pid


def look(port: int, until: Callable[[], bool], at_least: int = 50) -> list[float]:
    """Request one page after the other; return the time of each."""
    times: list[float] = []
    client = Client(port, "page", Seen(), 1, timeout=120)
    while len(times) < at_least or not until():
        before = time.perf_counter()
        status, _, _ = client.call("page", "GET", "/")
        assert status == 200
        times.append(time.perf_counter() - before)
        time.sleep(0.01)
    return times


def p95(times: Sequence[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.95))]


def pages_beside_try_ons() -> str:
    rows = []
    for workers in (1, 2):
        for way in ("ours", "blocking"):
            with tryon_host(SECONDS_EACH) as host, redis_server() as (redis, _):
                store = f"redis://127.0.0.1:{redis}/0"
                with shop(host, workers, BENCH_STORE_URL=store) as (port, _):
                    rounds = [one_round(port, way) for _ in range(ROUNDS[way])]
            alone, beside = (median([each[side] for each in rounds]) for side in (0, 1))
            ratio = median([each[1] / each[0] for each in rounds])
            rows.append([str(workers), way, ms(alone), ms(beside), f"{ratio:.2f}"])
    return section(
        f"The product page beside 8 try-ons of {SECONDS_EACH:g} s, p95",
        ["sync workers", "try-ons", "p95 with none", "p95 with 8", "ratio"],
        rows,
        "`blocking` passes each try-on on and waits for it, as a proxy in a dozen lines does. "
        "Ours is the median of five rounds, with a look at pages before and after each.",
    )


def one_round(port: int, way: str) -> tuple[float, float]:
    """Return the p95 of pages without try-ons, and during eight."""
    before = look(port, lambda: True, 200)
    beside = p95(beside_try_ons(port, way, 8))
    # Before and after, since the machine is busy with other work as well.
    return p95([*before, *look(port, lambda: True, 200)]), beside


def beside_try_ons(port: int, way: str, count: int) -> list[float]:
    """Start try-ons and request pages until they are done."""
    threads = [
        threading.Thread(target=try_on, args=(port, way, f"s{number}")) for number in range(count)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    times = look(port, lambda: not any(thread.is_alive() for thread in threads), 1)
    for thread in threads:
        thread.join()
    return times


def try_on(port: int, way: str, user: str) -> None:
    """Create a try-on and wait for its picture."""
    client = Client(port, user, Seen(), 1.0)
    if way == "ours":
        job = client.start(time.monotonic() + 30)
        assert job
        assert client.follow(job) == "done"
        return
    body, headers = form()
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", "/blocking", body, headers)
    response = connection.getresponse()
    assert response.status == 200
    response.read()
    connection.close()


def one_worker_and_long_try_ons() -> str:
    with tryon_host(LONG_SECONDS) as host, shop(host, 1) as (port, _):
        before = look(port, lambda: True, 500)
        beside = beside_try_ons(port, "ours", 4)
        alone = [*before, *look(port, lambda: True, 500)]
    ratios = [f"{p95(beside) / p95(alone):.2f}", f"{median(beside) / median(alone):.2f}"]
    row = [str(len(beside)), ms(p95(alone)), ms(p95(beside)), *ratios]
    return section(
        f"One sync worker, four try-ons of {LONG_SECONDS:g} s under way",
        ["pages meanwhile", "p95 with none", "p95 with four", "ratio of p95", "ratio of p50"],
        [row],
        "The shoppers who wait poll once a second, from the same worker.",
    )


@dataclass(frozen=True)
class Memory:
    """The resident memory of all workers in MiB, at a point in time."""

    second: float
    megabytes: float


def two_hundred_shoppers() -> str:
    with tryon_host(2.0) as host, redis_server() as (redis, _):
        environ = {"BENCH_STORE_URL": f"redis://127.0.0.1:{redis}/0", "BENCH_CONCURRENCY": "16"}
        with shop(host, 2, "gthread", **environ) as (port, master):
            alone = look(port, lambda: True, 500)
            seen, memory = load(port, master)
            asked = call_json(host, "/keys")
    wrong = contradictions(seen, asked)
    kept = [f"{each.megabytes:.0f}" for each in memory]
    rows = [
        ["shoppers at once, seconds", f"{CLIENTS}, {LOAD_SECONDS:g}"],
        ["try-ons accepted", str(len(seen.keys))],
        ["told to come back (503)", str(seen.statuses["start", 503])],
        ["ended in exactly one state", str(len(seen.states))],
        ["calls to the upstream, each once", str(len(asked))],
        ["contradictions", str(len(wrong))],
        ["pages, failed pages", f"{len(seen.pages)}, {failed(seen)}"],
        ["p50 of a page, against nobody else there", against(seen.pages, alone, median)],
        ["p95 of a page, against nobody else there", against(seen.pages, alone, p95)],
        ["memory of both workers in MiB, every ten seconds", ", ".join(kept)],
    ]
    note = "; ".join(wrong[:5]) or "The load takes most of the machine's cores for itself."
    return section(
        "200 shoppers against two workers with threads, try-ons of 2 s", ["", ""], rows, note
    )


def load(port: int, master: int) -> tuple[Seen, list[Memory]]:
    """Run the shoppers in another process, and sample the memory of the workers."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_load, args=(sender, port))
    child.start()
    memory: list[Memory] = []
    started = time.monotonic()
    while not receiver.poll(10):
        memory.append(Memory(time.monotonic() - started, weigh(master)))
    fields: dict[str, Any] = receiver.recv()
    child.join()
    memory.append(Memory(time.monotonic() - started, weigh(master)))
    return Seen(**fields), memory


def _load(sender: Any, port: int) -> None:
    fields = dict(vars(run(port, CLIENTS, LOAD_SECONDS)))
    del fields["lock"]
    sender.send(fields)


def weigh(master: int) -> float:
    """Return the resident memory of a process's children in MiB, or 0 if it is not available."""
    try:
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in children]
    except OSError:
        return 0.0
    return sum(pages) * 4096 / 1024 / 1024


def call_json(port: int, path: str) -> dict[str, int]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    found: dict[str, int] = json.loads(connection.getresponse().read())
    connection.close()
    return found


def failed(seen: Seen) -> int:
    other = sum(
        n for (kind, status), n in seen.statuses.items() if kind == "page" and status != 200
    )
    return other + sum(error.startswith("page") for error in seen.errors)


def against(times: list[float], alone: list[float], of: Callable[[Sequence[float]], float]) -> str:
    return f"{ms(of(times))} against {ms(of(alone))}: {of(times) / of(alone):.1f}"


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


if __name__ == "__main__":
    main()
