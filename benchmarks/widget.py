"""Measures the widget in Chromium with the CPU slowed down four times.

The same page is loaded with our widget, with another try-on widget, with a picture viewer and
without any, in turn, each time in a fresh browser profile; then in the other engines.
"""

from __future__ import annotations

import functools
import gzip
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, Response, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness import gunicorn, median
from benchmarks.report import section, write_part
from benchmarks.widget_engines import in_all_engines
from tests.support.chromium import launch_options

ROUNDS = 7
SLOWED = 4
OBSERVE = Path(__file__).parent / "observe.js"
NAMES = {
    "ours": "genvoris-flask",
    "photoswipe": "PhotoSwipe 5.4.4",
    "shop-ui": "@thefittingroom/shop-ui 3.2.2",
    "plain": "no widget",
}
OPEN = "() => document.querySelector('genvoris-dialog')?.shadowRoot.querySelector('dialog')?.open"
PREVIEW = "() => document.querySelector('genvoris-dialog').shadowRoot.querySelector('canvas')"
IMAGE_VIEWER_OPEN = "() => document.querySelector('.pswp--open')"


@dataclass
class Seen:
    """The results of a page's rounds: times in milliseconds, sizes in bytes after ``gzip -9``."""

    loads: list[dict[str, float]] = field(default_factory=list)
    opened: list[dict[str, float]] = field(default_factory=list)
    size_on_page: int = 0
    size_when_open: int = 0

    def all(self, name: str) -> list[float]:
        return [load[name] for load in self.loads]

    def until(self, name: str) -> list[float]:
        return [each[name] for each in self.opened]

    def ready_after(self, name: str) -> list[float]:
        return [load["ready"] - load[name] for load in self.loads]


def main() -> None:
    busy = os.getloadavg()[0]
    with gunicorn("benchmarks.widget_pages:app") as port, chromium() as browser:
        url = f"http://127.0.0.1:{port}"
        seen = {name: Seen() for name in NAMES}
        for number in range(ROUNDS):
            # In turn, starting with another one each time, so that a busy moment affects all alike.
            names = list(NAMES)
            for name in names[number % len(names) :] + names[: number % len(names)]:
                visit(browser, url, name, seen[name])
        photos = [photo_ready(browser, url) for _ in range(ROUNDS)]
        engines = in_all_engines(browser, url, large_photo())
    how = (
        f"Chromium, its CPU slowed {SLOWED} times, {ROUNDS} loads each with an empty cache. The "
        f"machine's load was {busy:.1f} at the start: above 1, times are longer than they need be."
    )
    parts = [budgets(seen["ours"], seen["plain"], photos), beside_others(seen), engines]
    write_part("widget", "What the widget costs a shopper's browser", how, parts)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        yield browser
        browser.close()


@contextmanager
def slow_page(browser: Browser) -> Iterator[Page]:
    """Yield a page of a fresh profile on a slow phone."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.add_init_script(path=OBSERVE)
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    yield page
    context.close()


def visit(browser: Browser, url: str, name: str, seen: Seen) -> None:
    """Load a page once, and open its dialog if it has one."""
    loaded: list[Response] = []

    def size() -> int:
        return sum(
            len(gzip.compress(each.body(), 9))
            for each in loaded
            if each.request.resource_type in ("script", "stylesheet")
        )

    with slow_page(browser) as page:
        page.on("response", lambda response: loaded.append(response))
        page.goto(f"{url}/{name}", wait_until="networkidle")
        seen.loads.append(page.evaluate("bench.load()"))
        seen.size_on_page = size()
        if name == "ours":
            seen.opened.append(opened(page, "[data-genvoris-trigger]", OPEN))
        elif name == "photoswipe":
            seen.opened.append(opened(page, "#open", IMAGE_VIEWER_OPEN))
        page.wait_for_load_state("networkidle")
        seen.size_when_open = size()


def opened(page: Page, trigger: str, is_open: str) -> dict[str, float]:
    """Hover, wait and click; return the milliseconds until the dialog exists, and is painted."""
    page.hover(trigger)
    page.wait_for_timeout(1000)
    page.evaluate(f"() => {{ bench.answer = bench.shown('click', {is_open}); }}")
    page.click(trigger)
    answer: dict[str, float] = page.evaluate("bench.answer")
    return answer


def photo_ready(browser: Browser, url: str) -> float:
    """Choose a photo of 12 megapixels; return the milliseconds until its preview is visible."""
    with slow_page(browser) as page:
        page.goto(f"{url}/ours", wait_until="networkidle")
        page.click("[data-genvoris-trigger]")
        chooser = page.locator("genvoris-dialog input[type=file]")
        chooser.wait_for(state="attached")
        page.evaluate(f"() => {{ bench.answer = bench.shown('input', {PREVIEW}); }}")
        chooser.set_input_files(
            {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": large_photo()}
        )
        return float(page.evaluate("bench.answer")["painted"])


@functools.cache
def large_photo() -> bytes:
    """Return a photo of 12 megapixels with as much detail as a phone's."""
    rough = Image.effect_noise((1000, 750), 90).resize((4000, 3000), Image.Resampling.BICUBIC)
    image = Image.merge("RGB", [rough, Image.effect_noise((4000, 3000), 20), rough])
    file = io.BytesIO()
    image.save(file, "JPEG", quality=88)
    return file.getvalue()


def budgets(ours: Seen, plain: Seen, photos: list[float]) -> str:
    """Compare the widget to its budgets."""
    rows = [
        row("trigger ready, after DOMContentLoaded", ours.ready_after("contentLoaded"), 100),
        row("dialog open, after a click on a hovered trigger", ours.until("there"), 50),
        row("the same, until the end of its first frame", ours.until("painted")),
        row("photo of 12 megapixels ready", photos, 1500),
        row("longest task of our script while loading", ours.all("script"), 50),
        ["layout shift", *(f"{each(ours.all('shift')):.3f}" for each in (min, median, max)), "0"],
    ]
    note = (
        "A negative time is before DOMContentLoaded. Of the whole page the longest task took "
        f"{median(ours.all('longest')):.0f} ms (worst {max(ours.all('longest')):.0f} ms), without "
        f"the widget {median(plain.all('longest')):.0f} ms (worst "
        f"{max(plain.all('longest')):.0f} ms); tasks under 50 ms count as 0. A photo of "
        f"{len(large_photo()) / 1e6:.1f} MB was used."
    )
    return section("Budgets", ["what", "best", "median", "worst", "at most"], rows, note)


def row(title: str, values: list[float], most: float | None = None) -> list[str]:
    limit = f"{most} ms" if most else "-"
    return [title, *(f"{each(values):.0f} ms" for each in (min, median, max)), limit]


def beside_others(seen: dict[str, Seen]) -> str:
    """Measure other widgets on the same page."""
    ours = seen["ours"]
    rows: list[list[str]] = []
    for name in ("ours", "photoswipe", "shop-ui"):
        one = seen[name]
        ready = median(one.ready_after("html"))
        rows.append(
            [
                NAMES[name],
                kilobytes(one.size_on_page, ours.size_on_page),
                kilobytes(one.size_when_open, ours.size_when_open),
                f"{ready:.0f} ms (x {ready / median(ours.ready_after('html')):.1f})",
                f"{median(one.all('longest')):.0f} ms",
                f"{median(one.until('painted')):.0f} ms" if one.opened else "-",
                f"{max(one.all('violations')):.0f}",
            ]
        )
    head = [
        "widget",
        "on each page, gzip -9",
        "with its dialog",
        "ready after the HTML",
        "longest task",
        "first frame of its dialog",
        "breaches of the strict policy",
    ]
    note = (
        "PhotoSwipe only shows pictures; it is here as the mark for a small and quick dialog. "
        "shop-ui is another try-on widget from npm; it brings its dialog along on each page, and "
        "without its own servers it opens none. The policy is the README's, reported and not "
        "enforced."
    )
    return section("The same page with others", head, rows, note)


def kilobytes(size: int, ours: int) -> str:
    return f"{size / 1024:.1f} KB (x {size / ours:.1f})"


if __name__ == "__main__":
    main()
