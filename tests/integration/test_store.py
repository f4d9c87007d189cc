"""Both stores keep the same promises; the one on Redis also says when it is away."""

from __future__ import annotations

import datetime as dt
import ipaddress
import multiprocessing
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from genvoris_flask.core.storage.interface import Store
from genvoris_flask.core.storage.memory_store import MemoryStore
from genvoris_flask.core.storage.namespace import Namespace, Shop
from genvoris_flask.core.storage.redis_connection import RedisConnection
from genvoris_flask.core.storage.redis_store import RedisStore
from genvoris_flask.errors import LockTimeoutError, StoreUnavailableError
from tests.integration.conftest import RedisServer, free_port
from tests.support.fake_genvoris import Clock
from tests.support.forwarder import Forwarder
from tests.support.redis_servers import REDIS_SERVER
from tests.support.waiting import until


def open_store(url: str, name: str = "a", **more: Any) -> RedisStore:
    return RedisStore(RedisConnection(url, **more), Namespace(Shop(name)))


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Store:
    """Return a store of each kind."""
    if request.param == "memory":
        return MemoryStore()
    server: RedisServer = request.getfixturevalue("redis_server")
    return open_store(server.url)


def test_value_is_kept_until_deleted(store: Store) -> None:
    """Unknown keys are ignored."""
    store.set("one", b"1", 60)
    store.set("two", b"2", 60)
    assert store.get("one") == b"1"
    store.delete("one", "not there")
    assert (store.get("one"), store.get("two")) == (None, b"2")


def test_value_expires(store: Store) -> None:
    """Then another can be added."""
    store.set("one", b"1", 0.05)
    time.sleep(0.1)
    assert store.get("one") is None
    assert store.add("one", b"2", 60)


def test_setting_the_clock_expires_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process's own memory goes by a clock that nobody sets."""
    store = MemoryStore(time.time)
    store.set("one", b"1", 60)
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert store.get("one") == b"1"


def test_one_of_many_adds_wins(store: Store) -> None:
    """Its value is kept."""
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda number: store.add("one", b"%d" % number, 60), range(64)))
    assert won.count(True) == 1
    assert store.get("one") == b"%d" % won.index(True)


def test_replace_compares_the_value(store: Store) -> None:
    """A missing value is not replaced."""
    assert not store.replace("one", b"2", 60, expected=b"1")
    store.set("one", b"1\0", 60)
    assert not store.replace("one", b"2", 60, expected=b"1")
    assert store.replace("one", b"2", 60, expected=b"1\0")
    assert store.get("one") == b"2"


def test_one_of_many_replacements_wins(store: Store) -> None:
    """The others see that the value has changed."""
    store.set("one", b"start", 60)

    def replace(number: int) -> bool:
        return store.replace("one", b"%d" % number, 60, expected=b"start")

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(replace, range(64))).count(True) == 1


def test_lock_has_one_holder(store: Store) -> None:
    """Others wait for it."""
    inside, most = [0], [0]

    def work(_number: int) -> None:
        with store.lock("name", wait=60, hold=120):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.005)
            inside[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    assert (inside[0], most[0]) == (0, 1)


def test_lock_times_out(store: Store) -> None:
    """The error does not name the shopper."""
    with store.lock("name:ada", wait=0, hold=20):
        with store.lock("name:ben", wait=0, hold=20):
            pass
        with (
            ThreadPoolExecutor(1) as pool,
            pytest.raises(LockTimeoutError, match="holds 'name'") as caught,
        ):
            pool.submit(lambda: store.lock("name:ada", wait=0.05, hold=20).__enter__()).result()
    assert "ada" not in str(caught.value)
    with store.lock("name:ada", wait=0, hold=20):
        pass


def test_error_releases_the_lock(store: Store) -> None:
    """The next one gets it at once."""
    with pytest.raises(ZeroDivisionError), store.lock("name", wait=0, hold=20):
        raise ZeroDivisionError
    with store.lock("name", wait=0, hold=20):
        pass


def test_health_check_passes(store: Store) -> None:
    """Nothing is wrong with a store that answers."""
    assert store.health_check() is None


def test_memory_uses_the_given_clock() -> None:
    """Tests can move it."""
    clock = Clock()
    store = MemoryStore(clock)
    store.set("one", b"1", 60)
    clock.now += 59
    assert store.get("one") == b"1"
    clock.now += 2
    assert store.get("one") is None


def test_large_values_evict_no_small_ones() -> None:
    """A record of a sale is worth more than a picture."""
    store = MemoryStore()
    store.set("sale", b"done", 3600)
    for number in range(300):
        store.set(f"picture {number}", bytes(1024 * 1024), 3600)
    assert store.get("sale") == b"done"
    assert store.get("picture 0") is None
    assert store.get("picture 299") == bytes(1024 * 1024)


def test_child_process_starts_empty() -> None:
    """Its locks are free too."""
    store = MemoryStore()
    store.set("one", b"parent", 60)
    seen = multiprocessing.get_context("fork").Queue()

    def child() -> None:
        with store.lock("name", wait=1, hold=20):
            seen.put(store.get("one"))

    with store.lock("name", wait=0, hold=20):
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        assert seen.get(timeout=60) is None
        process.join()


def test_other_shops_share_nothing(redis_server: RedisServer) -> None:
    """Neither values nor locks."""
    first, second = open_store(redis_server.url), open_store(redis_server.url, "b")
    first.set("one", b"1", 60)
    assert second.get("one") is None
    with first.lock("name", wait=0, hold=20), second.lock("name", wait=0, hold=20):
        pass


def test_lock_of_a_dead_process_expires(redis_server: RedisServer) -> None:
    """After the seconds that it was held for."""
    first, second = open_store(redis_server.url), open_store(redis_server.url)
    first.lock("name", wait=0, hold=0.2).__enter__()  # and is never let go
    with second.lock("name", wait=60, hold=20):
        pass


def test_messages_reach_other_processes(
    redis_server: RedisServer,
) -> None:
    """But not the one that publishes."""
    heard: list[str] = []
    mine: list[str] = []
    listening, publishing = open_store(redis_server.url), open_store(redis_server.url)
    listening.subscribe("news", heard.append)
    publishing.subscribe("news", mine.append)
    listening.get("start the listener")

    def told() -> bool:
        publishing.publish("news", "a b")
        return bool(heard)

    until(told)
    assert set(heard) == {"a b"}
    assert mine == []


def test_silently_dropped_connection_is_noticed(redis_server: RedisServer) -> None:
    """Messages arrive again once the listener has found out that it hears nothing."""
    heard: list[str] = []
    publishing = open_store(redis_server.url)

    def told() -> bool:
        publishing.publish("news", "a b")
        return bool(heard)

    with Forwarder(redis_server.port) as path:
        connection = RedisConnection(path.url)
        listening = RedisStore(connection, Namespace(Shop("a")), check_seconds=0.05)
        listening.subscribe("news", heard.append)
        listening.get("start the listener")
        until(told)
        path.freeze()
        heard.clear()
        until(told)


@pytest.mark.parametrize("message", [b"\xff\xfe", b"", b"no space", b"someone else-", b"a b"])
def test_unreadable_message_does_not_end_the_listener(
    redis_server: RedisServer, message: bytes
) -> None:
    """Nor does a listener that fails; later messages arrive."""
    heard: list[str] = []

    def hear(text: str) -> None:
        heard.append(text)
        if text != "good":
            raise ZeroDivisionError

    listening, publishing = open_store(redis_server.url), open_store(redis_server.url)
    listening.subscribe("news", hear)
    listening.get("start the listener")
    with redis.Redis.from_url(redis_server.url) as client:
        until(lambda: bool(client.pubsub_channels()))
        [channel] = client.pubsub_channels()
        client.publish(channel, message)
    publishing.publish("news", "good")
    until(lambda: "good" in heard)


def test_foreign_url_options_change_nothing(redis_server: RedisServer) -> None:
    """Values stay bytes, and messages arrive."""
    heard: list[str] = []
    url = f"{redis_server.url}?decode_responses=True&socket_timeout=60&encoding=latin-1"
    store, other = open_store(url), open_store(url)
    store.subscribe("news", heard.append)
    store.set("one", b"\xff\x00", 60)
    assert store.get("one") == b"\xff\x00"

    def told() -> bool:
        other.publish("news", "héllo")
        return bool(heard)

    until(told)
    assert set(heard) == {"héllo"}


def test_unavailable_redis_fails_fast_and_recovers(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Both are logged once."""
    clock = Clock()
    store = open_store(redis_server.url, clock=clock)
    store.set("one", b"1", 60)
    redis_server.kill()
    questions: list[Callable[[], object]] = [
        lambda: store.get("one"),
        lambda: store.set("one", b"1", 60),
        lambda: store.add("one", b"1", 60),
        lambda: store.replace("one", b"1", 60, expected=b"2"),
        lambda: store.delete("one"),
        lambda: store.publish("news", "a"),
        lambda: store.lock("name", wait=1, hold=2).__enter__(),
    ]
    for question in questions:
        with pytest.raises(StoreUnavailableError):
            question()
    assert caplog.text.count("Redis is unavailable") == 1
    assert "does not answer" in str(store.health_check())
    redis_server.start()
    with pytest.raises(StoreUnavailableError, match="not asked"):
        store.get("one")
    clock.now += 3
    assert store.get("one") is None
    assert caplog.text.count("Redis is available again") == 1


def test_expired_lock_is_no_failure_of_redis(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Releasing it is not an error either."""
    store = open_store(redis_server.url)
    with store.lock("name", wait=0, hold=0.05):
        time.sleep(0.1)
    assert "unavailable" not in caplog.text
    assert store.get("one") is None


def test_error_does_not_repeat_the_redis_password() -> None:
    """It may end up in a log."""
    store = open_store("redis://:hunter2@127.0.0.1:1/0")
    with pytest.raises(StoreUnavailableError) as caught:
        store.get("one")
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_unix_socket(tmp_path: Path) -> None:
    """Values, locks and the health check work."""
    path = tmp_path / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(path)]
    with running(options, tmp_path, lambda: is_open(str(path))):
        keeps_a_value_and_a_lock(open_store(f"unix://{path}"))


def test_tls(
    tmp_path: Path,
) -> None:
    """An unknown certificate is refused."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make_certificate(key, certificate)
    port = free_port()
    options = [
        *("--port", "0", "--bind", "127.0.0.1", "--tls-port", str(port)),
        *("--tls-cert-file", str(certificate), "--tls-key-file", str(key)),
        *("--tls-ca-cert-file", str(certificate), "--tls-auth-clients", "no"),
    ]
    url = f"rediss://127.0.0.1:{port}/0"
    with running(options, tmp_path, lambda: is_open(("127.0.0.1", port))):
        keeps_a_value_and_a_lock(open_store(f"{url}?ssl_ca_certs={certificate}"))
        with pytest.raises(StoreUnavailableError):
            open_store(url).get("one")


def keeps_a_value_and_a_lock(store: Store) -> None:
    assert store.health_check() is None
    with store.lock("name", wait=0, hold=20):
        store.set("one", b"1", 60)
    assert store.get("one") == b"1"


@contextmanager
def running(options: list[str], folder: Path, is_ready: Callable[[], bool]) -> Iterator[None]:
    program = shutil.which(REDIS_SERVER)
    assert program, f"{REDIS_SERVER} is missing: run make test, which installs it."
    command = [program, *options, "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        until(is_ready)
        yield
    finally:
        process.kill()
        process.wait()


def is_open(address: str | tuple[str, int]) -> bool:
    """Return whether a server listens at a path or port. The file of a socket is there before."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as probe:
        return probe.connect_ex(address) == 0


def make_certificate(key_file: Path, certificate_file: Path) -> None:
    """Write a certificate for 127.0.0.1 that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "redis")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key_file.write_bytes(private)
    certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
