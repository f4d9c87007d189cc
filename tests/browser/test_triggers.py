"""What opens the dialog: clicks that a page stops, links, scripts, and what they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.dialog_steps import choose, dialog, expect_heading, press, until
from tests.support.scripted_shop import POLICY, TRIGGER, WIDGET, ScriptedShop

COUNT = """<script nonce="n">
window.opened = [];
addEventListener('genvoris:open', event => opened.push(event.detail.product));
</script>"""
ALPINE = '<script nonce="n" defer src="/lib/alpinejs/dist/cdn.js"></script>'


def opened(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("window.opened")
    return found


def script(code: str) -> str:
    return f'<script nonce="n">{code}</script>'


STOPS = {
    "on the trigger": "trigger.addEventListener('click', event => event.stopPropagation())",
    "at once": "trigger.addEventListener('click', event => event.stopImmediatePropagation())",
    "below it": "trigger.firstChild.addEventListener('click', event => event.stopPropagation())",
    "around it": "trigger.parentNode.addEventListener('click', event => event.stopPropagation())",
    "before it": """trigger.parentNode.addEventListener(
      'click', event => event.stopPropagation(), {capture: true})""",
    "by cancelBubble": "trigger.addEventListener('click', event => event.cancelBubble = true)",
}
NESTED = TRIGGER.replace(">Try it on<", "><span>Try it on</span><")


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS.keys())
def test_stopped_click(shop: ScriptedShop, stop: str) -> None:
    """A stopped click still opens the dialog, once."""
    find = "const trigger = document.querySelector('.genvoris-tryon-btn');"
    shop.body = f"<div>{NESTED}</div>" + script(find + stop)
    shop.head = COUNT
    page = shop.open()
    page.locator(".genvoris-tryon-btn span").click()
    expect_heading(page, "Try it on")
    assert [product["title"] for product in opened(page)] == ["Shirt"]


@pytest.mark.parametrize(
    "trigger",
    [
        '<a href="/elsewhere" class="genvoris-tryon-btn" data-product-image="/a.png">Try</a>',
        '<form action="/elsewhere"><button class="genvoris-tryon-btn" data-product-image="/a.png">'
        "Try</button></form>",
    ],
    ids=["link", "submit"],
)
@pytest.mark.parametrize("stop", [STOPS["on the trigger"], STOPS["around it"], ""])
def test_link_as_trigger(shop: ScriptedShop, trigger: str, stop: str) -> None:
    """The dialog opens instead of the link."""
    find = "const trigger = document.querySelector('.genvoris-tryon-btn');"
    shop.body = trigger + script(find + stop)
    page = shop.open()
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Try it on")
    assert page.url.endswith("/product")


@pytest.mark.parametrize(
    "listener",
    [
        "event.preventDefault()",
        "event.stopPropagation(); event.preventDefault()",
        "event.preventDefault(); event.stopImmediatePropagation()",
    ],
)
@pytest.mark.parametrize("at", ["trigger", "trigger.parentNode", "document", "window"])
def test_prevented_click(shop: ScriptedShop, listener: str, at: str) -> None:
    """The shop's own listener decides, on any node."""
    find = "const trigger = document.querySelector('.genvoris-tryon-btn');"
    listen = f"{at}.addEventListener('click', event => {{ {listener}; }})"
    shop.body = f"<div>{TRIGGER}</div>" + script(f"{find} addEventListener('load', () => {listen})")
    shop.head = COUNT
    page = shop.open()
    page.wait_for_load_state()
    page.locator(".genvoris-tryon-btn").click()
    page.evaluate("() => new Promise(done => setTimeout(done))")
    page.evaluate("() => Genvoris.openTryOn({productImages: ['/b.png'], productTitle: 'Later'})")
    expect_heading(page, "Try it on")
    assert [product["title"] for product in opened(page)] == ["Later"]


def test_alpine_click_stop(shop: ScriptedShop) -> None:
    """A trigger with ``@click.stop`` opens, and the card around it is not clicked."""
    shop.policy = POLICY.replace("'strict-dynamic'", "'strict-dynamic' 'unsafe-eval'")
    shop.head = ALPINE + COUNT
    trigger = TRIGGER.replace("<button", '<button @click.stop="seen = true"')
    shop.body = (
        '<div x-data="{seen: false, left: false}" @click="left = true">'
        f"<p x-text=\"seen + ' ' + left\"></p>{trigger}</div>"
    )
    page = shop.open()
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Try it on")
    expect(page.locator("p").first).to_have_text("true false")


def test_bootstrap_offcanvas(shop: ScriptedShop) -> None:
    """A panel that stops clicks, so that they do not close it, still opens the dialog."""
    shop.policy = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
    shop.head = '<script nonce="n" src="/lib/bootstrap/dist/js/bootstrap.bundle.js"></script>'
    shop.css = (WIDGET / "node_modules/bootstrap/dist/css/bootstrap.css").read_text()
    shop.body = (
        '<div class="dropdown"><button data-bs-toggle="dropdown">Quick view</button>'
        f'<div class="dropdown-menu"><div class="panel">{TRIGGER}</div></div></div>'
        + script(
            "document.querySelector('.panel').addEventListener('click', e => e.stopPropagation())"
        )
    )
    page = shop.open()
    page.get_by_role("button", name="Quick view").click()
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Try it on")


TAGGED = {"data-product-image": "/tag.png", "data-product-title": "Of the tag"}
SHARED = (
    '<meta property="og:title" content="Of the page"><meta property="og:image" content="/og.png">'
)


@pytest.mark.parametrize(
    ("tag", "body", "head", "title", "image"),
    [
        (TAGGED, TRIGGER, SHARED, "Of the tag", "/tag.png"),
        ({}, TRIGGER, SHARED, "Shirt", "/shirt.png"),
        ({}, "", SHARED, "Of the page", "/og.png"),
    ],
    ids=["tag", "trigger", "page"],
)
@pytest.mark.parametrize("opener", ["script", "address", "bare button"])
def test_product_of_page(
    shop: ScriptedShop,
    tag: dict[str, str],
    body: str,
    head: str,
    title: str,
    image: str,
    opener: str,
) -> None:
    """``openTryOn()``, ``?genvoris_tryon=1`` and a bare button take it from the tag or the page."""
    shop.tag |= tag
    shop.head = COUNT + head
    shop.body = body + '<button id="bare" class="genvoris-tryon-btn">Try</button>'
    page = shop.open("/product?genvoris_tryon=1" if opener == "address" else "/product")
    if opener == "script":
        page.evaluate("() => Genvoris.openTryOn()")
    elif opener == "bare button":
        page.locator("#bare").click()
    expect_heading(page, "Try it on")
    expect(dialog(page)).to_contain_text(title)
    assert [(product["title"], product["image"]) for product in opened(page)] == [(title, image)]


@pytest.mark.parametrize("query", ["", "?genvoris_tryon=0", "?genvoris_tryon=10", "?q=1"])
def test_other_query_opens_nothing(shop: ScriptedShop, query: str) -> None:
    """Only ``genvoris_tryon=1`` opens the dialog."""
    shop.head = COUNT
    page = shop.open(f"/product{query}")
    page.evaluate("() => Genvoris.open()")
    expect_heading(page, "Try it on")
    assert len(opened(page)) == 1


def test_click_without_connection(new_context: Any) -> None:
    """The trigger is busy at once, and the dialog opens when the browser is online again."""
    context = new_context()
    shop = ScriptedShop(context)
    page = shop.open()
    page.route("**/genvoris/*.js*", lambda route: route.abort())
    context.set_offline(True)
    trigger = page.locator(".genvoris-tryon-btn")
    trigger.click()
    expect(trigger).to_have_attribute("aria-busy", "true")
    until(page, lambda: len(shop.logged) >= 8)  # each file is tried four times
    expect(trigger).to_have_attribute("aria-busy", "true")
    page.unroute("**/genvoris/*.js*")
    context.set_offline(False)
    expect_heading(page, "Try it on")
    expect(trigger).not_to_have_attribute("aria-busy", "true")


def test_no_product(shop: ScriptedShop) -> None:
    """Without a product, the dialog reports a problem."""
    shop.body = '<button class="genvoris-tryon-btn">Try</button>'
    page = shop.open()
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "That did not work")


def test_all_pictures_are_sent(shop: ScriptedShop, photo: Path) -> None:
    """The first picture is shown."""
    page = shop.open()
    page.evaluate(
        "Genvoris.openTryOn({productImages: ['/a.png', '/b.png', '/c.png'], productTitle: 'A'})"
    )
    expect_heading(page, "Try it on")
    choose(page, photo)
    press(page, "Try it on")
    expect_heading(page, "Here you are")
    body = shop.requests("POST", "/genvoris/tryons")[0].post_data_buffer or b""
    parts = body.split(b'name="product_image"\r\n\r\n')[1:]
    assert [part.split(b"\r\n")[0] for part in parts] == [b"/a.png", b"/b.png", b"/c.png"]


OWN_LISTENER = (
    '<button class="genvoris-tryon-btn" data-image="/hosted.png" data-title="Hosted">Try</button>'
)


@pytest.mark.parametrize(
    "ask",
    [
        "ask()",
        "Promise.resolve().then(ask)",
        "addEventListener('genvoris:open', ask, {once: true})",
    ],
    ids=["at once", "soon", "once it is open"],
)
def test_button_with_listener(shop: ScriptedShop, ask: str) -> None:
    """One click is one ``open``, whether trigger or script asked first."""
    shop.head = COUNT
    shop.body = OWN_LISTENER + script(
        """const button = document.querySelector('.genvoris-tryon-btn');
        const ask = () => {
          Genvoris.openTryOn({productImages: [button.dataset.image], token: 't.own.s'});
          window.asked = true;
        };"""
        f"button.addEventListener('click', () => {{ {ask}; }})"
    )
    page = shop.open()
    page.locator(".genvoris-tryon-btn").click()
    expect_heading(page, "Try it on")
    until(page, lambda: page.evaluate("window.asked"))
    # What was asked for is done by the time that a later request is.
    page.evaluate("Genvoris.openTryOn({productImages: ['/last.png'], productTitle: 'Last'})")
    expect(dialog(page)).to_contain_text("Last")
    assert [product["image"] for product in opened(page)] == ["/hosted.png", "/last.png"]


def test_button_without_listener(shop: ScriptedShop) -> None:
    """``data-image`` and ``data-title`` are read too."""
    shop.body = OWN_LISTENER
    page = shop.open()
    page.locator(".genvoris-tryon-btn").click()
    expect(dialog(page)).to_contain_text("Hosted")
