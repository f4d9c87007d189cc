"""The OpenAPI document that ships with the sandbox: what every request is checked against."""

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
    """One method of one path.

    Attributes:
        id: Its operationId, which is the name of its view.
        method: In capitals.
        path: As the document writes it.
        fields: Its part of the document.
        security: The names of the schemes, of which one is enough; none for everyone.
    """

    id: str
    method: str
    path: str
    fields: Json = field(repr=False)
    security: tuple[str, ...]

    @property
    def content(self) -> Json:
        """What its body may be, by content type; empty when it takes none."""
        content: Json = self.fields.get("requestBody", {}).get("content", {})
        return content

    @property
    def needs_body(self) -> bool:
        """Whether no body at all is refused."""
        return bool(self.fields.get("requestBody", {}).get("required"))

    @property
    def query(self) -> list[Json]:
        """The parameters of its query."""
        return self._parameters("query")

    @property
    def headers(self) -> list[Json]:
        """The parameters that are headers."""
        return self._parameters("header")

    def _parameters(self, place: str) -> list[Json]:
        return [each for each in self.fields.get("parameters", []) if each["in"] == place]


class Contract:
    """The document, read."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """All operations, by their ids."""
        return {operation.id: operation for operation in self._operations()}

    def _operations(self) -> Iterator[Operation]:
        everywhere = self.document["security"]
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    fields = item[method]
                    schemes = fields.get("security", everywhere)
                    names = tuple(name for scheme in schemes for name in scheme)
                    yield Operation(fields["operationId"], method.upper(), path, fields, names)

    def resolve(self, schema: Any) -> Any:
        """Follow a reference within the document."""
        while isinstance(schema, dict) and "$ref" in schema:
            schema = self.at(schema["$ref"].removeprefix("#/").split("/"))
        return schema

    def at(self, path: list[Any]) -> Any:
        """Give what is at a place of the document."""
        found: Any = self.document
        for step in path:
            found = found[step]
        return found

    def validator(self, schema: Json) -> jsonschema_rs.Draft202012Validator:
        """Give what checks values against a schema that stands in the document."""
        import jsonschema_rs  # late: an extra

        key = json.dumps(schema)
        if key not in self._validators:
            whole = {**schema, "components": self.document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole)
        return self._validators[key]


@cache
def contract() -> Contract:
    """Give the document that ships with the sandbox."""
    return Contract(json.loads(FILE.read_bytes()))
