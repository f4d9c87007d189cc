"""Measures what sessions cost a shop's pages: a section of benchmarks/RESULTS.md.

Every figure is a count, or a ratio of what ran in turn in one run on one machine.
"""

from __future__ import annotations

import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness import (
    call,
    gunicorn,
    load,
    median,
    redis_server,
    start_redis,
    upstream,
)
from benchmarks.report import section, write_part

BUDGET = 0.8
ROUNDS = 12
PAGES_A_ROUND = 500


def main() -> None:
    parts = [cached_token(), ways_to_get_a_token(), first_views(), faults(), redis_away()]
    how = "gunicorn, load from a second process, Genvoris 50 ms away."
    write_part("sessions", "What sessions cost a shop's pages", how, parts)


def cookie_for(port: int) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/bench-log-in")
    response = connection.getresponse()
    response.read()
    return str(response.headers["Set-Cookie"]).split(";")[0]


def cached_token() -> str:
    """Compare the demo shop's product page with a cached token to the same page without."""
    rows = []
    for without, title in (("token", "without a token"), ("tags", "without any tag of ours")):
        ratios = demo_page_ratios(without)
        low, high = min(ratios), max(ratios)
        rows.append([title, f"{median(ratios):.3f}", f"{low:.3f} to {high:.3f}"])
    return section(
        "The demo shop's product page with a cached token, pages per second against the same page",
        ["the same page", "ratio, median", "of the rounds"],
        rows,
        "At least 0.97 is the aim.",
    )


def demo_page_ratios(without: str) -> list[float]:
    """Load both pages in turn; return the ratios of their rates."""
    path = ["/product/harbour-shirt"]
    ratios = []
    with upstream() as genvoris:
        api = f"http://127.0.0.1:{genvoris}/api/v1"
        with (
            gunicorn("benchmarks.demo_page:app", BENCH_API_URL=api) as ours,
            gunicorn("benchmarks.demo_page:app", BENCH_API_URL=api, BENCH_WITHOUT=without) as other,
        ):
            cookies = {port: cookie_for(port) for port in (ours, other)}
            for port in (ours, other):
                load(port, path * 200, 4, cookies[port])
            for number in range(ROUNDS):
                rates = {}
                for port in (ours, other) if number % 2 else (other, ours):
                    rates[port] = load(port, path * PAGES_A_ROUND, 4, cookies[port]).rate
                ratios.append(rates[ours] / rates[other])
    return ratios


def ways_to_get_a_token() -> str:
    """Compare the extension to the quickstart on each page, and to a simple cache."""
    users = [f"s{number % 100}" for number in range(1000)]
    rows = []
    with upstream() as genvoris:
        api = f"http://127.0.0.1:{genvoris}/api/v1"
        base = None
        for way in ("plain", "ours", "fixed-ttl", "quickstart"):
            with gunicorn("benchmarks.shop:app", threads=16, BENCH_API_URL=api) as port:
                load(port, ["/plain"] * 100, 4)
                call(genvoris, "PUT", "/mode/ok")
                seen = load(port, [f"/{way}?user={user}" for user in users], 16)
                calls = sum(call(genvoris, "GET", "/count").values())
            base = base or seen
            p50, p99 = seen.percentile(0.5), seen.percentile(0.99)
            added = [p50 - base.percentile(0.5), p99 - base.percentile(0.99)]
            ratio = f"{p50 / base.percentile(0.5):.2f}"
            rows.append([way, ratio, *(f"{each * 1000:+.1f} ms" for each in added), str(calls)])
    return section(
        "1,000 views by 100 shoppers, 16 at once",
        ["page", "p50 against plain", "added at p50", "added at p99", "calls to Genvoris"],
        rows,
        "`quickstart` upserts and mints on each page; it also gives every visitor a fresh quota "
        "each time. `fixed-ttl` is a dictionary of tokens without single flight.",
    )


def first_views() -> str:
    """Count the tokens minted for simultaneous first views, with four workers and Redis."""
    rows = []
    with upstream() as genvoris, redis_server() as (redis_port, _):
        settings: Any = {
            "BENCH_API_URL": f"http://127.0.0.1:{genvoris}/api/v1",
            "BENCH_STORE_URL": f"redis://127.0.0.1:{redis_port}/0",
            "BENCH_BUDGET": "10",
        }
        with gunicorn("benchmarks.shop:app", workers=4, threads=50, **settings) as port:
            for title, users in (
                ("200 views of one shopper", ["one"] * 200),
                ("1,000 shoppers, one view each", [f"s{number}" for number in range(1000)]),
                ("the same 1,000 shoppers again", [f"s{number}" for number in range(1000)]),
            ):
                call(genvoris, "PUT", "/mode/ok")
                seen = load(port, [f"/ours?user={user}" for user in users], 200)
                mints = call(genvoris, "GET", "/count").get("mints", 0)
                rows.append([title, str(mints), str(seen.failed)])
    return section(
        "First views at once, four workers, one Redis", ["load", "mints", "failed pages"], rows
    )


def faults() -> str:
    """Measure the slowest page while Genvoris misbehaves, and pages once the circuit is open."""
    rows = []
    for mode in ("hang", "refused", "500", "garbage", "drip-body", "drip-headers"):
        with upstream() as genvoris:
            port_of_api = 1 if mode == "refused" else genvoris
            if mode != "refused":
                call(genvoris, "PUT", f"/mode/{mode}")
            api = f"http://127.0.0.1:{port_of_api}/api/v1"
            environ: Any = {"BENCH_API_URL": api, "BENCH_BUDGET": str(BUDGET)}
            with gunicorn("benchmarks.shop:app", threads=16, **environ) as port:
                load(port, ["/plain"] * 100, 4)
                first = load(port, [f"/ours?user=a{number}" for number in range(40)], 8)
                differences = []
                for number in range(5):
                    plain = load(port, ["/plain"] * 60, 1)
                    ours = load(port, [f"/ours?user=b{number}-{n}" for n in range(60)], 1)
                    differences.append(median(ours.times) - median(plain.times))
            slowest = max(first.times) - BUDGET
            difference = median(differences) * 1000
            verdict = f"{slowest * 1000:+.0f} ms" if slowest > 0 else "within it"
            rows.append([mode, verdict, f"{difference:+.2f} ms", str(first.failed)])
    return section(
        f"An upstream that misbehaves, budget {BUDGET} s",
        ["upstream", "slowest page against the budget", "once open, against plain", "failed pages"],
        rows,
        "The aim: at most +100 ms, and within 5 ms of a plain page once the circuit is open.",
    )


def redis_away() -> str:
    """Count failed pages while Redis is killed and restarted under load."""
    with upstream() as genvoris, redis_server() as (redis_port, children):
        settings: Any = {
            "BENCH_API_URL": f"http://127.0.0.1:{genvoris}/api/v1",
            "BENCH_STORE_URL": f"redis://127.0.0.1:{redis_port}/0",
        }
        with gunicorn("benchmarks.shop:app", workers=2, threads=8, **settings) as port:
            rows = []
            for title in ("with Redis", "Redis killed", "Redis started again"):
                if title == "Redis killed":
                    children[-1].kill()
                    children[-1].wait()
                elif title == "Redis started again":
                    children.append(start_redis(redis_port, "/tmp"))
                    time.sleep(0.1)
                users = [f"{title[6:12]}{number % 300}".replace(" ", "") for number in range(1500)]
                seen = load(port, [f"/ours?user={user}" for user in users], 8)
                rows.append([title, str(len(seen.times)), str(seen.failed)])
    return section(
        "Redis killed and started again in the middle of load",
        ["while", "pages", "failed pages"],
        rows,
    )


if __name__ == "__main__":
    main()
