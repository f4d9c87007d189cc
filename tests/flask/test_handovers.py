"""A photo from the shopper's phone, through the shop, into the dialog on their computer."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from genvoris_flask.core.handover import LINK_SECONDS
from tests.support.flask_shop import SAME_ORIGIN, Shop, read_tag
from tests.support.local_genvoris import LocalGenvoris
from tests.support.phones import Phone, open_link, state, take
from tests.support.pictures import picture


def test_photo_reaches_the_dialog(shop: Shop) -> None:
    """It loses its metadata on the way, arrives once, and is not kept."""
    link = open_link(shop, headers={"Accept-Language": "de"})
    assert link["url"].startswith("http://localhost/genvoris/phone?lang=de#")
    phone = Phone(shop.app, link["url"])
    assert state(shop, link) == "waiting"
    assert phone.connect().status_code == 200
    assert state(shop, link) == "connected"
    exif = Image.Exif()
    exif[0x010F] = "Ada's camera"
    taken = io.BytesIO()
    Image.open(io.BytesIO(picture())).save(taken, "JPEG", exif=exif)
    assert phone.send(taken.getvalue()).status_code == 204
    assert state(shop, link) == "sent"
    photo = take(shop, link)
    assert photo.mimetype == "image/jpeg"
    assert b"Ada's camera" not in photo.data
    assert Image.open(io.BytesIO(photo.data)).size == Image.open(io.BytesIO(picture())).size
    assert photo.headers["Cache-Control"] == "no-store"
    again = take(shop, link)
    assert (again.status_code, again.get_json()["error"]) == (410, "handover_over")


def test_second_phone_is_told(shop: Shop) -> None:
    """A link that was used says so, to whoever opens or uses it again."""
    link = open_link(shop)
    phones = [Phone(shop.app, link["url"]) for _ in range(2)]
    assert [phone.connect().status_code for phone in phones] == [200, 200]
    assert phones[0].send().status_code == 204
    for answer in (phones[1].send(), phones[1].connect()):
        assert (answer.status_code, answer.get_json()["error"]) == (410, "handover_used")


def test_nobody_else_can_take_it(shop: Shop, genvoris: LocalGenvoris) -> None:
    """Neither another shopper, nor somebody who is logged out, nor the phone itself."""
    link = open_link(shop)
    phone = Phone(shop.app, link["url"])
    assert phone.send().status_code == 204
    bob = shop.app.test_client()
    genvoris.customer("bob", quota=3)
    shop.log_in("bob", bob)
    assert take(shop, link, bob).status_code == 410
    assert bob.get(f"/genvoris/handovers/{link['id']}").status_code == 410
    assert bob.delete(f"/genvoris/handovers/{link['id']}", headers=SAME_ORIGIN).status_code == 410
    assert take(shop, link, phone.browser).status_code == 401
    assert take(shop, link).status_code == 200


def test_only_a_shopper_gets_a_link(shop: Shop) -> None:
    """And only by a page of the shop's own."""
    cross_site = {"Sec-Fetch-Site": "cross-site"}
    assert shop.post("/handovers", headers=cross_site).status_code == 403
    shop.log_in(None)
    assert shop.post("/handovers").status_code == 401


def test_other_sites_send_nothing(shop: Shop) -> None:
    """Even with the token of a link."""
    phone = Phone(shop.app, open_link(shop)["url"])
    answer = phone.send(site="cross-site")
    assert (answer.status_code, answer.get_json()["error"]) == (403, "cross_origin")


@pytest.mark.parametrize(
    ("photo", "status", "error"),
    [
        (b"", 400, "no_photo"),
        (b"<svg onload=alert(1)>", 400, "not_a_photo"),
        (picture()[:200], 400, "broken_photo"),
        (bytes(65 * 1024), 413, "photo_too_large"),
    ],
    ids=["nothing", "page", "part", "large"],
)
def test_what_is_no_photo_is_refused(
    genvoris: LocalGenvoris, photo: bytes, status: int, error: str
) -> None:
    """The link stays good for a photo that can be used."""
    genvoris.customer("ada", quota=3)
    shop = Shop(genvoris, GENVORIS_MAX_UPLOAD_BYTES=64 * 1024)
    shop.log_in()
    link = open_link(shop)
    phone = Phone(shop.app, link["url"])
    answer = phone.send(photo)
    assert (answer.status_code, answer.get_json()["error"]) == (status, error)
    assert phone.send().status_code == 204


def test_guesses_are_limited(genvoris: LocalGenvoris) -> None:
    """Whoever tries tokens is refused before they are looked up."""
    shop = Shop(genvoris, GENVORIS_LIMIT_SESSION="2/minute")
    phone = Phone(shop.app, "#guess")
    assert [phone.connect().status_code for _ in range(11)] == [410] * 10 + [429]


def test_links_are_limited(genvoris: LocalGenvoris) -> None:
    """A shopper gets as many links as they may start try-ons."""
    genvoris.customer("ada", quota=3)
    shop = Shop(genvoris, GENVORIS_LIMIT_TRYONS="2/minute")
    shop.log_in()
    assert [shop.post("/handovers").status_code for _ in range(3)] == [201, 201, 429]


def test_link_expires(shop: Shop, genvoris: LocalGenvoris) -> None:
    """After five minutes, for both sides."""
    link = open_link(shop)
    genvoris.clock.now += LINK_SECONDS + 1
    answer = Phone(shop.app, link["url"]).send()
    assert (answer.status_code, answer.get_json()["error"]) == (410, "handover_over")
    assert shop.browser.get(f"/genvoris/handovers/{link['id']}").status_code == 410


def test_closed_dialog_ends_the_link(shop: Shop) -> None:
    """A phone that still has the page open is told."""
    link = open_link(shop)
    path = f"/genvoris/handovers/{link['id']}"
    assert shop.browser.delete(path, headers=SAME_ORIGIN).status_code == 204
    assert Phone(shop.app, link["url"]).send().get_json()["error"] == "handover_over"


def test_page(shop: Shop) -> None:
    """It is in the dialog's language, names the shop, and tells nobody of the link."""
    answer = shop.app.test_client().get("/genvoris/phone?lang=ar")
    page = answer.get_data(as_text=True)
    assert '<html lang="ar" dir="rtl">' in page
    assert "localhost" in page
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers


def test_page_of_a_shop_with_a_name_and_a_nonce(genvoris: LocalGenvoris) -> None:
    """Both are escaped, and a language that is unknown becomes the phone's own."""
    shop = Shop(genvoris, GENVORIS_SHOP_NAME='A & "B"', GENVORIS_CSP_NONCE=lambda: "n0nce")
    answer = shop.browser.get("/genvoris/phone?lang=<b>", headers={"Accept-Language": "fr-CA"})
    page = answer.get_data(as_text=True)
    assert '<html lang="fr" dir="ltr">' in page
    assert 'data-shop-name="A &amp; &#34;B&#34;"' in page
    assert page.count('nonce="n0nce"') == 2
    assert "script-src 'self' 'nonce-n0nce'" in answer.headers["Content-Security-Policy"]


def test_switched_off(genvoris: LocalGenvoris) -> None:
    """There is no route, and the widget does not offer it."""
    genvoris.customer("ada", quota=3)
    shop = Shop(genvoris, GENVORIS_PHONE_HANDOVER=False)
    shop.log_in()
    assert shop.post("/handovers").status_code == 404
    assert shop.browser.get("/genvoris/phone").status_code == 404
    assert "data-phone-handover" not in read_tag(shop.browser.get("/product").text)


@pytest.mark.parametrize("several", [False, True])
def test_several_processes_without_a_shared_store(shop: Shop, several: bool) -> None:
    """It is offered only where the process that serves the phone has the dialog's link."""
    environ = {"wsgi.multiprocess": several}
    tag = read_tag(shop.browser.get("/product", environ_overrides=environ).text)
    assert ("data-phone-handover" in tag) is not several
    assert shop.post("/handovers", environ_overrides=environ).status_code == (
        404 if several else 201
    )
