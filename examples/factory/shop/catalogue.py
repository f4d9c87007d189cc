"""The products, and which of them can be tried on."""

from dataclasses import dataclass

from flask import Blueprint, abort, render_template

from genvoris_flask import Product

from .extensions import genvoris

bp = Blueprint("catalogue", __name__)


@dataclass(frozen=True)
class Item:
    sku: str
    title: str
    image: str
    fits_people: bool = True


ITEMS = {
    item.sku: item
    for item in (
        Item("shirt", "Striped shirt", "/static/shirt.png"),
        Item("mug", "Mug", "/static/mug.png", fits_people=False),
    )
}


@bp.get("/products/<sku>")
def product(sku: str) -> str:
    item = ITEMS.get(sku)
    if item is None:
        abort(404)
    return render_template("product.html", item=item)


@genvoris.product_filter
def may_be_tried_on(product: Product) -> bool:
    item = ITEMS.get(product.id or "")
    return item is not None and item.fits_people
