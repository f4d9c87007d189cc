"""What was tried on outlasts the visit, on the shopper's own device and for them alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from tests.support.demo import Demo
from tests.support.dialog_steps import (
    dialog,
    expect_accessible,
    expect_heading,
    log_in,
    open_dialog,
    press,
    try_on,
    until,
)

ROOM = "Your fitting room"
KEPT = re.compile(r"Kept on this device until \d+ \w+|Kept on this device until \w+ \d+")

# All records of all databases, with their bytes as text, one character for each.
DUMP = """async () => {
  const text = [];
  const add = value => {
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value.buffer ?? value);
      for (let at = 0; at < bytes.length; at += 8192) {
        text.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
      }
    } else if (value && typeof value === 'object') {
      for (const [key, inner] of Object.entries(value)) { text.push(key, '='); add(inner); }
    } else text.push(String(value), ';');
  };
  for (const { name } of await indexedDB.databases()) {
    const db = await new Promise(done => {
      const request = indexedDB.open(name);
      request.onsuccess = () => done(request.result);
    });
    text.push(name);
    for (const store of db.objectStoreNames) {
      const all = db.transaction(store).objectStore(store).getAll();
      add(await new Promise(done => { all.onsuccess = () => done(all.result); }));
    }
    db.close();
  }
  return text.join('') + JSON.stringify({ ...localStorage });
}"""


def tiles(page: Page) -> Locator:
    return dialog(page).locator("[part=tiles] button")


def listen(page: Page) -> list[str]:
    """Return a list that collects what the page complains about."""
    complaints: list[str] = []

    def collect(line: ConsoleMessage) -> None:
        if line.type == "error":
            complaints.append(line.text)

    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", collect)
    return complaints


def open_room(page: Page) -> None:
    page.get_by_role("button", name=ROOM).click()
    expect_heading(page, ROOM)


def is_painted(canvas: Locator) -> bool:
    """Return whether a canvas shows a picture."""
    script = "c => c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[3]"
    return bool(canvas.evaluate(script) == 255)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_from_try_on_to_next_user(demo: Demo, desktop_page: Page, photo: Path) -> None:
    """A picture outlasts a reload, goes into the cart, is deleted, and is nobody else's."""
    page = desktop_page
    complaints = listen(page)
    log_in(page, demo.url, "Ada")
    open_dialog(page)
    try_on(page, photo)
    expect_heading(page, "Here you are")
    expect(dialog(page)).to_contain_text(KEPT)
    expect_accessible(page)

    # Reopened after a reload, the product shows what was made of it, and opens it large.
    page.reload()
    open_dialog(page)
    expect(dialog(page)).to_contain_text("You tried this on")
    expect(dialog(page).locator("[part=last-photo]")).to_have_count(0)
    expect_accessible(page)
    dialog(page).get_by_role("button", name="You, with Harbour shirt").click()
    expect_heading(page, ROOM)
    expect(dialog(page)).to_contain_text(KEPT)
    large = dialog(page).locator("[part=visual] canvas")
    until(page, lambda: is_painted(large))
    assert large.evaluate("c => c.width") == 800
    expect_accessible(page)

    # From the overview on another page into the cart.
    page.goto(f"{demo.url}/cart")
    open_room(page)
    expect(tiles(page)).to_have_count(1)
    dialog(page).get_by_role("checkbox", name="Choose Harbour shirt").check()
    press(page, "Add 1 to cart")
    expect(page.get_by_role("heading", name="Choose your sizes")).to_be_visible()
    page.get_by_label("M", exact=True).check(force=True)
    page.get_by_role("button", name="Add all to cart").click()
    expect(page.locator(".lines")).to_contain_text("Harbour shirt")

    # The photo is kept only for those who want it, and offered next time.
    page.goto(f"{demo.url}/product/breton-top")
    open_dialog(page)
    page.locator("genvoris-dialog input[type=file]").set_input_files(photo)
    box = dialog(page).locator("[part=keep-photo] input")
    expect(box).not_to_be_checked()
    box.check()
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    expect(dialog(page)).to_contain_text(KEPT)
    page.reload()
    open_dialog(page)
    # It takes the place of the examples, within sight, also on a phone.
    expect(dialog(page).locator("[part=last-photo]")).to_be_in_viewport(ratio=1)
    expect(dialog(page).locator("[part=examples]")).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 667})
    expect(dialog(page).locator("[part=last-photo]")).to_be_in_viewport(ratio=1)
    expect(dialog(page).locator("[part=promise]")).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 1280, "height": 800})
    press(page, "Use your last photo")
    expect(dialog(page).get_by_role("img", name="Your photo")).to_be_visible()
    expect(dialog(page).get_by_role("button", name="Try it on")).to_be_enabled()
    expect(dialog(page).get_by_role("button", name="Try it on")).not_to_contain_text("Uses")

    # Nothing of it can be read on the device, or by the next user of the browser.
    dump = page.evaluate(DUMP)
    assert len(dump) > 20_000
    assert [each for each in ("\xff\xd8\xff", "JFIF", "Harbour", "breton") if each in dump] == []
    page.context.clear_cookies()
    log_in(page, demo.url, "Elif")
    page.goto(f"{demo.url}/cart")
    open_room(page)
    expect(dialog(page)).to_contain_text("What you try on appears here")
    expect_accessible(page)
    assert len(page.evaluate(DUMP)) > 20_000

    # Back again, one tap deletes it, and another one undoes that.
    page.context.clear_cookies()
    log_in(page, demo.url, "Ada")
    page.goto(f"{demo.url}/cart")
    open_room(page)
    expect(tiles(page)).to_have_count(2)
    press(page, "Delete this picture")
    expect(tiles(page)).to_have_count(1)
    expect(dialog(page).get_by_role("button", name="Undo")).to_contain_text(" s")  # counts down
    press(page, "Undo")
    expect(tiles(page)).to_have_count(2)
    press(page, "Delete all")
    expect(dialog(page)).to_contain_text("What you try on appears here")
    expect_accessible(page)
    assert len(page.evaluate(DUMP)) < 2_000
    assert complaints == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_outfit(demo: Demo, desktop_page: Page, photo: Path) -> None:
    """A finished picture is the photo for the next garment, and the cart takes them all."""
    page = desktop_page
    complaints = listen(page)
    log_in(page, demo.url, "Ada")
    open_dialog(page)
    try_on(page, photo)
    expect_heading(page, "Here you are")
    matches = dialog(page).locator("[part=matches]")
    expect(matches.get_by_role("button")).to_have_count(4)
    expect_accessible(page)
    matches.get_by_role("button", name="Longshore scarf").click()

    # The shopper sees what comes next, and nothing has been spent.
    expect_heading(page, "Try it on")
    expect(dialog(page)).to_contain_text("Next: Longshore scarf")
    expect(dialog(page)).to_contain_text("25 of 30 try-ons left")
    press(page, "Back to the previous picture")
    expect_heading(page, "Here you are")
    matches.get_by_role("button", name="Longshore scarf").click()
    expect(dialog(page)).to_contain_text("Next: Longshore scarf")
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    chain = dialog(page).get_by_role("list", name="You are wearing")
    expect(chain.get_by_role("listitem")).to_have_text(["Harbour shirt", "Longshore scarf"])
    expect(dialog(page)).to_contain_text("24 of 30 try-ons left")
    expect_accessible(page)

    # The outfit is one picture of the fitting room, also after a reload; the cart takes all of it.
    expect(dialog(page)).to_contain_text(KEPT)
    page.goto(f"{demo.url}/cart")
    open_room(page)
    expect(tiles(page)).to_have_count(2)
    expect(dialog(page)).to_contain_text("Harbour shirt and Longshore scarf")
    press(page, "Add to cart")
    expect(page.locator("legend")).to_have_text(["Harbour shirt, Sky", "Longshore scarf"])
    assert complaints == []
