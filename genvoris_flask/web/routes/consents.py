"""``consent``: what a shopper is asked before their photo is read, and their answer."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from flask import request

from ...core.locales import LANGUAGES
from ...core.privacy.consents import ConsentForm, ConsentStore
from ...errors import LedgerUnavailableError, StoreUnavailableError
from ..auth import authorize
from ..consents import (
    consent_fields,
    current_form,
    form_fields,
    giver_of,
    is_required,
    valid_consent,
)
from ..errors import HttpError
from ..privacy import own_jobs_of
from ..state import get_state
from ..transfers import read_message

MAX_BODY_BYTES = 4096


def read_consent() -> dict[str, Any]:
    """Return what is asked, and whether the visitor has agreed to it."""
    visitor = authorize("consent")
    given = consent_fields(valid_consent(visitor.owner))
    required = is_required(get_state())
    return {"required": required, "given": given, "form": form_fields(current_form())}


def give_consent() -> tuple[dict[str, Any], int]:
    """Record that the visitor agrees to what they were shown."""
    visitor = authorize("consent")
    form = _agreed_form()
    try:
        given = _store().give(giver_of(visitor.owner), form)
    except LedgerUnavailableError as error:
        raise HttpError("internal_error") from error
    return {"given": consent_fields(given)}, 201


def withdraw_consent() -> dict[str, Any]:
    """Withdraw what the visitor has agreed to. What was made until then stays lawful.

    Try-ons that have not begun are cancelled. A photo that is on its way from their phone is
    deleted, and its link ended.
    """
    visitor = authorize("consent")
    try:
        count = _store().withdraw(giver_of(visitor.owner))
    except LedgerUnavailableError as error:
        raise HttpError("internal_error") from error
    state = get_state()
    with suppress(StoreUnavailableError):  # no phone can send a photo, and all of it expires
        state.handovers.close_latest(visitor.owner)
        own_jobs_of(state).cancel_waiting(visitor.owner)
    return {"withdrawn": count}


def _store() -> ConsentStore:
    store = get_state().consents
    assert store is not None  # noqa: S101  (these routes exist only with a database)
    return store


def _agreed_form() -> ConsentForm:
    """Return the form whose every statement was ticked.

    Raises:
        HttpError: 400 ``invalid_body``; 409 ``consent_changed`` if the text has changed since it
            was shown; 400 ``consent_incomplete`` if a statement was not ticked.
    """
    body = read_message(request, MAX_BODY_BYTES, get_state().settings.upload_timeout)
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise HttpError("invalid_body") from None
    language = fields.get("language") if isinstance(fields, dict) else None
    if not isinstance(language, str) or language not in LANGUAGES:
        raise HttpError("invalid_body")
    form = current_form(language)
    if fields.get("hash") != form.digest:
        raise HttpError("consent_changed", consent=form_fields(form))
    needed = ["text", "depicted", *(["age"] if form.age else [])]
    if any(fields.get(name) is not True for name in needed):
        raise HttpError("consent_incomplete")
    return form
