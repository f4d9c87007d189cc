"""Says in words what is wrong with a value, and where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .errors import RefusalError, invalid
from .openapi import Contract, Json

if TYPE_CHECKING:
    import jsonschema_rs

_NAMES = {"boolean": "true or false", "object": "an object", "array": "a list", "null": "null"}


def check(contract: Contract, schema: Json, value: Any, at: str = "") -> None:
    """Refuse a value that does not fit a schema of the document, by the path of its field.

    Args:
        contract: The document.
        schema: In it, or made of references into it.
        value: What came.
        at: The path of the value itself.
    """
    error = next(contract.validator(schema).iter_errors(value), None)
    if error is not None:
        raise _refusal(contract, schema, value, error, at)
    _check_size(contract, schema, value, at)


def _refusal(
    contract: Contract,
    schema: Json,
    value: Any,
    error: jsonschema_rs.ValidationError,
    at: str,
) -> RefusalError:
    place, keyword = list(error.schema_path[:-1]), error.schema_path[-1]
    if keyword == "anyOf":
        branch = _likely_branch(contract, schema, value)
        inner = next(contract.validator(branch).iter_errors(value))
        return _refusal(contract, branch, value, inner, at)
    around = contract.at(place) if place[:1] == ["components"] else _walk(schema, place)
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
        return RefusalError(400, around["x-error"], f"{path}: {problem}")
    return invalid(path or "The body", problem)


def describe(schema: Json) -> str:
    """Say what a schema asks for, after "must be"."""
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
            return f"a text of {least} to {schema['maxLength']} characters"
        case "string":
            return "a text"
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


def _likely_branch(contract: Contract, schema: Json, value: Any) -> Json:
    """Give the branch that was meant: the one whose fields are there, else the first."""
    branches: list[Json] = contract.resolve(schema)["anyOf"]
    for branch in reversed(branches):
        names = contract.resolve(branch)["required"]
        if isinstance(value, dict) and all(name in value for name in names):
            return branch
    return branches[0]


def _check_size(contract: Contract, schema: Json, value: Any, at: str) -> None:
    """Check ``x-most-bytes``, which JSON Schema cannot say."""
    schema = contract.resolve(schema)
    if isinstance(value, list):
        for number, each in enumerate(value):
            _check_size(contract, schema.get("items", {}), each, f"{at}.{number}")
    if not isinstance(value, dict):
        return
    most = schema.get("x-most-bytes")
    if most and len(json.dumps(value, ensure_ascii=False).encode()) > most:
        raise RefusalError(400, schema["x-error"], f"{at}: must be at most {most} bytes")
    for branch in [schema, *map(contract.resolve, schema.get("anyOf", []))]:
        for name, inner in branch.get("properties", {}).items():
            if name in value:
                _check_size(contract, inner, value[name], f"{at}.{name}" if at else name)
