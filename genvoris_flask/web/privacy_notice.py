"""``genvoris_privacy_notice()``: what the shop's policy has to say of try-ons, by its settings.

The sentences are in ``core.locales``; a shop passes its own by their keys, in any language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from flask import has_request_context
from markupsafe import Markup

from ..core.figures.holdout import DAYS as HOLDOUT_DAYS
from ..settings import Settings
from .state import AppState, SwitchedOff, find_state


def genvoris_privacy_notice(
    *, heading: int = 2, strings: Mapping[str, str] | None = None, lang: str | None = None
) -> Markup:
    """Return what the shop's privacy policy has to say of try-ons, as HTML.

    It follows from the shop's settings: what is done, why, by whom, for how long, and what rights
    shoppers have. Have it read by whoever answers for the policy.

    Args:
        heading: The level of its heading, 1 to 6.
        strings: Sentences of the shop's own by their keys in docs/privacy.md; None leaves one out.
        lang: The language of the notice; the page's by default.
    """
    state = find_state("genvoris_privacy_notice()")
    if state is None or isinstance(state, SwitchedOff):
        return Markup()
    level = min(max(heading, 1), 6)
    from ..core.locales import DEFAULT, LANGUAGES, direction  # read when a page needs them
    from .errors import page_language

    lang = lang or (page_language() if has_request_context() else DEFAULT)
    words = LANGUAGES.get(lang, LANGUAGES[DEFAULT])
    given: dict[str, str | None] = {key: words[f"notice.{key}"] for key in ("title", *_keys(state))}
    given.update(strings or {})
    values = _values(state.settings, words["notice.shop"])
    texts = [text.format(**values) for key in _keys(state) if (text := given[key])]
    title = Markup("<h{0}>{1}</h{0}>").format(level, given["title"])
    paragraphs = Markup().join(Markup("<p>{}</p>").format(text) for text in texts)
    return Markup('<section class="genvoris-privacy" lang="{}" dir="{}">{}{}</section>').format(
        lang, direction(lang), title, paragraphs
    )


def _keys(state: AppState) -> Iterator[str]:
    """Yield the keys of the sentences that are true of a shop."""
    from .consents import is_required  # imports what a shop's own commands may run without

    settings = state.settings
    yield from ("purpose", "basis")
    if is_required(state):
        yield "record"
    if settings.minimum_age is not None:
        yield "age"
    if not settings.widget_url:  # Genvoris's hosted widget sends the photo as it is
        yield "metadata"
    yield "own_engine" if state.hooks.tryon_engine else "genvoris"
    yield "customer"
    if settings.stripe_webhook_secret:
        yield "stripe"
    if state.database is not None:
        yield "books"
    yield "photo" if settings.queue == "threads" else "queued_photo"
    if settings.phone_handover:
        yield "phone"
    yield "picture"
    if settings.keep_pictures_days and not settings.widget_url:
        yield "device"
    yield "analytics"
    if settings.holdout:
        yield "holdout"
    yield from ("ai", "rights")


def _values(settings: Settings, shop: str) -> dict[str, object]:
    return {
        "shop": settings.shop_name or shop,
        "host": urlsplit(settings.tryon_url).hostname,
        "age": settings.minimum_age,
        "minutes": -(-settings.result_ttl // 60),
        "phone_minutes": 2,
        "device_days": settings.keep_pictures_days,
        "consent_days": settings.keep_consents_days,
        "books_days": settings.keep_books_days,
        "holdout_days": HOLDOUT_DAYS,
    }
