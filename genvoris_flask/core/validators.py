"""Checks of single settings: each takes a key and a value, and gives the value to use.

All raise ConfigurationError with a sentence that names the key and says what to do.
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
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def text(key: str, value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{key} must be a text that is not empty.")
    return value.strip()


def id_prefix(key: str, value: Any) -> str:
    """What is put in front of the shop's ids; it may be empty."""
    if not isinstance(value, str):
        raise ConfigurationError(f"{key} must be a text.")
    if value.strip().lower().startswith("ec_"):
        raise ConfigurationError(f"{key} must not begin with ec_, as Genvoris's own ids do.")
    return value


def api_key(key: str, value: Any) -> str:
    """A Genvoris key."""
    # The value itself is never repeated: it may be a live key with a slip in it.
    secret = text(key, value)
    if not re.fullmatch(r"gvk_(live|test)_[!-~]+", secret):
        raise ConfigurationError(
            f"{key} must start with gvk_live_ or gvk_test_ and hold no spaces. Copy it once more "
            "from Integration → API keys in the Genvoris dashboard."
        )
    return secret


def secrets(key: str, value: Any) -> tuple[str, ...]:
    """One or more secrets."""
    given = value.split(",") if isinstance(value, str) else value
    texts = list(given) if isinstance(given, list | tuple) else []
    # The value itself is never repeated.
    if not texts or not all(isinstance(each, str) and each.strip() for each in texts):
        raise ConfigurationError(
            f"{key} must be a text, or a list of texts, none of them empty: the secret that the "
            "webhook endpoint was made with. Leave it unset to take no deliveries."
        )
    return tuple(each.strip() for each in texts)


def stripe_secrets(key: str, value: Any) -> tuple[str, ...]:
    """One or more signing secrets of Stripe's, and its library to use them with."""
    _need("stripe", key)
    return secrets(key, value)


def stripe_key(key: str, value: Any) -> str:
    """A key of Stripe's API; a restricted one is enough."""
    _need("stripe", key)
    secret = text(key, value)
    if not re.fullmatch(r"[rs]k_[!-~]+", secret):  # the value itself is never repeated
        raise ConfigurationError(f"{key} must start with rk_ or sk_ and hold no spaces.")
    return secret


def _need(package: str, key: str) -> None:
    if find_spec(package) is None:
        raise ConfigurationError(f'{key} needs {package}: pip install "genvoris-flask[{package}]"')


def server_url(key: str, value: Any) -> str:
    """Where a server is, which keys and tokens may be sent to."""
    url = text(key, value).rstrip("/")
    parts = _split(url)
    # No message repeats an address: it may hold a password, also where it cannot be read.
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"{key} must be a whole URL such as https://genvoris.org.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(f"{key} must be a plain URL: no user, password, ? or # in it.")
    if not url.isprintable() or " " in url:
        raise ConfigurationError(f"{key} must be a URL without spaces and line ends in it.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ConfigurationError(
            f"{key} must start with https://, since keys and tokens travel there. Plain http:// "
            "is accepted for this machine alone (127.0.0.1, localhost)."
        )
    return url


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else urlsplit("")
    except ValueError:  # such as an IPv6 address without its closing bracket, or port 99999
        return urlsplit("")


def page_url(key: str, value: Any) -> str:
    """Where a page or a script is: a path or a whole URL."""
    url = text(key, value)
    # A second slash, a backslash, or what browsers drop in between would lead to another host.
    parts = _split(url)
    is_path = re.match(r"/(?![/\\])", url)
    is_whole = parts.scheme in ("http", "https") and parts.hostname
    if not (is_path or is_whole) or not url.isprintable():
        raise ConfigurationError(f"{key} must be a path such as /plans or a whole URL.")
    if "@" in parts.netloc:
        raise ConfigurationError(f"{key} must hold no user and password: every visitor reads it.")
    return url


def store_url(key: str, value: Any) -> str:
    """Where Redis is: the URL with the options that count."""
    url = read_redis_url(key, text(key, value))
    _need("redis", key)
    return url


def integrity(key: str, value: Any) -> str:
    """A Subresource Integrity value."""
    digest = text(key, value)
    if not digest.startswith(("sha256-", "sha384-", "sha512-")):
        raise ConfigurationError(f"{key} must start with sha256-, sha384- or sha512-.")
    return digest


def path_prefix(key: str, value: Any) -> str:
    """A path without a slash at its end."""
    path = text(key, value).rstrip("/")
    if not path.startswith("/") or path.startswith("//") or "<" in path:
        raise ConfigurationError(f"{key} must be a path such as /genvoris.")
    return path


def origins(key: str, value: Any) -> frozenset[str]:
    """Origins as browsers name them, in a list or in a text with commas."""
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
    """How often something may happen, such as ``20/minute; 200/hour``."""
    try:
        parse_rates(text(key, value))
    except ValueError:
        raise ConfigurationError(
            f"{key} must say how often, such as 20/minute or 20/minute; 200/hour, not {value!r}."
        ) from None
    return str(value).strip()


def hosts(key: str, value: Any) -> tuple[str, ...]:
    """Names of hosts, in a list or with commas; ``*.`` in front means all below it."""
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
    """Return a check that also takes its value as JSON, which an environment variable holds."""

    def check_either(key: str, value: Any) -> Any:
        if isinstance(value, str):
            with suppress(ValueError):  # it is no JSON, which the check itself explains
                value = json.loads(value)
        return check(key, value)

    return check_either


def flag(key: str, value: Any) -> bool:
    """True or false, also as a word."""
    word = str(value).strip().lower()
    if word not in _FLAGS:
        raise ConfigurationError(f"{key} must be true or false, not {value!r}.")
    return _FLAGS[word]


def number(low: float, high: float, unit: str, kind: type[int | float]) -> Check:
    """A number within a range, in a unit."""

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
    """The name of an attribute."""
    name = text(key, value)
    if not name.isidentifier():
        raise ConfigurationError(f"{key} must be the name of an attribute of the user, such as id.")
    return name


def function(key: str, value: Any) -> Callable[[], str]:
    """A function without arguments."""
    if not callable(value):
        raise ConfigurationError(
            f"{key} must be a function without arguments that gives the nonce of this request."
        )
    nonce: Callable[[], str] = value
    return nonce
