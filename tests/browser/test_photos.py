"""How the dialog accepts photos, and what it sends."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.support.chromium import VIEWPORTS
from tests.support.dialog_steps import (
    agree,
    button_of,
    choose,
    dialog,
    expect_accessible,
    expect_heading,
    file,
    open_shop,
    press,
    send,
    sent_photo,
    until,
)
from tests.support.pictures import picture
from tests.support.scripted_shop import ScriptedShop

MOST_BYTES = 400 * 1024


def corners(orientation: int) -> bytes:
    """Make a JPEG that shows red in its upper left corner, with any orientation."""
    upright = Image.new("RGB", (600, 900), "white")
    upright.paste((220, 20, 20), (0, 0, 300, 300))
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(back[orientation]) if orientation in back else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SecretCamera"
    written = io.BytesIO()
    stored.save(written, "JPEG", quality=90, exif=exif)
    return written.getvalue()


def test_exif_orientation(shop: ScriptedShop) -> None:
    """A photo is sent upright, whatever its orientation."""
    page = open_shop(shop)
    for orientation in range(1, 9):
        sent = send(shop, page, file(corners(orientation)))
        image = Image.open(io.BytesIO(sent)).convert("RGB")
        assert image.size == (600, 900), orientation
        red, green, _blue = image.getpixel((100, 100))  # type: ignore[misc]
        assert (red > 180, green < 80) == (True, True), orientation
        assert image.getpixel((500, 800)) > (230, 230, 230), orientation  # type: ignore[operator]
        assert not image.getexif()
        assert b"SecretCamera" not in sent
        press(page, "Try another photo")


@pytest.mark.parametrize("size", [(3000, 4000), (8000, 6000)])
def test_large_photos_are_reduced(shop: ScriptedShop, size: tuple[int, int]) -> None:
    """Photos of 12 and 48 megapixels are sent as at most 400 KB."""
    small = Image.effect_noise((size[0] // 16, size[1] // 16), 40).convert("RGB")
    written = io.BytesIO()
    small.resize(size, Image.Resampling.BILINEAR).save(written, "JPEG", quality=88)
    page = open_shop(shop)
    sent = send(shop, page, file(written.getvalue()))
    assert len(sent) <= MOST_BYTES
    assert max(Image.open(io.BytesIO(sent)).size) == 1536


def test_noise_is_reduced(shop: ScriptedShop) -> None:
    """Even noise is sent as at most 400 KB."""
    written = io.BytesIO()
    Image.effect_noise((1400, 1536), 255).convert("RGB").save(written, "PNG")
    page = open_shop(shop)
    assert len(send(shop, page, file(written.getvalue(), "noise.png"))) <= MOST_BYTES


def test_heic_without_metadata(shop: ScriptedShop) -> None:
    """A HEIC photo is sent as it is, without its metadata."""
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[29] = "2026:11:24-SECRET"
    written = io.BytesIO()
    Image.new("RGB", (600, 900), (10, 200, 30)).save(written, "HEIF", exif=exif.tobytes())
    assert b"SecretCamera" in written.getvalue()
    page = open_shop(shop)
    choose(page, file(written.getvalue(), "IMG_1.HEIC"))
    expect(dialog(page)).to_contain_text("Your photo is ready")
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    sent = sent_photo(shop)
    assert b"SecretCamera" not in sent
    assert b"SECRET" not in sent
    image = Image.open(io.BytesIO(sent)).convert("RGB")
    assert image.size == (600, 900)
    assert image.getpixel((300, 300))[1] > 150  # type: ignore[index]


def test_heic_is_not_accepted(shop: ScriptedShop) -> None:
    """Where the backend takes no HEIC, the shopper learns what to do."""
    shop.tag["data-heic"] = "false"
    page = open_shop(shop)
    choose(page, file(picture("HEIF"), "IMG_1.HEIC"))
    expect(dialog(page).get_by_role("alert")).to_contain_text("save the photo as a JPEG")


def test_empty_canvas_is_refused(shop: ScriptedShop) -> None:
    """A photo that the browser draws as nothing is refused."""
    written = io.BytesIO()
    Image.new("RGBA", (600, 900), (0, 0, 0, 0)).save(written, "PNG")
    page = open_shop(shop)
    choose(page, file(written.getvalue(), "blank.png"))
    expect(dialog(page).get_by_role("alert")).to_contain_text("empty or damaged")


def test_drop_and_paste(shop: ScriptedShop) -> None:
    """A photo can be dropped and pasted."""
    page = open_shop(shop)
    give = """([kind, bytes]) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], 'me.jpg'));
      const target = document.querySelector('genvoris-dialog').shadowRoot.querySelector('dialog');
      kind === 'drop'
        ? target.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true}))
        : document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data}));
    }"""
    for kind in ("drop", "paste"):
        page.evaluate(give, [kind, list(picture("JPEG", (600, 900)))])
        expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()
        press(page, "Delete my photo")
        expect(dialog(page)).to_contain_text("deleted")


# Notes the cameras that are on, and how files are asked for; a timer can be stopped at its start.
CAMERAS = """const {setInterval} = window;
window.setInterval = (run, ms) => setInterval(run, window.stands ? 1e9 : ms);
window.tracks = [];
window.captures = [];
const {mediaDevices} = navigator;
const {getUserMedia} = mediaDevices;
mediaDevices.getUserMedia = async wanted => {
  const stream = await getUserMedia.call(mediaDevices, wanted);
  tracks.push(...stream.getTracks());
  window.wanted = wanted.video.facingMode;
  return stream;
};
const {click} = HTMLInputElement.prototype;
HTMLInputElement.prototype.click = function () {
  captures.push(this.getAttribute('capture'));
  click.call(this);
};"""
LIVE = "tracks.filter(track => track.readyState === 'live').length"


def test_camera_on_phone(whole_browser: Browser) -> None:
    """A phone takes the photo with its rear camera and a timer, and switches the camera off."""
    context = whole_browser.new_context(**VIEWPORTS["phone"], permissions=["camera"])
    shop = ScriptedShop(context)
    shop.first_scripts.append(CAMERAS)
    page = open_shop(shop)
    press(page, "Take a photo")
    expect_heading(page, "Take a photo")
    expect(dialog(page).get_by_role("button", name="Take photo")).to_be_enabled()
    assert page.evaluate(f"[{LIVE}, wanted]") == [1, "environment"]
    expect_accessible(page, "genvoris-dialog")
    page.evaluate("() => { window.stands = true; }")
    press(page, "Take photo")
    expect(dialog(page).get_by_role("status")).to_have_text("10")
    press(page, "Stop timer")
    page.evaluate("() => { window.stands = false; }")
    press(page, "Switch camera")
    expect(dialog(page).get_by_role("button", name="Take photo")).to_be_enabled()
    assert page.evaluate(f"[{LIVE}, wanted]") == [1, "user"]
    dialog(page).get_by_label("3 s").check()
    press(page, "Take photo")
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()
    assert page.evaluate(LIVE) == 0

    # Another one; closing the dialog switches the camera off, and the photo is still there.
    press(page, "Take a photo")
    expect(dialog(page).get_by_role("button", name="Take photo")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    assert page.evaluate(LIVE) == 0
    page.locator(".genvoris-tryon-btn").click()
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()

    # Where pages may not use it, the phone's own camera opens instead.
    page.evaluate(
        """() => { navigator.mediaDevices.getUserMedia = async () => {
          throw new DOMException('', 'NotAllowedError');
        }; }"""
    )
    for _ in range(2):
        with page.expect_file_chooser():
            press(page, "Take a photo")
    with page.expect_file_chooser():
        press(page, "Choose another photo")
    assert page.evaluate("captures") == ["environment", "environment", None]
    assert page.evaluate("window.violations") == []
    context.close()


def test_examples(shop: ScriptedShop, photo: Path) -> None:
    """Examples are shown until there is a photo."""
    page = open_shop(shop)
    expect(dialog(page).get_by_text("One person, from the front")).to_be_visible()
    expect(dialog(page).get_by_text("Too dark", exact=True)).to_be_visible()
    choose(page, photo)
    expect(dialog(page).get_by_text("Too dark", exact=True)).to_be_hidden()


def test_consent(shop: ScriptedShop, photo: Path) -> None:
    """Consent is required once for each version of the policy."""
    shop.tag |= {"data-privacy-url": "/privacy", "data-privacy-version": "1"}
    page = open_shop(shop)
    choose(page, photo)
    box = dialog(page).get_by_role("checkbox", name=re.compile("I agree"))
    expect(box).not_to_be_checked()
    expect(dialog(page).get_by_role("link", name="Privacy policy")).to_have_attribute(
        "href", "/privacy"
    )
    button_of(page, "Try it on").click()
    expect(dialog(page).get_by_role("alert")).to_have_text("Please tick this box first.")
    expect(box).to_be_focused()
    expect(box).to_have_accessible_description("Please tick this box first.")
    assert shop.requests("POST", "/genvoris/tryons") == []
    box.check()
    press(page, "Try it on")
    expect_heading(page, "Here you are")

    page.reload()
    page.get_by_role("button", name="Try it on").click()
    choose(page, photo)
    expect(dialog(page).get_by_role("button", name="Choose another photo")).to_be_visible()
    expect(box).to_be_hidden()

    shop.tag["data-privacy-version"] = "2"
    page.reload()
    page.get_by_role("button", name="Try it on").click()
    choose(page, photo)
    expect(box).to_be_visible()


def test_consent_on_record(shop: ScriptedShop, photo: Path) -> None:
    """The backend's statements are ticked one by one, and told to it before the photo is sent."""
    form = {"hash": "9f2c", "language": "en", "text": "I agree to it.", "privacy_url": "/privacy"}
    form |= {"depicted": "The photo shows me.", "age": "I am at least 16 years old."}
    shop.status |= {"consent": {"form": form}}
    page = open_shop(shop)
    choose(page, photo)
    for statement in ("I agree to it.", "The photo shows me.", "I am at least 16 years old."):
        button_of(page, "Try it on").click()
        box = dialog(page).get_by_role("checkbox", name=statement)
        expect(box).to_be_focused()
        box.check()
    assert shop.requests("POST", "/genvoris/tryons") == []
    button_of(page, "Try it on").click()
    expect_heading(page, "Here you are")
    (agreed,) = shop.requests("POST", "/genvoris/consent")
    ticked = {"text": True, "depicted": True, "age": True}
    assert json.loads(agreed.post_data or "") == {"hash": "9f2c", "language": "en", **ticked}


def test_consent_withdrawn_elsewhere(shop: ScriptedShop, photo: Path) -> None:
    """What was agreed to on this page is asked anew when the backend wants it."""
    form = {"hash": "9f2c", "language": "en", "text": "I agree to it.", "depicted": "It is me."}
    shop.status |= {"consent": {"form": form}}
    shop.refusal = (403, {"error": "consent_required", "detail": "Please agree first."})
    page = open_shop(shop)
    choose(page, photo)
    agree(page)
    press(page, "Try it on")
    expect(dialog(page)).to_contain_text("Please agree first.")
    press(page, "Try again")
    expect(dialog(page).get_by_role("checkbox", name="I agree to it.")).not_to_be_checked()


def test_delete_photo(shop: ScriptedShop, photo: Path) -> None:
    """The photo and its pictures are gone at once, and deleted ten seconds later unless undone."""
    page = open_shop(shop)
    send(shop, page, photo)
    press(page, "Make it again")
    expect(dialog(page).get_by_role("button", name="You, with Shirt")).to_be_visible()
    made = json.loads(page.evaluate("sessionStorage.getItem('genvoris:made')"))
    assert len(made) == 2
    page.clock.install()

    press(page, "Delete my photo")
    expect(dialog(page)).to_contain_text("Your photo and its pictures are deleted.")
    expect_accessible(page, "genvoris-dialog")
    press(page, "Undo")
    expect_heading(page, "Here you are")
    assert shop.requests("DELETE", ".*") == []

    shop.failing = {f"/genvoris/tryons/{made[1]}"}
    press(page, "Delete my photo")
    expect(dialog(page).get_by_role("button", name="Undo")).to_be_visible()
    page.clock.fast_forward(10_000)
    expect(dialog(page).get_by_role("alert")).to_contain_text("You are offline")
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()

    shop.failing = set()
    press(page, "Delete my photo")
    expect(dialog(page).get_by_role("button", name="Undo")).to_be_visible()
    page.clock.fast_forward(10_000)
    expect(dialog(page).get_by_role("button", name="Undo")).to_be_hidden()
    until(page, lambda: page.evaluate("sessionStorage.getItem('genvoris:made')") is None)
    deleted = {each.url.split("/")[-1] for each in shop.requests("DELETE", ".*")}
    assert deleted == set(made)
    assert page.evaluate("[sessionStorage.getItem('genvoris:made'), localStorage.length]") == [
        None,
        0,
    ]


def test_deletion_does_not_wait_for_a_page_that_is_left(shop: ScriptedShop, photo: Path) -> None:
    """Leaving the page deletes at once what could still be undone."""
    page = open_shop(shop)
    send(shop, page, photo)
    press(page, "Delete my photo")
    expect(dialog(page).get_by_role("button", name="Undo")).to_be_visible()
    # Playwright sees no request of a page that is gone.
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    until(page, lambda: shop.requests("DELETE", ".*/tryons/.*"))


@pytest.mark.parametrize("engine", ["Genvoris", "own"])
def test_who_gets_the_photo(shop: ScriptedShop, engine: str) -> None:
    """Before a photo is chosen, the dialog says who gets it, for how long, and how to delete it."""
    shop.tag |= {"data-shop-name": "Marlow & Fen", "data-result-seconds": "5400"}
    if engine == "own":
        shop.tag["data-own-engine"] = "true"
    page = open_shop(shop)
    promise = dialog(page).locator("[part=promise]")
    who = "Marlow & Fen" if engine == "own" else "Marlow & Fen and Genvoris"
    expect(promise).to_contain_text(f"Your photo goes to {who}, only to make this picture.")
    expect(promise).to_contain_text("deletes the picture after 90 minutes")
    expect(promise).to_contain_text("at any time with “Delete my photo”.")
