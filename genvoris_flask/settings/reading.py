"""Reads and validates the settings, once, when an app is set up."""

from __future__ import annotations

import difflib
import logging
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..core import validators
from ..core.charging.ways import check_ways
from ..core.setting_checks import CHECKS
from ..errors import ConfigurationError, see
from .model import Settings

log: logging.Logger = logging.getLogger("genvoris_flask.settings")

PREFIX = "GENVORIS_"


def is_enabled(config: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> bool:
    """Return whether try-on is switched on: GENVORIS_ENABLED, true by default.

    Args:
        config: Usually ``app.config``.
        environ: Defaults to the environment of this process.

    Raises:
        ConfigurationError: GENVORIS_ENABLED is neither true nor false.
    """
    key = "GENVORIS_ENABLED"
    sources = (config, os.environ if environ is None else environ)
    given = (source.get(key) for source in sources)
    return validators.flag(key, next((value for value in given if not _is_unset(value)), True))


def read_settings(config: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings, validated.

    Args:
        config: Usually ``app.config``. None and empty strings count as not set.
        environ: Settings that ``config`` lacks; defaults to the environment of this process.
            Unknown variables are ignored, since they may be another program's.

    Raises:
        ConfigurationError: A setting is missing, wrong or, in ``config``, unknown.
    """
    given = _given(config, os.environ if environ is None else environ)
    if "GENVORIS_API_KEY" not in given:
        raise ConfigurationError(_missing_key(config))
    values = {
        key.removeprefix(PREFIX).lower(): CHECKS[key](key, value) for key, value in given.items()
    }
    if "database_url" in values or "database" in values:
        values.setdefault("inline_session", False)
    if "metrics_token" in values:
        values.setdefault("metrics", True)
    values.setdefault("jwks_url", _origin(values.get("api_url", Settings.api_url)) + _JWKS_PATH)
    settings = Settings(**values)
    check_together(settings)
    return settings


_JWKS_PATH = "/.well-known/jwks.json"


def _given(config: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what is set, by key. The app's configuration takes precedence."""
    configured = {key: value for key, value in config.items() if key.startswith(PREFIX)}
    _refuse_unknown(configured)
    exported = {key: value for key, value in environ.items() if key.startswith(PREFIX)}
    for key in [key for key in exported if key not in CHECKS]:
        # Another program's, or a typo: it must not stop the shop.
        if near := difflib.get_close_matches(key, CHECKS, n=1, cutoff=0.85):
            log.warning(
                "The environment variable %s is not a setting of genvoris-flask: did you mean %s?",
                key,
                near[0],
            )
        del exported[key]
    return {key: value for key, value in exported.items() if not _is_unset(value)} | {
        key: value for key, value in configured.items() if not _is_unset(value)
    }


def _is_unset(value: Any) -> bool:
    """Return whether a value is None or blank."""
    return value is None or (isinstance(value, str) and not value.strip())


def _refuse_unknown(given: Mapping[str, Any]) -> None:
    for key, value in given.items():
        if key not in CHECKS and value is not None:
            near = difflib.get_close_matches(key, CHECKS, n=1)
            hint = f"did you mean {near[0]}?" if near else "remove it."
            raise ConfigurationError(f"{key} is not a setting of genvoris-flask: {hint}")


def _missing_key(config: Mapping[str, Any]) -> str:
    text = (
        "GENVORIS_API_KEY is missing. Copy your key from Integration → API keys in the Genvoris "
        "dashboard into app.config or the environment."
    )
    if config.get("TESTING") or config.get("DEBUG"):
        text += (
            " To run this app without try-on, as in its own tests, set GENVORIS_ENABLED = False. "
            "To try on without an account, run a local Genvoris with `flask genvoris sandbox`: "
            f"{see('sandbox.md')}"
        )
    return text


def check_together(settings: Settings) -> None:
    """Raise ConfigurationError if settings do not go together."""
    if settings.widget_api_key and settings.widget_api_key == settings.api_key:
        raise ConfigurationError(
            "GENVORIS_WIDGET_API_KEY is the same as GENVORIS_API_KEY, and would show your server "
            "key to every visitor. Leave it unset: the widget works without a key."
        )
    if settings.widget_integrity and not settings.widget_url:
        raise ConfigurationError(
            "GENVORIS_WIDGET_INTEGRITY is set without GENVORIS_WIDGET_URL. Set both, or neither: "
            "the widget in this package brings its own integrity."
        )

    if settings.queue != "threads" and settings.store_url is None:
        raise ConfigurationError(
            f"GENVORIS_QUEUE = {settings.queue!r} needs GENVORIS_STORE_URL: try-ons wait for a "
            "worker in Redis, where every process finds them."
        )
    if settings.database_url and settings.database is not None:
        raise ConfigurationError(
            "GENVORIS_DATABASE_URL and GENVORIS_DATABASE are both set. Set GENVORIS_DATABASE to "
            "use the shop's own database, or GENVORIS_DATABASE_URL for one apart."
        )
    if settings.queue == "rq" and "+cluster://" in (settings.store_url or "").lower():
        raise ConfigurationError(
            'GENVORIS_QUEUE = "rq" cannot use the cluster of GENVORIS_STORE_URL, since RQ needs '
            'several keys at once: name a single Redis or Sentinels, or use "celery".'
        )
    if settings.require_consent and not settings.has_ledger:
        raise ConfigurationError(
            "GENVORIS_REQUIRE_CONSENT needs a database to keep consents in: set "
            "GENVORIS_DATABASE_URL or GENVORIS_DATABASE, and run `flask genvoris db upgrade`."
        )
    if settings.holdout and not settings.has_ledger:
        raise ConfigurationError(
            "GENVORIS_HOLDOUT needs a database to count visitors and orders in: set "
            "GENVORIS_DATABASE_URL or GENVORIS_DATABASE, and run `flask genvoris db upgrade`."
        )
    if settings.has_ledger and settings.inline_session:
        raise ConfigurationError(
            "GENVORIS_INLINE_SESSION cannot be true with a ledger: a token in the page could be "
            "used without the ledger. Leave it unset."
        )
    _check_signing(settings)
    check_ways(settings.charging, settings.means)


def _check_signing(settings: Settings) -> None:
    certificate, key = settings.c2pa_certificate, settings.c2pa_private_key
    if (certificate is None) != (key is None) or (settings.c2pa_timestamp_url and not key):
        raise ConfigurationError(
            "Signing pictures needs GENVORIS_C2PA_CERTIFICATE and GENVORIS_C2PA_PRIVATE_KEY. Set "
            "both, or none of GENVORIS_C2PA_…"
        )
    try:
        _ = certificate and settings.picture_mark
    except ValueError as error:
        raise ConfigurationError(
            f"GENVORIS_C2PA_CERTIFICATE and GENVORIS_C2PA_PRIVATE_KEY: {error}"
        ) from None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
