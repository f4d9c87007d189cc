"""Which design the try-on button has on this page."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from flask import has_request_context, request

from ..core.button_design import PLAIN, ButtonDesign, DesignFunction, read_design
from ..errors import ConfigurationError
from .log_once import first_time
from .state import get_state

log = logging.getLogger("genvoris_flask.storefront")

_DESIGN = "genvoris.button_design"


def button_design() -> ButtonDesign:
    """Return GENVORIS_BUTTON, or what it says for this request when it is a function.

    A function that fails, or gives what cannot be used, is named in the log once and never takes
    a page down: the button then has the shop's own style.
    """
    setting = get_state().settings.button
    if isinstance(setting, ButtonDesign):
        return setting
    if not has_request_context():
        return _ask(setting)
    # A page of many cards asks for each of them. `g` may outlive a request, in a shop's tests.
    kept = request.environ
    if _DESIGN not in kept:
        kept[_DESIGN] = _ask(setting)
    found: ButtonDesign = kept[_DESIGN]
    return found


def _with_text(fields: object) -> object:
    """Return a design whose label, if it is a lazy text, is read now, in the page's language."""
    if isinstance(fields, Mapping) and fields.get("label") is not None:
        return {**fields, "label": str(fields["label"])}
    return fields


def _ask(function: DesignFunction) -> ButtonDesign:
    try:
        return read_design("What the GENVORIS_BUTTON function gave", _with_text(function()))
    except ConfigurationError as error:
        if first_time(function, "answer"):
            log.warning("%s The button goes without a design.", error)
    except Exception:  # the shop's own function: its fault must not take the page down
        if first_time(function, "failure"):
            log.exception("The GENVORIS_BUTTON function failed: the button goes without a design")
    return PLAIN
