"""The ways in which the shop charges for try-ons, which its owner switches while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Flask

from .samples import limit_at_genvoris

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

GENVORIS_PACKS = [{"try_ons": 1, "price": "€0.50"}, {"try_ons": 5, "price": "€2"}]
EVERYTHING = "freemium,subscription,credits,pay_per_use"


@dataclass(frozen=True)
class Way:
    """A way to charge, as the demo's controls describe it, and its settings."""

    title: str
    text: str
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def has_ledger(self) -> bool:
        """Return whether the shop itself counts, rather than Genvoris."""
        return bool(self.settings)


WAYS = {
    "plans": Way("Plans at Genvoris", "As the quickstart has it: Genvoris counts each plan."),
    "free": Way("Free", "The shop pays for everyone.", {"GENVORIS_CHARGING": "free"}),
    "subscription": Way(
        "Subscription", "A plan, counted by the shop.", {"GENVORIS_CHARGING": "subscription"}
    ),
    "credits": Way(
        "Credits",
        "Each order brings three try-ons.",
        {"GENVORIS_CHARGING": "credits", "GENVORIS_CREDITS": 3, "GENVORIS_CREDIT_DAYS": 90},
    ),
    "pay_per_use": Way(
        "Pay per use",
        "One try-on, or five, to be used within a day.",
        {"GENVORIS_CHARGING": "pay_per_use", "GENVORIS_PACKS": GENVORIS_PACKS},
    ),
    "freemium": Way(
        "Freemium, and everything else",
        "Three free ones in 30 days; then a plan, an order or single ones.",
        {
            "GENVORIS_CHARGING": EVERYTHING,
            "GENVORIS_FREE_TRYONS": 3,
            "GENVORIS_CREDITS": 3,
            "GENVORIS_PACKS": GENVORIS_PACKS,
        },
    ),
}
AT_GENVORIS = "plans"
# The owner's console has most to show if the shop counts, and the samples have plans.
START = "subscription"


def settings_of(name: str, database_url: str) -> dict[str, Any]:
    """Return the settings of a way; all but the first keep a ledger in a database."""
    way = WAYS[name]
    chosen = {"DEMO_CHARGING": name, **way.settings}
    return {**chosen, "GENVORIS_DATABASE_URL": database_url} if way.has_ledger else chosen


class SwitchableShop:
    """A WSGI app that serves the shop, and can be made anew with other settings.

    Args:
        create: Makes the shop that charges in a way.
        start: The way in which it begins.
    """

    def __init__(self, create: Callable[[str], Flask], start: str = START) -> None:
        self._create = create
        self.app = create(start)
        self.app.config["DEMO_SWITCH"] = self.switch

    def switch(self, name: str) -> None:
        """Serve a shop that charges in another way from the next request on."""
        app = self._create(name)
        if name == AT_GENVORIS != self.app.config["DEMO_CHARGING"]:
            limit_at_genvoris(app)
        app.config["DEMO_SWITCH"] = self.switch
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.app(environ, start_response)
