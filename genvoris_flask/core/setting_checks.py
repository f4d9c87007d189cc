"""All settings, each with the validator of its value."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from . import button_design as button
from . import texts, url_validators, validators
from .billing import plans
from .charging import packs, ways
from .charging.credits import read_credits
from .figures.holdout import MAX_SHARE, SCALE, share_of
from .products import CATEGORIES

if TYPE_CHECKING:
    from .images.signing import SignFunction
    from .images.visible import VisibleMark

MIN_TOKEN = 16  # characters


def metrics(key: str, value: Any) -> Any:
    """Return a registry of prometheus-client's, or whether there are metrics in its own."""
    found = value if hasattr(value, "collect") else validators.flag(key, value)
    if found:
        validators.need("prometheus_client", key, extra="metrics")
    return found


def metrics_token(key: str, value: Any) -> str:
    """Return a token that is long enough not to be guessed."""
    validators.need("prometheus_client", key, extra="metrics")
    token = validators.text(key, value)
    # The value itself is never repeated.
    if len(token) < MIN_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError(
            f"{key} must be at least {MIN_TOKEN} letters, digits or signs without spaces."
        )
    return token


def visible_mark(key: str, value: Any) -> VisibleMark:
    """Return what is drawn into pictures; its library must be installed."""
    validators.need("PIL", key, extra="mark")
    from .images.visible import CORNERS, MAX_TEXT, VisibleMark

    given = {"text": value} if isinstance(value, str) else value
    known = isinstance(given, dict) and given.keys() <= {"text", "corner", "font"}
    if not known or given.get("corner", CORNERS[0]) not in CORNERS:
        raise ConfigurationError(
            f"{key} must be a text such as AI, or a dict of text, corner ({', '.join(CORNERS)}) "
            "and font (the path of a font's file)."
        )
    text = validators.text(key, given.get("text"))
    if len(text) > MAX_TEXT or not text.isprintable():
        raise ConfigurationError(f"{key} must be a line of {MAX_TEXT} characters at most.")
    try:
        return VisibleMark(**{**given, "text": text})
    except ValueError as error:
        raise ConfigurationError(
            f"{key}: {error} Set a font of your own: "
            f'{{"text": {text!r}, "font": "/path/of/a/font.ttf"}}.'
        ) from None


def pem(key: str, value: Any) -> str:
    """Return PEM, from a text or from the file that it names."""
    validators.need("c2pa", key, extra="c2pa")
    text = validators.text(key, value)
    if "-----BEGIN" in text:
        return text
    try:
        return Path(text).read_text("ascii")
    except (OSError, ValueError):  # the value itself is never repeated: it may be a key
        raise ConfigurationError(
            f"{key} must be PEM (-----BEGIN …), or the path of a file in PEM that this process "
            "may read."
        ) from None


def private_key(key: str, value: Any) -> str | SignFunction:
    """Return a private key in PEM, or a function that signs with one."""
    signs: SignFunction | None = value if callable(value) else None
    return signs or pem(key, value)


def timestamp_url(key: str, value: Any) -> str:
    """Return the URL of a time-stamping authority; its answers are signed, so http will do."""
    url = url_validators.page_url(key, value)
    if url.startswith("/"):
        raise ConfigurationError(f"{key} must be a whole URL such as http://timestamp.example.")
    return url


def holdout(key: str, value: Any) -> float:
    """Return the share of visitors who see no button, as precisely as shares are kept."""
    try:
        return share_of(float(validators.number(0, MAX_SHARE, "", float)(key, value))) / SCALE
    except ConfigurationError:
        raise ConfigurationError(
            f"{key} must be the share of visitors who see no button, such as 0.1 for a tenth, and "
            f"at most {MAX_SHARE}, not {value!r}."
        ) from None


def categories(key: str, value: Any) -> tuple[str, ...]:
    """Return the categories whose products can be tried on, in the order of ``CATEGORIES``."""
    given = value.split(",") if isinstance(value, str) else value
    listed = list(given) if isinstance(given, list | tuple | set | frozenset) else [given]
    names = {str(each).strip().lower() for each in listed} - {""}
    if not names or not names <= set(CATEGORIES):
        raise ConfigurationError(
            f"{key} must be one or several of {', '.join(CATEGORIES)}, with commas between them, "
            f"not {value!r}. GENVORIS_ENABLED = False switches try-on off."
        )
    return tuple(each for each in CATEGORIES if each in names)


CHECKS: dict[str, validators.Check] = {
    "GENVORIS_ENABLED": validators.flag,
    "GENVORIS_API_KEY": validators.api_key,
    "GENVORIS_API_URL": url_validators.server_url,
    "GENVORIS_TRYON_URL": url_validators.server_url,
    "GENVORIS_ISSUER": validators.text,
    "GENVORIS_JWKS_URL": url_validators.server_url,
    "GENVORIS_URL_PREFIX": url_validators.path_prefix,
    "GENVORIS_WIDGET_URL": url_validators.page_url,
    "GENVORIS_WIDGET_INTEGRITY": validators.integrity,
    "GENVORIS_WIDGET_API_KEY": validators.text,
    "GENVORIS_SESSION_TTL": validators.number(120, 3600, "seconds", int),
    "GENVORIS_PAGE_BUDGET": validators.number(0.05, 10, "seconds", float),
    "GENVORIS_INLINE_SESSION": validators.flag,
    "GENVORIS_STORE_URL": url_validators.store_url,
    "GENVORIS_DATABASE_URL": url_validators.database_url,
    "GENVORIS_DATABASE": url_validators.database,
    "GENVORIS_CHARGING": ways.read_ways,
    "GENVORIS_PACKS": validators.json_or(packs.read_packs),
    "GENVORIS_SINGLE_HOURS": validators.number(1, 8760, "hours", int),
    "GENVORIS_FREE_TRYONS": validators.number(1, 1000, "try-ons", int),
    "GENVORIS_EMAIL_VERIFIED_ATTRIBUTE": validators.attribute,
    "GENVORIS_GRACE_DAYS": validators.number(0, 30, "days", int),
    "GENVORIS_ROLL_OVER": validators.flag,
    "GENVORIS_PRORATE_UNITS": validators.flag,
    "GENVORIS_DOWNGRADE_AT_ONCE": validators.flag,
    "GENVORIS_CREDITS": validators.json_or(read_credits),
    "GENVORIS_CREDIT_DAYS": validators.number(1, 3650, "days", int),
    "GENVORIS_STORE_NAMESPACE": validators.text,
    "GENVORIS_MAX_SHOPPERS": validators.number(100, 10_000_000, "shoppers", int),
    "GENVORIS_EXTERNAL_ID_PREFIX": validators.id_prefix,
    "GENVORIS_USER_ID_ATTRIBUTE": validators.attribute,
    "GENVORIS_DEFAULT_PLAN": validators.text,
    "GENVORIS_PLANS": validators.json_or(plans.declared_plans),
    "GENVORIS_ALLOW_GUESTS": validators.flag,
    "GENVORIS_LOGIN_URL": url_validators.page_url,
    "GENVORIS_UPGRADE_URL": url_validators.page_url,
    "GENVORIS_PRIVACY_URL": url_validators.page_url,
    "GENVORIS_REQUIRE_CONSENT": validators.flag,
    "GENVORIS_ERASE_ON_LOGOUT": validators.flag,
    "GENVORIS_ERASE_DELETED_USERS": validators.flag,
    "GENVORIS_KEEP_CONSENTS_DAYS": validators.number(1, 3650, "days", int),
    "GENVORIS_KEEP_BOOKS_DAYS": validators.number(365, 36500, "days", int),
    "GENVORIS_MINIMUM_AGE": validators.number(1, 99, "years", int),
    "GENVORIS_SUPPORT_URL": url_validators.support_url,
    "GENVORIS_SHOP_NAME": validators.text,
    "GENVORIS_PICTURE_CREDIT": validators.text,
    "GENVORIS_VISIBLE_MARK": validators.json_or(visible_mark),
    "GENVORIS_C2PA_CERTIFICATE": pem,
    "GENVORIS_C2PA_PRIVATE_KEY": private_key,
    "GENVORIS_C2PA_TIMESTAMP_URL": timestamp_url,
    "GENVORIS_PHONE_HANDOVER": validators.flag,
    "GENVORIS_TEXTS": validators.json_or(texts.read_texts),
    "GENVORIS_PREVIEW_PAGE": url_validators.own_path,
    "GENVORIS_BUTTON": validators.json_or(button.design),
    "GENVORIS_MAX_UPLOAD_BYTES": validators.number(64 * 1024, 100 * 1024 * 1024, "bytes", int),
    "GENVORIS_TRYON_CONCURRENCY": validators.number(1, 64, "try-ons", int),
    "GENVORIS_HOLDOUT": holdout,
    "GENVORIS_QUEUE": validators.queue,
    "GENVORIS_QUEUE_NAME": validators.text,
    "GENVORIS_QUEUE_SIZE": validators.number(1, 1000, "try-ons", int),
    "GENVORIS_TRYONS_PER_SHOPPER": validators.number(1, 64, "try-ons", int),
    "GENVORIS_GUEST_TRYONS_PER_DAY": validators.number(1, 100, "try-ons", int),
    "GENVORIS_TRYONS_PER_DAY": validators.number(1, 1000, "try-ons", int),
    "GENVORIS_SHOP_TRYONS_PER_DAY": validators.number(1, 1_000_000, "try-ons", int),
    "GENVORIS_TRYON_TIMEOUT": validators.number(5, 600, "seconds", float),
    "GENVORIS_RESULT_HOSTS": url_validators.hosts,
    "GENVORIS_UPLOAD_TIMEOUT": validators.number(1, 600, "seconds", float),
    "GENVORIS_PASSTHROUGH_CONCURRENCY": validators.number(1, 64, "requests", int),
    "GENVORIS_CATEGORIES": categories,
    "GENVORIS_RESULT_TTL": validators.number(30, 86400, "seconds", int),
    "GENVORIS_KEEP_PICTURES_DAYS": validators.number(0, 365, "days", int),
    "GENVORIS_WEBHOOK_SECRET": validators.secrets,
    "GENVORIS_TRUSTED_ORIGINS": url_validators.origins,
    "GENVORIS_PACE_MINTS": validators.rate,
    "GENVORIS_PACE_REGISTRATIONS": validators.rate,
    "GENVORIS_PACE_NEW_SHOPPERS": validators.rate,
    "GENVORIS_PACE_TRYONS": validators.rate,
    "GENVORIS_BURN_GUARD": validators.flag,
    "GENVORIS_LIMIT_SESSION": validators.rate,
    "GENVORIS_LIMIT_TRYONS": validators.rate,
    "GENVORIS_LIMIT_EVENTS": validators.rate,
    "GENVORIS_STRIPE_WEBHOOK_SECRET": validators.stripe_secrets,
    "GENVORIS_STRIPE_API_KEY": validators.stripe_key,
    "GENVORIS_STRIPE_METADATA_ONLY": validators.flag,
    "GENVORIS_LIMIT_WEBHOOK": validators.rate,
    "GENVORIS_ALERT_URL": url_validators.secret_url,
    "GENVORIS_METRICS": metrics,
    "GENVORIS_METRICS_TOKEN": metrics_token,
    "GENVORIS_CONSOLE_ATTRIBUTE": validators.attribute,
    "GENVORIS_CONSOLE_ROLE": validators.text,
    "GENVORIS_CSP_NONCE": validators.function,
}
