"""Validators of single settings: each takes a key and a value, and returns the value to use.

All raise ConfigurationError with a message that names the key and says what to do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ..errors import ConfigurationError
from .rates import parse_rates
from .storage.redis_url import read_redis_url

Check = Callable[[str, Any], Any]
# Labels between dots; the last one has a letter, which no IPv4 address has.
_HOST = r"(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*"
_FLAGS = dict.fromkeys(("true", "1", "yes", "on"), True) | dict.fromkeys(
    ("false", "0", "no", "off"), False
)
_DATABASES = ("sqlite", "postgresql", "mysql", "mariadb")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def text(key: str, value: Any) -> str:
    """Return a non-empty string."""
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{key} must be a non-empty string.")
    return value.strip()


def id_prefix(key: str, value: Any) -> str:
    """Return a prefix of the shop's ids, which may be empty."""
    if not isinstance(value, str):
        raise ConfigurationError(f"{key} must be a string.")
    if value.strip().lower().startswith("ec_"):
        raise ConfigurationError(f"{key} must not begin with ec_, as Genvoris's own ids do.")
    return value


def api_key(key: str, value: Any) -> str:
    """Return a Genvoris API key."""
    # The message never repeats the value: it may be a live key with a typo.
    secret = text(key, value)
    if not re.fullmatch(r"gvk_(live|test)_[!-~]+", secret):
        raise ConfigurationError(
            f"{key} must start with gvk_live_ or gvk_test_ and hold no spaces. Copy it once more "
            "from Integration → API keys in the Genvoris dashboard."
        )
    return secret


def secrets(key: str, value: Any) -> tuple[str, ...]:
    """Return one or more secrets."""
    given = value.split(",") if isinstance(value, str) else value
    texts = list(given) if isinstance(given, list | tuple) else []
    # The message never repeats the value.
    if not texts or not all(isinstance(each, str) and each.strip() for each in texts):
        raise ConfigurationError(
            f"{key} must be a non-empty string, or a list of them: the secret that the webhook "
            "endpoint was created with. Leave it unset to accept no deliveries."
        )
    return tuple(each.strip() for each in texts)


def stripe_secrets(key: str, value: Any) -> tuple[str, ...]:
    """Return one or more signing secrets of Stripe's; its library must be installed."""
    need("stripe", key)
    return secrets(key, value)


def stripe_key(key: str, value: Any) -> str:
    """Return a key of Stripe's API; a restricted one is enough."""
    need("stripe", key)
    secret = text(key, value)
    if not re.fullmatch(r"[rs]k_[!-~]+", secret):  # the value itself is never repeated
        raise ConfigurationError(f"{key} must start with rk_ or sk_ and hold no spaces.")
    return secret


def need(package: str, key: str, extra: str | None = None) -> None:
    """Raise ConfigurationError if a package of an extra is not installed."""
    if find_spec(package) is None:
        install = f'pip install "genvoris-flask[{extra or package}]"'
        raise ConfigurationError(f"{key} needs {package}: {install}")


def queue(key: str, value: Any) -> str:
    """Return the name of what runs try-ons; its library must be installed."""
    name = text(key, value)
    if name not in ("threads", "rq", "celery"):
        raise ConfigurationError(f"{key} must be threads, rq or celery.")
    if name != "threads":
        need(name, f'{key} = "{name}"')
    return name


def server_url(key: str, value: Any) -> str:
    """Return the URL of a server that keys and tokens may be sent to."""
    url = text(key, value).rstrip("/")
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


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else urlsplit("")
    except ValueError:  # such as an IPv6 address without its closing bracket, or port 99999
        return urlsplit("")


def page_url(key: str, value: Any) -> str:
    """Return the URL of a page or a script: a path or a whole URL."""
    url = text(key, value)
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
    url = text(key, value)
    if re.fullmatch(r"(mailto|tel):[^\s/]+", url) and url.isprintable():
        return url
    try:
        return page_url(key, value)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error} A mailto: or tel: address is possible too.") from None


def store_url(key: str, value: Any) -> str:
    """Return the URL of a Redis server, with the options that are supported."""
    url = read_redis_url(key, text(key, value))
    need("redis", key)
    return url


def database_url(key: str, value: Any) -> str:
    """Return the URL of a database; SQLAlchemy must be installed."""
    url = text(key, value)
    need("sqlalchemy", key, extra="ledger")
    scheme, separator, _ = url.partition("://")
    if not separator or scheme.partition("+")[0] not in _DATABASES:
        raise ConfigurationError(
            f"{key} must be an SQLAlchemy URL such as postgresql+psycopg://user@host/name, "
            "mysql+pymysql://user@host/name or sqlite:///path/to/file."
        )
    return url


def database(key: str, value: Any) -> Any:
    """Return the shop's SQLAlchemy engine, or the Flask-SQLAlchemy object that has one."""
    need("sqlalchemy", key, extra="ledger")
    if not (hasattr(value, "connect") or hasattr(value, "session")):
        raise ConfigurationError(
            f"{key} must be the SQLAlchemy object of Flask-SQLAlchemy, or an Engine; for a URL, "
            "use GENVORIS_DATABASE_URL."
        )
    return value


def integrity(key: str, value: Any) -> str:
    """Return a Subresource Integrity value."""
    digest = text(key, value)
    if not digest.startswith(("sha256-", "sha384-", "sha512-")):
        raise ConfigurationError(f"{key} must start with sha256-, sha384- or sha512-.")
    return digest


def path_prefix(key: str, value: Any) -> str:
    """Return a path without a trailing slash."""
    path = text(key, value).rstrip("/")
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
    origin = text(key, value).rstrip("/").lower()
    parts = _split(origin)
    whole = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or origin != whole or "@" in origin:
        raise ConfigurationError(
            f"{key} must hold origins such as https://m.shop.example: no path, no *, no password."
        )
    return origin


def rate(key: str, value: Any) -> str:
    """Return a rate such as ``20/minute; 200/hour``."""
    try:
        parse_rates(text(key, value))
    except ValueError:
        raise ConfigurationError(
            f"{key} must say how often, such as 20/minute or 20/minute; 200/hour, not {value!r}."
        ) from None
    return str(value).strip()


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


def json_or(check: Check) -> Check:
    """Return a validator that also accepts JSON, as from an environment variable."""

    def check_either(key: str, value: Any) -> Any:
        if isinstance(value, str):
            with suppress(ValueError):  # not JSON, which the validator itself reports
                value = json.loads(value)
        return check(key, value)

    return check_either


def flag(key: str, value: Any) -> bool:
    """Return a boolean, also from a word such as ``yes``."""
    word = str(value).strip().lower()
    if word not in _FLAGS:
        raise ConfigurationError(f"{key} must be true or false, not {value!r}.")
    return _FLAGS[word]


def number(low: float, high: float, unit: str, kind: type[int | float]) -> Check:
    """Return a validator of numbers within a range, in a unit."""

    def check(key: str, value: Any) -> float:
        try:
            number = float("nan") if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = float("nan")
        whole = kind is float or number.is_integer()
        if not whole or not low <= number <= high:
            article = "a whole number of" if kind is int else "a number of"
            raise ConfigurationError(
                f"{key} must be {article} {unit} from {low:g} to {high:g}, not {value!r}."
            )
        return kind(number)

    return check


def attribute(key: str, value: Any) -> str:
    """Return the name of an attribute."""
    name = text(key, value)
    if not name.isidentifier():
        raise ConfigurationError(f"{key} must be the name of an attribute of the user, such as id.")
    return name


def function(key: str, value: Any) -> Callable[[], str]:
    """Return a function without arguments."""
    if not callable(value):
        raise ConfigurationError(
            f"{key} must be a function without arguments that returns the nonce of this request."
        )
    nonce: Callable[[], str] = value
    return nonce
