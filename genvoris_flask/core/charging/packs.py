"""Try-ons that a shop sells one by one (GENVORIS_PACKS), and its own function that sells them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import ConfigurationError
from ..addresses import is_web_link
from ..products import Product
from ..sessions import Shopper

FIELDS = ("try_ons", "price", "title", "external_price_id")
MAX_TRY_ONS = 10_000
MAX_TEXT = 80
log: logging.Logger = logging.getLogger("genvoris_flask.billing")


@dataclass(frozen=True)
class Pack:
    """A number of try-ons that is paid for once.

    Attributes:
        try_ons: The number, unique among the packs.
        price: What it costs, as shoppers read it.
        title: What it is called; by default “Pay once”, in the shopper's language.
        external_price_id: The price's id in the shop's billing system, such as Stripe's.
    """

    try_ons: int
    price: str
    title: str | None = None
    external_price_id: str | None = None


def read_packs(key: str, value: Any) -> tuple[Pack, ...]:
    """Parse a list of packs, each a dict with the fields of Pack.

    Args:
        key: The setting's name, for error messages.
        value: The setting's value.

    Raises:
        ConfigurationError: The value is not such a list, is empty, or names a number twice.
    """
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise ConfigurationError(
            f'{key} must be a list of packs, such as [{{"try_ons": 1, "price": "0.99 €"}}].'
        )
    packs = tuple(_read(f"{key}[{number}]", each) for number, each in enumerate(value))
    if not packs:
        raise ConfigurationError(f"{key} is empty: leave it unset to sell none.")
    if len({pack.try_ons for pack in packs}) < len(packs):
        raise ConfigurationError(f"{key} has two packs of the same number of try-ons.")
    return packs


def _read(key: str, value: Any) -> Pack:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{key} must be a dict with try_ons and price.")
    if unknown := [name for name in value if name not in FIELDS]:
        raise ConfigurationError(
            f"{key} has the unknown key {unknown[0]!r}; there are {', '.join(FIELDS)}."
        )
    try_ons = value.get("try_ons")
    if isinstance(try_ons, bool) or not isinstance(try_ons, int):
        raise ConfigurationError(f"{key}: try_ons must be a whole number, not {try_ons!r}.")
    if not 1 <= try_ons <= MAX_TRY_ONS:
        raise ConfigurationError(f"{key}: try_ons must be 1 to {MAX_TRY_ONS:,}, not {try_ons}.")
    price = _text(key, "price", value)
    if price is None:
        raise ConfigurationError(f'{key} needs a price, as shoppers read it, such as "0.99 €".')
    return Pack(try_ons, price, _text(key, "title", value), _text(key, "external_price_id", value))


def _text(key: str, name: str, value: Mapping[str, Any]) -> str | None:
    found = value.get(name)
    if found is None:
        return None
    if not isinstance(found, str) or not found.strip():
        raise ConfigurationError(f"{key}: {name} must be a non-empty string.")
    if name != "external_price_id" and len(found) > MAX_TEXT:
        raise ConfigurationError(f"{key}: {name} must have at most {MAX_TEXT} characters.")
    return found.strip()


# Takes who buys, for which product, where the checkout shall lead back to, and what they buy.
CheckoutHook = Callable[[Shopper, "Product | None", str, Pack], str]


class CheckoutError(Exception):
    """The checkout could not be started; the reason was logged."""


def start_checkout(
    hook: CheckoutHook, shopper: Shopper, product: Product | None, return_url: str, pack: Pack
) -> str:
    """Return the URL of a checkout that the shop has started.

    Raises:
        CheckoutError: The shop's function failed, or returned something else.
    """
    try:
        url: object = hook(shopper, product, return_url, pack)
    except Exception as error:  # the shop's own code must not break the dialog
        log.exception("The function that starts a checkout failed")
        raise CheckoutError from error
    if not isinstance(url, str) or not url or not is_web_link(url):
        log.error(
            "The function registered with @genvoris.checkout must return the URL of a checkout: "
            "a path, or an http or https address."
        )
        raise CheckoutError
    return url
