"""Copies of a finished picture say, like itself, that a model made it."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import expect

from genvoris_flask.core.images.marking import DEFAULT_CREDIT
from tests.support.dialog_steps import dialog, finish_try_on, press, until
from tests.support.picture_marks import AI_COMPOSITE, COPIED, NOTE_COPIES, read_by_exiftool
from tests.support.pictures import marked, opened, picture
from tests.support.scripted_shop import ScriptedShop


def copied(shop: ScriptedShop, photo: Path) -> bytes:
    """Try on, copy the picture, and return what the clipboard was given."""
    shop.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = finish_try_on(shop, photo)
    page.evaluate(f"() => {{ navigator.canShare = () => false; {NOTE_COPIES} }}")
    press(page, "Share")
    expect(dialog(page).get_by_role("button", name="Copied")).to_be_visible()
    return bytes(page.evaluate(COPIED))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_copy_has_its_pictures_mark(shop: ScriptedShop, photo: Path, kind: str) -> None:
    """The clipboard is given the picture's own XMP, in a file without faults."""
    shop.picture = marked(picture(kind), "Laden: Ähnlichkeit gerechnet")
    copy = copied(shop, photo)
    assert read_by_exiftool(copy) == ["OK", AI_COMPOSITE, "Laden: Ähnlichkeit gerechnet"]
    assert opened(copy).size == opened(shop.picture).size


def test_copy_of_a_picture_without_xmp(shop: ScriptedShop, photo: Path) -> None:
    """One that says it in its manifest alone has a copy that says it in XMP."""
    shop.picture = picture("JPEG")
    assert read_by_exiftool(copied(shop, photo)) == ["OK", AI_COMPOSITE, DEFAULT_CREDIT]


def test_copy_of_a_picture_with_other_xmp(shop: ScriptedShop, photo: Path) -> None:
    """XMP that doesn't say it is not taken for the mark."""
    file = io.BytesIO()
    Image.new("RGB", (600, 900)).save(file, "JPEG", xmp=b"<?xpacket begin=''?><?xpacket end='w'?>")
    shop.picture = file.getvalue()
    assert read_by_exiftool(copied(shop, photo)) == ["OK", AI_COMPOSITE, DEFAULT_CREDIT]


def test_shared_and_downloaded_file(shop: ScriptedShop, photo: Path) -> None:
    """What is shared or downloaded is the file that the shop serves."""
    shop.picture = marked(picture("JPEG"))
    page = finish_try_on(shop, photo)
    page.evaluate(
        """() => {
          navigator.canShare = () => true;
          navigator.share = async ({files}) => { window.shared = files[0]; };
        }"""
    )
    press(page, "Share")
    until(page, lambda: page.evaluate("Boolean(window.shared)"))
    read = "async () => [...new Uint8Array(await window.shared.arrayBuffer())]"
    assert bytes(page.evaluate(read)) == shop.picture
    with page.expect_download() as download:
        dialog(page).get_by_text("Download", exact=True).click()
    assert urlsplit(download.value.url).path == "/genvoris/tryons/j1/image"
