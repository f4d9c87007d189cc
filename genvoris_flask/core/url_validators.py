"""Validators of settings that hold URLs, paths, hosts and origins, and of those of databases.

They raise what ``validators`` raise. No message repeats a URL, which may contain a password.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ..errors import ConfigurationError
from . import validators
from .storage.redis_url import read_redis_url

# Labels between dots; the last one has a letter, which no IPv4 address has.
_HOST = r"(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*"
_DATABASES = ("sqlite", "postgresql", "mysql", "mariadb")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def server_url(key: str, value: Any) -> str:
    """Return the URL of a server that keys and tokens may be sent to."""
    url = validators.text(key, value).rstrip("/")
    parts = _split(url)
    # No message repeats a URL, which may contain a password.
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"{key} must be a whole URL such as https://genvoris.org.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(f"{key} must be a plain URL: no user, password, ? or # in it.")
    if not url.isprintable() or " " in url:
        raise ConfigurationError(f"{key} must be a URL without spaces or line breaks.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ConfigurationError(
            f"{key} must start with https://, since keys and tokens travel there. Plain http:// "
            "is accepted only for this machine (127.0.0.1, localhost)."
        )
    return url


def secret_url(key: str, value: Any) -> str:
    """Return a URL that is called, and may contain a secret in its path or query."""
    url = validators.text(key, value)
    parts = _split(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    odd = not url.isascii() or not url.isprintable() or " " in url or "@" in parts.netloc
    if not is_safe or not parts.hostname or parts.fragment or odd:
        raise ConfigurationError(
            f"{key} must be a whole URL that starts with https://, without user and password. "
            "Plain http:// is accepted only for this machine (127.0.0.1, localhost)."
        )
    return url


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else urlsplit("")
    except ValueError:  # such as an IPv6 address without its closing bracket, or port 99999
        return urlsplit("")


def own_path(key: str, value: Any) -> str:
    """Return the path of a page of the shop's own."""
    path = page_url(key, value)
    if not path.startswith("/"):
        raise ConfigurationError(f"{key} must be a path of this shop, such as /products/shirt.")
    return path


def page_url(key: str, value: Any) -> str:
    """Return the URL of a page or a script: a path or a whole URL."""
    url = validators.text(key, value)
    # A second slash, a backslash, or what browsers drop in between would lead to another host.
    parts = _split(url)
    is_path = re.match(r"/(?![/\\])", url)
    is_whole = parts.scheme in ("http", "https") and parts.hostname
    if not (is_path or is_whole) or not url.isprintable():
        raise ConfigurationError(f"{key} must be a path such as /plans or a whole URL.")
    if "@" in parts.netloc:
        raise ConfigurationError(f"{key} must contain no user and password: visitors read it.")
    return url


def support_url(key: str, value: Any) -> str:
    """Return where shoppers reach the shop: a page, or a mailto or tel address."""
    url = validators.text(key, value)
    if re.fullmatch(r"(mailto|tel):[^\s/]+", url) and url.isprintable():
        return url
    try:
        return page_url(key, value)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error} A mailto: or tel: address is possible too.") from None


def path_prefix(key: str, value: Any) -> str:
    """Return a path without a trailing slash."""
    path = validators.text(key, value).rstrip("/")
    if not path.startswith("/") or path.startswith("//") or "<" in path:
        raise ConfigurationError(f"{key} must be a path such as /genvoris.")
    return path


def origins(key: str, value: Any) -> frozenset[str]:
    """Return origins, from a list or a string with commas."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list | tuple | set | frozenset):
        raise ConfigurationError(f"{key} must be a list of origins.")
    return frozenset(_origin(key, each) for each in value if each != "")


def _origin(key: str, value: Any) -> str:
    origin = validators.text(key, value).rstrip("/").lower()
    parts = _split(origin)
    whole = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or origin != whole or "@" in origin:
        raise ConfigurationError(
            f"{key} must hold origins such as https://m.shop.example: no path, no *, no password."
        )
    return origin


def hosts(key: str, value: Any) -> tuple[str, ...]:
    """Return host names, from a list or a string with commas; ``*.`` stands for all subdomains."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple | set | frozenset):
        raise ConfigurationError(f"{key} must be a list of hosts, such as ['cdn.example.com'].")
    found = tuple(str(name).strip().lower() for name in names if str(name).strip())
    for name in found:
        if not re.fullmatch(_HOST, name):
            raise ConfigurationError(
                f"{key} must hold names of hosts, such as cdn.example.com or *.example.com, "
                "without scheme, port or path, and no addresses."
            )
    return found


def store_url(key: str, value: Any) -> str:
    """Return the URL of a Redis server, with the options that are supported."""
    url = read_redis_url(key, validators.text(key, value))
    validators.need("redis", key)
    return url


def database_url(key: str, value: Any) -> str:
    """Return the URL of a database; SQLAlchemy must be installed."""
    url = validators.text(key, value)
    validators.need("sqlalchemy", key, extra="ledger")
    scheme, separator, _ = url.partition("://")
    if not separator or scheme.partition("+")[0] not in _DATABASES:
        raise ConfigurationError(
            f"{key} must be an SQLAlchemy URL such as postgresql+psycopg://user@host/name, "
            "mysql+pymysql://user@host/name or sqlite:///path/to/file."
        )
    return url


def database(key: str, value: Any) -> Any:
    """Return the shop's SQLAlchemy engine, or the Flask-SQLAlchemy object that has one."""
    validators.need("sqlalchemy", key, extra="ledger")
    if not (hasattr(value, "connect") or hasattr(value, "session")):
        raise ConfigurationError(
            f"{key} must be the SQLAlchemy object of Flask-SQLAlchemy, or an Engine; for a URL, "
            "use GENVORIS_DATABASE_URL."
        )
    return value
