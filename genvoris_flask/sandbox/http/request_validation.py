"""The checks of every request before its view: API key, rate, headers, query string and body."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from flask import Request, Response, g, request

from ..responses import HttpError, invalid
from .auth import enforce_rate_limit, require_key, require_local
from .openapi import ApiDocument, Json, Operation, api_document, check, describe

MAX_DEPTH = 20
LARGEST_EXACT = 2**53
MAX_JSON = 256 * 1024
MAX_FORM = 20 * 1024 * 1024
LOCAL_PREFIX = "/sandbox/"


def check_request() -> Response | None:
    """Raise HttpError if the API's document does not allow a request.

    Views then use ``body`` and ``query``.
    """
    operation = api_document().operations.get(request.endpoint or "")
    if operation is None or request.method == "OPTIONS":
        return None  # a page, an unknown path, or OPTIONS, which Flask handles
    if operation.path.startswith(LOCAL_PREFIX):
        require_local()
    if operation.security:
        require_key(operation.security)
    enforce_rate_limit(operation)
    _check_headers(api_document(), operation, request)
    g.query = _read_query(api_document(), operation, request)
    g.body = _read_body(api_document(), operation, request)
    return None


def body() -> Json:
    """Return the validated body of this request, with defaults."""
    found: Json = g.body
    return found


def query() -> Json:
    """Return the validated query string of this request, with defaults."""
    found: Json = g.query
    return found


def _check_headers(document: ApiDocument, operation: Operation, request: Request) -> None:
    for parameter in operation.headers:
        if (value := request.headers.get(parameter["name"])) is not None:
            check(document, parameter["schema"], value, parameter["name"])


def _read_query(document: ApiDocument, operation: Operation, request: Request) -> Json:
    values: Json = {}
    for parameter in operation.query:
        name, schema = parameter["name"], parameter["schema"]
        given = request.args.getlist(name)
        if len(given) > 1:
            raise invalid(name, "is given twice")
        if given:
            values[name] = _convert(name, given[0], schema)
            check(document, schema, values[name], name)
        else:
            values[name] = schema.get("default")
    return values


def _convert(name: str, text: str, schema: Json) -> Any:
    """Convert a string to the schema's type. One that does not fit is left to the validation."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise invalid(name, "holds characters that are not text")
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


def _read_body(document: ApiDocument, operation: Operation, request: Request) -> Json:
    if not operation.content:
        return {}
    form = "multipart/form-data" in operation.content
    if form and (request.mimetype == "multipart/form-data" or len(operation.content) == 1):
        return _read_form(document, operation, request)
    request.max_content_length = MAX_JSON
    raw = request.get_data()
    schema = operation.content["application/json"]["schema"]
    if raw and request.mimetype != "application/json":
        raise HttpError(415, "unsupported_media_type", "Send Content-Type: application/json.")
    if not raw and not operation.needs_body:
        return _with_defaults(document, schema, {})
    value = read_json(raw)
    check(document, schema, value)
    return _with_defaults(document, schema, value)


def _read_form(document: ApiDocument, operation: Operation, request: Request) -> Json:
    request.max_content_length = MAX_FORM
    if request.mimetype != "multipart/form-data":
        raise HttpError(415, "unsupported_media_type", "Send multipart/form-data.")
    schema = operation.content["multipart/form-data"]["schema"]
    properties = document.resolve(schema)["properties"]
    for name in properties:
        if len(request.form.getlist(name)) + len(request.files.getlist(name)) > 1:
            raise invalid(name, "is given twice")
    value = {
        name: _convert(name, text, properties.get(name, {"type": "string"}))
        for name, text in request.form.items()
    }
    files = dict.fromkeys(request.files, "a file")
    check(document, schema, {**value, **files})
    return _with_defaults(document, schema, value)


def _with_defaults(document: ApiDocument, schema: Json, value: Any) -> Json:
    properties = document.resolve(schema).get("properties", {})
    defaults = {name: each["default"] for name, each in properties.items() if "default" in each}
    return {**defaults, **value}


def read_json(raw: bytes) -> Any:
    """Parse JSON (RFC 8259), strictly.

    Raises:
        HttpError: 400, if it is not JSON, has a duplicate key, NaN, an infinite number or a lone
            surrogate, or is nested deeper than 20 levels.
    """
    try:
        value = json.loads(
            raw.decode(),
            parse_int=_parse_int,
            parse_float=_parse_float,
            object_pairs_hook=_to_object,
        )
    except ValueError:
        raise HttpError(400, "invalid_body", "The body is not valid JSON.") from None
    except RecursionError:
        raise invalid("The body", f"is nested deeper than {MAX_DEPTH} levels") from None
    for path, each in _iter_values(value):
        if isinstance(each, _DuplicateKeys):
            raise invalid(".".join([*path, each.name]), "is given twice")
        if isinstance(each, str) and any("\ud800" <= letter <= "\udfff" for letter in each):
            raise invalid(".".join(path), "holds characters that are not text")
        if isinstance(each, float) and not math.isfinite(each):
            raise invalid(".".join(path) or "The body", "must be a number that JSON can write")
        if len(path) > MAX_DEPTH:
            raise invalid(".".join(path[:3]), f"is nested deeper than {MAX_DEPTH} levels")
    return value


class _DuplicateKeys(dict[str, Any]):
    """An object with duplicate keys; ``name`` is the first of them."""

    name = ""


def _to_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        found = _DuplicateKeys(found)
        found.name = next(name for name in names if names.count(name) > 1)
    return found


def _iter_values(value: Any) -> Iterator[tuple[list[str], Any]]:
    """Yield every value and key with its path, without recursion."""
    waiting: list[tuple[list[str], Any]] = [([], value)]
    while waiting:
        path, each = waiting.pop()
        yield path, each
        if len(path) > MAX_DEPTH:
            continue
        if isinstance(each, dict):
            for name, inner in each.items():
                yield path, name
                waiting.append(([*path, name], inner))
        elif isinstance(each, list):
            waiting.extend(([*path, str(at)], inner) for at, inner in enumerate(each))


def _parse_float(text: str) -> float | int:
    number = float(text)
    # JSON has one type of number, in which 3.0 equals 3.
    whole = number.is_integer() and abs(number) < LARGEST_EXACT
    return int(number) if whole else number


def _parse_int(text: str) -> float | int:
    try:
        return int(text)
    except ValueError:  # more digits than Python parses
        return math.inf
