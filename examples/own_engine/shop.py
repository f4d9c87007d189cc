"""A shop that makes its own pictures; Genvoris only meters them."""

from io import BytesIO
from pathlib import Path

from flask import Flask, render_template_string
from PIL import Image, ImageOps

from genvoris_flask import GenvorisFlask, Photo, Product, Shopper

GARMENTS = {"shirt": Path(__file__).parent / "static" / "shirt.png"}
MAX_SIDE = 1600

app = Flask(__name__)
genvoris = GenvorisFlask(app)


@genvoris.shopper_loader
def who_is_shopping() -> Shopper:
    return Shopper("user_42")


@genvoris.product_filter
def may_be_tried_on(product: Product) -> bool:
    return product.id in GARMENTS  # what the browser says about a product is not to be trusted


@genvoris.tryon_engine
def make(photo: Photo, product: Product, _shopper: Shopper | None) -> bytes:
    """Lay the garment over the photo. A real engine calls a model here."""
    person = ImageOps.exif_transpose(Image.open(BytesIO(photo.data))).convert("RGB")
    person.thumbnail((MAX_SIDE, MAX_SIDE))
    garment = Image.open(GARMENTS[product.id or ""]).convert("RGBA")
    garment = ImageOps.contain(garment, (person.width // 2, person.height // 2))
    person.paste(garment, (person.width // 4, person.height // 3), garment)
    picture = BytesIO()
    person.save(picture, "JPEG", quality=90)
    return picture.getvalue()


@app.get("/")
def product() -> str:
    return render_template_string(
        """<!doctype html><title>Shirt</title><h1>Shirt</h1>
        {{ genvoris_button(image='/static/shirt.png', title='Shirt', id='shirt') }}
        {{ genvoris_widget() }}"""
    )
