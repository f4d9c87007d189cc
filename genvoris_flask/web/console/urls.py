"""The console's routes, and what its navigation lists."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response

from ...errors import LedgerUnavailableError, StoreUnavailableError
from ..blueprints import CONSOLE, EveryHostBlueprint, lazy_view
from ..errors import HttpError, answer_error, harden
from .access import refuse_others

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class NavItem:
    """A page that the navigation links to.

    Attributes:
        name: Its name; its title is the text ``common.nav.NAME``.
        path: Its path below the console's.
    """

    name: str
    path: str


NAVIGATION = (
    NavItem("today", "/"),
    NavItem("figures", "/figures"),
    NavItem("trial", "/trial"),
    NavItem("shoppers", "/shoppers"),
    NavItem("deliveries", "/deliveries"),
    NavItem("setup", "/setup"),
    NavItem("history", "/history"),
)

view: Callable[[str], Callable[..., Any]] = functools.partial(lazy_view, __package__)

console: EveryHostBlueprint = EveryHostBlueprint("genvoris_console", __name__)
console.before_request(refuse_others)
console.get(f"{CONSOLE}/", strict_slashes=False)(view("today.show_today"))
console.post(f"{CONSOLE}/check")(view("today.check_again"))
console.get(f"{CONSOLE}/figures")(view("figures.show_figures"))
console.get(f"{CONSOLE}/trial")(view("trial.show_trial"))
console.get(f"{CONSOLE}/shoppers")(view("shoppers.list_shoppers"))
console.get(f"{CONSOLE}/shopper")(view("shopper.show_shopper"))
console.get(f"{CONSOLE}/shopper/genvoris")(view("shopper.show_at_genvoris"))
console.post(f"{CONSOLE}/shopper/give")(view("shopper_changes.give"))
console.post(f"{CONSOLE}/shopper/take-back")(view("shopper_changes.take_back"))
console.post(f"{CONSOLE}/shopper/pause")(view("shopper_changes.pause"))
console.post(f"{CONSOLE}/shopper/resume")(view("shopper_changes.resume"))
console.post(f"{CONSOLE}/shopper/export")(view("shopper_changes.export"))
console.post(f"{CONSOLE}/shopper/forget")(view("shopper_changes.forget"))
console.get(f"{CONSOLE}/deliveries")(view("deliveries.list_deliveries"))
console.post(f"{CONSOLE}/deliveries/again")(view("deliveries.send_again"))
console.get(f"{CONSOLE}/history")(view("history.show_history"))
console.get(f"{CONSOLE}/setup")(view("setup.show_setup"))
console.post(f"{CONSOLE}/setup/test")(view("setup.test_connection"))
console.get(f"{CONSOLE}/setup/export")(view("setup.show_export"))
console.get(f"{CONSOLE}/setup/charging")(view("setup_charging.show_charging"))
console.post(f"{CONSOLE}/setup/charging")(view("setup_charging.change_charging"))
console.get(f"{CONSOLE}/setup/button")(view("setup_button.show_button"))
console.post(f"{CONSOLE}/setup/button")(view("setup_button.change_button"))
console.get(f"{CONSOLE}/setup/button/preview")(view("setup_button.show_preview"))
console.get(f"{CONSOLE}/setup/wording")(view("setup_wording.show_wording"))
console.post(f"{CONSOLE}/setup/wording")(view("setup_wording.change_wording"))
for name in ("texts", "limits", "products"):
    path: str = f"{CONSOLE}/setup/{name}"
    group: dict[str, str] = {"group": name}
    console.get(path, endpoint=f"show_{name}", defaults=group)(view("setup_group.show_group"))
    console.post(path, endpoint=f"change_{name}", defaults=group)(view("setup_group.change_group"))
console.get(f"{CONSOLE}/assets/<name>")(view("assets.serve"))


@console.after_request
def protect(response: Response) -> Response:
    """Keep a page out of caches, frames and search engines, and other code out of the page."""
    if response.cache_control.immutable:  # a style sheet or a script
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.setdefault("X-Frame-Options", "DENY")
    # Not no-referrer, with which browsers send forms with "Origin: null".
    headers.setdefault("Referrer-Policy", "same-origin")
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["X-Robots-Tag"] = "noindex, nofollow"
    return harden(response)


@console.errorhandler(HttpError)
def refuse(error: HttpError) -> Response:
    """Answer an error as all routes below the prefix do: there is nothing here for strangers."""
    return answer_error(error)


@console.errorhandler(LedgerUnavailableError)
@console.errorhandler(StoreUnavailableError)
def report_database(error: LedgerUnavailableError | StoreUnavailableError) -> Any:
    """Say on a page that the database, or Redis, cannot be used, and that nothing was changed."""
    return view("page.show_database_error")(error=error)
