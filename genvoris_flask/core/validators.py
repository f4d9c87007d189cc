"""Validators of single settings: each takes a key and a value, and returns the value to use.

All raise ConfigurationError with a message that names the key and says what to do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from ..errors import ConfigurationError
from .rates import parse_rates

Check = Callable[[str, Any], Any]
_FLAGS = dict.fromkeys(("true", "1", "yes", "on"), True) | dict.fromkeys(
    ("false", "0", "no", "off"), False
)


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


def integrity(key: str, value: Any) -> str:
    """Return a Subresource Integrity value."""
    digest = text(key, value)
    if not digest.startswith(("sha256-", "sha384-", "sha512-")):
        raise ConfigurationError(f"{key} must start with sha256-, sha384- or sha512-.")
    return digest


def rate(key: str, value: Any) -> str:
    """Return a rate such as ``20/minute; 200/hour``."""
    try:
        parse_rates(text(key, value))
    except ValueError:
        raise ConfigurationError(
            f"{key} must say how often, such as 20/minute or 20/minute; 200/hour, not {value!r}."
        ) from None
    return str(value).strip()


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


@dataclass(frozen=True)
class Number:
    """A validator of numbers within a range, in a unit.

    Attributes:
        low: The least number.
        high: The greatest.
        unit: What is counted, for messages.
        kind: ``int`` for whole numbers.
    """

    low: float
    high: float
    unit: str
    kind: type[int | float]

    def __call__(self, key: str, value: Any) -> Any:
        """Return a number, also from a string."""
        try:
            number = float("nan") if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = float("nan")
        whole = self.kind is float or number.is_integer()
        if not whole or not self.low <= number <= self.high:
            article = "a whole number of" if self.kind is int else "a number of"
            raise ConfigurationError(
                f"{key} must be {article} {self.unit} from {self.low:g} to {self.high:g}, not "
                f"{value!r}."
            )
        return self.kind(number)


def number(low: float, high: float, unit: str, kind: type[int | float]) -> Number:
    """Return a validator of numbers within a range, in a unit."""
    return Number(low, high, unit, kind)


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
