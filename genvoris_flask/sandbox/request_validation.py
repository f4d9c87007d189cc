"""What every request passes before its view: its key, its rate, its body and its query."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Request, Response, g, request

from .context import context, require_key, require_local
from .contract import Contract, Json, Operation, contract
from .limits import CUSTOMER_CREATES, MINTS, TRYONS_BY_ADDRESS, TRYONS_BY_CUSTOMER
from .refusal import RefusalError, invalid
from .settings import read_settings
from .strict_json import read_json
from .validation_errors import check, describe

MOST_JSON = 256 * 1024
MOST_FORM = 20 * 1024 * 1024
LOCAL_PREFIX = "/sandbox/"
LIMITS = {
    "sessions.mint": (MINTS,),
    "customers.upsert": (CUSTOMER_CREATES,),
    "tryon.create": TRYONS_BY_ADDRESS,
}


def check_request() -> Response | None:
    """Refuse what the document does not allow; leave the body and the query for the view."""
    operation = contract().operations.get(request.endpoint or "")
    if operation is None or request.method == "OPTIONS":
        return None  # a page, nothing at all, or a question that Flask answers
    if operation.path.startswith(LOCAL_PREFIX):
        require_local()
    if operation.security:
        require_key(operation.security)
    _limit(operation)
    _check_headers(contract(), operation, request)
    g.query = _read_query(contract(), operation, request)
    g.body = _read_body(contract(), operation, request)
    return None


def _limit(operation: Operation) -> None:
    limits = LIMITS.get(operation.id)
    if limits is None:
        return
    with context().store.transaction() as db:
        in_force = read_settings(db)["rateLimits"]
    if in_force:
        who = request.remote_addr or "" if limits is TRYONS_BY_ADDRESS else "shop"
        context().limiter.take(who, limits, context().clock())


def limit_customer(db: sqlite3.Connection, customer: sqlite3.Row | None) -> None:
    """Refuse a customer's try-ons that come too fast, where rate limits are in force."""
    if customer is not None and read_settings(db)["rateLimits"]:
        context().limiter.take(customer["id"], (TRYONS_BY_CUSTOMER,), context().clock())


def body() -> Json:
    """Give this request's body, as the document allows it, its defaults filled in."""
    found: Json = g.body
    return found


def query() -> Json:
    """Give this request's query, each value of its own type."""
    found: Json = g.query
    return found


def _check_headers(contract: Contract, operation: Operation, request: Request) -> None:
    for parameter in operation.headers:
        if (value := request.headers.get(parameter["name"])) is not None:
            check(contract, parameter["schema"], value, parameter["name"])


def _read_query(contract: Contract, operation: Operation, request: Request) -> Json:
    values: Json = {}
    for parameter in operation.query:
        name, schema = parameter["name"], parameter["schema"]
        given = request.args.getlist(name)
        if len(given) > 1:
            raise invalid(name, "is given twice")
        if given:
            values[name] = _typed(name, given[0], schema)
            check(contract, schema, values[name], name)
        else:
            values[name] = schema.get("default")
    return values


def _typed(name: str, text: str, schema: Json) -> Any:
    """Read a text of the query as its schema wants it, or leave it for the check to refuse."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise invalid(name, "holds characters that are no text")
    match schema["type"]:
        case "boolean":
            if text not in ("true", "false"):
                raise invalid(name, f"must be {describe(schema)}")
            return text == "true"
        case "integer" if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 20:
            return int(text)
        case "number":
            try:
                return float(text)
            except ValueError:
                return text
    return text


def _read_body(contract: Contract, operation: Operation, request: Request) -> Json:
    if not operation.content:
        return {}
    form = "multipart/form-data" in operation.content
    if form and (request.mimetype == "multipart/form-data" or len(operation.content) == 1):
        return _read_form(contract, operation, request)
    request.max_content_length = MOST_JSON
    raw = request.get_data()
    schema = operation.content["application/json"]["schema"]
    if raw and request.mimetype != "application/json":
        raise RefusalError(415, "unsupported_media_type", "Send Content-Type: application/json.")
    if not raw and not operation.needs_body:
        return _with_defaults(contract, schema, {})
    value = read_json(raw)
    check(contract, schema, value)
    return _with_defaults(contract, schema, value)


def _read_form(contract: Contract, operation: Operation, request: Request) -> Json:
    request.max_content_length = MOST_FORM
    if request.mimetype != "multipart/form-data":
        raise RefusalError(415, "unsupported_media_type", "Send multipart/form-data.")
    schema = operation.content["multipart/form-data"]["schema"]
    properties = contract.resolve(schema)["properties"]
    for name in properties:
        if len(request.form.getlist(name)) + len(request.files.getlist(name)) > 1:
            raise invalid(name, "is given twice")
    value = {
        name: _typed(name, text, properties.get(name, {"type": "string"}))
        for name, text in request.form.items()
    }
    files = dict.fromkeys(request.files, "a file")
    check(contract, schema, {**value, **files})
    return _with_defaults(contract, schema, value)


def _with_defaults(contract: Contract, schema: Json, value: Any) -> Json:
    properties = contract.resolve(schema).get("properties", {})
    defaults = {name: each["default"] for name, each in properties.items() if "default" in each}
    return {**defaults, **value}
