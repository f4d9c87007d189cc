"""``/openapi.json``, and the API reference at ``/docs``, without scripts or external files."""

from __future__ import annotations

import json
import re
from functools import cache

from flask import Blueprint, Response, render_template
from markupsafe import Markup, escape

from ..http.openapi import FILE, Json, Operation, api_document, describe

blueprint: Blueprint = Blueprint("docs", __name__)


@blueprint.get("/openapi.json")
def document() -> Response:
    """Return the OpenAPI document."""
    return Response(FILE.read_bytes(), mimetype="application/json")


@blueprint.get("/docs")
def page() -> str:
    """Render the API reference."""
    return _page()


@cache
def _page() -> str:
    known = api_document()
    shown = [_shown(each) for each in known.operations.values()]
    groups = [
        {**tag, "operations": [each for each in shown if each["tag"] == tag["name"]]}
        for tag in known.raw["tags"]
    ]
    return render_template("docs.html", info=known.raw["info"], groups=groups, prose=prose)


def prose(text: str) -> Markup:
    """Render the Markdown that the document uses: paragraphs, code and emphasis."""
    paragraphs = []
    for paragraph in text.split("\n\n"):
        html = str(escape(paragraph))
        html = re.sub(r"`([^`]+)`", r"<code>\1</code>", html)
        html = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", html)
        html = re.sub(r"\*([^*`]+)\*", r"<em>\1</em>", html)
        paragraphs.append(f"<p>{html}</p>")
    return Markup("".join(paragraphs))  # noqa: S704 - escaped above


def _shown(operation: Operation) -> Json:
    """Return what the page shows of an operation."""
    fields = operation.fields
    content = next(iter(operation.content.items()), None)
    return {
        "tag": fields["tags"][0],
        "anchor": operation.id.replace(".", "-"),
        "method": operation.method,
        "path": operation.path,
        "summary": fields["summary"],
        "description": fields.get("description", ""),
        "auth": " or ".join(_scheme(name) for name in operation.security) or "no key",
        "parameters": [_row(each["name"], each["schema"], each) for each in _parameters(operation)],
        "content": content[0] if content else None,
        "body": _body(content[1]["schema"]) if content else [],
        "answers": [_answer(*each) for each in fields["responses"].items()],
    }


def _answer(status: str, fields: Json) -> Json:
    fields = api_document().resolve(fields)
    return {
        "status": status,
        "description": fields["description"],
        "headers": list(fields["headers"]),
        "body": _fields(_schema(fields)),
    }


def _parameters(operation: Operation) -> list[Json]:
    found: list[Json] = operation.fields.get("parameters", [])
    return found


def _scheme(name: str) -> str:
    scheme = api_document().raw["components"]["securitySchemes"][name]
    return "Authorization: Bearer" if scheme["type"] == "http" else str(scheme["name"])


def _schema(answer: Json) -> Json:
    schema: Json = next(iter(answer["content"].values()))["schema"]
    return schema


def _body(schema: Json) -> list[Json]:
    """Return the fields of a body, of all its forms."""
    resolved = api_document().resolve(schema)
    if "anyOf" in resolved:
        return [row for branch in resolved["anyOf"] for row in _fields(branch)]
    return _fields(schema)


def _fields(schema: Json, prefix: str = "") -> list[Json]:
    known = api_document()
    schema = known.resolve(schema)
    rows: list[Json] = [row for part in schema.get("allOf", []) for row in _fields(part, prefix)]
    for name, each in schema.get("properties", {}).items():
        inner = known.resolve(each)
        if "not" in inner:  # a field that must be omitted
            continue
        about = {"required": name in schema.get("required", []), **inner, **each}
        rows.append(_row(f"{prefix}{name}", inner, about))
        rows += _inner(inner, f"{prefix}{name}")
    return rows


def _inner(schema: Json, name: str) -> list[Json]:
    if "items" in schema:
        return _fields(schema["items"], f"{name}[].")
    return _fields(schema, f"{name}.")


def _row(name: str, schema: Json, about: Json) -> Json:
    return {
        "name": name,
        "place": about.get("in", ""),
        "required": about.get("required", False),
        "what": describe(schema) if "type" in schema or "x-says" in schema else "anything",
        "default": json.dumps(schema["default"]) if "default" in schema else None,
        "description": about.get("description", ""),
    }
