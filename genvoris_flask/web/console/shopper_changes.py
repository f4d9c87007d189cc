"""The forms of a shopper's page: each changes something once, and then leads back to the page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from ...errors import GenvorisError, LedgerUnavailableError
from ..privacy import AppPrivacy
from ..state import AppState, get_state
from .access import actor
from .page import go_to, render
from .shopper import render_shopper, shopper_id, show_unknown

if TYPE_CHECKING:  # these import SQLAlchemy, an extra
    from ...core.ledger.audit import Change
    from ...core.ledger.shopper_changes import ShopperChanges

# What a form can be answered with.
Answer = str | tuple[str, int] | BaseResponse
MAX_TRYONS = 10_000
MAX_DAYS = 3650
_FORM = re.compile(r"[0-9a-f]{32}")


class FormError(Exception):
    """A form is not filled in as it has to be.

    Attributes:
        name: What is wrong: the text ``shopper.problem.NAME``.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


def give() -> Answer:
    """Give the shopper try-ons."""

    def work(changes: ShopperChanges, change: Change) -> None:
        days = _number("days", MAX_DAYS, required=False)
        end = None
        if days:
            end = datetime.fromtimestamp(get_state().clock(), UTC) + timedelta(days=days)
        changes.give(change, _number("try_ons", MAX_TRYONS), expires_at=end)

    return _change("give", work, needs_note=True)


def take_back() -> Answer:
    """Take back try-ons that were given."""

    def work(changes: ShopperChanges, change: Change) -> None:
        changes.take_back(change, _number("try_ons", MAX_TRYONS))

    return _change("take_back", work, needs_note=True)


def pause() -> Answer:
    """Hold all that the shopper has."""
    return _change("pause", lambda changes, change: changes.pause(change))


def resume() -> Answer:
    """End a pause."""
    return _change("resume", lambda changes, change: changes.resume(change))


def export() -> Answer:
    """Send all that is known of the shopper as a file, and note who asked for it."""

    def work(state: AppState, external_id: str) -> Answer:
        found = AppPrivacy(state).export(external_id)
        _audit_log(state).record(_note_of("export", external_id))
        body = json.dumps(found, indent=2, ensure_ascii=False)
        response = Response(body, mimetype="application/json")
        response.headers["Content-Disposition"] = 'attachment; filename="shopper.json"'
        return response

    return _handle(work)


def forget() -> Answer:
    """Erase all that is known of the shopper, once the owner has ticked the box."""

    def work(state: AppState, external_id: str) -> Answer:
        if request.form.get("sure") != "yes":
            raise FormError("sure")
        # Before the erasure, which puts the entry under the shopper's random name as well.
        _audit_log(state).record(_note_of("forget", external_id))
        receipt = AppPrivacy(state).erase(external_id)
        return go_to("/shoppers", done="forgotten" if receipt.done_at else "forgetting")

    return _handle(work)


def _change(
    action: str, work: Callable[[ShopperChanges, Change], object], *, needs_note: bool = False
) -> Answer:
    """Make a change in the ledger that a form asks for."""

    def run(state: AppState, external_id: str) -> Answer:
        from ...core.ledger.audit import FormReusedError
        from ...core.ledger.service import Ledger
        from ...core.ledger.shopper_changes import ShopperChanges, UnknownShopperError

        assert isinstance(state.spending, Ledger)  # noqa: S101
        change = _note_of(action, external_id, with_form=True)
        if needs_note and not change.note:
            raise FormError("note")
        try:
            work(ShopperChanges(state.spending), change)
        except FormReusedError:
            raise FormError("reused") from None
        except UnknownShopperError:
            return show_unknown()
        return go_to("/shopper", id=external_id, done=action)

    return _handle(run)


def _handle(work: Callable[[AppState, str], Answer]) -> Answer:
    """Answer a form about a shopper. What is wrong with it is said on the shopper's page."""
    state, external_id = get_state(), shopper_id()
    if state.database is None:
        return render("no_database.html", "common.nav.shoppers", "shoppers"), 409
    if external_id is None:
        return show_unknown()
    try:
        return work(state, external_id)
    except FormError as error:
        return render_shopper(state, external_id, error.name), 400
    except LedgerUnavailableError:
        raise
    except GenvorisError:  # an export or an erasure needs it
        return render_shopper(state, external_id, "away"), 503


def _note_of(action: str, external_id: str, *, with_form: bool = False) -> Change:
    """Return who changes what for the audit log."""
    from ...core.ledger.audit import NOTE_LENGTH, Change

    note = " ".join(request.form.get("note", "").replace("\0", "").split())[:NOTE_LENGTH] or None
    form = request.form.get("form", "")
    if with_form and not _FORM.fullmatch(form):
        raise FormError("reused")
    who = actor(get_state())
    return Change(who, f"shopper.{action}", external_id, note, form if with_form else None)


def _audit_log(state: AppState) -> Any:
    from ...core.ledger.audit import AuditLog

    assert state.database is not None  # noqa: S101
    return AuditLog(state.database, state.clock)


def _number(name: str, most: int, *, required: bool = True) -> int:
    text = request.form.get(name, "").strip()
    if not text and not required:
        return 0
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= most:
        raise FormError(name)
    return int(text)
