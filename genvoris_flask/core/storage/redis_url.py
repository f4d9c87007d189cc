"""Parses the URL of Redis: which servers it names, and which of its options are used or refused.

==================================================  ==================================
redis://HOST/DB, rediss://HOST/DB, unix://PATH      one server; ``rediss`` is TLS
redis+sentinel://HOST,HOST/NAME/DB                  the primary that Sentinels agree on
redis+cluster://HOST,HOST                           a cluster, by some of its nodes
rediss+sentinel://…, rediss+cluster://…             the same with TLS
==================================================  ==================================

redis-py passes every option of a URL to its connections, in place of the program's own arguments.
One that changes the form of replies (``decode_responses``), or that a connection does not know
(``ssl_cert_reqs`` without TLS), would only fail at the first command.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, parse_qs, parse_qsl, unquote, urlencode, urlsplit

from ...errors import ConfigurationError

SCHEMES = ("redis", "rediss", "unix")
SENTINEL_PORT, REDIS_PORT = 26379, 6379
_SEVERAL = re.compile(
    r"(?P<scheme>rediss?)\+(?P<kind>sentinel|cluster)://(?P<login>[^/?#]*@)?(?P<hosts>[^@/?#]+)"
    r"(?:/(?P<path>[^?#]*))?(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.IGNORECASE,
)
_HOST = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[^:\[\]]+))(?::(?P<port>[0-9]{1,5}))?"
)
_SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password")
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


Kind = Literal["server", "sentinel", "cluster"]


@dataclass(frozen=True)
class RedisAddress:
    """The servers that a URL names.

    Attributes:
        kind: One server, or what the hosts are.
        url: The URL of one server, or of the first host, with all options of the connection.
        hosts: The Sentinels, or nodes of the cluster.
        service: The name of the primary among the Sentinels.
        sentinel_login: The user and password of the Sentinels themselves.
    """

    kind: Kind
    url: str = field(repr=False)
    hosts: tuple[tuple[str, int], ...] = ()
    service: str = ""
    sentinel_login: tuple[str | None, str | None] = field(default=(None, None), repr=False)


def parse_redis_url(url: str) -> RedisAddress | None:
    """Return the servers that a URL names, or None if it is no URL of Redis."""
    match = _SEVERAL.fullmatch(url)
    if match is None:
        return RedisAddress("server", url) if url.partition(":")[0].lower() in SCHEMES else None
    is_sentinel = match["kind"].lower() == "sentinel"
    hosts = _hosts(match["hosts"], SENTINEL_PORT if is_sentinel else REDIS_PORT)
    service, _, database = (match["path"] or "").partition("/")
    if not is_sentinel:
        service, database = "", service
    is_named = bool(service) is is_sentinel
    is_database = _is_whole_number(database) if is_sentinel else database == "0"
    if not hosts or not is_named or not (is_database or not database):
        return None
    options = parse_qs(match["query"] or "")
    theirs = {name: options.pop(name, [None])[0] for name in _SENTINEL_OPTIONS if is_sentinel}
    host, port = hosts[0]
    first = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    url = f"{match['scheme'].lower()}://{match['login'] or ''}{first}/{database}"
    query = urlencode(options, doseq=True)
    return RedisAddress(
        "sentinel" if is_sentinel else "cluster",
        f"{url}?{query}" if query else url,
        hosts,
        unquote(service),
        (theirs.get("sentinel_username"), theirs.get("sentinel_password")),
    )


def _hosts(text: str, default_port: int) -> tuple[tuple[str, int], ...]:
    """Return hosts and ports of a list with commas; none if one of them is invalid."""
    found = []
    for each in text.split(","):
        match = _HOST.fullmatch(each)
        port = int(match["port"] or default_port) if match else 0
        if match is None or not 0 < port < 65536:
            return ()
        found.append((match["ipv6"] or match["name"], port))
    return tuple(found)


def read_redis_url(key: str, url: str) -> str:
    """Return the URL without the options that are ignored.

    Args:
        key: The name of the setting.
        url: One of the forms above.

    Raises:
        ConfigurationError: It is not such a URL, or has an option that would not work. The message
            does not repeat the URL, which may contain a password.
    """
    if match := _SEVERAL.fullmatch(url):
        return _read_several(key, url, match)
    parts = _split(url)
    if parts is None or parts.scheme not in SCHEMES:
        raise ConfigurationError(
            f"{key} must start with redis://, rediss:// or unix://, or for several servers with "
            "redis+sentinel:// or redis+cluster://, and its port must be a number."
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


def _read_several(key: str, url: str, match: re.Match[str]) -> str:
    """Return the URL of several servers, of which each has the options that one server has."""
    address = parse_redis_url(url)
    if address is None:
        raise ConfigurationError(
            f"{key} must be like redis+sentinel://host:26379,host:26379/NAME/0, with the name of "
            "the primary and the number of its database, or redis+cluster://host:6379,host:6379; "
            "a cluster has no other database than 0."
        )
    # Of the first server alone, which has the same options.
    query = read_redis_url(key, address.url).partition("?")[2]
    logins = zip(_SENTINEL_OPTIONS, address.sentinel_login, strict=True)
    own = urlencode([(name, value) for name, value in logins if value])
    options = "&".join(filter(None, (query, own)))
    base = url[: match.end("path") if match["path"] else match.end("hosts")]
    return f"{base}?{options}" if options else base


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
