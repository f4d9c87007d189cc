"""The views that Genvoris's hosted widget calls: each forwards a request and returns the response.

A request occupies its worker until Genvoris has answered. The extension's own widget starts a job
instead (``POST tryons``), which occupies none.
"""

from __future__ import annotations

import functools
import logging
import secrets
from collections.abc import Iterator
from contextlib import ExitStack

from flask import Response, request

from ....core.api.http import StreamedResponse
from ....core.products import Product
from ....core.sessions import Shopper
from ....errors import GenvorisError, InvalidSessionTokenError, UnreachableError
from ...auth import Visitor, authorize, check_token, key_for_genvoris, session_for, slot_owner
from ...errors import HttpError, isolate
from ...guest_limits import guest_tryon
from ...hosts import shop_url
from ...rate_limits import count_address, take_slot
from ...serializers import error_for_outcome
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
from .body import Body, read_body

log = logging.getLogger("genvoris_flask.passthrough")


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
    if route is TRYON and state.settings.has_ledger:
        raise HttpError("path_not_allowed")  # it would not be taken from the ledger
    shopper = visitor.shopper if visitor else None
    with ExitStack() as held:
        owner = slot_owner(visitor) if visitor else None
        held.enter_context(take_slot(state.passthrough_slots, owner))
        if visitor and route is TRYON:
            key = _idempotency_key(visitor) or secrets.token_urlsafe(16)
            held.enter_context(guest_tryon(visitor, key))
        body = _body(route, shopper, state)
        try:
            answer = _send(route, body, state, _idempotency_key(visitor))
            held.callback(answer.close)
            if 300 <= answer.status < 400:
                raise UnreachableError(f"{route.path}: Genvoris answered with a redirect.")
            if answer.status >= 400:
                raise answer.error((state.settings.api_key,))
        except GenvorisError as error:
            raise _http_error(error, shopper, state) from error
        return _respond(answer, held.pop_all(), state.settings.upload_timeout)


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
    return key_for_genvoris(visitor.owner, key) if visitor and key else None


def _body(route: Route, shopper: Shopper | None, state: AppState) -> Body | None:
    if not route.takes_shopper:
        return None
    fields = {} if shopper is None else {TOKEN_FIELD: session_for(shopper).token}
    settings = state.settings
    has_filter = state.hooks.product_filter is not None
    check = functools.partial(_check_product, route, state) if has_filter else None
    return read_body(request, fields, settings.max_upload_bytes, settings.upload_timeout, check)


def _check_product(route: Route, state: AppState, fields: ProductFields) -> None:
    """Ask the shop's product filter about the product of a request, which may name none.

    Raises:
        HttpError: 403 ``product_unavailable``.
    """
    for name, value in request.args.items(multi=True):
        fields.add(name, value)
    product = fields.product(shop_url(request))
    if product is None and route is not TRYON:
        return  # a photo may be analysed without a product
    if not state.hooks.may_try_on(product or Product()):
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


def _http_error(error: GenvorisError, shopper: Shopper | None, state: AppState) -> HttpError:
    """Return what an error means to the browser, with a message of the extension's own."""
    if isinstance(error, InvalidSessionTokenError) and shopper is not None:
        state.broker.forget(shopper)  # revoked in the meantime: the next one will be new
    return error_for_outcome(state.error_mapper.explain(error, shopper), error)


def _respond(answer: StreamedResponse, held: ExitStack, seconds: float) -> Response:
    body = BoundedDownload(_pieces(answer), request.environ, seconds, held.close)
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
