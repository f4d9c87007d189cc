"""Imports point downwards only (docs/architecture.md, "Layers")."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "genvoris_flask"

# From the roof to the ground. A room may import from its own level and from those below it.
LEVELS = [
    {"__init__", "cli", "testing"},
    {"extension", "diagnosis"},
    {"wiring"},
    {"events", "passthrough"},
    {"billing", "tryon", "webhooks"},
    {"attribution", "storefront", "switched_off"},
    {"web"},
    {"state"},
    {"sessions"},
    {"api"},
    {"store"},
    {"settings", "signals"},
    {
        "background",
        "button",
        "checks",
        "compat",
        "errors",
        "languages",
        "links",
        "per_process",
        "plans",
        "products",
        "redis_url",
    },
]
LEVEL_OF = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
FLASK_FREE = {
    "api",
    "background",
    "billing",
    "button",
    "checks",
    "errors",
    "languages",
    "links",
    "per_process",
    "plans",
    "products",
    "redis_url",
    "sessions",
    "settings",
    "signals",
    "store",
}
KNOWS_FLASK = {"billing/stripe_view.py"}
FLASK_FREE_FILES = {
    "events/schema.py",
    "events/sender.py",
    "webhooks/signature.py",
    "webhooks/events.py",
    "webhooks/deliveries.py",
}
SANDBOX_MAY_USE = {"api.models", "compat", "errors", "webhooks.signature"}
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def runtime_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Give all nodes but those that only a type checker sees."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        yield child
        yield from runtime_nodes(child)


def imports(file: Path) -> Iterator[str]:
    """Give the dotted name of everything that a file imports."""
    package = ["genvoris_flask", *file.relative_to(PACKAGE).parent.parts]
    for node in runtime_nodes(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def own(file: Path) -> Iterator[str]:
    """Give what a file imports from this package, without the package's name."""
    for name in imports(file):
        if name.startswith("genvoris_flask."):
            yield name.removeprefix("genvoris_flask.")


@pytest.mark.parametrize(
    "file",
    [file for file in FILES if room_of(file) != "sandbox"],
    ids=lambda file: str(file.relative_to(PACKAGE)),
)
def test_imports_point_downwards(file: Path) -> None:
    room = room_of(file)
    for name in own(file):
        target = name.split(".")[0]
        if room in ("cli", "testing") and target == "sandbox":
            continue  # the command and the fixtures that start it
        assert target in LEVEL_OF, f"{file} imports {name}, which has no level in this test"
        assert LEVEL_OF[target] >= LEVEL_OF[room], f"{file} imports upwards: {name}"


@pytest.mark.parametrize(
    "file",
    [
        file
        for file in FILES
        if (room_of(file) in FLASK_FREE or str(file.relative_to(PACKAGE)) in FLASK_FREE_FILES)
        and str(file.relative_to(PACKAGE)) not in KNOWS_FLASK
    ],
    ids=lambda file: str(file.relative_to(PACKAGE)),
)
def test_the_core_knows_nothing_of_flask(file: Path) -> None:
    known = {name.split(".")[0] for name in imports(file)}
    assert not known & {"flask", "werkzeug", "jinja2", "markupsafe"}


def test_httpx_is_known_to_the_client_alone_and_to_who_passes_a_transport_on() -> None:
    users = {
        str(file.relative_to(PACKAGE))
        for file in FILES
        if room_of(file) != "sandbox" and "httpx" in {name.split(".")[0] for name in imports(file)}
    }
    assert users == {
        "api/transport.py",
        "api/environment.py",
        "api/exchange.py",
        "api/http.py",
        "api/client.py",
        "api/fetch.py",
        "extension.py",
        "wiring.py",
    }


def test_the_sandbox_is_a_house_of_its_own() -> None:
    for file in FILES:
        if room_of(file) == "sandbox":
            for name in own(file):
                inside = name.split(".")[0] == "sandbox"
                shared = any(f"{name}.".startswith(f"{part}.") for part in SANDBOX_MAY_USE)
                assert inside or shared, f"{file} imports {name}"


def test_every_file_stands_on_a_level() -> None:
    assert {room_of(file) for file in FILES} - {"sandbox"} <= set(LEVEL_OF)
