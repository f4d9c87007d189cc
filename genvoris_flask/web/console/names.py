"""What people are called: the names that the shop has for the ids of shoppers and staff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..hooks import log_once
from ..state import AppState

if TYPE_CHECKING:  # imports SQLAlchemy, an extra
    from ...core.ledger.audit import AuditEntry


def names_of(state: AppState, ids: Iterable[str | None]) -> Mapping[str, str]:
    """Return names by id, as the shop's ``console_names`` has them.

    Without such a function, and if it fails, there are none, and pages show ids.
    """
    function, wanted = state.hooks.console_names, sorted({each for each in ids if each})
    if function is None or not wanted:
        return {}
    try:
        found = function(wanted)
        return {each: str(found[each]) for each in wanted if found.get(each)}
    except Exception as error:  # noqa: BLE001  (a fault of the shop's own function)
        message = "The function registered with @genvoris.console_names failed: ids are shown"
        log_once(function, error, message)
        return {}


def people_in(entries: Iterable[AuditEntry]) -> Iterable[str | None]:
    """Yield the ids of those who made the changes, and of the shoppers who were changed."""
    for entry in entries:
        change = entry.change
        yield change.actor
        if change.action.startswith("shopper."):
            yield change.subject
