"""What the shop's account is like: kept with the data, changed at ``/sandbox/settings``."""

from __future__ import annotations

import sqlite3
from typing import Any
from urllib.parse import urlsplit

from ..http.errors import RefusalError
from ..serializers import Json
from .store import recall, remember

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
    "lowBalance": 100,
    "buttonDesign": DEFAULT_DESIGN,
}


def read_settings(db: sqlite3.Connection) -> Json:
    """Give all settings."""
    return {**DEFAULTS, **recall(db, SETTINGS_NAME, {})}


def change_settings(db: sqlite3.Connection, changes: dict[str, Any]) -> Json:
    """Change some; give all."""
    settings = {**read_settings(db), **changes}
    remember(db, SETTINGS_NAME, settings)
    return settings


def require_active(db: sqlite3.Connection) -> None:
    """Refuse a shop whose account is suspended."""
    if read_settings(db)["accountStatus"] != "ACTIVE":
        raise RefusalError(403, "account_inactive", "The shop's account is suspended.")


def require_domain(db: sqlite3.Connection, *urls: str | None) -> None:
    """Refuse pages that are not of an allowed domain, nor below one."""
    domains = read_settings(db)["domains"]
    for url in filter(None, urls if domains else ()):
        host = _host(url)
        if not any(host == domain or host.endswith(f".{domain}") for domain in domains):
            detail = f"{host or 'This page'} is not among the shop's domains."
            raise RefusalError(403, "domain_not_allowed", detail)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
