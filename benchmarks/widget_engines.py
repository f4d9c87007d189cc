"""The same page in all engines, without slowing the CPU down, which only Chromium can."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.harness import median
from benchmarks.report import section
from tests.support.browser_window import BrowserWindow
from tests.support.engines import running

ROUNDS = 5
TRIGGER = "[data-genvoris-trigger]"
ROOT = "document.querySelector('genvoris-dialog')?.shadowRoot"
OPEN = f"() => {ROOT}?.querySelector('dialog')?.open"
PREVIEW = f"() => {ROOT}.querySelector('canvas')"
READY = "bench.load().ready - bench.load().contentLoaded"
WATCH_CLICK = f"bench.answer = bench.shown('click', {OPEN})"
WATCH_INPUT = f"bench.answer = bench.shown('input', {PREVIEW})"
# A file that a driver chooses may cause no event outside of the dialog.
REPEAT_CHANGE = f"""{ROOT}.querySelector('input[type=file]').addEventListener('change',
  () => dispatchEvent(new Event('input')), {{capture: true, once: true}})"""
MEASURES = ("trigger ready", "dialog open", "photo ready")


def in_all_engines(browser: Browser, url: str, photo: bytes) -> str:
    """Return a table of each engine's times beside Chromium's.

    Args:
        browser: Chromium.
        url: The URL of the benchmark's server.
        photo: A photo of a phone's size.
    """
    address = f"{url}/ours?observed"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "me.jpg"
        file.write_bytes(photo)
        times = {"chromium": repeat(partial(in_chromium, browser, address, file))}
        for engine in os.environ.get("ENGINES", "firefox webkit").split():
            with running(engine) as window:
                times[engine] = repeat(partial(in_window, window, address, file))
    rows = [
        [engine, *(beside(own, known) for own, known in zip(each, times["chromium"], strict=True))]
        for engine, each in times.items()
    ]
    head = ["engine", "trigger ready, after DOMContentLoaded", *MEASURES[1:]]
    note = f"Medians of {ROUNDS} loads; the dialog and the photo until the end of the first frame."
    return section("Other engines", head, rows, note)


def repeat(measure: Callable[[], list[float]]) -> list[float]:
    """Return the median of each measure."""
    return [median(values) for values in zip(*(measure() for _ in range(ROUNDS)), strict=True)]


def in_chromium(browser: Browser, url: str, photo: Path) -> list[float]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(url, wait_until="networkidle")
    ready = page.evaluate(READY)
    page.hover(TRIGGER)
    page.wait_for_timeout(1000)
    page.evaluate(f"() => {{ {WATCH_CLICK}; }}")
    page.click(TRIGGER)
    opened = page.evaluate("bench.answer")
    page.evaluate(f"() => {{ {WATCH_INPUT}; }}")
    page.locator("genvoris-dialog input[type=file]").set_input_files(photo)
    shown = page.evaluate("bench.answer")
    context.close()
    return [float(ready), float(opened["painted"]), float(shown["painted"])]


def in_window(window: BrowserWindow, url: str, photo: Path) -> list[float]:
    window.open(url)
    ready = window.run(f"return {READY}")
    window.hover(TRIGGER)
    window.wait_until(f"return {ROOT}")
    window.run(WATCH_CLICK)
    window.click(TRIGGER)
    opened = window.run("return bench.answer")
    window.run(f"{WATCH_INPUT}; {REPEAT_CHANGE}")
    window.upload(photo)
    shown = window.run("return bench.answer")
    window.reset()
    return [float(ready), float(opened["painted"]), float(shown["painted"])]


def beside(value: float, chromium: float) -> str:
    """Return a time, and its ratio to Chromium's where that is above the noise."""
    ratio = f" (x {value / chromium:.1f})" if chromium > 1 and value > 0 else ""
    return f"{value:.0f} ms{ratio}"
