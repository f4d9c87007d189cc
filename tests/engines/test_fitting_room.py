"""What outlasts a visit: outfits, earlier pictures, and the fitting room on the device."""

from __future__ import annotations

import base64
from pathlib import Path

from tests.support.browser_window import PHONE, BrowserWindow, open_dialog, try_on
from tests.support.served_shop import ServedShop
from tests.support.shop_script import TRIGGER

SCARF = "[{&quot;title&quot;: &quot;Scarf&quot;, &quot;image&quot;: &quot;/scarf.png&quot;}]"
# Two fingers on the picture that move apart.
PINCH = """const root = document.querySelector('genvoris-dialog').shadowRoot;
const area = root.querySelector('.zoomable');
Element.prototype.setPointerCapture = () => {};  // scripts' own pointers cannot be captured
const {left, top, width, height} = area.getBoundingClientRect();
const [x, y] = [left + width / 2, top + height / 2];
const finger = (type, pointerId, by) => area.dispatchEvent(new PointerEvent(type, {
  pointerId, pointerType: 'touch', isPrimary: pointerId === 1, bubbles: true, composed: true,
  cancelable: true, clientX: x + by, clientY: y}));
finger('pointerdown', 1, -40);
finger('pointerdown', 2, 40);
for (const by of [60, 80, 100, 120]) finger('pointermove', 2, by);
finger('pointerup', 2, 120);
finger('pointerup', 1, -40);
return root.querySelector('.stage').className;"""
PAINTED = """const root = document.querySelector('genvoris-dialog').shadowRoot;
const canvas = root.querySelector('.visual canvas');
return canvas?.width && canvas.getContext('2d')
  .getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[3] === 255;"""


def test_from_outfit_to_fitting_room(window: BrowserWindow, shop: ServedShop, photo: Path) -> None:
    """A second garment is worn with the first; both pictures outlast a reload, until deleted."""
    shop.device_keys = [base64.b64encode(bytes(range(32))).decode()]
    shop.body = TRIGGER.replace("data-product-id", f'data-product-pairs="{SCARF}" data-product-id')
    window.resize(PHONE)
    try_on(window, shop.url, photo)
    window.expect_text("Kept on this device until")
    assert "large" in window.run(PINCH)
    window.press("Zoom out")

    window.press("Scarf")
    window.expect_text("Next: Scarf, with what you are wearing here.")
    window.press("Try it on")
    window.expect_heading("Here you are")
    window.expect_text("Picture 1 of 2")
    window.press("Next picture")
    window.expect_text("Picture 2 of 2")
    window.expect_text("Kept on this device until")

    # After a reload, the same photo is not paid for again.
    open_dialog(window, shop.url)
    window.expect_text("You tried this on")
    window.upload(photo)
    window.press("Try it on")
    window.expect_heading("Here you are")
    assert len(shop.jobs) == 2
    window.press("Your fitting room")
    window.expect_heading("Your fitting room")
    window.wait_until(PAINTED)
    window.press("Delete all")
    window.expect_text("Deleted from this device.")
    window.expect_text("What you try on appears here.")
