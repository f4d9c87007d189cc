"""The pages that sell: home, product, cart."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user
from werkzeug.wrappers import Response

from .catalogue import BY_SLUG, GARMENTS, PRODUCTS, Product, related, worn_with
from .genvoris import genvoris
from .models import external_id
from .security import safe_next

blueprint = Blueprint("shop", __name__)

MOST_OF_A_KIND = 9


@blueprint.get("/")
def home() -> str:
    return render_template("home.html", products=PRODUCTS)


@blueprint.get("/product/<slug>")
def product(slug: str) -> str:
    found = BY_SLUG.get(slug)
    if found is None:
        abort(404)
    people = [
        {"src": url_for("static", filename=f"people/{name}.jpg"), "alt": alt}
        for name, alt in SAMPLE_PEOPLE
    ]
    colours = GARMENTS[found.garment]
    variants = [
        {"label": each.colour, "id": each.slug, "image": each.image_url}
        for each in colours
        if each is not found
    ]
    return render_template(
        "product.html",
        product=found,
        colours=colours,
        variants=variants,
        related=related(found),
        pairs=[_pair(each) for each in worn_with(found)],
        people=people,
    )


def _pair(product: Product) -> dict[str, str]:
    """Return a product to wear with another one."""
    return {
        "image": product.image_url,
        "title": product.title,
        "id": product.slug,
        "category": product.category,
        "page_url": url_for(".product", slug=product.slug),
    }


SAMPLE_PEOPLE = (
    ("amara", "Sample photo: Amara"),
    ("jonas", "Sample photo: Jonas"),
    ("mei", "Sample photo: Mei"),
)


LANGUAGES = {
    "en": "English",
    "ar": "العربية",
    "fr": "Français",
    "de": "Deutsch",
    "es": "Español",
    "ur": "اردو",
}


@blueprint.post("/language")
def choose_language() -> Response:
    """Store the language of the try-on; the shop's own pages are only in English."""
    language = request.form.get("language", "")
    if language not in LANGUAGES:
        abort(400, "That language is not spoken here.")
    session["tryon_language"] = language
    return redirect(safe_next(url_for(".home")))


@blueprint.get("/privacy")
def privacy() -> str:
    return render_template("privacy.html")


@blueprint.get("/cart")
def cart() -> str:
    lines = cart_lines()
    total = sum(line.product.price * line.count for line in lines)
    return render_template("cart.html", lines=lines, total=total)


@blueprint.post("/cart")
def add_to_cart() -> Response:
    found = BY_SLUG.get(request.form.get("slug", ""))
    size = request.form.get("size", "")
    if found is None or size not in found.sizes:
        abort(400, "Please choose a size.")
    _change(found, size, 1)
    colour = f" in {found.colour.lower()}" if found.colour else ""
    flash(f"{found.title}{colour}, size {size}, is in your cart.")
    return redirect(url_for(".cart"))


@blueprint.get("/cart/sizes")
def choose_sizes() -> str:
    """Ask for the sizes of several products, such as an outfit that was tried on."""
    slugs = dict.fromkeys(request.args.getlist("slug"))
    products = [BY_SLUG[slug] for slug in slugs if slug in BY_SLUG]
    if not products:
        abort(404)
    return render_template("sizes.html", products=products)


@blueprint.post("/cart/sizes")
def add_several() -> Response:
    for slug in request.form.getlist("slug"):
        found = BY_SLUG.get(slug)
        size = request.form.get(f"size-{slug}", "")
        if found is None or size not in found.sizes:
            abort(400, "Please choose a size of each.")
        _change(found, size, 1)
    return redirect(url_for(".cart"))


@blueprint.post("/cart/change")
def change_cart() -> Response:
    found = BY_SLUG.get(request.form.get("slug", ""))
    step = request.form.get("step", "")
    if found is None or step not in ("1", "-1"):
        abort(400, "That is not in your cart.")
    _change(found, request.form.get("size", ""), int(step))
    return redirect(url_for(".cart"))


@blueprint.post("/checkout")
def checkout() -> str:
    """Pretend to sell, and report the order to Genvoris, since a try-on may have led to it."""
    if lines := cart_lines():
        genvoris.conversion(
            f"order_{secrets.token_hex(6)}",
            sum(line.product.price * line.count for line in lines),
            currency="EUR",
            quantity=sum(line.count for line in lines),
        )
    brought = bring_try_ons() if lines else 0
    session.pop("cart", None)
    return render_template("thanks.html", brought=brought)


def bring_try_ons() -> int:
    """Give the try-ons that an order brings, if the shop charges by credits."""
    count: int = current_app.config.get("GENVORIS_CREDITS", 0)
    if not count or not current_user.is_authenticated:
        return 0
    order_id = f"order_{secrets.token_hex(6)}"
    genvoris.billing.order_paid(order_id, external_id=external_id(current_user))
    return count


@dataclass(frozen=True)
class Line:
    """A quantity of a product in a size."""

    product: Product
    size: str
    count: int


def cart_lines() -> list[Line]:
    """Return the lines of this visitor's cart."""
    lines: list[Line] = []
    for key, count in session.get("cart", {}).items():
        slug, _, size = key.partition("/")
        if slug in BY_SLUG:
            lines.append(Line(BY_SLUG[slug], size, count))
    return lines


def cart_count() -> int:
    """Return the number of items in the cart."""
    return sum(session.get("cart", {}).values())


def _change(found: Product, size: str, step: int) -> None:
    key = f"{found.slug}/{size}"
    items: dict[str, int] = dict(session.get("cart", {}))
    count = min(MOST_OF_A_KIND, items.get(key, 0) + step)
    items.pop(key, None)
    if count > 0:
        items[key] = count
    session["cart"] = items
