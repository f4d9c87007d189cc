"""A picture is fetched over real TLS: from the address that was checked, for the name meant."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from genvoris_flask.core.api.fetch import PictureFetcher
from genvoris_flask.errors import UnreachableError

NAME = "cdn.genvoris.example"
PUBLIC = "93.184.216.34"


class Server(ThreadingHTTPServer):
    """Serves one picture over TLS, with a certificate for ``NAME`` alone."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.certificate = _certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        context.sni_callback = self._note
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.hosts: list[str | None] = []
        self.names: list[str | None] = []

    def _note(self, _socket: Any, name: str | None, _context: Any) -> None:
        self.names.append(name)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that refuses the certificate is part of the tests."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: Any) -> None:
        return

    def do_GET(self) -> None:
        self.server.hosts.append(self.headers["Host"])
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        self.wfile.write(b"\xff\xd8picture")


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    file = folder / "certificate.pem"
    file.write_bytes(key.private_bytes(pem, form, plain) + certificate.public_bytes(pem))
    return file


class ThisMachine(httpx.BaseTransport):
    """Real sockets, on which the public address is this machine."""

    def __init__(self, server: Server) -> None:
        self._port = server.server_port
        context = ssl.create_default_context(cafile=str(server.certificate))
        self._inner = httpx.HTTPTransport(verify=context)
        self.addresses: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.addresses.append(request.url.host)
        request.url = request.url.copy_with(host="127.0.0.1", port=self._port)
        return self._inner.handle_request(request)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    it = Server(tmp_path)
    thread = threading.Thread(target=it.serve_forever)
    thread.start()
    yield it
    it.shutdown()
    it.server_close()
    thread.join()


def fetcher(transport: ThisMachine) -> PictureFetcher:
    return PictureFetcher(
        "https://api.genvoris.example",
        {},
        ("*.genvoris.example",),
        resolver=lambda _host, _port: [PUBLIC],
        transport=transport,
    )


def test_certificate_of_name(
    server: Server,
) -> None:
    """The certificate is checked for the name, not for the address."""
    transport = ThisMachine(server)
    assert fetcher(transport).fetch(f"https://{NAME}/a.jpg", 5) == b"\xff\xd8picture"
    assert transport.addresses == [PUBLIC]
    assert (server.names, server.hosts) == ([NAME], [NAME])


def test_foreign_certificate(server: Server) -> None:
    """A certificate for another name is refused."""
    with pytest.raises(UnreachableError):
        fetcher(ThisMachine(server)).fetch("https://other.genvoris.example/a.jpg", 5)
    assert server.hosts == []
