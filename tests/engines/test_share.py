"""Sharing a picture by the system, by the clipboard, and without either; downloading it."""

from __future__ import annotations

from pathlib import Path

from tests.support.browser_window import BrowserWindow, try_on
from tests.support.picture_marks import AI_COMPOSITE, COPIED, NOTE_COPIES, read_by_exiftool
from tests.support.pictures import marked, picture
from tests.support.served_shop import ServedShop

# What a system with a share sheet has; the browser's own rule about clicks stays.
SHARE_SHEET = """navigator.canShare = ({files}) => files[0].type.startsWith('image/');
navigator.share = async ({files, title}) => {
  window.shared = [files[0].size, files[0].type, title];
};"""
# Notes what would be downloaded.
NO_DOWNLOADS = """const {click} = HTMLElement.prototype;
HTMLElement.prototype.click = function () {
  if (!this.download) return click.call(this);
  window.downloaded = [this.download, new URL(this.href).pathname];
};"""
NO_SHARE_SHEET = "navigator.canShare = undefined;"


def test_share_sheet_or_address(window: BrowserWindow, shop: ServedShop, photo: Path) -> None:
    """The system shares the picture where it can; a browser that copies none copies the address."""
    try_on(window, shop.url, photo)
    window.run(SHARE_SHEET)
    window.press("Share")
    size, kind, title = window.wait_until("return window.shared")
    assert (size > 1000, kind, title) == (True, "image/jpeg", "Shirt")
    window.run(f"{NO_SHARE_SHEET} delete window.ClipboardItem;")
    window.press("Share")
    window.expect_text("Copied")
    window.run(NO_DOWNLOADS)
    window.press("Download")
    assert window.wait_until("return window.downloaded") == [
        "try-on.jpg",
        "/genvoris/tryons/j1/image",
    ]


def test_copy(window: BrowserWindow, shop: ServedShop, photo: Path) -> None:
    """Without a share sheet the picture is copied, however long it takes, with its mark."""
    shop.picture = marked(picture("JPEG"), "Shop")
    try_on(window, shop.url, photo)
    window.run(NO_SHARE_SHEET + NOTE_COPIES)
    window.press("Share")
    window.expect_text("Copied")
    copy = bytes(window.run(f"return ({COPIED})()"))
    assert read_by_exiftool(copy) == ["OK", AI_COMPOSITE, "Shop"]
