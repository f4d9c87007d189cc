"""Checking the sandbox's responses against its OpenAPI document."""

from __future__ import annotations

from flask import Flask, Response, request

from genvoris_flask.sandbox.http.openapi import api_document


def check_responses(app: Flask) -> None:
    """Fail requests whose response does not match the document."""
    # The first function runs last, after the others have added their headers.
    app.after_request_funcs.setdefault(None, []).insert(0, check_response)


def check_response(response: Response) -> Response:
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
