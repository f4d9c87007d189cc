"""Proxies and certificates of the machine's environment: what is used, and what is said."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import certifi
import pytest

from genvoris_flask.core.api import environment as environment_module
from genvoris_flask.core.api.environment import certificates_for, proxy_for, trusted_certificates
from genvoris_flask.core.api.http import HttpClient, RetryPolicy
from genvoris_flask.errors import NetworkSetupError, UnreachableError

API = "https://genvoris.org/api/v1"
PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Provide an environment without settings of proxies or certificates."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.delenv(name)
    trusted_certificates.cache_clear()
    yield monkeypatch
    trusted_certificates.cache_clear()


@pytest.mark.parametrize(
    ("variables", "url", "expected"),
    [
        ({}, API, None),
        ({"HTTPS_PROXY": PROXY}, API, PROXY),
        ({"https_proxy": PROXY}, API, PROXY),
        ({"HTTP_PROXY": PROXY}, API, None),
        ({"ALL_PROXY": PROXY}, API, PROXY),
        ({"ALL_PROXY": "http://other:1", "HTTPS_PROXY": PROXY}, API, PROXY),
        ({"HTTPS_PROXY": "proxy.example:3128"}, API, PROXY),
        ({"HTTPS_PROXY": f" {PROXY}\n"}, API, PROXY),
        ({"HTTPS_PROXY": "  "}, API, None),
        ({"HTTPS_PROXY": "http://me:pass@proxy.example:3128"}, API, PROXY),
        ({"ALL_PROXY": PROXY}, "http://127.0.0.1:8787/api/v1", None),
        ({"ALL_PROXY": PROXY}, "http://localhost:8787/api/v1", None),
        ({"ALL_PROXY": PROXY}, "http://[::1]:8787/api/v1", None),
    ],
)
def test_proxy_for(
    environment: pytest.MonkeyPatch, variables: dict[str, str], url: str, expected: str | None
) -> None:
    """As curl reads the variables; this machine itself is never behind a proxy."""
    for name, value in variables.items():
        environment.setenv(name, value)
    found = proxy_for(url)
    assert (found and found.url) == expected


@pytest.mark.parametrize(
    ("exceptions", "url", "excepted"),
    [
        ("*", API, True),
        ("genvoris.org", API, True),
        (".genvoris.org", API, True),
        ("*.genvoris.org", "https://api.genvoris.org", True),
        ("genvoris.org", "https://api.genvoris.org", True),
        ("genvoris.org", "https://notgenvoris.org", False),
        ("GENVORIS.org", API, True),
        ("a.example, genvoris.org", API, True),
        ("a.example genvoris.org", API, True),
        ("genvoris.org:443", API, True),
        ("genvoris.org:8443", API, False),
        ("127.0.0.1,[::1]", API, False),
        ("[fd00::1]", "https://[fd00::1]", True),
        ("[fd00::1]:443", "https://[fd00::1]", True),
        ("[fd00::1]:8443", "https://[fd00::1]", False),
        ("fd00::1", "https://[fd00::1]", True),
        ("fd00::/8", "https://[fd00::1]", True),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.1.2.3", "https://10.1.2.3", True),
        (",, ,[,]:,:80,/8,http://x", API, False),
        ("", API, False),
    ],
)
def test_no_proxy(
    environment: pytest.MonkeyPatch, exceptions: str, url: str, excepted: bool
) -> None:
    """NO_PROXY may name hosts, addresses and networks."""
    environment.setenv("HTTPS_PROXY", PROXY)
    environment.setenv("NO_PROXY", exceptions)
    assert (proxy_for(url) is None) is excepted


@pytest.mark.parametrize(
    "address",
    [
        "ftp://user:hunter2@proxy.example",
        "https//user:hunter2@proxy.example",
        "http://user:hunter2@",
        "http://user:hunter2@proxy.example:99999",
        "http://user:hunter2@proxy.example:port",
        "http://user:hunter2@proxy.example:0",
        "http://[hunter2",
        "socks4://user:hunter2@proxy.example",
        '"http://user:hunter2@proxy.example"',
        "://hunter2",
        "hunter2 hunter2",
    ],
)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
def test_bad_proxy(environment: pytest.MonkeyPatch, name: str, address: str) -> None:
    """The error names the variable and hides the password."""
    environment.setenv(name, address)
    with pytest.raises(NetworkSetupError) as caught:
        proxy_for(API)
    assert str(caught.value).startswith(name)
    assert "hunter2" not in str(caught.value)
    assert "NO_PROXY" in str(caught.value)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_socks_without_package(environment: pytest.MonkeyPatch, scheme: str) -> None:
    """The error says what to install."""
    environment.setattr("genvoris_flask.core.api.environment.find_spec", lambda name: None)
    environment.setenv("ALL_PROXY", f"{scheme}://proxy.example:1080")
    with pytest.raises(NetworkSetupError, match=r'ALL_PROXY .* pip install "httpx\[socks\]"'):
        proxy_for(API)


def empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def no_certificate(folder: Path) -> Path:
    (folder / "a.pem").write_text("no certificate")
    return folder / "a.pem"


CERTIFICATES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "a file that is missing": ("SSL_CERT_FILE", lambda folder: folder / "missing.pem"),
    "a file that is a folder": ("SSL_CERT_FILE", lambda folder: folder),
    "a file without certificates": ("SSL_CERT_FILE", no_certificate),
    "a folder that is missing": ("SSL_CERT_DIR", lambda folder: folder / "missing"),
    "a folder without certificates": ("SSL_CERT_DIR", empty),
    "a key log that cannot be written": ("SSLKEYLOGFILE", lambda folder: folder / "no" / "log"),
}


@pytest.mark.parametrize("kind", CERTIFICATES)
def test_bad_certificates(environment: pytest.MonkeyPatch, tmp_path: Path, kind: str) -> None:
    """The error names the variable and the path."""
    name, make = CERTIFICATES[kind]
    path = make(tmp_path)
    environment.setenv(name, str(path))
    with pytest.raises(NetworkSetupError) as caught:
        trusted_certificates()
    assert name in str(caught.value)
    assert str(path) in str(caught.value)
    # It is looked for again, in case it has been put there meanwhile.
    environment.delenv(name)
    assert trusted_certificates().get_ca_certs()


def test_own_certificates(environment: pytest.MonkeyPatch) -> None:
    """SSL_CERT_FILE takes precedence."""
    environment.setenv("SSL_CERT_FILE", certifi.where())
    environment.setenv("SSL_CERT_DIR", "/missing")  # not read, since the file comes first
    assert trusted_certificates().get_ca_certs()


def test_http_without_certificates(environment: pytest.MonkeyPatch) -> None:
    """A sandbox on this machine works whatever the environment says of certificates."""
    environment.setenv("SSL_CERT_FILE", "/missing")
    assert certificates_for("http://127.0.0.1:8787", None).get_ca_certs() == []


class Proxy(HTTPServer):
    """Answers each request itself, and notes it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked: list[str] = []


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Proxy)
        self.server.asked.append(f"{self.path} {self.headers['Authorization']}")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_CONNECT(self) -> None:
        self.send_error(407)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    server = Proxy()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_proxy_is_used(environment: pytest.MonkeyPatch, proxy: Proxy) -> None:
    """Also beside a common NO_PROXY, in which httpx takes `[::1]` for a port."""
    environment.setenv("NO_PROXY", "127.0.0.1,[::1]")
    environment.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.server_port}")
    client = HttpClient("http://genvoris.test", {"Authorization": "Bearer ours"})
    client.request("GET", "/plans", timeout=60, repeat=RetryPolicy.NEVER)
    assert proxy.asked == ["http://genvoris.test/plans Bearer ours"]


def test_proxy_refuses(environment: pytest.MonkeyPatch, proxy: Proxy) -> None:
    """The error says that the proxy refused."""
    environment.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_port}")
    client = HttpClient("https://genvoris.test", {})
    with pytest.raises(UnreachableError, match="the proxy of this machine refused"):
        client.request("GET", "/plans", timeout=60, repeat=RetryPolicy.NEVER)


def test_netrc_is_ignored(environment: pytest.MonkeyPatch, proxy: Proxy, tmp_path: Path) -> None:
    """Credentials in a netrc file are not sent."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hunter2\n")
    netrc.chmod(0o600)
    environment.setenv("NETRC", str(netrc))
    client = HttpClient(f"http://127.0.0.1:{proxy.server_port}", {})
    client.request("GET", "/plans", timeout=60, repeat=RetryPolicy.NEVER)
    assert proxy.asked == ["/plans None"]


def test_proxy_hides_its_password() -> None:
    """Tools that report errors record the repr of local variables."""
    proxy = environment_module.Proxy("http://proxy.example", (b"me", b"hunter2"))
    assert "hunter2" not in repr(proxy)
