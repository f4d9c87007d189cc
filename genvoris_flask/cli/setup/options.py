"""The options of ``flask genvoris init`` that answer one of its questions each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import IO, Any, TypeVar

import click

from ..output import FILLED

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

# The options that are settings, by the setting.
SETTINGS: dict[str, str] = {
    "api_key_file": "GENVORIS_API_KEY",
    "charging": "GENVORIS_CHARGING",
    "plans": "GENVORIS_PLANS",
    "packs": "GENVORIS_PACKS",
    "upgrade_url": "GENVORIS_UPGRADE_URL",
    "credits_per_order": "GENVORIS_CREDITS",
    "free_tryons": "GENVORIS_FREE_TRYONS",
    "database_url": "GENVORIS_DATABASE_URL",
    "queue": "GENVORIS_QUEUE",
    "store_url": "GENVORIS_STORE_URL",
    "guests": "GENVORIS_ALLOW_GUESTS",
    "stripe_secret_file": "GENVORIS_STRIPE_WEBHOOK_SECRET",
}


def _read_secret(_: click.Context, __: click.Parameter, file: IO[str] | None) -> str | None:
    return file.read().strip() if file else None


def _read_flag(_: click.Context, __: click.Parameter, value: bool | None) -> str | None:
    return None if value is None else str(value).lower()


def _read_plans(_: click.Context, __: click.Parameter, values: Sequence[str]) -> str | None:
    rows = [value.split(":", 3) for value in values]
    if not all(len(row) > 1 and row[1].isdigit() for row in rows):
        raise click.BadParameter(
            'It must be NAME:TRY-ONS[:PRICE-ID[:PRICE]], such as "Pro:100:price_1N:9 € a month".'
        )
    return plans_json([name, int(number), *more] for name, number, *more in rows) if rows else None


def _read_packs(_: click.Context, __: click.Parameter, values: Sequence[str]) -> str | None:
    rows = [value.split(":", 2) for value in values]
    if not all(len(row) > 1 and row[0].isdigit() for row in rows):
        raise click.BadParameter('It must be TRY-ONS:PRICE[:PRICE-ID], such as "1:0.99 €".')
    return packs_json([int(number), *more] for number, *more in rows) if rows else None


def setting_options(command: CommandT) -> CommandT:
    """Add the options that answer a question each."""
    secret = click.File()
    for option in reversed(
        [
            click.option(
                "--api-key-file",
                type=secret,
                callback=_read_secret,
                help="A file with the API key; - is standard input.",
            ),
            click.option("--charging", type=FILLED, help="How you charge: WAY,…"),
            click.option(
                "--plan",
                "plans",
                multiple=True,
                callback=_read_plans,
                help="What you sell: NAME:TRY-ONS:PRICE-ID:PRICE; may be repeated.",
            ),
            click.option(
                "--pack",
                "packs",
                multiple=True,
                callback=_read_packs,
                help='Single try-ons: TRY-ONS:PRICE[:PRICE-ID], as in "1:0.99 €".',
            ),
            click.option("--upgrade-url", type=FILLED, help="Your page that sells plans."),
            click.option("--credits", "credits_per_order", help="Try-ons that an order brings."),
            click.option("--free-tryons", help="Free try-ons within 30 days."),
            click.option("--database-url", type=FILLED, help="The ledger's database."),
            click.option("--queue", type=click.Choice(["threads", "rq", "celery"])),
            click.option("--store-url", type=FILLED, help="The Redis of all processes."),
            click.option(
                "--guests/--no-guests",
                default=None,
                callback=_read_flag,
                help="Whether everybody may try on, at your cost.",
            ),
            click.option(
                "--stripe-secret-file",
                type=secret,
                callback=_read_secret,
                help="A file with the signing secret of Stripe's endpoint.",
            ),
        ]
    ):
        command = option(command)
    return command


def plans_json(plans: Iterable[Sequence[Any]]) -> str:
    """Return GENVORIS_PLANS.

    Args:
        plans: Of each its name, the try-ons a month and, if there are any, the id of its price in
            the billing system and the price as shoppers read it.
    """
    names = ("name", "monthly_try_ons", "external_price_id", "price_text")
    return json.dumps([dict(zip(names, p, strict=False)) for p in plans], ensure_ascii=False)


def packs_json(packs: Iterable[Sequence[Any]]) -> str:
    """Return GENVORIS_PACKS.

    Args:
        packs: Of each the try-ons, the price as shoppers read it and, if there is one, the id of
            the price in the billing system.
    """
    names = ("try_ons", "price", "external_price_id")
    return json.dumps([dict(zip(names, p, strict=False)) for p in packs], ensure_ascii=False)
