"""What every request passes before its view: its key, its rate, its body and its query."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from flask import Request, Response, g, request

from .auth import enforce_rate_limit, require_key, require_local
from .errors import RefusalError, invalid
from .openapi import Contract, Json, Operation, contract
from .validation_errors import check, describe

DEEPEST = 20
LARGEST_EXACT = 2**53
MOST_JSON = 256 * 1024
MOST_FORM = 20 * 1024 * 1024
LOCAL_PREFIX = "/sandbox/"


def check_request() -> Response | None:
    """Refuse what the document does not allow; leave the body and the query for the view."""
    operation = contract().operations.get(request.endpoint or "")
    if operation is None or request.method == "OPTIONS":
        return None  # a page, nothing at all, or a question that Flask answers
    if operation.path.startswith(LOCAL_PREFIX):
        require_local()
    if operation.security:
        require_key(operation.security)
    enforce_rate_limit(operation)
    _check_headers(contract(), operation, request)
    g.query = _read_query(contract(), operation, request)
    g.body = _read_body(contract(), operation, request)
    return None


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


def read_json(raw: bytes) -> Any:
    """Give what the bytes say (RFC 8259).

    Refuses with 400 what is no JSON, NaN and numbers beyond all bounds, a key that is given twice,
    half characters, and what is nested deeper than 20 levels.
    """
    try:
        value = json.loads(
            raw.decode(),
            parse_int=_whole,
            parse_float=_number,
            object_pairs_hook=_pairs,
        )
    except ValueError:
        raise RefusalError(400, "invalid_body", "The body is not valid JSON.") from None
    except RecursionError:
        raise invalid("The body", f"is nested deeper than {DEEPEST} levels") from None
    for path, each in _walk(value):
        if isinstance(each, _Twice):
            raise invalid(".".join([*path, each.name]), "is given twice")
        if isinstance(each, str) and any("\ud800" <= letter <= "\udfff" for letter in each):
            raise invalid(".".join(path), "holds characters that are no text")
        if isinstance(each, float) and not math.isfinite(each):
            raise invalid(".".join(path) or "The body", "must be a number that JSON can write")
        if len(path) > DEEPEST:
            raise invalid(".".join(path[:3]), f"is nested deeper than {DEEPEST} levels")
    return value


class _Twice(dict[str, Any]):
    """An object in which a key came twice."""

    name = ""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        found = _Twice(found)
        found.name = next(name for name in names if names.count(name) > 1)
    return found


def _walk(value: Any) -> Iterator[tuple[list[str], Any]]:
    """Give every value and its path, keys as values too; without recursion, however deep it is."""
    waiting: list[tuple[list[str], Any]] = [([], value)]
    while waiting:
        path, each = waiting.pop()
        yield path, each
        if len(path) > DEEPEST:
            continue
        if isinstance(each, dict):
            for name, inner in each.items():
                yield path, name
                waiting.append(([*path, name], inner))
        elif isinstance(each, list):
            waiting.extend(([*path, str(at)], inner) for at, inner in enumerate(each))


def _number(text: str) -> float | int:
    number = float(text)
    # JSON knows one kind of number: 3.0 is as whole as 3.
    whole = number.is_integer() and abs(number) < LARGEST_EXACT
    return int(number) if whole else number


def _whole(text: str) -> float | int:
    try:
        return int(text)
    except ValueError:  # of more digits than Python reads
        return math.inf
