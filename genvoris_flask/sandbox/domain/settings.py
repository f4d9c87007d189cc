"""The settings of the shop's account, which ``/sandbox/settings`` changes."""

from __future__ import annotations

import sqlite3
from typing import Any
from urllib.parse import urlsplit

from ..responses import HttpError, Json
from .store import get_value, set_value

SETTINGS_NAME = "settings"
DEFAULT_DESIGN: Json = {
    "label": "Try it on",
    "borderRadius": 8,
    "fontSize": 16,
    "paddingX": 20,
    "paddingY": 12,
    "icon": "none",
    "position": "inline",
    "showOnCards": False,
}
DEFAULTS: Json = {
    "accountStatus": "ACTIVE",
    "domains": [],
    "rateLimits": False,
    "safetySwitches": True,
    "lowBalance": 100,
    "buttonDesign": DEFAULT_DESIGN,
}


def read_settings(db: sqlite3.Connection) -> Json:
    """Return all settings."""
    return {**DEFAULTS, **get_value(db, SETTINGS_NAME, {})}


def change_settings(db: sqlite3.Connection, changes: dict[str, Any]) -> Json:
    """Change settings and return all of them."""
    settings = {**read_settings(db), **changes}
    set_value(db, SETTINGS_NAME, settings)
    return settings


def require_active(db: sqlite3.Connection) -> None:
    """Raise HttpError if the shop's account is suspended."""
    if read_settings(db)["accountStatus"] != "ACTIVE":
        raise HttpError(403, "account_inactive", "The shop's account is suspended.")


def require_domain(db: sqlite3.Connection, *urls: str | None) -> None:
    """Raise HttpError if a page's host is neither an allowed domain nor a subdomain of one."""
    domains = read_settings(db)["domains"]
    for url in filter(None, urls if domains else ()):
        host = _host(url)
        if not any(host == domain or host.endswith(f".{domain}") for domain in domains):
            detail = f"{host or 'This page'} is not among the shop's domains."
            raise HttpError(403, "domain_not_allowed", detail)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
