"""The decorators by which a shop registers its own functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from .hooks import Hooks

if TYPE_CHECKING:  # imported when they are used, so that a command needs not wait for them
    from ..core.charging.packs import CheckoutHook
    from ..core.privacy.consents import ConsentHook
    from ..core.products import ProductFilter
    from ..core.sessions import Shopper
    from ..core.tryon.engines import EngineHook
    from ..core.tryon.paywall import PaywallHook

HandlerT = TypeVar("HandlerT", bound=Callable[..., object])
LoaderT = TypeVar("LoaderT", bound="Callable[[], Shopper | None]")
PaywallT = TypeVar("PaywallT", bound="PaywallHook")
CheckoutT = TypeVar("CheckoutT", bound="CheckoutHook")
EngineT = TypeVar("EngineT", bound="EngineHook")
ProductFilterT = TypeVar("ProductFilterT", bound="ProductFilter")
ConsentT = TypeVar("ConsentT", bound="ConsentHook")
ConsoleAccessT = TypeVar("ConsoleAccessT", bound=Callable[[], bool])
ConsoleNamesT = TypeVar("ConsoleNamesT", bound=Callable[[list[str]], Mapping[str, str]])
StripeShopperT = TypeVar("StripeShopperT", bound=Callable[[str], "str | None"])


class Registration:
    """Registers a shop's functions.

    Args:
        hooks: Holds them.
    """

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    def shopper_loader(self, function: LoaderT) -> LoaderT:
        """Register the function that says who is shopping, or None. Default: Flask-Login."""
        self._hooks.shopper_loader = function
        return function

    def paywall(self, function: PaywallT) -> PaywallT:
        """Register the function that returns a refused shopper's paywall."""
        self._hooks.paywall = function
        return function

    def checkout(self, function: CheckoutT) -> CheckoutT:
        """Register the function that starts a checkout for single try-ons, and returns its URL.

        It takes the ``Shopper``, the ``Product`` or None, the URL where the checkout shall lead
        back to, and the ``Pack`` of GENVORIS_PACKS that they want. It runs in a request. Once the
        payment has succeeded, call ``billing.order_paid``.
        """
        self._hooks.checkout = function
        return function

    def product_filter(self, function: ProductFilterT) -> ProductFilterT:
        """Register the function that says whether a product may be tried on. Default: all may.

        It takes a ``Product`` and returns something true or false. It is called for the button and
        again for every try-on, so a cached or forged page changes nothing.
        """
        self._hooks.product_filter = function
        return function

    def consent_text(self, function: ConsentT) -> ConsentT:
        """Register the function that returns what shoppers agree to before their photo is read.

        It takes the language (``en``, ``de``, …) and returns the sentence, or a ``ConsentText``
        with the shop's own name for its version; None for the default sentence. Everybody is asked
        anew when it changes.
        """
        self._hooks.consent_text = function
        return function

    def console_access(self, function: ConsoleAccessT) -> ConsoleAccessT:
        """Register the function that says whether whoever asks may use the console.

        It takes nothing and returns ``True`` or ``False``; anything else is refused. It runs in
        each request to the console, and replaces GENVORIS_CONSOLE_ATTRIBUTE and
        GENVORIS_CONSOLE_ROLE. Without any of them there is no console.
        """
        self._hooks.console_access = function
        return function

    def console_names(self, function: ConsoleNamesT) -> ConsoleNamesT:
        """Register the function that returns what people are called, for the console.

        It takes a list of ids, those of shoppers and of staff who changed something, and returns a
        dict of names by id; without a name, the id is shown alone. It runs once for each page
        that shows any of them. Names are not stored.
        """
        self._hooks.console_names = function
        return function

    def stripe_shopper(self, function: StripeShopperT) -> StripeShopperT:
        """Register the function that returns the shop's id for a Stripe customer (``cus_…``)."""
        self._hooks.stripe_shopper = function
        return function

    def on(self, event_type: str, *, background: bool = False) -> Callable[[HandlerT], HandlerT]:
        """Register a function for events from Genvoris, which takes the event.

        If it raises, the delivery is answered with status 500 and Genvoris delivers it again. See
        ``webhooks.events`` for the types.

        Args:
            event_type: Such as ``tryon.completed``; ``"*"`` for all. Older names
                (``end_customer.…``) stand for the new ones.
            background: For a function that takes longer than a few seconds: it runs after the
                delivery was answered, on a bounded pool, outside of any request.

        Raises:
            ValueError: The type is not a non-empty string.
        """
        from ..core.webhooks.handling import Handler, checked_type

        checked = checked_type(event_type)

        def register(function: HandlerT) -> HandlerT:
            self._hooks.webhook_handlers.append(Handler(checked, function, background))
            return function

        return register

    def tryon_engine(self, function: EngineT) -> EngineT:
        """Register the function that makes try-ons instead of Genvoris.

        It takes photo, product and shopper (None: a guest), and returns the picture: its bytes, or
        a ``Picture``. It runs on a thread of a pool with an app context, may take its time, and is
        never called for a shopper who may not try on. Genvoris meters each picture it returns.
        """
        self._hooks.tryon_engine = function
        return function
