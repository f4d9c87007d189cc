"""Holds every answer of a sandbox against the document that ships with it."""

from __future__ import annotations

from flask import Flask, Response, request

from genvoris_flask.sandbox.http.openapi import api_document


def hold_answers(app: Flask) -> None:
    """Fail the request whose answer is not as the document says."""
    # The first of them runs last: what the others add is there.
    app.after_request_funcs.setdefault(None, []).insert(0, hold)


def hold(response: Response) -> Response:
    """Check status, content type, headers and body."""
    operation = api_document().operations.get(request.endpoint or "")
    if operation is None or request.method == "OPTIONS":
        return response
    where = f"{operation.id}, {response.status_code}"
    answers = operation.fields["responses"]
    assert str(response.status_code) in answers, f"{where} is not in the document"
    answer = api_document().resolve(answers[str(response.status_code)])
    content_type, media = next(iter(answer["content"].items()))
    assert response.mimetype == content_type, where
    for name, header in answer["headers"].items():
        if api_document().resolve(header).get("required"):
            assert name in response.headers, f"{where} lacks {name}"
    errors = api_document().validator(media["schema"]).iter_errors(response.get_json())
    assert [error.message for error in errors] == [], where
    return response
