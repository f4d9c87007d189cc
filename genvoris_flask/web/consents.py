"""Whether a shopper has agreed to their photo being used, asked on the server."""

from __future__ import annotations

from typing import Any

from ..core.privacy.consents import Consent, ConsentForm, ConsentStore, Giver, consent_form
from ..core.storage.interface import digest
from ..core.texts import translator
from ..core.tryon.paywall import timestamp
from ..errors import LedgerUnavailableError
from .auth import Visitor
from .errors import HttpError, page_language
from .hooks import log_once
from .state import AppState, get_state


def giver_of(owner: str) -> Giver:
    """Return by whom a visitor's consents are given.

    Args:
        owner: The visitor's name in jobs, limits and counts.
    """
    kind, _, external_id = owner.partition(":")
    if kind == "shopper":
        return Giver(external_id=external_id)
    return Giver(guest=digest(owner))  # their own id is a secret, as a session's is


def current_form(language: str | None = None) -> ConsentForm:
    """Return what shoppers are shown, in a language or in the page's.

    Raises:
        HttpError: 500 ``internal_error``: the shop's own function failed.
    """
    state = get_state()
    hook, settings = state.hooks.consent_text, state.settings
    try:
        return consent_form(
            language or page_language(),
            hook,
            settings.minimum_age,
            settings.shop_name,
            translator(settings.texts),
        )
    except Exception as error:
        message = "The function registered with @genvoris.consent_text failed, so nobody can agree"
        log_once(hook, error, message)
        raise HttpError("internal_error") from error


def is_required(state: AppState) -> bool:
    """Return whether a try-on needs a consent on record.

    By default it does if the shop has a database for it, and tells shoppers anything about their
    photo.
    """
    settings = state.settings
    if settings.require_consent is not None:
        return settings.require_consent
    tells = settings.privacy_url or settings.minimum_age or state.hooks.consent_text
    return state.consents is not None and bool(tells)


def valid_consent(owner: str) -> Consent | None:
    """Return a visitor's consent to what shoppers are asked for today, if they gave it.

    Raises:
        HttpError: 500 ``internal_error``: the database cannot be asked.
    """
    store = get_state().consents
    if store is None:
        return None
    consent = _ask(store, giver_of(owner))
    # Compared in the language in which they agreed, whatever the page's is now.
    if consent is None or consent.digest != current_form(consent.language).digest:
        return None
    return consent


def _ask(store: ConsentStore, giver: Giver) -> Consent | None:
    try:
        return store.current(giver)
    except LedgerUnavailableError as error:
        raise HttpError("internal_error") from error


def is_consent_missing(owner: str) -> bool:
    """Return whether a visitor has yet to agree before a photo of theirs may be read."""
    return is_required(get_state()) and valid_consent(owner) is None


def require_consent(visitor: Visitor) -> None:
    """Refuse what needs a consent on record, before any photo is read.

    Raises:
        HttpError: 403 ``consent_required``, with what to ask.
    """
    if is_consent_missing(visitor.owner):
        raise HttpError("consent_required", consent=form_fields(current_form()))


def consent_status(visitor: Visitor) -> dict[str, Any] | None:
    """Return what a visitor has yet to agree to; None if no record of it is kept."""
    if not is_required(get_state()):
        return None
    given = valid_consent(visitor.owner)
    return {"form": None if given else form_fields(current_form())}


def form_fields(form: ConsentForm) -> dict[str, Any]:
    """Return a form as JSON (docs/http.md)."""
    return {
        "hash": form.digest,
        "version": form.version,
        "language": form.language,
        "text": form.text,
        "depicted": form.depicted,
        "age": form.age,
        "minimum_age": form.minimum_age,
        "privacy_url": get_state().settings.privacy_url,
    }


def consent_fields(consent: Consent | None) -> dict[str, Any] | None:
    """Return a visitor's own consent as JSON."""
    if consent is None:
        return None
    return {
        "version": consent.version,
        "hash": consent.digest,
        "language": consent.language,
        "given_at": timestamp(consent.given_at),
    }
