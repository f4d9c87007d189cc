"""The OpenAPI document that every request is checked against."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jsonschema_rs

Json = dict[str, Any]
FILE = Path(__file__).resolve().parent.parent / "openapi.json"
METHODS = ("get", "post", "put", "patch", "delete")


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
