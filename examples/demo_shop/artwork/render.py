"""Render the drawings: ``.venv/bin/python examples/demo_shop/artwork/render.py [name …]``.

Products become transparent WebP cut-outs, cropped to the garment with a margin; people become
JPEG photos. The Chromium that CHROMIUM names draws them, else the system's, else Playwright's.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
STATIC = HERE.parent / "static"
MARGIN = 0.04
LONG_SIDE = 900
# The same garment in another colour, by a filter of CSS: the drawing's name and the colour's.
COLOURS = {
    "plain-tee": {
        "moss": "hue-rotate(72deg) saturate(0.55) brightness(0.92)",
        "ink": "saturate(0.28) hue-rotate(205deg) brightness(0.5)",
    },
    "sunday-hoodie": {
        "pine": "hue-rotate(195deg) saturate(0.75)",
        "oat": "saturate(0.3) hue-rotate(70deg) brightness(1.6)",
    },
    "harbour-shirt": {"rose": "hue-rotate(140deg) saturate(0.9) brightness(1.02)"},
}
SCALE = 2  # drawn larger and scaled down, for clean edges
PAGE = (
    "<!doctype html><style>*{{margin:0}}svg{{display:block}}"
    "#drawing>svg{{width:{0}px;height:{1}px;filter:{4}}}</style>{2}<div id=drawing>{3}</div>"
)


def main(names: list[str]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [],
        )
        page = browser.new_page(device_scale_factor=SCALE)
        for drawing in sorted(HERE.glob("*/*.svg")):
            if not names or drawing.stem in names:
                print(render(page, drawing))
                for colour, shade in COLOURS.get(drawing.stem, {}).items():
                    print(render(page, drawing, f"-{colour}", shade))
        browser.close()


def render(page: Page, drawing: Path, ending: str = "", shade: str = "none") -> str:
    """Render one drawing, in a shade of its own if wanted; give a line about it."""
    kind = drawing.parent.name
    size = (1000, 1000) if kind == "products" else (900, 1350)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    shared = (HERE / "shared.svg").read_text()
    page.set_content(PAGE.format(*size, shared, drawing.read_text(), shade))
    image: Image.Image = Image.open(io.BytesIO(page.screenshot(omit_background=True)))
    target = STATIC / kind / f"{drawing.stem}{ending}"
    if kind == "products":
        target = target.with_suffix(".webp")
        image = cut_out(image)
        image.save(target, "WEBP", quality=88, method=6)
    else:
        target = target.with_suffix(".jpg")
        image = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        image.save(target, "JPEG", quality=88, optimize=True)
    return f"{target.name}: {image.width} x {image.height}, {target.stat().st_size // 1024} KB"


def cut_out(image: Image.Image) -> Image.Image:
    """Crop to what is drawn, with a margin, and scale to the long side."""
    solid = image.getchannel("A").point(lambda alpha: 255 if alpha > 24 else 0)
    image = image.crop(solid.getbbox())
    margin = round(max(image.size) * MARGIN)
    sheet = Image.new("RGBA", (image.width + 2 * margin, image.height + 2 * margin))
    sheet.paste(image, (margin, margin))
    sheet.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    return sheet


if __name__ == "__main__":
    main(sys.argv[1:])
