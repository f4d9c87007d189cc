"""Pictures that the hosted widget gets through the pass-through have the shop's mark, too."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from genvoris_flask.core.images.embedding import open_picture
from genvoris_flask.core.images.photos import read_picture
from genvoris_flask.web.routes.proxy.marking import MAX_MARKED_BYTES
from tests.support.flask_shop import Shop
from tests.support.forwarding import answer_forwarded
from tests.support.ledgers import ledger_shop
from tests.support.local_genvoris import PRODUCT_URL, LocalGenvoris
from tests.support.pictures import picture

AI = b"compositeWithTrainedAlgorithmicMedia"
SMALL = base64.b64encode(picture("PNG")).decode()


@pytest.fixture
def shop(genvoris: LocalGenvoris) -> Shop:
    """Return a shop with a credit line of its own, in which Ada is logged in."""
    genvoris.customer("ada")
    shop = Shop(genvoris, GENVORIS_PICTURE_CREDIT="My shop")
    shop.log_in()
    return shop


def answered(shop: Shop, content: bytes, mimetype: str = "application/json") -> bytes:
    """Return what becomes of an answer of Genvoris's to a try-on."""
    headers = {"Content-Type": mimetype}
    answer_forwarded(
        shop.transport, lambda _: httpx.Response(200, content=content, headers=headers)
    )
    found = shop.post("/api/tryon", json={"product_image_url": PRODUCT_URL})
    assert found.status_code == 200
    assert found.content_length == len(found.data)
    return bytes(found.data)


def is_marked(data: bytes) -> bool:
    found = read_picture(data)
    return AI in (open_picture(found.data, found.mimetype).xmp or b"")


def decoded(text: str) -> bytes:
    return base64.b64decode(text.rpartition(",")[2] + "==", altchars=b"-_")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_data_urls_and_base64(shop: Shop, kind: str) -> None:
    """Each picture at any depth is marked, and all around them stays as it was."""
    data = base64.b64encode(picture(kind)).decode()
    fields: dict[str, Any] = {"id": "A" * 80, "url": "https://x/a.png", "n": 1.50, "ü": None}
    images = [f"data:image/{kind.lower()};base64,{data}", {"b64_json": data.rstrip("=")}]
    answer = json.loads(answered(shop, json.dumps({**fields, "images": images}).encode()))
    first, second = answer.pop("images")
    assert answer == fields
    assert first.startswith(f"data:image/{kind.lower()};base64,")
    for text in (first, second["b64_json"]):
        assert is_marked(decoded(text))
        assert b"My shop" in decoded(text)


@pytest.mark.parametrize(
    "text",
    [
        SMALL.replace("/", "\\/"),
        SMALL.replace("+", "-").replace("/", "_"),
        SMALL.replace("=", "\\u003d"),
    ],
)
def test_spellings(shop: Shop, text: str) -> None:
    """Base64 of both alphabets, and with escapes that JSON allows."""
    content = b'{ "image" :"%b" }' % text.encode()
    answer = answered(shop, content)
    assert is_marked(decoded(json.loads(answer)["image"]))
    assert answer.startswith(b'{ "image" :"'), "byte for byte"


def test_bare_picture(shop: Shop) -> None:
    """An answer that is a picture itself is marked."""
    assert is_marked(answered(shop, picture("JPEG"), "image/jpeg"))


def test_with_a_ledger(genvoris: LocalGenvoris, tmp_path: Path) -> None:
    """A picture that is taken from a ledger is marked, too."""
    shop = ledger_shop(genvoris, tmp_path)
    with shop.app.app_context():
        shop.extension.billing.grant("ada", 1, event_id="order-1")
    assert is_marked(answered(shop, picture("PNG"), "image/png"))


@pytest.mark.parametrize(
    "content",
    [
        b'{"image": "data:image/png;base64,' + SMALL[:200].encode() + b'"}',
        b'{"image": "' + SMALL.encode(),
        b'{"image": "' + b"A" * 500_000 + b'"}',
        b"not JSON",
        b'{"image": "' + SMALL.encode() + b'", "more": "' + b"A" * MAX_MARKED_BYTES + b'"}',
    ],
    ids=["broken", "cut off", "no picture", "no JSON", "too large"],
)
def test_unmarkable(shop: Shop, content: bytes) -> None:
    """What cannot be marked was paid for, and arrives as it is."""
    assert answered(shop, content) == content
