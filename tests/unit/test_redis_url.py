"""The URL of Redis: what may be in it, and what stops start-up."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from genvoris_flask.core.storage.redis_clients import connection_options
from genvoris_flask.core.storage.redis_url import parse_redis_url
from genvoris_flask.errors import ConfigurationError
from genvoris_flask.settings import read_settings

KEY = "gvk_test_0123456789"


def read(url: str) -> str:
    config = {"GENVORIS_API_KEY": KEY, "GENVORIS_STORE_URL": url}
    found = read_settings(config, environ={}).store_url
    assert found is not None
    return found


@pytest.mark.parametrize(
    "option",
    [
        "decode_responses=True",
        "encoding=latin-1",
        "encoding_errors=ignore",
        "legacy_responses=false",
        "lib_name=other",
        "max_connections=1",
        "protocol=3",
        "retry_on_error=x",
        "retry_on_timeout=True",
        "socket_connect_timeout=30",
        "socket_read_size=1",
        "socket_timeout=30",
        "socket_timeout=abc",
        "timeout=20",
    ],
)
def test_foreign_options_are_dropped(option: str) -> None:
    """The package decides on timeouts and on the form of replies."""
    assert read(f"redis://cache.example/2?{option}&db=3") == "redis://cache.example/2?db=3"


@pytest.mark.parametrize(
    "url",
    [
        "redis://cache.example:6379/1",
        "redis://ada:p%40ss%3Fword@cache.example/0",
        "redis://[::1]:6379/0?client_name=shop&socket_keepalive=yes&health_check_interval=30",
        "unix:///run/redis.sock?db=2&password=p%26ss",
        "unix://ada@/run/redis.sock",
        "rediss://cache.example/0?ssl_cert_reqs=none&ssl_check_hostname=false",
    ],
)
def test_options_of_the_address_are_kept(url: str) -> None:
    """redis-py parses the returned URL and the given one alike."""
    parse = redis.connection.parse_url
    assert parse(read(url)) == parse(url)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("redis://cache.example/0?ssl_cert_reqs=none", "rediss://"),
        ("unix:///run/redis.sock?ssl_check_hostname=no", "rediss://"),
        ("rediss://cache.example/0?ssl_cert_reqs=perhaps", "none, optional or required"),
        ("rediss://cache.example/0?ssl_check_hostname=perhaps", "true or false"),
        ("rediss://cache.example/0?ssl_ca_certs=/nowhere/ca.pem", "a file that exists"),
        ("rediss://cache.example/0?ssl_ca_path=/nowhere", "a folder that exists"),
        ("redis://cache.example/0?db=-1", "a number"),
        ("redis://cache.example/0?client_name=a+shop", "without spaces"),
        ("redis://cache.example/0?health_check_interval=soon", "a number of seconds"),
        ("redis://cache.example/0?credential_provider=x", "does not know"),
        ("redis://cache.example/0?connection_class=x", "does not know"),
        ("redis://cache.example/0?retry=3", "does not know"),
        ("redis://cache.example/0?hots=x", "does not know"),
        ("rediss://cache.example/0?ssl_ciphers=none", "does not know"),
        ("unix://", "socket"),
    ],
)
def test_invalid_option_prevents_start_up(url: str, hint: str) -> None:
    """Otherwise it would only fail at the first command."""
    with pytest.raises(ConfigurationError, match="GENVORIS_STORE_URL") as caught:
        read(url)
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hunter?2=hunter@cache.example/0",
        "redis://:hunter#2@cache.example/0",
        "redis://cache.example/0?passwort=hunter2",
        "redis://cache.example/hunter?db=hunter",
        "rediss://cache.example/0?ssl_keyfile=hunter2",
        "http://:hunter2@cache.example/0",
    ],
)
def test_error_does_not_repeat_the_password(url: str) -> None:
    """Nor any other part of the URL."""
    with pytest.raises(ConfigurationError) as caught:
        read(url)
    assert "hunter" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_spelling_of_other_clients_is_accepted() -> None:
    """Hosts that check no certificates document it as CERT_NONE."""
    url = "rediss://cache.example/0?ssl_cert_reqs="
    assert read(url + "CERT_NONE") == url + "none"


def test_accepted_options_make_a_connection(tmp_path: Path) -> None:
    """redis-py knows all of them."""
    file = tmp_path / "ca.pem"
    file.touch()
    common = "db=1&username=a&password=b&client_name=c&socket_keepalive=1&health_check_interval=9"
    tls = (
        f"ssl_cert_reqs=required&ssl_check_hostname=1&ssl_ca_certs={file}&ssl_ca_path={tmp_path}"
        f"&ssl_certfile={file}&ssl_keyfile={file}&ssl_password=d"
    )
    for url in (
        f"redis://cache.example?{common}",
        f"unix:///run/redis.sock?{common}",
        f"rediss://cache.example?{common}&{tls}",
    ):
        redis.ConnectionPool.from_url(read(url)).make_connection()


SENTINELS = "redis+sentinel://ada:p%40ss@one.example,[::1]:5000/the%20shop/3"


def test_sentinels_and_what_they_watch() -> None:
    """Each has its own login; the options are those of the primary."""
    url = f"{SENTINELS}?sentinel_username=s&sentinel_password=%26x&client_name=c&timeout=3"
    address = parse_redis_url(read(url))
    assert address is not None
    assert address.hosts == (("one.example", 26379), ("::1", 5000))
    assert (address.kind, address.service) == ("sentinel", "the shop")
    assert address.sentinel_login == ("s", "&x")
    options = {"username": "ada", "password": "p@ss", "db": 3, "client_name": "c"}
    assert connection_options(address) == options


def test_nodes_of_a_cluster(tmp_path: Path) -> None:
    """With TLS, all of them are checked with the same certificates."""
    file = tmp_path / "ca.pem"
    file.touch()
    hosts = "a.example:7000,b.example"
    address = parse_redis_url(read(f"rediss+cluster://:secret@{hosts}/0?ssl_ca_certs={file}"))
    assert address is not None
    assert (address.kind, address.hosts) == ("cluster", (("a.example", 7000), ("b.example", 6379)))
    assert connection_options(address) == {
        "password": "secret",
        "ssl": True,
        "ssl_ca_certs": str(file),
    }


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("redis+sentinel://one.example", "redis+sentinel://host:26379,host:26379/NAME/0"),
        ("redis+sentinel://one.example:hunter/shop", "redis+sentinel://host:26379"),
        ("redis+sentinel://one.example,/shop", "redis+sentinel://host:26379"),
        ("redis+sentinel://one.example/shop/hunter", "the number of its database"),
        ("redis+cluster://one.example/3", "no other database than 0"),
        ("redis+cluster://one.example:99999", "redis+cluster://host:6379"),
        ("redis+cluster://one.example?sentinel_password=hunter2", "does not know"),
        ("redis+cluster://one.example?ssl_ca_certs=x", "rediss://"),
        ("redis+other://hunter2@one.example/0", "redis+sentinel:// or redis+cluster://"),
    ],
)
def test_wrong_servers_prevent_start_up(url: str, hint: str) -> None:
    """The message shows the right form, and repeats nothing."""
    with pytest.raises(ConfigurationError, match="GENVORIS_STORE_URL") as caught:
        read(url)
    assert hint in str(caught.value)
    assert "hunter" not in str(caught.value)


def test_rq_cannot_use_a_cluster() -> None:
    """Celery has a broker of its own."""
    config = {
        "GENVORIS_API_KEY": KEY,
        "GENVORIS_STORE_URL": "redis+cluster://one.example",
        "GENVORIS_QUEUE": "rq",
    }
    with pytest.raises(ConfigurationError, match="RQ needs several keys"):
        read_settings(config, environ={})
