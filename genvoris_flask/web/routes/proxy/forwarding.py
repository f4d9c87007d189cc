"""The views that Genvoris's hosted widget calls: each forwards a request and returns the response.

A request occupies its worker until Genvoris has answered. The extension's own widget starts a job
instead (``POST tryons``), which occupies none.
"""

from __future__ import annotations

import functools
import logging
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

from flask import Response, request
from werkzeug.exceptions import HTTPException

from ....core.api.http import StreamedResponse
from ....core.pacing import PacedError
from ....core.products import Product
from ....core.sessions import Shopper
from ....core.storage.interface import key_of_owner
from ....core.tryon.engines.ledger import is_plan_refusal
from ....core.tryon.spending import Spender
from ....errors import (
    GenvorisError,
    InvalidSessionTokenError,
    QuotaError,
    UnreachableError,
)
from ...auth import Visitor, authorize, check_token, session_for, slot_owner
from ...callbacks import open_spender
from ...consents import require_consent
from ...daily_limits import counted_tryon
from ...errors import HttpError, isolate
from ...figures import count_no_picture, count_picture
from ...hosts import shop_url
from ...pacing import guarded_tryon
from ...rate_limits import count_address, take_slot
from ...serializers import error_for_outcome, refusal_fields
from ...state import AppState, get_state
from ...transfers import BoundedDownload
from .allow_list import (
    ANALYZE,
    CONFIG,
    TOKEN_FIELD,
    TRYON,
    ProductFields,
    Route,
    clean_query,
    to_browser,
    to_genvoris,
)
from .body import Body, Received, read_body, receive
from .marking import mark_answer

log: logging.Logger = logging.getLogger("genvoris_flask.passthrough")


def analyze() -> Response:
    """Forward a photo that is to be analysed."""
    return forward_request(ANALYZE)


def tryon() -> Response:
    """Forward a photo and a product that is to be tried on."""
    return forward_request(TRYON)


def config() -> Response:
    """Forward the request for the button's design."""
    return forward_request(CONFIG)


def forward_request(route: Route) -> Response:
    """Forward this request, and return Genvoris's response.

    The response occupies a slot and a connection to Genvoris until the browser has read it.

    Raises:
        HttpError: The request must not be forwarded, or Genvoris refused it.
    """
    state = get_state()
    visitor = _authorize(route)
    shopper = visitor.shopper if visitor else None
    if visitor and route is not CONFIG:
        require_consent(visitor)
    with ExitStack() as held:
        owner = slot_owner(visitor) if visitor else None
        held.enter_context(take_slot(state.passthrough_slots, owner))
        key = _idempotency_key(visitor) or secrets.token_urlsafe(16)
        if visitor and route is TRYON:
            # Each counts: Genvoris does not say that it makes the picture of a key once.
            held.enter_context(counted_tryon(visitor, secrets.token_urlsafe(16))).start()
            held.enter_context(guarded_tryon(shopper))
        tried = _Tried()
        try:
            spender = open_spender(state) if route is TRYON else None
            if spender is not None and shopper is not None:
                picture = _spend(shopper, key, spender, state, tried)
                return _deliver(picture, held, state, tried)
            answer = _forward(route, shopper, _idempotency_key(visitor), state, tried)
            if route is TRYON:
                with closing(answer):
                    picture = receive(answer)
                return _deliver(picture, held, state, tried)
        except GenvorisError as error:
            raise _http_error(error, route, shopper, state) from error
        held.callback(answer.close)
        return _respond(answer, _pieces(answer), held.pop_all(), state)


@dataclass
class _Tried:
    """What a forwarded request is about; an empty product until its body was read."""

    product: Product = field(default_factory=Product)


def _deliver(picture: Received, held: ExitStack, state: AppState, tried: _Tried) -> Response:
    """Return the answer to a try-on that was made, with the shop's mark in its pictures."""
    count_picture(state, tried.product)
    if picture.credits_left is not None:
        state.burn_guard.report(picture.credits_left)
    marked = mark_answer(picture, state.settings.picture_mark)
    return _respond(marked, marked.pieces, held.pop_all(), state)


def _forward(
    route: Route, shopper: Shopper | None, key: str | None, state: AppState, tried: _Tried
) -> StreamedResponse:
    """Send this request to Genvoris, and return its response unless it is an error.

    Raises:
        HttpError: The request must not be forwarded.
        GenvorisError: Genvoris refused it.
    """
    answer = _send(route, _body(route, shopper, state, tried), state, key)
    if answer.status < 300:
        return answer
    with closing(answer):
        if answer.status < 400:
            raise UnreachableError(f"{route.path}: Genvoris answered with a redirect.")
        raise answer.error((state.settings.api_key,))


def _spend(
    shopper: Shopper, key: str, spender: Spender, state: AppState, tried: _Tried
) -> Received:
    """Have a try-on made that is taken from the shopper's ledger.

    The picture is received to its end before it is counted, and counted before any of it is sent:
    nobody sees one for nothing, and nobody pays for one that broke off on its way here.

    Raises:
        HttpError: None is left. Or there is no picture, and nothing was taken.
        GenvorisError: As before.
    """
    reserved = spender.reserve(shopper, key)
    if reserved is None:
        refusal = state.error_mapper.refuse(spender.refusal(shopper))
        count_no_picture(state, refusal)
        fields = refusal_fields(refusal)
        raise HttpError(fields.pop("error"), **fields)
    try:
        with closing(_forward(TRYON, shopper, reserved, state, tried)) as answer:
            picture = receive(answer)
    except (HTTPException, HttpError, QuotaError) as error:  # it was not attempted
        spender.release(shopper, reserved)
        if not is_plan_refusal(error if isinstance(error, QuotaError) else error.__cause__):
            raise
        state.lift_ceiling(shopper)
        raise HttpError("busy", retry_after=1) from error
    except BaseException as error:
        spender.release(shopper, reserved, error)
        raise
    spender.commit(shopper, reserved)
    return picture


def _authorize(route: Route) -> Visitor | None:
    """Return the visitor that a request acts for, or None if anybody may send it."""
    if not route.takes_shopper:
        count_address(route.limit)
        return None
    visitor = authorize(route.limit)
    if visitor.shopper is not None:
        check_token(visitor.shopper)
    return visitor


def _idempotency_key(visitor: Visitor | None) -> str | None:
    key = request.headers.get("Idempotency-Key")
    return key_of_owner(visitor.owner, key) if visitor and key else None


def _body(route: Route, shopper: Shopper | None, state: AppState, tried: _Tried) -> Body | None:
    if not route.takes_shopper:
        return None
    fields = {} if shopper is None else {TOKEN_FIELD: session_for(shopper).token}
    settings = state.settings
    is_read = state.has_product_rule or state.recorder is not None
    check = functools.partial(_check_product, route, state, tried) if is_read else None
    return read_body(request, fields, settings.max_upload_bytes, settings.upload_timeout, check)


def _check_product(route: Route, state: AppState, tried: _Tried, fields: ProductFields) -> None:
    """Note the product of a request, which may name none, and ask the shop's filter about it.

    Raises:
        HttpError: 403 ``product_unavailable``.
    """
    for name, value in request.args.items(multi=True):
        fields.add(name, value)
    product = fields.product(shop_url(request))
    tried.product = product or Product()
    if not state.has_product_rule:
        return
    if product is None and route is not TRYON:
        return  # a photo may be analysed without a product
    if not state.may_try_on(tried.product):
        raise HttpError("product_unavailable")


def _send(
    route: Route, body: Body | None, state: AppState, idempotency_key: str | None
) -> StreamedResponse:
    headers = to_genvoris(request.headers.items())
    if idempotency_key:
        headers.append((b"idempotency-key", idempotency_key.encode()))
    if body is not None:
        headers.append((b"content-type", body.content_type.encode("latin-1", "replace")))
    try:
        query = clean_query(request.query_string.decode("latin-1"))
    except ValueError:
        raise HttpError("invalid_body") from None
    return state.tryon_http.stream(
        route.method,
        route.path,
        upload_timeout=state.settings.upload_timeout,
        timeout=route.timeout or state.settings.tryon_timeout,
        body=body.content if body else None,
        headers=headers,
        query=query,
    )


def _http_error(
    error: GenvorisError, route: Route, shopper: Shopper | None, state: AppState
) -> HttpError:
    """Return what an error means to the browser, with a message of the extension's own."""
    if isinstance(error, InvalidSessionTokenError) and shopper is not None:
        state.broker.forget(shopper)  # revoked in the meantime: the next one will be new
    outcome = state.error_mapper.explain(error, shopper)
    if route is TRYON and not isinstance(error, PacedError):  # which may be sent again soon
        count_no_picture(state, outcome)
    return error_for_outcome(outcome, error)


def _respond(
    answer: StreamedResponse | Received, pieces: Iterator[bytes], held: ExitStack, state: AppState
) -> Response:
    seconds = state.settings.upload_timeout
    body = BoundedDownload(pieces, request.environ, seconds, held.close)
    response = Response(body, answer.status, direct_passthrough=True)
    del response.headers["Content-Type"]
    response.headers.extend(to_browser(answer.headers))
    return isolate(response)


def _pieces(answer: StreamedResponse) -> Iterator[bytes]:
    try:
        yield from answer.iter_raw()
    except UnreachableError as error:
        log.warning("A response from Genvoris broke off on its way to the browser: %s", error)
        raise  # the server closes the connection, so the browser does not take it for complete
