"""One try-on: its token, its engine, and what its errors mean."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from genvoris_flask import Shopper
from genvoris_flask.core.api.models import Session
from genvoris_flask.core.images.photos import Photo, Picture
from genvoris_flask.core.products import Product
from genvoris_flask.core.tryon.daily_limit import Claim, CountedTryon
from genvoris_flask.core.tryon.engines import MintError, TokenSource, make_tryon
from genvoris_flask.core.tryon.error_mapping import ErrorMapper, meaning_of
from genvoris_flask.core.tryon.models import Failure, TryOnRequest
from genvoris_flask.core.tryon.paywall import Refusal
from genvoris_flask.errors import (
    ApiError,
    CircuitOpenError,
    GenvorisError,
    InvalidSessionTokenError,
    NotFoundError,
    Problem,
    UnreachableError,
    UnusablePhotoError,
    UnusableProductError,
)

ADA = Shopper("ada")
PICTURE = Picture(b"jpeg", "image/jpeg")
PRODUCT = Product(title="Shirt")
NOTHING: Any = None
NOT_FOUND = NotFoundError(Problem(404, "not_found", ""))
REVOKED = InvalidSessionTokenError(Problem(401, "invalid_session_token", ""))


class Broker:
    """Mints ``token-1``, ``token-2``, … and keeps each until it is forgotten."""

    def __init__(self, error: GenvorisError | None = None) -> None:
        self.minted = 0
        self.is_forgotten = True
        self.error = error

    def session(self, _shopper: Shopper, _budget: float) -> Session:
        if self.error:
            raise self.error
        self.minted += self.is_forgotten
        self.is_forgotten = False
        return Session(
            f"token-{self.minted}", 2e9, None, None, "ec_1", "ada", None, None, None, None
        )

    def forget(self, _shopper: Shopper) -> None:
        self.is_forgotten = True


def source(broker: Any, shopper: Shopper | None = ADA) -> TokenSource:
    return TokenSource(broker, shopper)


def revoke(*tokens: str) -> Callable[[str | None], str | None]:
    """Return a function that returns its token unless that is revoked."""

    def call(token: str | None) -> str | None:
        if token in tokens:
            raise REVOKED
        return token

    return call


def test_token_is_minted_once() -> None:
    """Every call uses the token of the first."""
    broker = Broker()
    tokens = source(broker)
    assert (tokens.get(), tokens.call(revoke()), broker.minted) == ("token-1", "token-1", 1)


def test_revoked_token_is_refreshed_once() -> None:
    """A second refusal is the caller's to handle."""
    assert source(Broker()).call(revoke("token-1")) == "token-2"
    broker = Broker()
    with pytest.raises(InvalidSessionTokenError):
        source(broker).call(revoke("token-1", "token-2"))
    assert broker.minted == 2


def test_guest_has_no_token() -> None:
    """Nothing is minted for a guest, and nothing is refreshed."""
    broker = Broker()
    tokens = source(broker, None)
    assert (tokens.get(), tokens.refresh(), tokens.call(revoke())) == (None, None, None)
    calls: list[str | None] = []

    def refuse(token: str | None) -> None:
        calls.append(token)
        raise REVOKED

    with pytest.raises(InvalidSessionTokenError):
        tokens.call(refuse)
    assert (calls, broker.minted) == ([None], 0)


def test_mint_error_is_told_from_others() -> None:
    """Nothing was asked in the shopper's name, which matters to the meter."""
    broken = CircuitOpenError("Genvoris did not answer lately.")
    with pytest.raises(MintError, match="did not answer lately") as caught:
        source(Broker(broken)).call(revoke())
    assert caught.value.error is broken


class Engine:
    """Returns or raises what it is told to."""

    def __init__(self, outcome: Picture | Refusal | GenvorisError) -> None:
        self._outcome = outcome

    def charged(self, _error: Exception) -> bool | None:
        return None

    def make(self, _request: TryOnRequest, tokens: TokenSource) -> Picture | Refusal:
        tokens.get()
        if isinstance(self._outcome, GenvorisError):
            raise self._outcome
        return self._outcome


def run(engine: Engine, broker: Any) -> tuple[object, list[Refusal]]:
    """Run a task; return its outcome and the refusals that the shop was notified of."""
    notified: list[Refusal] = []
    request = TryOnRequest(Photo(b"", "image/jpeg", 1, 1), PRODUCT, ADA, "", "k")
    errors = ErrorMapper(NOTHING, broker, notified.append)
    return make_tryon(request, engine, source(broker), errors), notified


def test_request_is_plain_data() -> None:
    """Another process can be given it."""
    counted = CountedTryon((Claim("guest:ada", 3),), "k")
    request = TryOnRequest(Photo(b"jpeg", "image/jpeg", 1, 1), PRODUCT, ADA, "", "k", counted)
    assert pickle.loads(pickle.dumps(request)) == request


def test_picture_is_the_outcome() -> None:
    """A picture is returned as the engine made it."""
    assert run(Engine(PICTURE), Broker()) == (PICTURE, [])


def test_engines_refusal_is_notified() -> None:
    """The shop hears of it like of one by Genvoris."""
    refusal = Refusal("quota_exhausted", 3, 3, ADA, PRODUCT)
    assert run(Engine(refusal), Broker()) == (refusal, [refusal])


def test_not_found_while_minting_is_no_plan() -> None:
    """Genvoris does not know the shopper, so they are offered a plan."""
    refusal = Refusal("no_plan", shopper=ADA, product=PRODUCT)
    assert run(Engine(PICTURE), Broker(NOT_FOUND)) == (refusal, [refusal])


@pytest.mark.parametrize(
    ("error", "code"),
    [(NOT_FOUND, "internal_error"), (UnreachableError("Away."), "upstream_unreachable")],
)
def test_engines_error_is_a_failure(error: GenvorisError, code: str) -> None:
    """Outside of minting, "not found" means that a URL is wrong."""
    assert run(Engine(error), Broker()) == (Failure(code), [])


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (
            ApiError(Problem(400, "", "product_image_url: the shop answered 404")),
            "product_unusable",
            "Its picture is at cdn.shop.example. 400 : product_image_url: the shop answered 404",
        ),
        (
            UnusableProductError("The picture's status was 404."),
            "product_unusable",
            "Its picture is at cdn.shop.example. The picture's status was 404.",
        ),
        (UnusablePhotoError("Nobody is in it."), "photo_unusable", "Nobody is in it."),
    ],
)
def test_fault_of_product_or_photo(
    error: GenvorisError, code: str, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says where a product's picture is, without a path or query that may be signed."""
    caplog.set_level("INFO")
    picture = Product(image="https://cdn.shop.example/tee.jpg?signature=secret")
    assert ErrorMapper(NOTHING, NOTHING, print).explain(error, ADA, picture) == Failure(code)
    assert line in caplog.text
    assert "secret" not in caplog.text
    assert "tee.jpg" not in caplog.text


@pytest.mark.parametrize(
    ("status", "detail", "code"),
    [
        (400, "product_image_url: cannot be fetched", "product_unusable"),
        (422, "product_title: is too long", "product_unusable"),
        (400, "photo: shows nobody", "photo_unusable"),
        (400, "photographs are fun", "invalid_body"),
        (409, "product_image_url: cannot be fetched", "invalid_body"),
        (401, "product_image_url: cannot be fetched", "internal_error"),
        (503, "product_image_url: cannot be fetched", "upstream_unreachable"),
    ],
)
def test_meaning_of_an_error_without_a_known_code(status: int, detail: str, code: str) -> None:
    """The status decides, and for a refused field its name."""
    assert meaning_of(ApiError(Problem(status, "", detail))).error == code
