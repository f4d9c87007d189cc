"""The settings of shoppers and of what they pay."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.billing import plans
from ..core.charging.credits import CreditRule
from ..core.charging.packs import Pack
from ..core.charging.ways import Way


@dataclass(frozen=True, kw_only=True)
class ChargingSettings:
    """Who shoppers are, and how they are charged.

    Attributes:
        charging: How the shop charges for try-ons: ``free``, ``subscription``, ``credits``,
            ``pay_per_use``, ``freemium``, or several with commas between them. Default: none;
            paywalls list no ways to go on, and nobody gets free try-ons but by ``default_plan``.
        packs: The single try-ons that the shop sells: a list of dicts with ``try_ons``, ``price``
            (as shoppers read it) and, where there is one, ``title`` and ``external_price_id``.
        single_hours: Hours in which single try-ons can be used, 1 to 8760. Default 24.
        free_tryons: With a ledger, the try-ons that ``freemium`` gives a shopper within 30 days, 1
            to 1000.
        email_verified_attribute: The attribute or method of Flask-Login's user that says whether
            the shop has verified their address, such as ``confirmed_at``. Default: no address
            counts as verified.
        grace_days: Without a ledger, the days after the paid period on which a subscriber at Stripe
            whose payment is overdue is paused, 0 to 30. Default 3.
        roll_over: With a ledger, whether what is left of a paid period can be used in the next one.
            Default false.
        prorate_units: With a ledger, whether a change of the plan counts for the rest of its
            period only, in proportion. Default false: a larger plan counts in full at once.
        downgrade_at_once: With a ledger, whether a smaller plan counts at once, though what is used
            stays used. Default false: it counts from the next period.
        credits: How many try-ons a paid order brings: a number, ``{"per_item": 1}`` for each of its
            items, or a function that takes an ``Order`` and returns a number. Default: none;
            each call of ``billing.order_paid`` passes it.
        credit_days: Days until try-ons of orders and gifts expire, 1 to 3650. Default: they do not
            expire.
        external_id_prefix: A prefix for the shop's own ids at Genvoris. Default empty.
        user_id_attribute: The attribute or method of Flask-Login's user that is the shop's own id,
            such as ``id``. Default: the user's primary key.
        default_plan: The plan (``pln_…``) that unknown shoppers are registered with, once, when
            they first want to try on; until then their pages contain no token. Default: none.
        plans: What the shop sells: a list of dicts with ``name``, ``monthly_try_ons`` and, where
            there is one, ``external_price_id``; other keys are the shop's own.
            ``billing.sync_plans()`` brings it to Genvoris.
        allow_guests: Whether those who are not logged in may try on, at the shop's cost. Default
            false.
        login_url: Where shoppers log in. Default: Flask-Login's ``login_view``, or
            Flask-Security's log-in, if there is one.
        upgrade_url: Where the default paywall leads.
        stripe_webhook_secret: The secret that Stripe signs its events with (``whsec_…``), or
            several. Default: none; Stripe's events are refused.
        stripe_api_key: A restricted key of Stripe's that may read Checkout Sessions, Invoices and
            Subscriptions, to ask what one-off payments and refunds were for, and for lists that
            events cut off. Default: none; Stripe is not asked.
        stripe_metadata_only: Whether the metadata of a Checkout Session alone says whose it is,
            and its ``client_reference_id``, which buyers can set in a Payment Link, does not.
            Default false.
    """

    charging: tuple[Way, ...] = ()
    packs: tuple[Pack, ...] = ()
    single_hours: int = 24
    free_tryons: int | None = None
    email_verified_attribute: str | None = None
    grace_days: int = 3
    roll_over: bool = False
    prorate_units: bool = False
    downgrade_at_once: bool = False
    credits: CreditRule | None = None
    credit_days: int | None = None
    external_id_prefix: str = ""
    user_id_attribute: str | None = None
    default_plan: str | None = None
    plans: tuple[plans.DeclaredPlan, ...] | None = None
    allow_guests: bool = False
    login_url: str | None = None
    upgrade_url: str | None = None
    stripe_webhook_secret: tuple[str, ...] = ()
    stripe_api_key: str | None = None
    stripe_metadata_only: bool = False
