"""Parses the URL of Redis: which of its options are used, ignored or refused.

redis-py passes every option of a URL to its connections, in place of the program's own arguments.
One that changes the form of replies (``decode_responses``), or that a connection does not know
(``ssl_cert_reqs`` without TLS), would only fail at the first command.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from ...errors import ConfigurationError

SCHEMES = ("redis", "rediss", "unix")
_BOOLS = ("true", "false", "yes", "no", "1", "0")


def _is_whole_number(value: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", value) is not None


def _is_bool(value: str) -> bool:
    return value.lower() in _BOOLS


def _is_name(value: str) -> bool:
    return re.fullmatch(r"[!-~]+", value) is not None


def _is_file(value: str) -> bool:
    return Path(value).is_file()


def _is_folder(value: str) -> bool:
    return Path(value).is_dir()


# The options that say where Redis is and who connects, and the form of their values.
_OPTIONS: dict[str, tuple[Callable[[str], bool], str]] = {
    "db": (_is_whole_number, "a number"),
    "username": (bool, "a name"),
    "password": (bool, "a password"),
    "client_name": (_is_name, "a name without spaces"),
    "socket_keepalive": (_is_bool, "true or false"),
    "health_check_interval": (_is_whole_number, "a number of seconds"),
}
_TLS_OPTIONS: dict[str, tuple[Callable[[str], bool], str]] = {
    "ssl_cert_reqs": (
        lambda value: value in ("none", "optional", "required"),
        "none, optional or required",
    ),
    "ssl_check_hostname": (_is_bool, "true or false"),
    "ssl_ca_certs": (_is_file, "a file that exists"),
    "ssl_ca_path": (_is_folder, "a folder that exists"),
    "ssl_certfile": (_is_file, "a file that exists"),
    "ssl_keyfile": (_is_file, "a file that exists"),
    "ssl_password": (bool, "a password"),
}
# Settings of other programs that share the URL. Timeouts, retries and the form of replies are this
# package's own decision.
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
    """Return the URL without the options that are ignored.

    Args:
        key: The name of the setting.
        url: ``redis://…``, ``rediss://…`` or ``unix://…``.

    Raises:
        ConfigurationError: It is not such a URL, or has an option that would not work. The message
            does not repeat the URL, which may contain a password.
    """
    parts = _split(url)
    if parts is None or parts.scheme not in SCHEMES:
        raise ConfigurationError(
            f"{key} must start with redis://, rediss:// or unix://, and its port must be a number."
        )
    if parts.scheme == "unix" and not parts.path.strip("/"):
        raise ConfigurationError(
            f"{key} must name the socket's file, such as unix:///run/redis.sock."
        )
    kept: dict[str, str] = {}
    # redis-py does not accept this option for a Unix socket.
    ignored = _IGNORED | ({"socket_keepalive"} if parts.scheme == "unix" else set())
    for name, value in parse_qsl(parts.query):
        if name not in ignored:
            # The first one counts, as in redis-py.
            kept.setdefault(name, _checked(key, parts.scheme, name, value))
    # Not joined from its parts: unix:///path would lose two slashes.
    address = url.partition("#")[0].partition("?")[0]
    return f"{address}?{urlencode(kept)}" if kept else address


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        is_valid = parts.port != 0
    except ValueError:  # such as port 99999, or an IPv6 address without a closing bracket
        return None
    return parts if is_valid else None


def _checked(key: str, scheme: str, name: str, value: str) -> str:
    if name in _TLS_OPTIONS and scheme != "rediss":
        raise ConfigurationError(
            f"{key} has the option {name}, which is for rediss:// (TLS) only: use "
            "rediss://, or remove the option."
        )
    known = _OPTIONS.get(name) or _TLS_OPTIONS.get(name)
    if known is None:
        # The name is not repeated either: a ? in a password turns the rest of it into an option.
        names = ", ".join([*_OPTIONS, *_TLS_OPTIONS])
        raise ConfigurationError(
            f"{key} has an option that genvoris-flask does not know. Known options: {names}. "
            "Write a ? in a password as %3F."
        )
    if name == "ssl_cert_reqs":
        value = value.lower().removeprefix("cert_")  # CERT_NONE is another spelling
    is_valid, what = known
    if not is_valid(value):
        raise ConfigurationError(f"The option {name} of {key} must be {what}.")
    return value
