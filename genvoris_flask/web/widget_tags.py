"""``genvoris_widget()``: the script tag of a page, with a session token for its shopper."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Flask, Request
from markupsafe import Markup

from ..core.addresses import is_link
from ..core.button_design import ButtonDesign
from ..core.texts import for_dialog
from ..errors import GenvorisError
from .account import genvoris_account, genvoris_balance
from .button import button_design, genvoris_button, style_link
from .caching import PRIVATE, forbid_caching, headers_are_sent, is_being_cached
from .compat import get_request
from .hooks import log_once
from .html import attribute_name, attribute_value, element, page_nonce, write_attributes
from .phone_page import is_handover_possible
from .preview import preview_design
from .privacy_notice import genvoris_privacy_notice
from .shopper import current_shopper_or_nobody, login_url
from .state import EXTENSION_KEY, AppState, TagPart, state_for
from .texts import as_attribute, with_own_texts

if TYPE_CHECKING:  # slow to import
    from ..core.api.models import Session

log: logging.Logger = logging.getLogger("genvoris_flask.storefront")

MAX_ROOTS = 16
SESSION = "data-end-customer-token"


def genvoris_widget(
    *, nonce: str | None = None, language: str | None = None, **data: object
) -> Markup:
    """Return the widget's script tag, with a session token for the shopper of this page.

    It never raises because of Genvoris: a page without a token is sent in time, and the widget
    asks for one when the shopper clicks. A page with a token is made private, since a shared
    cache would hand it to strangers.

    Args:
        nonce: For a Content-Security-Policy. Default: what GENVORIS_CSP_NONCE returns.
        language: Of the widget: en, ar, fr, de, es or ur. Default: the page's own ``<html lang>``.
        data: ``data-*`` attributes of the tag: ``primary_color="#0a5"``. Values that are not
            strings are written by the app's JSON provider. docs/widget.md lists them all.
    """
    try:
        page = get_request()
    except RuntimeError:  # an email or a file: there is no page, and nobody shops
        return Markup("")
    state = state_for("genvoris_widget()")
    if state is None:
        return Markup("")
    # For elements of the shop's own that open the dialog; the button has it already.
    return Markup(style_link(state, page)) + _script(state, page, nonce, language, data)  # noqa: S704


def _script(
    state: AppState, page: Request, nonce: str | None, language: str | None, data: dict[str, object]
) -> Markup:
    constant = _constant_part(state, page)
    session = _session_for_page(state, page)
    attributes: dict[str, object] = {}
    if nonce := nonce or page_nonce(state):
        attributes["nonce"] = nonce
    if url := login_url(state):
        attributes["data-login-url"] = url
    if not constant.has_design:
        attributes.update(button_design(state).attributes)
    if not data and not language:
        token = _written_token(session.token) if session else ""
        return element("script", constant.written + token + write_attributes(attributes))
    if session:
        attributes[SESSION] = session.token
    attributes["data-language"] = language
    if "strings" in data:
        data = {**data, "strings": with_own_texts(data["strings"], state.settings.texts)}
    for keyword, value in data.items():
        if _is_allowed(keyword, value):
            attributes[f"data-{attribute_name(keyword)}"] = attribute_value(value)
    if constant.attributes.keys().isdisjoint(attributes):
        return element("script", constant.written + write_attributes(attributes))
    return element("script", write_attributes({**constant.attributes, **attributes}))


@functools.lru_cache(maxsize=1000)  # a shopper looks at several pages with one token
def _written_token(token: str) -> str:
    return write_attributes({SESSION: token})


def _constant_part(state: AppState, page: Request) -> TagPart:
    """Return what is the same for all shoppers and views, written once per root of the shop."""
    script_root = page.script_root
    parts = state.tag_parts  # before the settings are read, which may just be replaced
    known, preview = parts.get(script_root), preview_design(state, page)
    if known is not None and preview is None:
        return known
    prefix = script_root + state.settings.url_prefix
    attributes = {
        **_source(state, prefix),
        "defer": True,
        "data-api-url": prefix,
        "data-events-url": f"{prefix}/api/v1/events",
        "data-api-key": state.settings.widget_api_key,
        "data-platform": "flask",
        "data-privacy-url": state.settings.privacy_url,
        "data-support-url": state.settings.support_url,
        "data-max-upload-bytes": str(state.settings.max_upload_bytes),
        "data-phone-handover": "true" if is_handover_possible(state, page) else None,
        "data-shop-name": state.settings.shop_name,
        "data-keep-pictures-days": str(state.settings.keep_pictures_days),
        "data-result-seconds": str(state.settings.result_ttl),
        "data-own-engine": "true" if state.hooks.tryon_engine else None,
        "data-strings": as_attribute(for_dialog(state.settings.texts)),
    }
    design = preview or state.settings.button
    if isinstance(design, ButtonDesign):
        attributes.update(design.attributes)
    part = TagPart(attributes, write_attributes(attributes), isinstance(design, ButtonDesign))
    # A proxy's header may set the root, so the number of different ones is bounded.
    if preview is None and len(parts) < MAX_ROOTS:
        parts[script_root] = part
    return part


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
    # that a cache kept over an upgrade, or that another version's worker rendered, must still work.
    return {"src": f"{prefix}/{asset.hashed_name}"}


def _session_for_page(state: AppState, page: Request) -> Session | None:
    # A page that is streamed has sent its headers, so nothing can make it private any more.
    if not state.settings.inline_session or headers_are_sent(page):
        return None
    shopper = current_shopper_or_nobody(state)
    if shopper is None or is_being_cached():
        return None
    try:
        session = state.broker.session_for_page(shopper, state.settings.page_budget)
    except GenvorisError as error:
        # The broker logs each change of its state; a line for each page would flood the log.
        log.debug("This page is sent without a session token: %s", error)
        return None
    except Exception as error:  # noqa: BLE001  (a bug of this package must not take a page down)
        message = "A session token could not be fetched; pages are sent without one"
        log_once(_session_for_page, error, message)
        return None
    if session is not None:
        forbid_caching(PRIVATE, page)
    return session


def _is_allowed(keyword: str, value: object) -> bool:
    """Return whether an attribute may be written; a link that would run as a script may not.

    The address from the settings then stays, so that consent is still asked for.
    """
    is_address = attribute_name(keyword) in ("login-url", "privacy-url")
    if not is_address or not value or is_link(str(value)):
        return True
    log_once(
        genvoris_widget,
        keyword,
        "genvoris_widget() got a %s that is not an address to go to, and omitted it.",
        keyword,
        level=logging.WARNING,
    )
    return False


TEMPLATE_FUNCTIONS: dict[str, Callable[..., Markup | int | None]] = {
    "genvoris_account": genvoris_account,
    "genvoris_balance": genvoris_balance,
    "genvoris_button": genvoris_button,
    "genvoris_privacy_notice": genvoris_privacy_notice,
    "genvoris_widget": genvoris_widget,
}


def complete_templates(app: Flask, **_: object) -> None:
    """Define the tags, which are then empty, in an app that was never set up."""
    if EXTENSION_KEY not in app.extensions:
        for name, function in TEMPLATE_FUNCTIONS.items():
            app.jinja_env.globals.setdefault(name, function)
