"""The errors that end a request, in the format of Genvoris's API."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, jsonify
from werkzeug.exceptions import HTTPException, MethodNotAllowed

_CODES = {
    400: "invalid_body",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}


class HttpError(Exception):
    """An error response: status, code, a sentence, headers and further fields.

    Attributes:
        after_rollback: Called in a transaction of its own, since the request's is rolled back.
    """

    def __init__(
        self,
        status: int,
        error: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        self.status = status
        self.headers = dict(headers or {})
        self.body = {"error": error, "detail": detail, **extra}
        self.after_rollback: Callable[[sqlite3.Connection], None] | None = None
        super().__init__(f"{status} {error}")


def invalid(field: str, problem: str) -> HttpError:
    """Return the error for an invalid field."""
    return HttpError(400, "invalid_body", f"{field}: {problem}")


def not_found(what: str) -> HttpError:
    """Return the error for something that does not exist."""
    return HttpError(404, "not_found", f"There is no such {what}.")


def error_response(error: HttpError) -> Response:
    """Return an error as a JSON response."""
    response = jsonify(error.body)
    response.status_code = error.status
    response.headers.update(error.headers)
    return response


def http_error_response(error: HTTPException) -> Response:
    """Return an error of Flask's, such as an unknown path, in the same format."""
    status = error.code or 500
    if status < 400:  # a redirect
        return Response(status=status, headers=list(error.get_headers()))
    code = _CODES.get(status, "internal_error")
    response = error_response(HttpError(status, code, error.description or error.name))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def new_request_id() -> str:
    """Return a new request id."""
    return f"req_{secrets.token_hex(8)}"
