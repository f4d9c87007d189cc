"""The questions of ``flask genvoris init``, and the settings that the answers make."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from ...core.charging.ways import NEED_LEDGER, WAYS, Way, read_ways
from ...core.setting_checks import CHECKS
from ...errors import ConfigurationError, see
from ..output import Failure
from .options import packs_json, plans_json
from .project import Project

SANDBOX_URL = "http://127.0.0.1:8787"
SANDBOX_KEY = "gvk_test_mine"
KEY = "GENVORIS_API_KEY"


@dataclass(frozen=True, kw_only=True)
class Options:
    """The answers that the command line gives; those it does not give are None or empty.

    Attributes:
        yes: Whether nothing is asked: other questions are answered by their defaults.
        sandbox: The address of a local Genvoris to use.
        shop_url: The shop's address, for webhooks.
        given: Settings, by key.
    """

    yes: bool = False
    sandbox: str | None = None
    shop_url: str | None = None
    given: Mapping[str, str] = field(default_factory=dict)


class Answers:
    """Asks for the settings that a shop lacks.

    Args:
        project: The shop.
        options: What needs not be asked.
    """

    def __init__(self, project: Project, options: Options) -> None:
        self._project = project
        self._options = options
        self.values: dict[str, str] = dict(options.given)
        self.shop_url = options.shop_url

    def ask(self) -> dict[str, str]:
        """Ask everything, and return the settings to write.

        Raises:
            Failure: Something that a shop needs has no answer.
        """
        self._ask_key()
        self._ask_shoppers()
        self._ask_charging()
        self._ask_stripe()
        self._ask_queue()
        self._ask_webhooks()
        return self.values

    def _ask_key(self) -> None:
        if self._options.sandbox or self._uses_sandbox():
            return self._use_sandbox(self._options.sandbox or SANDBOX_URL)
        if self._has(KEY):
            return None
        if self._options.yes:
            raise Failure(
                f"{KEY} is missing: set it in the environment, name a file that holds it with "
                "--api-key-file, or use a local Genvoris with --sandbox."
            )
        self._explain("Your API key is in the Genvoris dashboard, at Integration → API keys.")
        self._text(KEY, "API key (Enter: a local Genvoris, without an account)", secret=True)
        return None if self._has(KEY) else self._use_sandbox(SANDBOX_URL)

    def _uses_sandbox(self) -> bool:
        """Return whether an earlier run has chosen the sandbox, whose key is no secret."""
        return self._project.setting(KEY) == SANDBOX_KEY and not self._has("GENVORIS_API_URL")

    def _use_sandbox(self, url: str) -> None:
        if not self._has(KEY):
            self.values[KEY] = SANDBOX_KEY
        base = url.rstrip("/")
        self._check("GENVORIS_TRYON_URL", base)
        self.values |= {"GENVORIS_API_URL": f"{base}/api/v1", "GENVORIS_TRYON_URL": base}

    def _ask_shoppers(self) -> None:
        key = "GENVORIS_EMAIL_VERIFIED_ATTRIBUTE"
        if self._project.verifies_addresses and not self._has(key):
            self.values[key] = "confirmed_at"
        if self._project.login is None and not self._has("GENVORIS_ALLOW_GUESTS"):
            question = "No Flask-Login was found. May everybody try on, at your cost?"
            self._flag("GENVORIS_ALLOW_GUESTS", question)

    def _ask_charging(self) -> None:
        if not self._has("GENVORIS_CHARGING"):
            self._explain(f"Ways to charge: {', '.join(WAYS)} ({see('billing.md')}).")
            self._text("GENVORIS_CHARGING", "How do you charge (Enter: decide later)")
        if ways := self._ways():
            self._ask_ledger(ways)
            self._ask_sold(ways)

    def _ways(self) -> Sequence[Way]:
        value = self.values.get("GENVORIS_CHARGING") or self._project.setting("GENVORIS_CHARGING")
        return read_ways("GENVORIS_CHARGING", value) if value else ()

    def _ask_ledger(self, ways: Sequence[Way]) -> None:
        if self._has("GENVORIS_DATABASE_URL") or self._has("GENVORIS_DATABASE"):
            return
        needed = bool({*NEED_LEDGER, "freemium"} & set(ways))
        free = "free" in ways and not any(
            self._has(key) for key in ("GENVORIS_ALLOW_GUESTS", "GENVORIS_DEFAULT_PLAN")
        )
        if not (needed or free):
            return
        own = self._project.database_url
        question = "SQLAlchemy URL of the ledger's database, as in sqlite:///try-ons.sqlite"
        if own and self._confirm("Keep the ledger in the shop's own database?", default=True):
            self._check("GENVORIS_DATABASE_URL", own)
            self.values["GENVORIS_DATABASE_URL"] = own
        else:
            self._text("GENVORIS_DATABASE_URL", question, required="--database-url", secret=True)

    def _ask_sold(self, ways: Sequence[Way]) -> None:
        if "subscription" in ways and not self._has("GENVORIS_PLANS"):
            self._ask_plan()
        if "subscription" in ways and not self._has("GENVORIS_UPGRADE_URL"):
            self._text(
                "GENVORIS_UPGRADE_URL", "Your page that sells plans, as in /plans (Enter: later)"
            )
        if "pay_per_use" in ways and not self._has("GENVORIS_PACKS"):
            self._ask_pack()
        if "credits" in ways and not self._has("GENVORIS_CREDITS"):
            question = "Try-ons that a paid order brings (Enter: your code says so)"
            self._text("GENVORIS_CREDITS", question)
        if "freemium" in ways and not self._has("GENVORIS_FREE_TRYONS"):
            self._text("GENVORIS_FREE_TRYONS", "Free try-ons within 30 days", default="3")

    def _ask_plan(self) -> None:
        self._need_person("--plan NAME:TRY-ONS:PRICE-ID:PRICE")
        click.echo("Declare the plan that you sell; more of them go into GENVORIS_PLANS later.")
        name = click.prompt("Name of the plan", default="Pro")
        number = click.prompt("Try-ons a month", type=click.IntRange(1))
        price = click.prompt("Its price's id in your billing system (Stripe: price_…)")
        shown = click.prompt('Its price, as shoppers read it ("9 € a month")')
        self.values["GENVORIS_PLANS"] = plans_json([(name, number, price, shown)])

    def _ask_pack(self) -> None:
        self._need_person("--pack TRY-ONS:PRICE")
        number = click.prompt("Try-ons that are sold together", type=click.IntRange(1), default=1)
        price = click.prompt('Their price, as shoppers read it ("0.99 €")')
        self.values["GENVORIS_PACKS"] = packs_json([(number, price)])

    def _ask_queue(self) -> None:
        queue, redis = self._project.queue, self._project.redis_url
        if queue and not self._has("GENVORIS_QUEUE"):
            name = {"celery": "Celery", "rq": "RQ"}[queue]
            question = f"{name} was found. Shall its workers make the pictures?"
            use = self._confirm(question, default=redis is not None or self._has_store())
            self.values["GENVORIS_QUEUE"] = queue if use else "threads"
        if self._has_store():
            return
        value = self.values.get("GENVORIS_QUEUE") or self._project.setting("GENVORIS_QUEUE")
        needed = "--store-url" if (value or "threads") != "threads" else None
        question = "Redis that all processes of the shop share"
        if self._has("GENVORIS_STRIPE_WEBHOOK_SECRET"):
            self._explain("What Stripe says about a sale is kept in Redis, so that it counts once.")
        question += "" if needed else " (Enter: none, for a single process)"
        if redis and self._confirm("Use the shop's own Redis for try-ons too?", default=True):
            self._check("GENVORIS_STORE_URL", redis)
            self.values["GENVORIS_STORE_URL"] = redis
        else:
            self._text("GENVORIS_STORE_URL", question, required=needed, secret=True)

    def _has_store(self) -> bool:
        return self._has("GENVORIS_STORE_URL")

    def _ask_stripe(self) -> None:
        key = "GENVORIS_STRIPE_WEBHOOK_SECRET"
        if self._project.uses_stripe and not self._has(key):
            self._explain(f"Stripe reports sales to {self._prefix}/stripe ({see('billing.md')}).")
            self._text(key, "Signing secret of that endpoint (Enter: later)", secret=True)

    @property
    def _prefix(self) -> str:
        return str(self._project.setting("GENVORIS_URL_PREFIX") or "/genvoris")

    def _ask_webhooks(self) -> None:
        if self.shop_url is None and not self._has("GENVORIS_WEBHOOK_SECRET"):
            question = "The shop's address, for Genvoris's webhooks (Enter: later)"
            self.shop_url = self._prompt(question, _address) or None
        if self.shop_url and not self._has("GENVORIS_WEBHOOK_SECRET"):
            self.values["GENVORIS_WEBHOOK_SECRET"] = secrets.token_urlsafe(32)

    def _explain(self, text: str) -> None:
        if not self._options.yes:
            click.echo(text)

    def _has(self, key: str) -> bool:
        return bool(self.values.get(key)) or self._project.setting(key) is not None

    def _text(
        self,
        key: str,
        question: str,
        *,
        default: str = "",
        required: str | None = None,
        secret: bool = False,
    ) -> None:
        """Ask for a setting, again and again until the answer can be used.

        Args:
            key: The setting.
            question: The question.
            default: The answer to Enter. Defaults to none: the setting is left unset.
            required: The option that answers it, if the setting cannot be left unset.
            secret: Whether the answer is hidden.
        """
        if required and not default:
            self._need_person(required)

        def check(value: str) -> str:
            if not value.strip():
                if required:
                    raise Failure("It is needed.")
                return ""
            self._check(key, value.strip())
            return value.strip()

        if answer := self._prompt(question, check, default=default, secret=secret):
            self.values[key] = answer

    def _prompt(
        self, question: str, check: Callable[[str], str], *, default: str = "", secret: bool = False
    ) -> str:
        if self._options.yes:
            return default
        while True:
            answer = click.prompt(
                question, default=default, show_default=bool(default), hide_input=secret
            )
            try:
                return check(answer)
            except Failure as error:  # click itself is silent about why a hidden answer is refused
                click.echo(f"Error: {error.message}")

    def _flag(self, key: str, question: str) -> None:
        self.values[key] = "true" if self._confirm(question, default=False) else "false"

    def _confirm(self, question: str, *, default: bool) -> bool:
        return default if self._options.yes else click.confirm(question, default=default)

    def _need_person(self, option: str) -> None:
        if self._options.yes:
            raise Failure(f"An answer is missing that has no default: add {option}.")

    def _check(self, key: str, value: Any) -> None:
        try:
            CHECKS[key](key, value)
        except ConfigurationError as error:
            raise Failure(str(error)) from None


def _address(value: str) -> str:
    """Return the shop's address, which Genvoris can reach."""
    address = value.strip().rstrip("/")
    if address and not address.startswith(("http://", "https://")):
        raise Failure("It must be a whole address, such as https://shop.example.")
    return address
