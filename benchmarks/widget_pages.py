"""The product pages that benchmarks/widget.py loads: with this widget, others, or none.

Guests may try on, so that no Genvoris is needed.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, render_template_string, request, send_from_directory

from genvoris_flask import GenvorisFlask

HERE = Path(__file__).resolve().parent
PRODUCTS = HERE.parent / "examples" / "demo_shop" / "static" / "products"
OBSERVE = (HERE / "observe.js").read_text()
NONCE = "bench"
# Report-only, since the other widgets would not work under it.
POLICY = (
    f"script-src 'nonce-{NONCE}' 'strict-dynamic'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'"
)
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Harbour shirt</title>
<meta name="viewport" content="width=device-width">
<link rel="icon" href="/products/ferry-bag.webp">{head}</head>
<body><h1>Harbour shirt</h1>
<img src="/products/harbour-shirt.webp" width="450" height="450" alt="Harbour shirt">
<p>{button}</p>
{{% for line in range(60) %}}<p>Line {{{{ line }}}} of a page with much to say.</p>{{% endfor %}}
{tail}</body></html>"""

OURS = PAGE.format(
    head="",
    button="{{ genvoris_button(image='/products/harbour-shirt.webp', title='Harbour shirt') }}",
    tail="{{ genvoris_widget() }}",
)
PLAIN = PAGE.format(head="", button="<button>Try it on</button>", tail="")
PHOTOSWIPE = PAGE.format(
    head='<link rel="stylesheet" href="/node_modules/photoswipe/dist/photoswipe.css">',
    button='<a id="open" href="/products/harbour-shirt.webp" data-pswp-width="450"'
    ' data-pswp-height="450">Look closer</a>',
    tail=f"""<script type="module" nonce="{NONCE}">
import PhotoSwipeLightbox from "/node_modules/photoswipe/dist/photoswipe-lightbox.esm.min.js";
const lightbox = new PhotoSwipeLightbox({{
  gallery: "#open",
  pswpModule: () => import("/node_modules/photoswipe/dist/photoswipe.esm.min.js"),
}});
lightbox.init();
bench.isReady();
</script>""",
)
SHOP_UI = PAGE.format(
    head="",
    button='<span id="sizes"></span>',
    tail=f"""<div id="modal"></div><script type="module" nonce="{NONCE}">
import {{ initFittingRoom }} from "/node_modules/@thefittingroom/shop-ui/dist/esm/index.min.js";
initFittingRoom({{ shopId: 1, modalDivId: "modal", sizeRecMainDivId: "sizes", env: "prod" }})
  .catch(() => {{}});  // its own servers are not asked here
bench.isReady();
</script>""",
)
PAGES = {"ours": OURS, "plain": PLAIN, "photoswipe": PHOTOSWIPE, "shop-ui": SHOP_UI}

app = Flask(__name__)
app.config.update(
    SECRET_KEY="bench",
    GENVORIS_API_KEY="gvk_test_bench",
    GENVORIS_ALLOW_GUESTS=True,
    GENVORIS_CSP_NONCE=lambda: NONCE,
)
GenvorisFlask(app)


@app.get("/<name>")
def page(name: str) -> Response:
    html = render_template_string(PAGES[name])
    if "observed" in request.args:  # for browsers that cannot run a script before a page's own
        html = html.replace("<head>", f'<head><script nonce="{NONCE}">{OBSERVE}</script>', 1)
    response = Response(html)
    response.headers["Content-Security-Policy-Report-Only"] = POLICY
    return response


@app.get("/products/<name>")
def product(name: str) -> Response:
    return send_from_directory(PRODUCTS, name)


@app.get("/node_modules/<path:name>")
def package(name: str) -> Response:
    return send_from_directory(HERE / "node_modules", name)
