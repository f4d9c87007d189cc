"""Make the README's picture, docs/phone.webp: `make picture`.

It shows a shopper of the demo shop on a phone: the product, the photo, and the picture. The
products, the sample photo and the result are drawn, so nobody real is on it.
"""

from __future__ import annotations

import base64
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.chromium import launch_options
from tests.support.demo import running_demo
from tests.support.dialog_steps import START, button_of, dialog, log_in, open_dialog, press

PICTURE = ROOT / "docs/phone.webp"
PHONE: ViewportSize = {"width": 360, "height": 720}
WIDTH = 1200  # of the picture, in px
LIMIT = 150_000  # bytes
MINUTE = 60_000  # ms

# Transparent around the phones, since the README is read on white and on black.
FRAMES = """
<!doctype html><style>
body { margin: 0; display: flex; gap: 44px; padding: 12px 20px 36px; width: max-content }
img { display: block; width: 360px; height: 720px; border-radius: 38px }
figure { margin: 0; padding: 10px; border-radius: 48px; background: #16181d;
  box-shadow: 0 0 0 1.5px #6b7280, 0 12px 22px #0004 }
</style>
"""


def main() -> None:
    """Make the picture, and say how large it is."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_demo(Path(folder)) as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(**launch_options())
        drawn = frame(browser, walk(browser, demo.url))
        browser.close()
    picture: Image.Image = Image.open(io.BytesIO(drawn))
    height = round(picture.height * WIDTH / picture.width)
    picture = picture.resize((WIDTH, height), Image.Resampling.LANCZOS)
    picture.save(PICTURE, quality=82, method=6)
    size = PICTURE.stat().st_size
    print(f"{PICTURE.relative_to(ROOT)}: {WIDTH} x {height} px, {size} bytes")
    if size > LIMIT:
        sys.exit(f"That is more than {LIMIT} bytes.")


def walk(browser: Browser, url: str) -> list[bytes]:
    """Try a top on with a sample photo, and return what the phone shows at each step."""
    context = browser.new_context(
        viewport=PHONE, device_scale_factor=2, has_touch=True, is_mobile=True, locale="en-GB"
    )
    page = context.new_page()
    log_in(page, url, "Ada", "breton-top")
    page.wait_for_load_state("networkidle")
    trigger = page.locator("button[data-genvoris-trigger]")
    trigger.evaluate(
        "button => scrollBy(0, button.getBoundingClientRect().bottom - innerHeight + 24)"
    )
    screens = [page.screenshot()]
    open_dialog(page)
    dialog(page).locator("[part=sample]").first.click()
    button_of(page, START).wait_for()
    settle(page)
    screens.append(page.screenshot())
    press(page, START)
    dialog(page).locator("[part~=result]").wait_for(timeout=MINUTE)
    settle(page)
    screens.append(page.screenshot())
    context.close()
    return screens


def settle(page: Page) -> None:
    """Wait until pictures have loaded and nothing moves any more."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(3000)


def frame(browser: Browser, screens: list[bytes]) -> bytes:
    """Return a PNG with each screen in the frame of a phone, side by side."""
    page = browser.new_page(device_scale_factor=2)
    images = "".join(
        f'<figure><img src="data:image/png;base64,{base64.b64encode(screen).decode()}"></figure>'
        for screen in screens
    )
    page.set_content(FRAMES + images)
    return page.locator("body").screenshot(omit_background=True)


if __name__ == "__main__":
    main()
