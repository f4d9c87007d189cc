"""Reads the URL of Redis: which of its options count, which do not, and which are refused.

redis-py takes every option of a URL as an argument of its connections, with priority over the
program's own. One that changes what replies look like (``decode_responses``), or that a connection
does not know (``ssl_cert_reqs`` without TLS), would fail at the first command only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from ...errors import ConfigurationError

SCHEMES = ("redis", "rediss", "unix")
_WORDS = ("true", "false", "yes", "no", "1", "0")


def _is_whole_number(value: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", value) is not None


def _is_word(value: str) -> bool:
    return value.lower() in _WORDS


def _is_name(value: str) -> bool:
    return re.fullmatch(r"[!-~]+", value) is not None


def _is_file(value: str) -> bool:
    return Path(value).is_file()


def _is_folder(value: str) -> bool:
    return Path(value).is_dir()


# What says where Redis is and who asks, with what a value must be.
_OPTIONS: dict[str, tuple[Callable[[str], bool], str]] = {
    "db": (_is_whole_number, "a number"),
    "username": (bool, "a name"),
    "password": (bool, "a password"),
    "client_name": (_is_name, "a name without spaces"),
    "socket_keepalive": (_is_word, "true or false"),
    "health_check_interval": (_is_whole_number, "a number of seconds"),
}
_TLS_OPTIONS: dict[str, tuple[Callable[[str], bool], str]] = {
    "ssl_cert_reqs": (
        lambda value: value in ("none", "optional", "required"),
        "none, optional or required",
    ),
    "ssl_check_hostname": (_is_word, "true or false"),
    "ssl_ca_certs": (_is_file, "a file that exists"),
    "ssl_ca_path": (_is_folder, "a folder that exists"),
    "ssl_certfile": (_is_file, "a file that exists"),
    "ssl_keyfile": (_is_file, "a file that exists"),
    "ssl_password": (bool, "a password"),
}
# Settings of other programs that share the URL: how long to wait, how often to repeat and how to
# read replies are decided by this package.
_IGNORED = {
    "decode_responses",
    "encoding",
    "encoding_errors",
    "legacy_responses",
    "lib_name",
    "lib_version",
    "max_connections",
    "protocol",
    "retry_on_error",
    "retry_on_timeout",
    "socket_connect_timeout",
    "socket_read_size",
    "socket_timeout",
    "timeout",
}


def read_redis_url(key: str, url: str) -> str:
    """Return the URL with the options that count.

    Args:
        key: The setting that holds it.
        url: ``redis://…``, ``rediss://…`` or ``unix://…``.

    Raises:
        ConfigurationError: It is no such URL, or has an option that would not work. The message
            repeats nothing of the URL, which may hold a password.
    """
    parts = _split(url)
    if parts is None or parts.scheme not in SCHEMES:
        raise ConfigurationError(
            f"{key} must start with redis://, rediss:// or unix://, and its port be a number."
        )
    if parts.scheme == "unix" and not parts.path.strip("/"):
        raise ConfigurationError(
            f"{key} must name the socket's file, such as unix:///run/redis.sock."
        )
    kept: dict[str, str] = {}
    # A socket's file has no connection to keep alive, and redis-py would refuse to be told to.
    ignored = _IGNORED | ({"socket_keepalive"} if parts.scheme == "unix" else set())
    for name, value in parse_qsl(parts.query):
        if name not in ignored:
            kept.setdefault(name, _checked(key, parts.scheme, name, value))  # as redis-py does
    # Not put together from its parts, since unix:///path would lose two slashes.
    address = url.partition("#")[0].partition("?")[0]
    return f"{address}?{urlencode(kept)}" if kept else address


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        is_right = parts.port != 0
    except ValueError:  # such as port 99999, or an IPv6 address without its closing bracket
        return None
    return parts if is_right else None


def _checked(key: str, scheme: str, name: str, value: str) -> str:
    if name in _TLS_OPTIONS and scheme != "rediss":
        raise ConfigurationError(
            f"{key} has the option {name}, which is for rediss:// (TLS) alone: start it with "
            "rediss://, or remove the option."
        )
    known = _OPTIONS.get(name) or _TLS_OPTIONS.get(name)
    if known is None:
        # The name is not repeated either: a ? in a password makes an option of what follows it.
        names = ", ".join([*_OPTIONS, *_TLS_OPTIONS])
        raise ConfigurationError(
            f"{key} has an option that genvoris-flask does not know. It may have these: {names}. "
            "A ? in a password is written %3F."
        )
    if name == "ssl_cert_reqs":
        value = value.lower().removeprefix("cert_")  # CERT_NONE, as others write it
    is_right, what = known
    if not is_right(value):
        raise ConfigurationError(f"The option {name} of {key} must be {what}.")
    return value
