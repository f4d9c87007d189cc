"""Measures uploads through the shop against direct uploads to Genvoris."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness import free_port, gunicorn, median, process
from benchmarks.report import section, write_part

SIZES = {"0.3 MB": 300_000, "8 MB": 8_000_000}
UPLOADS = {"0.3 MB": 120, "8 MB": 24}  # per round
ROUNDS = 8
AT_ONCE = 4
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW5"  # as long as that of browsers
OURS = "/genvoris/api/tryon?user=ada"
DIRECT = "/api/tryon"
RAW = "/blocking?user=ada"


def main() -> None:
    with sink() as genvoris:
        address = f"http://127.0.0.1:{genvoris}"
        with gunicorn("benchmarks.tryon_shop:app", BENCH_TRYON_URL=address) as shop:
            rows = [row(size, genvoris, shop) for size in SIZES]
    table = section(
        "An upload through the shop against straight to Genvoris",
        ["photo", "throughput", "of the rounds", "p50", "of the rounds", "added", "p50, raw proxy"],
        rows,
        "Ratios, the direct upload being 1: of megabytes a second with four at once, where more is "
        "better, and of the time that one takes by itself, where less is. Each upload is taken "
        "apart and written again on the way; the raw proxy is a dozen lines that read all of it "
        "and send it on as it is. Genvoris is on this machine here, so the direct way costs next "
        "to nothing; shop, Genvoris and load share its cores.",
    )
    how = "gunicorn with one worker and 8 threads; Genvoris and the load are processes apart."
    write_part("passthrough", "What the pass-through costs an upload", how, [table])


@contextmanager
def sink() -> Iterator[int]:
    """Run a Genvoris that discards uploads and yield its port."""
    port = free_port()
    program = f"from tests.support.sink import Sink; Sink({port}).serve_forever()"
    with process([sys.executable, "-c", program], port):
        yield port


def row(size: str, genvoris: int, shop: int) -> list[str]:
    """Load both in turn; return the shop's throughput relative to direct uploads."""
    body = form(SIZES[size])
    throughput: list[float] = []
    p50: list[float] = []
    added: list[float] = []
    raw: list[float] = []
    targets = {"direct": (genvoris, DIRECT), "ours": (shop, OURS), "raw": (shop, RAW)}
    for target in targets.values():
        load(*target, body, 8, AT_ONCE)
    for number in range(ROUNDS):
        order = list(targets) if number % 2 else list(reversed(targets))
        many = {name: load(*targets[name], body, UPLOADS[size], AT_ONCE) for name in order}
        one = {name: load(*targets[name], body, UPLOADS[size] // 3, 1) for name in order}
        throughput.append(many["direct"].seconds / many["ours"].seconds)
        ours, direct = median(one["ours"].times), median(one["direct"].times)
        p50.append(ours / direct)
        added.append(ours - direct)
        raw.append(median(one["raw"].times) / direct)
    milliseconds = f"{median(added) * 1000:+.1f} ms"
    return [size, *described(throughput), *described(p50), milliseconds, f"{median(raw):.2f}"]


def described(ratios: list[float]) -> tuple[str, str]:
    return f"{median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}"


def form(size: int) -> bytes:
    """Return a multipart form with a photo of a given size in bytes."""
    head = (
        'Content-Disposition: form-data; name="photo"; filename="a.jpg"\r\nContent-Type: image/jpeg'
    )
    field = (
        'Content-Disposition: form-data; name="product_image_url"\r\n\r\nhttps://s.example/a.png'
    )
    photo = os.urandom(size)
    return b"".join(
        [
            f"--{BOUNDARY}\r\n{field}\r\n--{BOUNDARY}\r\n{head}\r\n\r\n".encode(),
            photo,
            f"\r\n--{BOUNDARY}--\r\n".encode(),
        ]
    )


@dataclass(frozen=True)
class Load:
    """The result of a load test, in seconds."""

    times: list[float]
    seconds: float


def load(port: int, path: str, body: bytes, count: int, at_once: int) -> Load:
    """Upload a number of times, a number of them at once, from another process."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    context = multiprocessing.get_context("fork")
    child = context.Process(target=_load, args=(sender, port, path, body, count, at_once))
    child.start()
    result: Load = receiver.recv()
    child.join()
    return result


def _load(sender: Any, port: int, path: str, body: bytes, count: int, at_once: int) -> None:
    todo = iter(range(count))
    lock = threading.Lock()
    times: list[float] = []
    headers = {
        "Content-Type": "multipart/form-data; boundary=" + BOUNDARY,
        "Sec-Fetch-Site": "same-origin",
    }

    def upload() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                if next(todo, None) is None:
                    return
            before = time.perf_counter()
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            answer = response.read()
            assert response.status == 200, answer
            times.append(time.perf_counter() - before)

    started = time.perf_counter()
    threads = [threading.Thread(target=upload) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sender.send(Load(times, time.perf_counter() - started))


if __name__ == "__main__":
    main()
