"""``genvoris_button()`` and ``genvoris_widget()``: the two things that a template calls."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask import has_request_context, request
from jinja2 import Undefined
from markupsafe import Markup, escape

from ..core.api.models import Session
from ..core.links import is_link
from ..core.products import Product
from ..errors import GenvorisError
from .attribute_values import attribute_value
from .button import button_design
from .cache_headers import PRIVATE, forbid_caching, headers_are_gone
from .log_once import first_time
from .page_caches import is_kept_by_cache
from .product_filter import has_rules, may_be_tried_on
from .shopper import current_shopper_or_nobody, login_url
from .state import AppState, state_for

log = logging.getLogger("genvoris_flask.storefront")

LABEL = "Try it on"
MOST_ROOTS = 16


def genvoris_button(
    *,
    image: str,
    title: str,
    id: str | None = None,  # noqa: A002  (the template's word for it)
    category: str | None = None,
    label: str | None = None,
    variants: Sequence[Mapping[str, object]] | None = None,
    card: bool = False,
    **attributes: object,
) -> Markup:
    """Give a button that opens the try-on of a product.

    Args:
        image: The product picture's URL or path.
        title: The product's title.
        id: The shop's own product id.
        category: apparel, home, object or other; tells Genvoris where it goes.
        label: The button's text. Default: the label of GENVORIS_BUTTON, else "Try it on".
        variants: Other sizes or colours to try on with the same photo:
            ``[{"label": "Moss", "id": "tee-moss", "image": "/tee-moss.webp"}]``. Omitted
            fields default to the product's.
        card: Whether it is on a product's card in a list: then it never floats, and is left out
            when GENVORIS_BUTTON says ``showOnCards: False``.
        attributes: Further attributes: ``class_="btn"``, ``data_colour="red"``. Whatever is no
            text is written as the app's JSON provider has it.
    """
    if state_for("genvoris_button()") is None:
        return Markup("")
    design = button_design()
    if card and not design.show_on_cards:
        return Markup("")
    if has_rules():
        product = _product(image=image, title=title, id=id, category=category)
        if not may_be_tried_on(product):
            return Markup("")
        variants = [each for each in variants or () if may_be_tried_on(_variant(product, each))]
    extra = {_attribute(name): attribute_value(value) for name, value in attributes.items()}
    css_class = " ".join(filter(None, ["genvoris-tryon-btn", str(extra.pop("class", "") or "")]))
    attributes = {
        "type": "button",
        "class": css_class,
        "data-genvoris-trigger": True,
        "data-genvoris-card": card,
        "data-product-image": image,
        "data-product-title": title,
        "data-product-id": id,
        "data-product-category": category,
        "data-product-variants": attribute_value(list(variants)) if variants else None,
        **extra,
    }
    return _element("button", _written(attributes), label or design.label or LABEL)


def _product(**said: object) -> Product:
    """Return a product as a template describes it."""
    known = {name: str(value) for name, value in said.items() if value}
    return Product(**known)  # type: ignore[arg-type]  # texts all of them


def _variant(product: Product, said: Mapping[str, object]) -> Product:
    """Return a variant; omitted fields default to the product's."""
    own = {name: str(said[name]) for name in ("image", "title", "id", "category") if said.get(name)}
    return replace(product, images=(), **own)


def genvoris_widget(
    *, nonce: str | None = None, language: str | None = None, **data: object
) -> Markup:
    """Give the widget's script tag, with a session token for the shopper of this page.

    It never raises because of Genvoris: a page without a token goes out in time, and the widget
    asks for one when the shopper clicks. A page with a token is made private, since a shared
    cache would hand it to strangers.

    Args:
        nonce: For a Content-Security-Policy; default: what GENVORIS_CSP_NONCE gives.
        language: Of the widget: en, ar, fr, de, es or ur. Default: the page's own ``<html lang>``.
        data: ``data-*`` attributes of the tag: ``primary_color="#0a5"``. Whatever is no text is
            written as the app's JSON provider has it. docs/widget.md has them all.
    """
    if not has_request_context():  # a mail or a file: there is no page, and nobody shops
        return Markup("")
    state = state_for("genvoris_widget()")
    if state is None:
        return Markup("")
    session = _session_for_page(state)
    written = {
        **_written_for_every_page(state, request.script_root),
        **_written(
            {
                "nonce": nonce or _nonce(state),
                "data-end-customer-token": session.token if session else None,
                "data-language": language,
                "data-login-url": login_url(),
                **button_design().attributes,
            }
        ),
        **_written(
            {
                f"data-{_attribute(name)}": attribute_value(value)
                for name, value in data.items()
                if _may_be_given(name, value)
            }
        ),
    }
    return _element("script", written, "")


def _nonce(state: AppState) -> str | None:
    """Return what GENVORIS_CSP_NONCE gives for this request; None when it fails or has nothing."""
    function = state.settings.csp_nonce
    if function is None:
        return None
    try:
        return function() or None
    except Exception:  # the shop's own function: its fault must not take the page down
        if first_time(function, "failure"):
            log.exception("The GENVORIS_CSP_NONCE function failed: the widget goes without a nonce")
        return None


def _written_for_every_page(state: AppState, script_root: str) -> dict[str, str]:
    """Write what no shopper and no view changes; once, since every page pays for it."""
    known = state.tag_parts.get(script_root)
    if known is not None:
        return known
    prefix = script_root + state.settings.url_prefix
    written = _written(
        {
            **_source(state, prefix),
            "defer": True,
            "data-api-url": prefix,
            "data-events-url": f"{prefix}/api/v1/events",
            "data-api-key": state.settings.widget_api_key,
            "data-platform": "flask",
            "data-privacy-url": state.settings.privacy_url,
            "data-max-upload-bytes": str(state.settings.max_upload_bytes),
        }
    )
    # A proxy's header may name the root, so its values are not trusted to be few.
    if len(state.tag_parts) < MOST_ROOTS:
        state.tag_parts[script_root] = written
    return written


def _session_for_page(state: AppState) -> Session | None:
    # A page that is streamed has sent its headers, so nothing can make it private any more.
    if not state.settings.inline_session or headers_are_gone():
        return None
    shopper = current_shopper_or_nobody()
    if shopper is None or is_kept_by_cache():
        return None
    try:
        session = state.broker.session_for_page(shopper, state.settings.page_budget)
    except GenvorisError as error:
        # The broker logs each change of its state; a line for each page would drown it.
        log.debug("This page goes out without a session token: %s", error)
        return None
    except Exception as error:  # a fault of ours must not take the page down either
        if first_time(_session_for_page, type(error).__qualname__):
            log.exception("A session token could not be fetched; pages go out without one")
        return None
    forbid_caching(PRIVATE)
    return session


def _source(state: AppState, prefix: str) -> dict[str, object]:
    if state.settings.widget_url:
        integrity = state.settings.widget_integrity
        crossorigin = "anonymous" if integrity else None
        return {
            "src": state.settings.widget_url,
            "integrity": integrity,
            "crossorigin": crossorigin,
        }
    asset = state.assets.widget
    # Without integrity: whoever could change this file could change the page as well, and a page
    # that a cache kept over an upgrade, or that another version's worker made, must still work.
    return {"src": f"{prefix}/{asset.hashed_name}"}


@functools.lru_cache(maxsize=1000)  # a template's keywords are few, and the same on each page
def _attribute(name: str) -> str:
    """Return the attribute that a template's keyword names.

    Raises:
        ValueError: It would not be one attribute.
    """
    if not re.fullmatch(r"[^\s\x00-\x1f\x7f\"'<>/=]+", name):
        raise ValueError(f"{name!r} cannot be the name of an attribute.")
    return str(escape(name.rstrip("_").replace("_", "-")))


def _may_be_given(name: str, value: object) -> bool:
    """Return whether an attribute may stand in the tag; a link that would run as a script may not.

    The setting's own address then stays, so that nobody's consent goes unasked.
    """
    if _attribute(name) not in ("login-url", "privacy-url") or not value or is_link(str(value)):
        return True
    if first_time(genvoris_widget, name):
        log.warning(
            "genvoris_widget() was given a %s that is no address to go to, and left it out.", name
        )
    return False


def _written(attributes: dict[str, object]) -> dict[str, str]:
    """Write attributes, each by its name. True has no value; None and False leave it out.

    Names must be escaped already.

    Plain strings with each value escaped: Markup's own format takes four times as long, and every
    page pays for it.
    """
    written = {}
    for name, value in attributes.items():
        # What no template set is Undefined; its strict kinds complain by themselves.
        if value is None or value is False or type(value) is Undefined:
            written[name] = ""
        else:
            written[name] = f" {name}" if value is True else f' {name}="{escape(_plain(value))}"'
    return written


def _plain(value: object) -> str:
    """Return a value's text. Markup is safe between tags, but its quotes would end an attribute."""
    if hasattr(value, "__html__"):
        return Markup(value).unescape()  # noqa: S704  (what comes of it is escaped)
    return str(value)


def _element(tag: str, written: dict[str, str], text: str) -> Markup:
    return Markup(f"<{tag}{''.join(written.values())}>{escape(text)}</{tag}>")  # noqa: S704  (all escaped)
