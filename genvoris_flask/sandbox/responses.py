"""How the sandbox answers: times, plans, customers and errors, in the format of Genvoris's API."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, jsonify
from werkzeug.exceptions import HTTPException, MethodNotAllowed

Json = dict[str, Any]
_CODES = {
    400: "invalid_body",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}


def iso(time: float) -> str:
    """Format Unix seconds as Genvoris does, such as 2026-01-31T12:00:00.000Z."""
    moment = dt.datetime.fromtimestamp(time, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plan_fields(row: sqlite3.Row) -> Json:
    """Return a plan's fields."""
    return {
        "id": row["id"],
        "name": row["name"],
        "monthlyTryOns": row["monthly_try_ons"],
        "externalPriceId": row["external_price_id"],
        "active": bool(row["active"]),
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
    }


def plan_summary(db: sqlite3.Connection, plan_id: str | None) -> Json | None:
    """Return a plan's fields as they are nested in other responses."""
    query = "SELECT id, name, monthly_try_ons FROM plans WHERE id = ?"
    row = db.execute(query, (plan_id,)).fetchone()
    if row is None:
        return None
    return {"id": row["id"], "name": row["name"], "monthlyTryOns": row["monthly_try_ons"]}


def customer_fields(row: sqlite3.Row) -> Json:
    """Return a customer's fields."""
    return {
        "id": row["id"],
        "externalId": row["external_id"],
        "email": row["email"],
        "planId": row["plan_id"],
        "status": row["status"],
        "metadata": json.loads(row["metadata"]),
        "periodStart": iso(row["period_start"]),
        "periodEnd": iso(row["period_end"]),
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
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
        self.headers: dict[str, str] = dict(headers or {})
        self.body: dict[str, Any] = {"error": error, "detail": detail, **extra}
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
