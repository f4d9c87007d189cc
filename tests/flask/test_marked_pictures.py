"""What a shop serves is marked: for people, in its metadata, and with a signature."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from genvoris_flask.core.images.embedding import open_picture
from genvoris_flask.core.images.photos import Picture, read_picture
from genvoris_flask.web.health_checks.shop import check_signing
from tests.support.certificates import KEYS, authority, pem_of
from tests.support.flask_shop import Shop
from tests.support.local_genvoris import LocalGenvoris
from tests.support.pictures import opened, picture

KEY = KEYS["P-256"]()
AI = b"compositeWithTrainedAlgorithmicMedia"


def signing(**more: Any) -> dict[str, Any]:
    certificate, key = authority().chain(KEY), pem_of(KEY)
    return {"GENVORIS_C2PA_CERTIFICATE": certificate, "GENVORIS_C2PA_PRIVATE_KEY": key, **more}


def served(shop: Shop) -> Picture:
    """Return the picture of a try-on."""
    shop.genvoris.customer("ada")
    shop.log_in()
    job = shop.finish(shop.tryon())
    return read_picture(shop.browser.get(job["image_url"]).data)


def is_marked(found: Picture) -> bool:
    return AI in (open_picture(found.data, found.mimetype).xmp or b"")


@pytest.mark.parametrize("own_engine", [False, True])
def test_all_marks_together(genvoris: LocalGenvoris, own_engine: bool) -> None:
    """A picture of Genvoris's or of the shop's own engine has all marks, and is still valid."""
    shop = Shop(genvoris, **signing(GENVORIS_VISIBLE_MARK="AI", GENVORIS_PICTURE_CREDIT="My shop"))
    if own_engine:
        shop.extension.tryon_engine(lambda *_: picture("PNG"))
    found = served(shop)
    assert authority().read(found)["validation_state"] == "Trusted"
    assert is_marked(found)
    assert b"My shop" in found.data
    if own_engine:
        assert opened(found.data).tobytes() != opened(picture("PNG")).tobytes()


def test_key_is_nowhere(genvoris: LocalGenvoris, caplog: pytest.LogCaptureFixture) -> None:
    """A key is in no log, no page and no text of an object."""
    caplog.set_level(logging.DEBUG)
    shop = Shop(genvoris, **signing())
    served(shop)
    secret = pem_of(KEY).splitlines()[1]
    assert secret not in caplog.text
    assert secret not in repr(shop.state.settings) + repr(shop.state)


@pytest.mark.parametrize(
    ("days", "words"), [(90, "are signed"), (10, "expires on"), (-1, "without a signature")]
)
def test_checked(genvoris: LocalGenvoris, days: int, words: str) -> None:
    """`flask genvoris check` signs a sample, and says when the certificate ends."""
    shop = Shop(genvoris, **signing(GENVORIS_C2PA_CERTIFICATE=authority().chain(KEY, days)))
    (finding,) = check_signing(shop.state)
    assert words in finding.text
    assert finding.warning == (days < 30)
    assert list(check_signing(Shop(genvoris).state)) == []
