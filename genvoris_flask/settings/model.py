"""The settings of a shop: their names, meanings and defaults."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core import button_design as button
from ..core.billing import plans
from ..core.charging.credits import CreditRule
from ..core.charging.packs import Pack
from ..core.charging.ways import Means, Way
from ..core.products import CATEGORIES
from ..core.rates import PACE

if TYPE_CHECKING:  # few commands handle pictures
    from ..core.images.marking import PictureMark
    from ..core.images.signing import SignFunction
    from ..core.images.visible import VisibleMark


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one app.

    Each is named ``GENVORIS_`` and its name in capitals, in ``app.config`` or in the environment.

    Attributes:
        api_key: The shop's server key, ``gvk_live_…`` or ``gvk_test_…``. Required.
        enabled: Whether try-on is enabled. Default true. When false, no other setting is read,
            the tags are empty, and calls of the extension do nothing.
        api_url: Where the REST API is. Default ``https://genvoris.org/api/v1``.
        tryon_url: Where try-ons are made. Default ``https://api.genvoris.org``.
        issuer: Who must have issued a session token. Default ``https://genvoris.org``.
        jwks_url: Where the keys are that verify tokens. Default: ``/.well-known/jwks.json`` at the
            origin of ``api_url``.
        url_prefix: Where this extension's routes are in the shop. Default ``/genvoris``.
        widget_url: The URL of another widget script. Default: the one in this package.
        widget_integrity: The ``sha256-…``, ``sha384-…`` or ``sha512-…`` of ``widget_url``.
        widget_api_key: A publishable key for the tag's ``data-api-key``. Never the server key.
        session_ttl: Seconds that a new token lives, 120 to 3600. Default 900.
        page_budget: Seconds that a page may wait for a token, 0.05 to 10. Default 0.8.
        inline_session: Whether pages carry the token. Default true. When false the widget asks
            for one, and pages can be cached.
        store_url: Where processes share sessions: ``redis://…``, ``rediss://…``, ``unix://…``,
            ``redis+sentinel://…`` or ``redis+cluster://…``. Default: each process keeps its own.
        database_url: The SQLAlchemy URL of the database of the ledger, such as
            ``postgresql+psycopg://…``. Default: no ledger; Genvoris's plans decide who may try on.
        database: The shop's own Flask-SQLAlchemy object or engine, in place of ``database_url``.
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
            each call of ``billing.order_paid`` says it.
        credit_days: Days that try-ons of orders and gifts last, 1 to 3650. Default: for ever.
        store_namespace: Names the shop's records in Redis. Default: a name that belongs to the
            shop's account at Genvoris, so that records survive a new ``api_key``.
        max_shoppers: How many shoppers' sessions a process caches, 100 to 10,000,000. Default
            10,000.
        external_id_prefix: Put in front of the shop's own ids at Genvoris. Default empty.
        user_id_attribute: The attribute or method of Flask-Login's user that is the shop's own id,
            such as ``id``. Default: the user's primary key.
        default_plan: The plan (``pln_…``) that unknown shoppers are registered with, once, when
            they first reach for a try-on; until then their pages carry no token. Default: none.
        plans: What the shop sells: a list of dicts with ``name``, ``monthly_try_ons`` and, where
            there is one, ``external_price_id``; other keys are the shop's own.
            ``billing.sync_plans()`` brings it to Genvoris.
        allow_guests: Whether those who are not logged in may try on, at the shop's cost. Default
            false.
        login_url: Where shoppers log in. Default: Flask-Login's ``login_view``, if there is one.
        upgrade_url: Where the default paywall leads.
        privacy_url: The shop's privacy policy, which shoppers are asked to agree to before their
            photo is sent. Default: none; the question has no link.
        require_consent: Whether a try-on is refused unless its shopper's consent is on record.
            Default: whether there is a database for it, and ``privacy_url``, ``minimum_age`` or
            ``@genvoris.consent_text``.
        minimum_age: The age that shoppers have to state before their photo is read, 1 to 99.
            Default: none.
        keep_consents_days: Days that consents and receipts of erasures are kept after they were
            given, withdrawn or done, 1 to 3650. Default 1095.
        erase_on_logout: Whether a log-out by Flask-Login deletes the shopper's try-ons and
            pictures. Default false.
        erase_deleted_users: Whether deleting a user by SQLAlchemy, as Flask-Security does, erases
            all that is known of them. Default false.
        support_url: Where shoppers can tell the shop about a failed try-on: a page, or a mailto or
            tel address. Default: none.
        shop_name: The name that shoppers know the shop by, for sentences about their photo.
            Default: the host name of the page.
        picture_credit: The credit line in the metadata of finished pictures. Default: that a model
            made them, unless they come with a line of their own.
        visible_mark: What is drawn into a corner of finished pictures: a few words such as ``AI``,
            or a dict of ``text``, ``corner`` and ``font``. Default: nothing.
        c2pa_certificate: The certificate, and those that lead to its root, with which finished
            pictures are signed: PEM, or the path of a file. Default: they are not signed.
        c2pa_private_key: Its private key: PEM, the path of a file, or a function that signs.
        c2pa_timestamp_url: The authority that confirms the time of each signature, or of none.
        phone_handover: Whether a shopper at a computer may take the photo with their phone, by a
            QR code. Default true. Without ``store_url`` it needs a single process.
        button: The button's design: a dict of the fields that docs/widget.md lists, such as
            ``borderRadius``, or a function that returns one for each request. Default: none; the
            shop's own style sheet decides.
        max_upload_bytes: The largest photo in bytes, 64 KiB to 100 MiB. Default 10 MiB.
        tryon_concurrency: Try-ons under way at once in a process, 1 to 64. Default 4.
        holdout: With a ledger, the share of visitors who see no button, to be compared with the
            others, 0 to 0.5. Default 0.
        queue: What runs try-ons: ``threads`` of the process that took them, or the workers of
            ``rq`` or ``celery``, which need ``store_url``. Default ``threads``.
        queue_name: The queue that try-ons are put into, for RQ and Celery. Default ``genvoris``
            with RQ, and with Celery the one that its routing says.
        queue_size: Try-ons that may wait or be under way at once with RQ or Celery, 1 to 1,000.
            Default 100.
        tryons_per_shopper: Try-ons that one shopper may have under way, in all processes together,
            1 to 64. Default 2.
        guest_tryons_per_day: Try-ons that one guest may start within 24 hours, 1 to 100, and five
            times as many from one address. Those that fail do not count. Default: no limit.
        tryons_per_day: Try-ons that one shopper or guest may start within 24 hours, 1 to 1,000, and
            five times as many guests from one address. Those that fail do not count. Default: no
            limit.
        shop_tryons_per_day: Try-ons that all shoppers and guests together may start within a day,
            1 to 1,000,000. Those that fail do not count. Default: no limit.
        tryon_timeout: Seconds that a try-on may take, 5 to 600. Default 90.
        result_hosts: Hosts that finished pictures may be fetched from over https, besides that of
            ``tryon_url``: a list, or a string with commas; ``*.example.com`` is all subdomains.
            Default ``*.genvoris.org``.
        upload_timeout: Seconds that a browser may take to send a photo, or to read a picture, 1 to
            600. Default 120.
        passthrough_concurrency: Requests of the hosted widget that a process passes on at once,
            1 to 64; each holds a worker. Default 4. ``tryons_per_shopper`` bounds one shopper's.
        categories: The categories whose products can be tried on: a list, or a string with commas,
            of ``apparel``, ``home``, ``object`` and ``other``. Default: all.
        result_ttl: Seconds that a finished try-on is kept, 30 to 86400. Default 600.
        webhook_secret: What deliveries from Genvoris are signed with: a string, or several (a list,
            or with commas between them) while one replaces another. Default: none; deliveries are
            refused.
        trusted_origins: Further origins whose pages may use the routes, such as
            ``https://m.shop.example``: a list, or a string with commas. Default: only the
            shop's own.
        keep_pictures_days: Days that a shopper's pictures are kept on their own device, sealed for
            their account, 1 to 365; a guest's for one. 0: they are not kept. Default 30.
        pace_mints: How often all processes together ask Genvoris for tokens, which allows
            1,000 an hour. Default ``900/hour``.
        pace_registrations: How often they register shoppers who reach for a try-on. Genvoris
            allows 100 an hour. Default ``90/hour``.
        pace_new_shoppers: How many shoppers whom Genvoris may not know it is asked about. It
            suspends a shop at 500 an hour. Default ``400/hour``.
        pace_tryons: How often they ask for a picture. Genvoris allows an address 20 a minute and
            200 an hour. Default ``18/minute; 180/hour``.
        burn_guard: Whether try-ons pause before the shop's credits are spent so fast that Genvoris
            suspends it. Default true.
        limit_session: How often a shopper may ask for a token, such as ``30/minute`` or
            ``20/minute; 200/hour``. An address may five times as often; so for the next two.
        limit_tryons: How often a shopper may start a try-on. Default ``10/minute``.
        limit_events: How often a shopper's widget may report events. Default ``60/minute``.
        stripe_webhook_secret: What Stripe signs its events with (``whsec_…``): a string, or
            several. Default: none; Stripe's events are refused.
        stripe_api_key: A restricted key of Stripe's that may read Checkout Sessions, Invoices and
            Subscriptions, to ask what one-off payments and refunds were for, and for lists that
            events cut off. Default: none; Stripe is not asked.
        stripe_metadata_only: Whether the metadata of a Checkout Session alone says whose it is,
            and its ``client_reference_id``, which buyers can set in a Payment Link, does not.
            Default false.
        limit_webhook: How often an address may deliver webhooks. Default ``600/minute``.
        metrics: Where Prometheus's metrics are: a ``CollectorRegistry`` of the shop's, or true for
            prometheus-client's own. Default: none.
        metrics_token: Whoever sends this string of 16 characters or more as a Bearer token may read
            ``GET metrics``. Default: none; there is no such route.
        console_attribute: The attribute or method of Flask-Login's user that says whether they may
            use the console, such as ``is_admin``. Default: the console is off.
        console_role: The role of Flask-Login's user that may use the console, as Flask-Security's
            ``has_role`` knows it, such as ``admin``. Default: the console is off.
        csp_nonce: A callable that returns the nonce of the current request for the script tag.
    """

    api_key: str
    enabled: bool = True
    api_url: str = "https://genvoris.org/api/v1"
    tryon_url: str = "https://api.genvoris.org"
    issuer: str = "https://genvoris.org"
    jwks_url: str = ""
    url_prefix: str = "/genvoris"
    widget_url: str | None = None
    widget_integrity: str | None = None
    widget_api_key: str | None = None
    session_ttl: int = 900
    page_budget: float = 0.8
    inline_session: bool = True
    store_url: str | None = None
    database_url: str | None = None
    database: Any = None
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
    store_namespace: str | None = None
    max_shoppers: int = 10_000
    external_id_prefix: str = ""
    user_id_attribute: str | None = None
    default_plan: str | None = None
    plans: tuple[plans.DeclaredPlan, ...] | None = None
    allow_guests: bool = False
    login_url: str | None = None
    upgrade_url: str | None = None
    privacy_url: str | None = None
    require_consent: bool | None = None
    minimum_age: int | None = None
    keep_consents_days: int = 1095
    erase_on_logout: bool = False
    erase_deleted_users: bool = False
    support_url: str | None = None
    shop_name: str | None = None
    picture_credit: str | None = None
    visible_mark: VisibleMark | None = None
    c2pa_certificate: str | None = None
    c2pa_private_key: str | SignFunction | None = None
    c2pa_timestamp_url: str | None = None
    phone_handover: bool = True
    button: button.ButtonDesign | button.DesignFunction = button.PLAIN
    max_upload_bytes: int = 10 * 1024 * 1024
    tryon_concurrency: int = 4
    holdout: float = 0.0
    queue: str = "threads"
    queue_name: str | None = None
    queue_size: int = 100
    tryons_per_shopper: int = 2
    guest_tryons_per_day: int | None = None
    tryons_per_day: int | None = None
    shop_tryons_per_day: int | None = None
    tryon_timeout: float = 90.0
    result_hosts: tuple[str, ...] = ("*.genvoris.org",)
    categories: tuple[str, ...] = CATEGORIES
    result_ttl: int = 600
    keep_pictures_days: int = 30
    upload_timeout: float = 120.0
    passthrough_concurrency: int = 4
    webhook_secret: tuple[str, ...] = ()
    trusted_origins: frozenset[str] = frozenset()
    pace_mints: str = PACE["mints"]
    pace_registrations: str = PACE["registrations"]
    pace_new_shoppers: str = PACE["new_shoppers"]
    pace_tryons: str = PACE["tryons"]
    burn_guard: bool = True
    limit_session: str = "30/minute"
    limit_tryons: str = "10/minute"
    limit_events: str = "60/minute"
    stripe_webhook_secret: tuple[str, ...] = ()
    stripe_api_key: str | None = None
    stripe_metadata_only: bool = False
    limit_webhook: str = "600/minute"
    metrics: Any = None
    metrics_token: str | None = None
    console_attribute: str | None = None
    console_role: str | None = None
    csp_nonce: Callable[[], str] | None = None

    @property
    def has_ledger(self) -> bool:
        """Whether the shop's ledger, rather than plans at Genvoris, decides who may try on."""
        return self.database_url is not None or self.database is not None

    @property
    def has_durable_outbox(self) -> bool:
        """Whether what Genvoris has yet to be told outlasts the process."""
        return self.has_ledger or self.queue != "threads"

    @property
    def is_free(self) -> bool:
        """Whether the shop pays for everyone's try-ons."""
        return "free" in self.charging

    @functools.cached_property
    def picture_mark(self) -> PictureMark:
        """How finished pictures are marked. A key that does not fit raises ValueError."""
        from ..core.images.marking import PictureMark
        from ..core.images.signing import open_signer

        signer = open_signer(self.c2pa_certificate, self.c2pa_private_key, self.c2pa_timestamp_url)
        return PictureMark(self.picture_credit, self.visible_mark, signer)

    @property
    def means(self) -> Means:
        """What the shop has set up to charge."""
        return Means(
            has_ledger=self.has_ledger,
            allows_guests=self.allow_guests,
            default_plan=self.default_plan,
            plans=self.plans or (),
            packs=self.packs,
            free_tryons=self.free_tryons,
        )

    def __repr__(self) -> str:
        """Leave the keys out."""
        return f"Settings(api_url={self.api_url!r}, url_prefix={self.url_prefix!r}, …)"
