"""A picture whose address came from outside is fetched from where it may be, or not at all."""

from __future__ import annotations

import time

import httpx
import pytest

from genvoris_flask.core.addresses import is_public
from genvoris_flask.core.api.fetch import MAX_BYTES, PictureFetcher
from genvoris_flask.errors import DeadlineError, MalformedAnswerError, UnreachableError
from tests.support.pictures import picture

OWN = "https://api.genvoris.example"
PUBLIC, PUBLIC_6 = "93.184.216.34", "2606:2800:220:1::1"
NAMES = {
    "cdn.genvoris.example": [PUBLIC],
    "six.genvoris.example": [PUBLIC_6],
    "inside.genvoris.example": ["10.1.2.3"],
    "loop.genvoris.example": ["127.0.0.1"],
    "cloud.genvoris.example": ["169.254.169.254"],
    "mapped.genvoris.example": ["::ffff:192.168.0.1"],
    "both.genvoris.example": [PUBLIC, "192.168.0.1"],
    "none.genvoris.example": [],
    "cdn.partner.example": [PUBLIC],
    "10.0.0.1": ["10.0.0.1"],
}
PICTURE = picture("JPEG", (40, 40))


class Network:
    """Answers requests and remembers them; looks names up in a table."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers) or [_image()]
        self.sent: list[httpx.Request] = []
        self.asked: list[str] = []

    def fetcher(self, hosts: tuple[str, ...] = ("*.genvoris.example",)) -> PictureFetcher:
        return PictureFetcher(
            OWN,
            {"X-API-Key": "secret"},
            hosts,
            resolver=self.resolve,
            transport=httpx.MockTransport(self),
        )

    def resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return NAMES[host]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def _image(data: bytes = PICTURE, kind: str = "image/jpeg", status: int = 200) -> httpx.Response:
    return httpx.Response(status, headers={"Content-Type": kind}, content=data)


def _redirect(to: str) -> httpx.Response:
    return httpx.Response(302, headers=[(b"Location", to.encode())])


def test_checked_address_is_used() -> None:
    """The connection goes to the address that was checked."""
    network = Network()
    assert network.fetcher().fetch("https://cdn.genvoris.example/a/b.jpg?sig=1", 5) == PICTURE
    (sent,) = network.sent
    assert str(sent.url) == f"https://{PUBLIC}/a/b.jpg?sig=1"
    assert sent.headers["Host"] == "cdn.genvoris.example"
    assert sent.extensions["sni_hostname"] == "cdn.genvoris.example"
    assert network.asked == ["cdn.genvoris.example"]
    assert "X-API-Key" not in sent.headers


def test_ipv6_address() -> None:
    """An IPv6 address is put in brackets."""
    network = Network()
    network.fetcher().fetch("https://six.genvoris.example/a.jpg", 5)
    assert network.sent[0].url.host == PUBLIC_6


@pytest.mark.parametrize("url", [f"{OWN}/results/1.jpg", "/results/1.jpg", "results/1.jpg"])
def test_key_for_tryon_host(url: str) -> None:
    """The try-on host's own origin is sent the key."""
    network = Network()
    assert network.fetcher().fetch(url, 5) == PICTURE
    assert str(network.sent[0].url) == f"{OWN}/results/1.jpg"
    assert network.sent[0].headers["X-API-Key"] == "secret"


def test_allowed_hosts() -> None:
    """A host is allowed by its name or by a wildcard."""
    for hosts in (("cdn.partner.example",), ("*.partner.example",)):
        assert Network().fetcher(hosts).fetch("https://cdn.partner.example/a.jpg", 5) == PICTURE


REFUSED = [
    "http://cdn.genvoris.example/a.jpg",
    "https://cdn.genvoris.example:8443/a.jpg",
    "ftp://cdn.genvoris.example/a.jpg",
    "file:///etc/passwd",
    "gopher://cdn.genvoris.example/",
    "https://cdn.partner.example/a.jpg",
    "https://genvoris.example/a.jpg",
    "https://evilgenvoris.example/a.jpg",
    "https://cdn.genvoris.example.evil.example/a.jpg",
    "https://cdn.genvoris.example@evil.example/a.jpg",
    "https://evil.example#@cdn.genvoris.example/a.jpg",
    "https://evil.example\\@cdn.genvoris.example/a.jpg",
    "https://cdn.genvoris.example\t.evil.example/",
    "https://cdn.genvoris.exämple/a.jpg",
    "//evil.example/a.jpg",
    "https://127.0.0.1/a.jpg",
    "https://2130706433/a.jpg",
    "https://0x7f.1/a.jpg",
    "https://[::1]/a.jpg",
    "https://[::ffff:10.0.0.1]/a.jpg",
    "https://169.254.169.254/latest/meta-data/",
    "https://localhost/a.jpg",
    "https://inside.genvoris.example/a.jpg",
    "https://loop.genvoris.example/a.jpg",
    "https://cloud.genvoris.example/a.jpg",
    "https://mapped.genvoris.example/a.jpg",
    "https://both.genvoris.example/a.jpg",
    "http://api.genvoris.example/a.jpg",
    "https://api.genvoris.example:8080/a.jpg",
    "https://user:pass@api.genvoris.example/a.jpg",
    "https://[",
    "https://cdn.genvoris.example:port/",
]


@pytest.mark.parametrize("url", REFUSED)
def test_refused_urls(url: str) -> None:
    """Nothing is sent to a URL that is not allowed."""
    network = Network()
    with pytest.raises(MalformedAnswerError) as caught:
        network.fetcher().fetch(url, 5)
    assert network.sent == []
    assert "a.jpg" not in str(caught.value)  # a path may carry a signature


@pytest.mark.parametrize("url", REFUSED)
def test_redirect_is_checked(url: str) -> None:
    """A redirect is checked like the first URL."""
    network = Network(_redirect(url))
    with pytest.raises((MalformedAnswerError, UnreachableError)):
        network.fetcher().fetch("https://cdn.genvoris.example/first.jpg", 5)
    first = f"https://{PUBLIC}/first.jpg"
    assert {str(request.url) for request in network.sent} == {first}


def test_private_address() -> None:
    """An allowed host with a private address is refused."""
    network = Network()
    with pytest.raises(MalformedAnswerError, match="private network"):
        network.fetcher(("10.0.0.1",)).fetch("https://10.0.0.1/a.jpg", 5)
    assert network.sent == []


def test_dns_rebinding() -> None:
    """A host is looked up once for each request."""
    network = Network(_redirect("/b.jpg"), _image())
    network.fetcher().fetch("https://cdn.genvoris.example/a.jpg", 5)
    assert [request.url.host for request in network.sent] == [PUBLIC, PUBLIC]
    assert len(network.asked) == 2


def test_redirect_without_key() -> None:
    """Another host is not sent the key."""
    network = Network(_redirect("https://cdn.genvoris.example/b.jpg"), _image())
    assert network.fetcher().fetch("/a.jpg", 5) == PICTURE
    assert "X-API-Key" in network.sent[0].headers
    assert "X-API-Key" not in network.sent[1].headers


def test_redirect_loop() -> None:
    """Redirects are followed only so often."""
    network = Network(*[_redirect("/again.jpg") for _ in range(9)])
    with pytest.raises(MalformedAnswerError, match="redirects too often"):
        network.fetcher().fetch("/a.jpg", 5)
    assert len(network.sent) == 4


@pytest.mark.parametrize(
    "answer",
    [
        _image(kind="text/html"),
        _image(kind="application/json"),
        _image(status=404),
        _image(status=206),
        _image(b"\xff" * (MAX_BYTES + 1)),
    ],
    ids=["html", "json", "404", "206", "too large"],
)
def test_no_picture(answer: httpx.Response) -> None:
    """Other types, errors and large bodies are refused."""
    with pytest.raises(MalformedAnswerError):
        Network(answer).fetcher().fetch("https://cdn.genvoris.example/a.jpg", 5)


@pytest.mark.parametrize("kind", ["image/png; charset=x", "application/octet-stream", "IMAGE/WEBP"])
def test_loose_content_types(kind: str) -> None:
    """Types that object stores use for pictures are accepted."""
    assert Network(_image(kind=kind)).fetcher().fetch("/a.jpg", 5) == PICTURE


@pytest.mark.parametrize(
    "fault", [httpx.ConnectError("no"), _image(status=503)], ids=["down", "503"]
)
def test_fetch_is_retried_once(fault: httpx.Response | Exception) -> None:
    """A temporary error is retried once."""
    assert Network(fault, _image()).fetcher().fetch("/a.jpg", 5) == PICTURE
    network = Network(fault, fault, fault)
    with pytest.raises(UnreachableError):
        network.fetcher().fetch("/a.jpg", 5)
    assert len(network.sent) == 2


def test_unknown_host() -> None:
    """A host without an address is an UnreachableError."""
    with pytest.raises(UnreachableError):
        Network().fetcher().fetch("https://none.genvoris.example/a.jpg", 5)


def test_fetch_without_time() -> None:
    """Without time, nothing is fetched."""
    network = Network()
    with pytest.raises(DeadlineError):
        network.fetcher().fetch("/a.jpg", 0)
    assert network.sent == []


def test_slow_picture() -> None:
    """A slow picture ends with the deadline."""
    now = [time.monotonic()]

    class Slow(httpx.SyncByteStream):
        def __iter__(self) -> object:  # type: ignore[override]
            for _ in range(100):
                now[0] += 1
                yield b"\xff"

    answer = httpx.Response(200, headers={"Content-Type": "image/jpeg"}, stream=Slow())
    fetcher = PictureFetcher(
        OWN,
        {},
        (),
        transport=httpx.MockTransport(lambda _request: answer),
        clock=lambda: now[0],
    )
    with pytest.raises(DeadlineError):
        fetcher.fetch("/a.jpg", 5)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("64:ff9b::808:808", True),
        ("::ffff:8.8.8.8", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.9.9.9", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.0.2.1", False),
        ("192.168.1.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:db8::1", False),
        ("fc00::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("example", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    """Only addresses on the public internet are public."""
    assert is_public(address) is public


def test_system_resolver() -> None:
    """The system's resolver is used by default."""
    network = Network()
    transport = httpx.MockTransport(network)
    fetcher = PictureFetcher(OWN, {}, ("localhost",), transport=transport)
    with pytest.raises(MalformedAnswerError, match="private network"):
        fetcher.fetch("https://localhost/a.jpg", 5)
    assert network.sent == []
