"""The OpenAPI document that every request is checked against, and the check's error messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..responses import HttpError, invalid

if TYPE_CHECKING:
    import jsonschema_rs

Json = dict[str, Any]
FILE = Path(__file__).resolve().parent.parent / "openapi.json"
METHODS = ("get", "post", "put", "patch", "delete")
_NAMES = {"boolean": "true or false", "object": "an object", "array": "a list", "null": "null"}


@dataclass(frozen=True)
class Operation:
    """A method of a path.

    Attributes:
        id: The operationId, which is the endpoint of the view.
        method: The HTTP method in capitals.
        path: The path as it is in the document.
        fields: The operation's part of the document.
        security: The names of security schemes, one of which is required; empty if none is.
    """

    id: str
    method: str
    path: str
    fields: Json = field(repr=False)
    security: tuple[str, ...]

    @property
    def content(self) -> Json:
        """The allowed bodies by content type; empty if there is no body."""
        content: Json = self.fields.get("requestBody", {}).get("content", {})
        return content

    @property
    def needs_body(self) -> bool:
        """Whether a body is required."""
        return bool(self.fields.get("requestBody", {}).get("required"))

    @property
    def query(self) -> list[Json]:
        """The parameters of the query string."""
        return self._parameters("query")

    @property
    def headers(self) -> list[Json]:
        """The parameters that are headers."""
        return self._parameters("header")

    def _parameters(self, place: str) -> list[Json]:
        return [each for each in self.fields.get("parameters", []) if each["in"] == place]


class ApiDocument:
    """A parsed OpenAPI document."""

    def __init__(self, document: Json) -> None:
        self.raw = document
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """All operations by id."""
        return {operation.id: operation for operation in self._operations()}

    def _operations(self) -> Iterator[Operation]:
        everywhere = self.raw["security"]
        for path, item in self.raw["paths"].items():
            for method in METHODS:
                if method in item:
                    fields = item[method]
                    schemes = fields.get("security", everywhere)
                    names = tuple(name for scheme in schemes for name in scheme)
                    yield Operation(fields["operationId"], method.upper(), path, fields, names)

    def resolve(self, schema: Any) -> Any:
        """Return a schema after following its references."""
        while isinstance(schema, dict) and "$ref" in schema:
            schema = self.at(schema["$ref"].removeprefix("#/").split("/"))
        return schema

    def at(self, path: list[Any]) -> Any:
        """Return what is at a path of the document."""
        found: Any = self.raw
        for step in path:
            found = found[step]
        return found

    def validator(self, schema: Json) -> jsonschema_rs.Draft202012Validator:
        """Return a validator for a schema of the document."""
        import jsonschema_rs  # imported late: optional dependency

        key = json.dumps(schema)
        if key not in self._validators:
            whole = {**schema, "components": self.raw["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole)
        return self._validators[key]


@cache
def api_document() -> ApiDocument:
    """Return the document that comes with the sandbox."""
    return ApiDocument(json.loads(FILE.read_bytes()))


def check(document: ApiDocument, schema: Json, value: Any, at: str = "") -> None:
    """Raise HttpError, naming the field, if a value does not match a schema.

    Args:
        document: The document that the schema refers to.
        schema: The schema.
        value: The value to check.
        at: The path of the value itself.
    """
    error = next(document.validator(schema).iter_errors(value), None)
    if error is not None:
        raise _refusal(document, schema, value, error, at)
    _check_size(document, schema, value, at)


def _refusal(
    document: ApiDocument,
    schema: Json,
    value: Any,
    error: jsonschema_rs.ValidationError,
    at: str,
) -> HttpError:
    place, keyword = list(error.schema_path[:-1]), error.schema_path[-1]
    if keyword == "anyOf":
        branch = _likely_branch(document, schema, value)
        inner = next(document.validator(branch).iter_errors(value))
        return _refusal(document, branch, value, inner, at)
    around = document.at(place) if place[:1] == ["components"] else _walk(schema, place)
    instance: Any = error.instance
    path = ".".join([*([at] if at else []), *(str(step) for step in error.instance_path)])
    if keyword == "required":
        missing = next(name for name in around["required"] if name not in instance)
        return invalid(f"{path}.{missing}" if path else missing, "is missing")
    if keyword == "additionalProperties":
        unknown = next(name for name in instance if name not in around["properties"])
        known = ", ".join(around["properties"])
        return invalid(f"{path}.{unknown}" if path else unknown, f"is not known; there are {known}")
    problem = f"must be {describe(around)}"
    if keyword == "maxProperties" and "x-error" in around:
        return HttpError(400, around["x-error"], f"{path}: {problem}")
    return invalid(path or "The body", problem)


def describe(schema: Json) -> str:
    """Describe what a schema requires, in words that follow "must be"."""
    if "not" in schema:
        return "left out"
    if "x-says" in schema:
        return str(schema["x-says"]).removeprefix("must be ")
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return "one of " + ", ".join(str(each) for each in schema["enum"] if each is not None)
    types = schema.get("type", "object")
    types = [types] if isinstance(types, str) else types
    return " or ".join(_described(schema, kind) for kind in types)


def _described(schema: Json, kind: str) -> str:
    match kind:
        case "string" if "maxLength" in schema:
            least = schema.get("minLength", 0)
            return f"a string of {least} to {schema['maxLength']} characters"
        case "string":
            return "a string"
        case "integer" | "number":
            whole = "whole " if kind == "integer" else ""
            bounds = f" from {schema['minimum']}" if "minimum" in schema else ""
            bounds += f" to {schema['maximum']}" if "maximum" in schema else ""
            return f"a {whole}number{bounds}"
        case "array" if schema.get("uniqueItems"):
            return f"a list of {schema['minItems']} or more that differ"
        case "array" if "maxItems" in schema:
            return f"a list of {schema.get('minItems', 0)} to {schema['maxItems']}"
        case "object" if "minProperties" in schema:
            return "an object with one of " + ", ".join(schema["properties"])
        case "object" if "maxProperties" in schema:
            return f"an object of at most {schema['maxProperties']} keys"
    return _NAMES[kind]


def _walk(schema: Any, place: list[Any]) -> Any:
    for step in place:
        schema = schema[step]
    return schema


def _likely_branch(document: ApiDocument, schema: Json, value: Any) -> Json:
    """Return the branch whose required fields are there, or else the first."""
    branches: list[Json] = document.resolve(schema)["anyOf"]
    for branch in reversed(branches):
        names = document.resolve(branch)["required"]
        if isinstance(value, dict) and all(name in value for name in names):
            return branch
    return branches[0]


def _check_size(document: ApiDocument, schema: Json, value: Any, at: str) -> None:
    """Check ``x-most-bytes``, which JSON Schema cannot express."""
    schema = document.resolve(schema)
    if isinstance(value, list):
        for number, each in enumerate(value):
            _check_size(document, schema.get("items", {}), each, f"{at}.{number}")
    if not isinstance(value, dict):
        return
    most = schema.get("x-most-bytes")
    if most and len(json.dumps(value, ensure_ascii=False).encode()) > most:
        raise HttpError(400, schema["x-error"], f"{at}: must be at most {most} bytes")
    for branch in [schema, *map(document.resolve, schema.get("anyOf", []))]:
        for name, inner in branch.get("properties", {}).items():
            if name in value:
                _check_size(document, inner, value[name], f"{at}.{name}" if at else name)
