"""Ends a request with one of the contract's refusals."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Response, jsonify
from werkzeug.exceptions import HTTPException, MethodNotAllowed

if TYPE_CHECKING:
    import sqlite3

_CODES = {
    400: "invalid_body",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}


class RefusalError(Exception):
    """A refusal: status, code, a sentence, headers, and more fields.

    Attributes:
        then: What is written although the request is refused and its transaction rolled back.
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
        self.then: Callable[[sqlite3.Connection], None] | None = None
        super().__init__(f"{status} {error}")


def invalid(field: str, problem: str) -> RefusalError:
    """Refuse a field, by its name."""
    return RefusalError(400, "invalid_body", f"{field}: {problem}")


def not_found(what: str) -> RefusalError:
    """Refuse for lack of something."""
    return RefusalError(404, "not_found", f"There is no such {what}.")


def answer_refusal(refusal: RefusalError) -> Response:
    """Write a refusal as JSON."""
    response = jsonify(refusal.body)
    response.status_code = refusal.status
    response.headers.update(refusal.headers)
    return response


def answer_http_error(error: HTTPException) -> Response:
    """Write what Flask itself refuses, such as an unknown path, in the same shape."""
    status = error.code or 500
    if status < 400:  # a redirect is no refusal
        return Response(status=status, headers=list(error.get_headers()))
    code = _CODES.get(status, "internal_error")
    response = answer_refusal(RefusalError(status, code, error.description or error.name))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def new_request_id() -> str:
    """Name a request."""
    return f"req_{secrets.token_hex(8)}"
