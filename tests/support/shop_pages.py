"""Pages of shops that a scripted shop can show: quick views with the button, and routers."""

from __future__ import annotations

from tests.support.shop_script import POLICY, TRIGGER, WIDGET, ShopScript
from tests.support.widget_build import bundle

STYLES_ALLOWED = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
EVAL_ALLOWED = STYLES_ALLOWED.replace("'strict-dynamic'", "'strict-dynamic' 'unsafe-eval'")
LONG = '<p style="height: 4000px">Long</p>'
FIRST = '<h2>First</h2><a href="/second">Second</a>' + TRIGGER + LONG
SECOND = '<h2>Second</h2><a href="/product">First</a>' + TRIGGER + LONG
# Two pages by React, whose label the page's own scripts may change.
REACT = """
import { createElement as h, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

const LOOK = { className: 'genvoris-tryon-btn', 'data-product-image': '/shirt.png',
  'data-product-title': 'Shirt', 'data-product-id': 's1' };

function App() {
  const [path, setPath] = useState(location.pathname);
  const [label, setLabel] = useState('Try it on');
  window.setLabel = setLabel;
  useEffect(() => {
    const show = () => setPath(location.pathname);
    addEventListener('popstate', show);
    return () => removeEventListener('popstate', show);
  }, []);
  const [here, there, url] = path === '/second'
    ? ['Second', 'First', '/product'] : ['First', 'Second', '/second'];
  const go = event => {
    event.preventDefault();
    history.pushState(null, '', url);
    setPath(url);
  };
  return h('main', { key: path }, h('h2', null, here), h('a', { href: url, onClick: go }, there),
    h('button', LOOK, label), h('p', { style: { height: 4000 } }, 'Long'));
}

createRoot(document.querySelector('#app')).render(h(App));"""


def inline(code: str) -> str:
    return f'<script nonce="n">{code}</script>'


def library(path: str, attributes: str = "") -> str:
    """Return the tag of a file in ``node_modules``."""
    return f'<script nonce="n" {attributes} src="/lib/{path}"></script>'


def focus_trap(shop: ShopScript) -> None:
    """Show a panel with focus-trap that is not marked up as a dialog."""
    shop.head = library("tabbable/dist/index.umd.js") + library("focus-trap/dist/focus-trap.umd.js")
    shop.body = (
        f'<div id="panel"><button id="first">First</button>{TRIGGER}<a href="#x">Last</a></div>'
        '<button id="outside">Outside</button>'
        + inline("const trap = focusTrap.createFocusTrap('#panel'); trap.activate();")
    )


def alpine(shop: ShopScript) -> None:
    """Offer a quick view that traps the focus with Alpine and closes on outside clicks."""
    shop.policy = EVAL_ALLOWED
    shop.head = library("@alpinejs/focus/dist/cdn.js", "defer")
    shop.head += library("alpinejs/dist/cdn.js", "defer")
    shop.body = (
        '<div x-data="{open: false}"><button id="view" @click="open = true">Quick view</button>'
        '<div id="panel" x-show="open" x-trap.inert.noscroll="open" @click.outside="open = false"'
        f' @keydown.escape.window="open = false"><button>First</button>{TRIGGER}</div></div>'
    )


def bootstrap(shop: ShopScript) -> None:
    """Offer Bootstrap's modal."""
    shop.policy = STYLES_ALLOWED
    shop.head = library("bootstrap/dist/js/bootstrap.bundle.js")
    shop.css = (WIDGET / "node_modules/bootstrap/dist/css/bootstrap.css").read_text()
    shop.body = (
        '<button id="view" data-bs-toggle="modal" data-bs-target="#panel">Quick view</button>'
        '<div class="modal" id="panel" tabindex="-1"><div class="modal-dialog">'
        '<div class="modal-content"><button>First</button>'
        f"{TRIGGER}</div></div></div>"
    )


def own_dialog(shop: ShopScript) -> None:
    """Show a native modal dialog."""
    shop.body = f'<dialog id="panel"><button>First</button>{TRIGGER}</dialog>' + inline(
        "document.querySelector('#panel').showModal()"
    )


def popover(shop: ShopScript) -> None:
    """Offer a popover, which closes when a dialog opens outside of it."""
    shop.body = (
        '<button id="view" popovertarget="panel">Quick view</button>'
        f'<div id="panel" popover><button>First</button>{TRIGGER}</div>'
    )


PANELS = [focus_trap, alpine, bootstrap, own_dialog, popover]


def turbo(shop: ShopScript) -> None:
    """Replace the body by Turbo, which caches pages as copies of their elements."""
    link_pages(shop, library("@hotwired/turbo/dist/turbo.es2017-umd.js"))


def htmx_2(shop: ShopScript) -> None:
    """Replace the body by htmx."""
    link_pages(shop, library("htmx.org/dist/htmx.js"))


def htmx_4(shop: ShopScript) -> None:
    """Replace the body by htmx's next version."""
    link_pages(shop, library("htmx-4/dist/htmx.js"))


def link_pages(shop: ShopScript, head: str) -> None:
    """Link two pages, whose links replace the body only."""
    shop.head = head
    shop.policy = EVAL_ALLOWED
    boost = ' hx-boost="true" hx-boost:inherited="true"'
    shop.body = f"<div{boost}>{FIRST}</div>"
    shop.pages["/second"] = f"<div{boost}>{SECOND}</div>"


def react(shop: ShopScript) -> None:
    """Draw the pages, and with them the button, by React."""
    shop.body = f'<div id="app"></div>{inline(bundle(REACT))}'


ROUTERS = [turbo, htmx_2, htmx_4, react]


def tag_manager(shop: ShopScript) -> None:
    """Add the widget's tag by a script, after the page is loaded."""
    shop.script = inline(
        """addEventListener('load', () => setTimeout(() => {
          const script = document.createElement('script');
          script.src = '/genvoris/widget.js';
          script.dataset.apiUrl = '/genvoris';
          document.head.append(script);
        }))"""
    )


def trusted_types(shop: ShopScript) -> None:
    """Require Trusted Types, and allow the widget's policy."""
    shop.policy = f"{POLICY}; require-trusted-types-for 'script'; trusted-types genvoris"
