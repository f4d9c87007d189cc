"""The readers of untrusted input, and the budget of each."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import jwt
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import EnvironBuilder

from genvoris_flask.core.analytics import SchemaError, read_events
from genvoris_flask.core.api.http import HttpClient
from genvoris_flask.core.billing.stripe.signature import check_header
from genvoris_flask.core.images.container import read_orientation
from genvoris_flask.core.images.photos import PhotoError, clean_photo
from genvoris_flask.core.sessions.verifier import JwksCache, TokenVerifier
from genvoris_flask.core.webhooks.events import read_event
from genvoris_flask.core.webhooks.signature import verify
from genvoris_flask.errors import MalformedAnswerError, SignatureError, TokenError
from genvoris_flask.web.compat import with_body_limit
from genvoris_flask.web.errors import HttpError
from genvoris_flask.web.routes.proxy.allow_list import read_urlencoded, write_urlencoded
from genvoris_flask.web.routes.proxy.json_rewriter import rewrite_json
from genvoris_flask.web.routes.proxy.multipart import rewrite_multipart
from genvoris_flask.web.transfers import keep_in_memory
from genvoris_flask.web.tryon_form import read_form
from tests.support.fake_genvoris import ISSUER, KEY, NOW, claims_for, jwks, sign
from tests.support.meter import Cost, measure

CORPUS = Path(__file__).parent / "corpus"
CHUNK = 997  # bytes that a streaming reader gets at a time
BOUNDARY = "b"
MOST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Target:
    """A reader and its budget, which depends on the length of the input alone.

    Attributes:
        name: Its name, and that of its folder in the corpus.
        read: The reader.
        refusals: The exceptions that it may raise. Any other is a fault.
        steps: Lines of Python per byte of input, in addition to ``base``.
        base: Lines of Python for any input.
        held: Bytes of memory per byte of input, in addition to ``HELD``.
        words: Sequences that are inserted into inputs.
    """

    name: str
    read: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    steps: int
    base: int = 10_000
    held: int = 10
    words: Sequence[bytes] = ()

    def seeds(self) -> list[bytes]:
        """Return the inputs of its corpus."""
        return [file.read_bytes() for file in sorted((CORPUS / self.name).iterdir())]

    def check(self, data: bytes) -> Cost:
        """Read an input, and return the cost.

        Raises:
            AssertionError: It exceeded the budget.
        """

        def read() -> None:
            with contextlib.suppress(*self.refusals):
                self.read(data)

        most = self.base + self.steps * len(data)
        cost = measure(read, most)
        assert cost.steps <= most, f"{cost} for {len(data)} bytes"  # the reader may catch errors
        assert cost.held <= HELD + self.held * len(data), f"{cost} for {len(data)} bytes"
        return cost

    def share(self, cost: Cost, length: int) -> float:
        """Return the share of the budget that an input took."""
        return cost.steps / (self.base + self.steps * length)


HELD = 1024 * 1024


def _chunks(data: bytes) -> Iterator[bytes]:
    return (data[at : at + CHUNK] for at in range(0, len(data), CHUNK))


def _read_all(pieces: Iterator[bytes]) -> None:
    for _ in pieces:
        pass


def _rewrite_multipart(data: bytes) -> None:
    _read_all(rewrite_multipart(_chunks(data), BOUNDARY.encode(), "ours", {}, 2 * CHUNK))


_APP = Flask("shop")
_APP.request_class = with_body_limit(_APP.request_class)


def _read_upload(data: bytes) -> None:
    environ = EnvironBuilder(
        method="POST",
        input_stream=io.BytesIO(data),
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
        content_length=len(data),
    ).get_environ()
    request = _APP.request_class(environ)
    keep_in_memory(request, MOST_BYTES)
    with _APP.app_context():
        read_form(request, MOST_BYTES, 60)


_KEYS = HttpClient(
    "https://genvoris.test/jwks",
    {},
    transport=httpx.MockTransport(lambda _: httpx.Response(200, json=jwks())),
)
_VERIFIER = TokenVerifier(JwksCache(_KEYS), ISSUER, clock=lambda: NOW)


def _verify_token(data: bytes) -> None:
    _VERIFIER.verify(data.decode("latin-1"))


def _verify_claims(data: bytes) -> None:
    """Verify a token with a valid signature and any claims."""
    _VERIFIER.verify(jwt.api_jws.encode(data, KEY, algorithm="RS256", headers={"kid": "k1"}))


def _verify_delivery(data: bytes) -> None:
    header, _, body = data.partition(b"\n")
    verify(header.decode("latin-1"), body, ["secret"], NOW)


_MARKERS = [bytes([0xFF, marker]) for marker in (0xC0, 0xC2, 0xC4, 0xD0, 0xD9, 0xDA, 0xDB, 0xDD)]
_JSON_WORDS = [b"[", b"{", b'"a":', b"1,", b"null", b'"\\u0041"', b"1e9", b"[]", b"{}", b","]
_PHOTO = (PhotoError,)

TARGETS = [
    # In a truncated JPEG the codes of the last 16 KiB are counted, up to eight per byte.
    Target("jpeg", clean_photo, _PHOTO, 80, words=[*_MARKERS, b"\xff\xe1\0\x10Exif\0\0"]),
    Target("png", clean_photo, _PHOTO, 2, words=[b"IDAT", b"iCCP", b"eXIf", b"tRNS", b"IEND"]),
    Target("webp", clean_photo, _PHOTO, 2, words=[b"VP8 ", b"VP8X", b"ALPH", b"EXIF", b"ICCP"]),
    Target(
        "heic",
        clean_photo,
        _PHOTO,
        2,
        words=[b"\0\0\0\x08" + name for name in (b"free", b"meta", b"mdat", b"idat", b"ispe")],
    ),
    Target("exif", read_orientation, (), 1, words=[b"\x12\x01\x03\0\1\0\0\0", b"\xff\xff"]),
    Target(
        "json",
        lambda data: _read_all(rewrite_json(_chunks(data), {"end_customer_token": "T"})),
        (ValueError,),
        60,
        words=_JSON_WORDS,
    ),
    Target(
        "urlencoded",
        lambda data: write_urlencoded(
            {"end_customer_token": "T"}, read_urlencoded(data.decode("ascii"))
        ),
        (ValueError,),
        20,
        words=[b"&", b"=", b"%00", b"api_key=", b"a[b]="],
    ),
    Target(
        "multipart",
        _rewrite_multipart,
        (ValueError, HTTPException),
        20,
        words=[b"\r\n--b", b"--b--", b"\r\n\r\n", b'name="', b'filename="', b"\r\n"],
    ),
    Target(
        "upload",
        _read_upload,
        (HttpError, HTTPException),
        20,
        words=[b"\r\n--b", b"--b--", b"\r\n\r\n", b'name="photo"', b"product_image"],
    ),
    Target("events", read_events, (SchemaError,), 4, held=40, words=_JSON_WORDS),
    Target("webhook", read_event, (MalformedAnswerError,), 4, held=40, words=_JSON_WORDS),
    # An unknown key id causes a fetch of the keys, once in a while. PyJWT reads each letter.
    Target("token", _verify_token, (TokenError,), 12, 40_000, words=[b".", b"eyJ", b"==", b"-_"]),
    Target(
        "claims", _verify_claims, (TokenError,), 12, 40_000, 40, [*_JSON_WORDS, b'"aud":[', b"exp"]
    ),
    Target("signature", _verify_delivery, (SignatureError,), 4, words=[b"t=", b",v1=", b"0" * 64]),
    Target(
        "stripe-signature",
        lambda data: check_header(data.decode("latin-1")),
        (HttpError, SignatureError),
        4,
        words=[b"t=", b",v1=", b",v0=", b"0" * 64],
    ),
]
BY_NAME = {target.name: target for target in TARGETS}

# Readers import what they need on first use, which is not the cost of an input.
for _target in TARGETS:
    for _seed in _target.seeds():
        with contextlib.suppress(Exception):  # whatever is wrong, the tests find it
            _target.read(_seed)


def good_token() -> bytes:
    """Return a valid token, which differs in every process."""
    return sign(claims_for("ec_ada")).encode()
