"""The routes that Genvoris's hosted widget calls. A request holds its worker until it is answered.

The shop's own widget starts a job instead (``POST tryons``), which holds none.
"""

from __future__ import annotations

import functools
import logging
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from flask import Response, request
from flask.blueprints import BlueprintSetupState

from ....core.api.http import StreamedResponse
from ....core.products import Product
from ....core.sessions.shopper import Shopper
from ....errors import GenvorisError, InvalidSessionTokenError, UnreachableError
from ...auth import Visitor, authorize, check_token, key_for_genvoris, session_for, slot_owner
from ...blueprints import add_rule, browser_blueprint
from ...downloads import BoundedDownload
from ...errors import HttpError, isolate
from ...guest_limits import guest_tryon
from ...hosts import shop_url
from ...rate_limits.requests import count_address, take_slot
from ...serializers import error_for_outcome
from ...state import AppState, get_state
from ...uploads import keep_in_memory
from .allow_list import ANALYZE, CONFIG, TRYON, Route
from .body import Body, read_body
from .fields import TOKEN_FIELD, clean_query
from .headers import to_browser, to_genvoris
from .product_fields import ProductFields

log = logging.getLogger("genvoris_flask.passthrough")

blueprint = browser_blueprint("genvoris_passthrough", __name__)


@blueprint.url_value_preprocessor
def bound_uploads(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Keep a photo off the disk, also when a hook of the shop's reads the form before us."""
    keep_in_memory(request, get_state().settings.max_upload_bytes * 4 // 3)


@blueprint.post(ANALYZE.path)
def analyze() -> Response:
    """Pass a photo on to be looked at."""
    return forward(ANALYZE)


@blueprint.post(TRYON.path)
def tryon() -> Response:
    """Pass a photo and a product on to be tried on."""
    return forward(TRYON)


@blueprint.get(CONFIG.path)
def config() -> Response:
    """Pass the question for the button's design on."""
    return forward(CONFIG)


@blueprint.record
def _tolerate_double_slash(setup: BlueprintSetupState) -> None:
    """Take ``/genvoris//api/tryon`` too: a base address with a slash, and a path with one."""
    for route, view in ((ANALYZE, analyze), (TRYON, tryon), (CONFIG, config)):
        add_rule(
            setup.app,
            f"{setup.url_prefix}/{route.path}",
            f"{setup.name}.{view.__name__}",
            methods=[route.method],
            merge_slashes=False,
        )


def forward(route: Route) -> Response:
    """Pass this request on, and its answer back.

    The answer holds a slot and the connection to Genvoris until the browser has all of it.

    Raises:
        HttpError: It may not be passed on, or Genvoris refused it.
    """
    state = get_state()
    visitor = _admit(route)
    shopper = visitor.shopper if visitor else None
    with ExitStack() as held:
        owner = slot_owner(visitor) if visitor else None
        held.enter_context(take_slot(state.passthrough_slots, owner))
        if visitor and route is TRYON:
            held.enter_context(guest_tryon(visitor, _key(visitor) or secrets.token_urlsafe(16)))
        body = _body(route, shopper, state)
        try:
            answer = _send(route, body, state, _key(visitor))
            held.callback(answer.close)
            if 300 <= answer.status < 400:
                raise UnreachableError(f"{route.path}: Genvoris sent us elsewhere.")
            if answer.status >= 400:
                raise answer.error((state.settings.api_key,))
        except GenvorisError as error:
            raise _refusal(error, shopper) from error
        return _respond(answer, held.pop_all(), state.settings.upload_timeout)


def _admit(route: Route) -> Visitor | None:
    """Give on whose behalf it is; None for what anybody may ask."""
    if not route.takes_shopper:
        count_address(route.limit)
        return None
    visitor = authorize(route.limit)
    if visitor.shopper is not None:
        check_token(visitor.shopper)
    return visitor


def _key(visitor: Visitor | None) -> str | None:
    key = request.headers.get("Idempotency-Key")
    return key_for_genvoris(visitor.owner, key) if visitor and key else None


def _body(route: Route, shopper: Shopper | None, state: AppState) -> Body | None:
    if not route.takes_shopper:
        return None
    fields = {} if shopper is None else {TOKEN_FIELD: session_for(shopper).token}
    settings = state.settings
    rules = functools.partial(_ask_about_product, route) if state.hooks.product_filter else None
    return read_body(request, fields, settings.max_upload_bytes, settings.upload_timeout, rules)


def _ask_about_product(route: Route, said: ProductFields) -> None:
    """Ask the shop's rules about the product of a request, which may name none.

    Raises:
        HttpError: 403 ``product_unavailable``.
    """
    for name, value in request.args.items(multi=True):
        said.add(name, value)
    product = said.product(shop_url(request))
    if product is None and route is not TRYON:
        return  # a photo alone is looked at
    if not get_state().hooks.may_try_on(product or Product()):
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


def _refusal(error: GenvorisError, shopper: Shopper | None) -> HttpError:
    """Give what Genvoris's refusal means to the browser, in our own words."""
    state = get_state()
    if isinstance(error, InvalidSessionTokenError) and shopper is not None:
        state.broker.forget(shopper)  # revoked meanwhile: the next one is new
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
        log.warning("An answer from Genvoris broke off on its way to the browser: %s", error)
        raise  # so that the server cuts the connection, and half an answer is not taken as whole
