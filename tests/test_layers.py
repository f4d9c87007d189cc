"""Imports point downwards, those for type checkers included (docs/architecture.md, "Layers")."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "genvoris_flask"
WIDGET = ROOT / "static/widget/src"

# From top to bottom. A module imports from its own level and from those below it.
LEVELS = [
    {"__init__", "api", "cli", "rq", "testing", "webhooks"},
    {"extension"},
    {"web"},
    {"settings", "signals"},
    {"core"},
    {"errors"},
]
LEVEL_OF = {name: level for level, names in enumerate(LEVELS) for name in names}
FLASK = {"flask", "werkzeug", "jinja2", "markupsafe", "blinker"}
WITHOUT_FLASK = ("api", "core", "errors", "settings", "webhooks")
SANDBOX_MAY_USE = {
    "core.api.models",
    "core.charts",
    "core.webhooks.signature",
    "errors",
    "web.compat",
}
# A module that is longer holds more than one idea.
MAX_LINES = 300
FILES = sorted(PACKAGE.rglob("*.py"))


def relative(file: Path) -> str:
    return str(file.relative_to(PACKAGE))


def top(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(file: Path) -> Iterator[str]:
    """Yield the dotted name of everything that a file imports, wherever it does."""
    package = ["genvoris_flask", *file.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def own_imports(file: Path) -> Iterator[str]:
    """Yield what a file imports from this package, without the package's name."""
    for name in imports(file):
        if name.startswith("genvoris_flask."):
            yield name.removeprefix("genvoris_flask.")


def module_file(name: str) -> Path | None:
    """Return the file of a module, or of the module that has a name in it."""
    parts = name.split(".")
    for path in (PACKAGE.joinpath(*parts), PACKAGE.joinpath(*parts[:-1])):
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.exists():
                return file
    return None


@pytest.mark.parametrize("file", [*FILES, *WIDGET.rglob("*.ts")], ids=lambda file: file.name)
def test_length(file: Path) -> None:
    """Every module can be read in one sitting."""
    assert len(file.read_text().splitlines()) <= MAX_LINES


@pytest.mark.parametrize("file", FILES, ids=relative)
def test_imports_point_downwards(file: Path) -> None:
    """No module imports from a level above its own."""
    here = top(file)
    if here == "sandbox":
        return
    for name in own_imports(file):
        target = name.split(".")[0]
        if here in ("cli", "testing") and target == "sandbox":
            continue  # the command and the fixtures that start it
        assert target in LEVEL_OF, f"{file} imports {name}, which has no level in this test"
        assert LEVEL_OF[target] >= LEVEL_OF[here], f"{file} imports upwards: {name}"


@pytest.mark.parametrize(
    "file",
    [file for file in FILES if top(file) in WITHOUT_FLASK],
    ids=relative,
)
def test_core_does_without_flask(file: Path) -> None:
    """Nothing below ``web`` imports Flask, or what comes with it, even for types."""
    assert not {name.split(".")[0] for name in imports(file)} & FLASK


def test_no_modules_import_each_other() -> None:
    """The graph of imports has no circle, with types and late imports counted."""
    graph = {
        file: {
            found for name in own_imports(file) if (found := module_file(name)) and found != file
        }
        for file in FILES
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " -> ".join(relative(file) for file in reversed(error.args[1]))
        pytest.fail(f"These modules import each other: {circle}")


def test_httpx_stays_behind_the_client() -> None:
    """Only the client of the REST API sends requests."""
    users = {
        relative(file)
        for file in FILES
        if top(file) != "sandbox" and "httpx" in {name.split(".")[0] for name in imports(file)}
    }
    assert all(user.startswith("core/api/") for user in users), users


def test_sandbox_shares_little_with_the_extension() -> None:
    """The local Genvoris uses the API's models and the signature of webhooks alone."""
    for file in FILES:
        if top(file) == "sandbox":
            for name in own_imports(file):
                inside = name.split(".")[0] == "sandbox"
                shared = any(f"{name}.".startswith(f"{part}.") for part in SANDBOX_MAY_USE)
                assert inside or shared, f"{file} imports {name}"


def test_every_module_has_a_level() -> None:
    """A new module at the top is given a level here."""
    assert {top(file) for file in FILES} - {"sandbox"} <= set(LEVEL_OF)


# Folders of the widget's TypeScript sources, from the bottom to the top.
WIDGET_LEVELS = ["widget", "locales", "theme", "photo", "jobs", "dialog"]
WIDGET_LEVELS += ["fitting-room", "handover", "camera", "phone"]
WIDGET_FILES = sorted(WIDGET.rglob("*.ts"))
# import and export … from, import(), and declare module.
TYPESCRIPT_IMPORT = re.compile(
    r"""(?:^(?:import|export|declare module)\b[^;"'`(]*|\bimport\()["'](\.\.?/[^"']+)["']""",
    re.MULTILINE,
)


def typescript_imports(file: Path) -> set[Path]:
    """Return the modules of the widget that a source file imports, for types too."""
    found = set()
    for name in TYPESCRIPT_IMPORT.findall(file.read_text()):
        path = Path(os.path.normpath(file.parent / name))
        if path.suffix != ".json":
            module = path.with_suffix(".ts")
            assert module.exists(), f"{file} imports {path}, which this test cannot find"
            found.add(module)
    return found


def widget_name(file: Path) -> str:
    return str(file.relative_to(WIDGET))


@pytest.mark.parametrize("file", WIDGET_FILES, ids=widget_name)
def test_widget_imports_point_downwards(file: Path) -> None:
    """No folder of the widget imports from a folder above it."""
    level = WIDGET_LEVELS.index(file.relative_to(WIDGET).parts[0])
    for imported in typescript_imports(file):
        folder = imported.relative_to(WIDGET).parts[0]
        assert WIDGET_LEVELS.index(folder) <= level, f"imports upwards: {widget_name(imported)}"


def test_no_modules_of_the_widget_import_each_other() -> None:
    """The graph of TypeScript imports has no circle, with types counted."""
    graph = {file: typescript_imports(file) for file in WIDGET_FILES}
    assert sum(map(len, graph.values())) > 100
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " -> ".join(widget_name(file) for file in reversed(error.args[1]))
        pytest.fail(f"These modules import each other: {circle}")
