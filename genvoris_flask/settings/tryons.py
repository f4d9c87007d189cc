"""The settings of try-ons and of their limits."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.rates import PACE


@dataclass(frozen=True, kw_only=True)
class TryOnSettings:
    """How try-ons are made, and how many.

    Attributes:
        phone_handover: Whether a shopper at a computer may take the photo with their phone, by a
            QR code. Default true. Without ``store_url`` it needs a single process.
        max_upload_bytes: The largest photo in bytes, 64 KiB to 100 MiB. Default 10 MiB.
        tryon_concurrency: Try-ons that a process runs at once, 1 to 64. Default 4.
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
        upload_timeout: Seconds that a browser may take to send a photo, or to read a picture, 1 to
            600. Default 120.
        passthrough_concurrency: Requests of the hosted widget that a process passes on at once,
            1 to 64; each holds a worker. Default 4. ``tryons_per_shopper`` bounds one shopper's.
        result_ttl: Seconds that a finished try-on is kept, 30 to 86400. Default 600.
        pace_mints: How often all processes together ask Genvoris for tokens, which allows
            1,000 an hour. Default ``900/hour``.
        pace_registrations: How often they register shoppers who want to try on. Genvoris allows
            100 an hour. Default ``90/hour``.
        pace_new_shoppers: How often they ask Genvoris about a shopper that it may not know. It
            suspends a shop at 500 an hour. Default ``400/hour``.
        pace_tryons: How often they ask for a picture. Genvoris allows an address 20 a minute and
            200 an hour. Default ``18/minute; 180/hour``.
        burn_guard: Whether try-ons pause before the shop's credits are spent so fast that Genvoris
            suspends it. Default true.
        limit_session: How often a shopper may ask for a token, such as ``30/minute`` or
            ``20/minute; 200/hour``. One address may ask five times as often, here and in the next
            two.
        limit_tryons: How often a shopper may start a try-on. Default ``10/minute``.
        limit_events: How often a shopper's widget may report events. Default ``60/minute``.
        limit_webhook: How often an address may deliver webhooks. Default ``600/minute``.
    """

    phone_handover: bool = True
    max_upload_bytes: int = 10 * 1024 * 1024
    tryon_concurrency: int = 4
    queue: str = "threads"
    queue_name: str | None = None
    queue_size: int = 100
    tryons_per_shopper: int = 2
    guest_tryons_per_day: int | None = None
    tryons_per_day: int | None = None
    shop_tryons_per_day: int | None = None
    tryon_timeout: float = 90.0
    upload_timeout: float = 120.0
    passthrough_concurrency: int = 4
    result_ttl: int = 600
    pace_mints: str = PACE["mints"]
    pace_registrations: str = PACE["registrations"]
    pace_new_shoppers: str = PACE["new_shoppers"]
    pace_tryons: str = PACE["tryons"]
    burn_guard: bool = True
    limit_session: str = "30/minute"
    limit_tryons: str = "10/minute"
    limit_events: str = "60/minute"
    limit_webhook: str = "600/minute"
