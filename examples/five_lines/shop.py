"""The smallest shop: one product, one shopper, and a try-on."""

from flask import Flask, render_template_string

from genvoris_flask import GenvorisFlask, Shopper

app = Flask(__name__)
genvoris = GenvorisFlask(app)  # the settings are environment variables here


@genvoris.shopper_loader
def who_is_shopping() -> Shopper:
    return Shopper("user_42")  # in a real shop: whoever is logged in, or None


@app.get("/")
def product() -> str:
    return render_template_string(
        """<!doctype html><title>Shirt</title><h1>Shirt</h1>
        {{ genvoris_button(image='/static/shirt.png', title='Shirt', id='shirt') }}
        {{ genvoris_widget() }}"""
    )
