"""``genvoris_button()``: the button that opens the try-on of a product, and its design."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask import Request, has_request_context, request
from markupsafe import Markup

from ..core.button_design import PLAIN, ButtonDesign, DesignFunction, read_design
from ..core.locales import DEFAULT, translate
from ..core.products import Product
from ..errors import ConfigurationError
from .caching import is_being_cached
from .hooks import log_once
from .html import attribute_name, attribute_value, element, page_nonce, write_attributes
from .preview import preview_design
from .state import AppState, state_for

STYLE_PATH = "/button-style"

# In the request's environment.
_DESIGN = "genvoris.button_design"
_STYLE_LINKED = "genvoris.style_linked"
_PRODUCT_FIELDS = ("image", "title", "id", "category", "page_url")


def genvoris_button(
    *,
    image: str,
    title: str,
    id: str | None = None,  # noqa: A002  (the template's word for it)
    category: str | None = None,
    label: str | None = None,
    variants: Sequence[Mapping[str, object]] | None = None,
    pairs: Sequence[Mapping[str, object]] | None = None,
    card: bool = False,
    language: str | None = None,
    **attributes: object,
) -> Markup:
    """Return a button that opens the try-on of a product.

    Args:
        image: The product picture's URL or path.
        title: The product's title.
        id: The shop's own product id.
        category: apparel, home, object or other; tells Genvoris where it goes.
        label: The button's text. Default: ``action.try_on`` of GENVORIS_TEXTS in ``language``, else
            the label of GENVORIS_BUTTON, else "Try it on", in ``language``.
        variants: Other sizes or colours to try on with the same photo:
            ``[{"label": "Moss", "id": "tee-moss", "image": "/tee-moss.webp"}]``. Omitted
            fields default to the product's.
        pairs: Other products to wear with this one:
            ``[{"image": "/scarf.webp", "title": "Scarf", "id": "scarf", "page_url": "/scarf"}]``,
            each with a picture and a title. The finished picture is the photo for the next one.
        card: Whether it is on a product's card in a list: then it never floats, and is omitted
            when GENVORIS_BUTTON says ``showOnCards: False``.
        language: The page's language, for the label. Default: English.
        attributes: Further attributes: ``class_="btn"``, ``data_colour="red"``. Values that are
            not strings are written by the app's JSON provider.
    """
    state = state_for("genvoris_button()")
    if state is None:
        return Markup("")
    design = button_design(state)
    if card and not design.show_on_cards:
        return Markup("")
    if state.has_product_rule:
        product = _product(image=image, title=title, id=id, category=category)
        if not state.may_try_on(product):
            return Markup("")
        variants = _offered(product, variants or (), state)
    offered_pairs = _offered_pairs(pairs or (), state)
    extra = {attribute_name(name): attribute_value(value) for name, value in attributes.items()}
    css_class = " ".join(filter(None, ["genvoris-tryon-btn", str(extra.pop("class", "") or "")]))
    written = write_attributes(
        {
            "type": "button",
            "class": css_class,
            "data-genvoris-trigger": True,
            "data-genvoris-card": card,
            "data-product-image": image,
            "data-product-title": title,
            "data-product-id": id,
            "data-product-category": category,
            "data-product-variants": attribute_value(list(variants)) if variants else None,
            "data-product-pairs": attribute_value(offered_pairs) if offered_pairs else None,
            **extra,
        }
    )
    link = ""
    if has_request_context():
        link = style_link(state, request)
        if not card and "@" not in request.path:  # which may be somebody's address
            state.button_page = request.script_root + request.path
    button = element("button", written, label or _label(state, design, language))
    return Markup(link) + button  # noqa: S704  (all of it is escaped)


def _label(state: AppState, design: ButtonDesign, language: str | None) -> str:
    code = (language or DEFAULT)[:2].lower()
    own = state.settings.texts.get(code, {}) if language else {}
    return str(own.get("action.try_on") or design.label or translate("action.try_on", code))


def _product(**given: object) -> Product:
    """Return a product as a template describes it."""
    known = {name: str(value) for name, value in given.items() if value}
    return Product(**known)  # type: ignore[arg-type]  # strings all of them


def _offered(
    product: Product, variants: Sequence[Mapping[str, object]], state: AppState
) -> list[Mapping[str, object]]:
    """Return the variants that may be tried on; their omitted fields default to the product's."""
    offered = []
    for variant in variants:
        names = [name for name in ("image", "title", "id", "category") if variant.get(name)]
        own = {name: str(variant[name]) for name in names}
        if state.may_try_on(replace(product, images=(), **own)):
            offered.append(variant)
    return offered


def _offered_pairs(
    pairs: Sequence[Mapping[str, object]], state: AppState
) -> list[Mapping[str, object]]:
    """Return the pairs that may be tried on. One without a picture or a title is omitted."""
    offered = []
    for pair in pairs:
        if not (pair.get("image") and pair.get("title")):
            message = "genvoris_button() omitted one of pairs, which need an image and a title."
            log_once(genvoris_button, "pairs", message, level=logging.WARNING)
        elif state.may_try_on(_product(**{name: pair.get(name) for name in _PRODUCT_FIELDS})):
            offered.append(pair)
    return offered


def button_design(state: AppState) -> ButtonDesign:
    """Return GENVORIS_BUTTON, or what it returns for this request if it is a function.

    A function that raises, or returns something unusable, is logged once and never takes a page
    down: the button then has the shop's own style.
    """
    setting, is_page = state.settings.button, has_request_context()
    if is_page and (design := preview_design(state, request)):
        return design
    if isinstance(setting, ButtonDesign):
        return setting
    if not is_page:
        return _call(setting)
    # A page with many cards asks once for each. `g` may outlive a request, in a shop's tests.
    environ = request.environ
    if _DESIGN not in environ:
        environ[_DESIGN] = _call(setting)
    made: ButtonDesign = environ[_DESIGN]
    return made


def _call(function: DesignFunction) -> ButtonDesign:
    try:
        fields: object = function()
        if isinstance(fields, Mapping) and fields.get("label") is not None:
            # A lazy string is evaluated now, in the page's language.
            fields = {**fields, "label": str(fields["label"])}
        return read_design("What the GENVORIS_BUTTON function returned", fields)
    except ConfigurationError as error:
        message = "%s The button goes without a design."
        log_once(function, "design", message, error, level=logging.WARNING)
    except Exception as error:  # noqa: BLE001  (a fault of the shop's own function)
        message = "The GENVORIS_BUTTON function failed: the button goes without a design"
        log_once(function, error, message)
    return PLAIN


def style_link(state: AppState, page: Request) -> str:
    """Return the link to the style sheet, once for a page; nothing without a database."""
    # The shop's owner looks at the button's design, whichever visitors they belong to.
    if state.recorder is None or preview_design(state, page):
        return ""
    if page.environ.get(_STYLE_LINKED) and not is_being_cached():
        return ""
    page.environ[_STYLE_LINKED] = True
    attributes = {
        "rel": "stylesheet",
        "href": f"{page.script_root}{state.settings.url_prefix}{STYLE_PATH}",
        # Without a hold-out it styles nothing, so no page waits for it.
        "media": None if state.settings.holdout else "print",
        "nonce": page_nonce(state),
    }
    return f"<link{write_attributes(attributes)}>"
