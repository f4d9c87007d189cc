"""``genvoris_privacy_notice()``: what the shop's policy has to say of try-ons, by its settings.

The sentences are English; a shop passes its own by their keys, in any language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from markupsafe import Markup

from ..core.figures.holdout import DAYS as HOLDOUT_DAYS
from ..settings import Settings
from .state import AppState, SwitchedOff, find_state

SENTENCES: Mapping[str, str] = {
    "title": "Virtual try-on",
    "purpose": "If you try a product on, {shop} uses the photo that you choose to make a picture "
    "of you with it. This happens only if you ask for it.",
    "basis": "The legal basis is your consent (GDPR, Art. 6(1)(a)). You can withdraw it at any "
    "time; what was done until then stays lawful.",
    "record": "We keep a record of the text that you agreed to and when, for {consent_days} days, "
    "since we have to be able to prove your consent.",
    "age": "You have to be at least {age} years old.",
    "metadata": "Place, time and device are removed from the photo before anything else is done.",
    "genvoris": "The picture is made by our processor Genvoris ({host}), which gets the photo, the "
    "product's picture and title, and the address of the page.",
    "own_engine": "The picture is made by ourselves. Genvoris ({host}) only counts it, and gets no "
    "photo.",
    "customer": "Genvoris knows you by an id of ours, and by how many try-ons you have used.",
    "stripe": "Payments for try-ons are handled by Stripe.",
    "photo": "The photo is kept in memory until the picture is made, and is not stored.",
    "queued_photo": "The photo is kept encrypted until the picture is made, and deleted then.",
    "phone": "A photo that you send from your phone waits encrypted for {phone_minutes} minutes at "
    "most.",
    "picture": "The picture is deleted after {minutes} minutes, or when you delete it.",
    "device": "Pictures are kept encrypted on your own device for up to {device_days} days, so "
    "that you can look at them again; you can delete them there.",
    "analytics": "We count how the try-on is used, under a random id of your visit. Do Not Track "
    "and Global Privacy Control are respected: then nothing is counted.",
    "holdout": "To learn whether the try-on is useful, we do not offer it to some visitors, chosen "
    "by chance. For this a cookie with a random id is kept for {holdout_days} days, and orders are "
    "counted by group. It says nothing of who you are.",
    "ai": "The picture is made by artificial intelligence, and its file says so.",
    "rights": "You can ask us for a copy of what we know of you, have it corrected or erased, and "
    "complain to a supervisory authority.",
}


def genvoris_privacy_notice(
    *, heading: int = 2, strings: Mapping[str, str] | None = None, lang: str = "en"
) -> Markup:
    """Return what the shop's privacy policy has to say of try-ons, as HTML.

    It follows from the shop's settings: what is done, why, by whom, for how long, and what rights
    shoppers have. Have it read by whoever answers for the policy.

    Args:
        heading: The level of its heading, 1 to 6.
        strings: Sentences of the shop's own by their keys in docs/privacy.md; None leaves one out.
        lang: Their language.
    """
    state = find_state("genvoris_privacy_notice()")
    if state is None or isinstance(state, SwitchedOff):
        return Markup()
    level = min(max(heading, 1), 6)
    given = {**SENTENCES, **(strings or {})}
    values = _values(state.settings)
    texts = [given[key].format(**values) for key in _keys(state) if given.get(key)]
    title = Markup("<h{0}>{1}</h{0}>").format(level, given["title"])
    paragraphs = Markup().join(Markup("<p>{}</p>").format(text) for text in texts)
    return Markup('<section class="genvoris-privacy" lang="{}">{}{}</section>').format(
        lang, title, paragraphs
    )


def _keys(state: AppState) -> Iterator[str]:
    """Yield the keys of the sentences that are true of a shop."""
    settings = state.settings
    yield from ("purpose", "basis")
    if state.consents is not None:
        yield "record"
    if settings.minimum_age is not None:
        yield "age"
    yield "metadata"
    yield "own_engine" if state.hooks.tryon_engine else "genvoris"
    yield "customer"
    if settings.stripe_webhook_secret:
        yield "stripe"
    yield "photo" if settings.queue == "threads" else "queued_photo"
    if settings.phone_handover:
        yield "phone"
    yield "picture"
    if settings.keep_pictures_days:
        yield "device"
    yield "analytics"
    if settings.holdout:
        yield "holdout"
    yield from ("ai", "rights")


def _values(settings: Settings) -> dict[str, object]:
    return {
        "shop": settings.shop_name or "our shop",
        "host": urlsplit(settings.tryon_url).hostname,
        "age": settings.minimum_age,
        "minutes": -(-settings.result_ttl // 60),
        "phone_minutes": 2,
        "device_days": settings.keep_pictures_days,
        "consent_days": settings.keep_consents_days,
        "holdout_days": HOLDOUT_DAYS,
    }
