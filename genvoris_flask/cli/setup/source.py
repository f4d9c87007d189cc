"""The lines that set ``GenvorisFlask`` up, and the place in the shop's code that they belong in."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from flask import Flask

from .changes import Change, newline, read_text

NAME = "genvoris"
IMPORT = "from genvoris_flask import GenvorisFlask"
BY_HAND = """\
Set the extension up where your app is made, once its settings are complete:
    from genvoris_flask import GenvorisFlask
    genvoris = GenvorisFlask(app)  # or, in a factory, genvoris.init_app(app)"""

# Lines around a change that may name a secret, and the strings in them.
_SENSITIVE = re.compile(r"secret|passw|token|key|ur[il]\b|dsn|database", re.IGNORECASE)
_STRING = re.compile(r"""(["'])(?:\\.|(?!\1).)+\1""")
Insertion = tuple[int, str]  # the line that it goes after, counted from 1, and its text


def propose(app: Flask) -> Change | None:
    """Return the change that sets the extension up, or None if its place isn't certain.

    Args:
        app: The shop, which has no ``GenvorisFlask`` yet.
    """
    path = _file(app)
    text = read_text(path) if path else None
    if path is None or text is None:
        return None
    tree = ast.parse(text)
    if any(isinstance(node, ast.Name) and node.id == NAME for node in ast.walk(tree)):
        return None  # the name is taken
    insertions = _at_module_level(tree) or _in_factory(tree)
    if insertions is None:
        return None
    return Change(path, text, _inserted(text, insertions), mask=mask)


def mask(line: str) -> str:
    """Return a line of code without the values of what may be secrets."""
    name, sign, value = line.partition("=") if "=" in line else line.partition(":")
    if not sign or not _SENSITIVE.search(name):
        return line
    return name + sign + _STRING.sub('"********"', value)


def _file(app: Flask) -> Path | None:
    """Return the file of the module that makes the app, unless it is an installed package's."""
    module = sys.modules.get(app.import_name)
    name = inspect.getsourcefile(module) if module else None
    path = Path(name).resolve() if name else None
    return path if path and "site-packages" not in path.parts else None


def _at_module_level(tree: ast.Module) -> list[Insertion] | None:
    """Return what to insert if the module makes one app: ``app = Flask(__name__)``."""
    made = [name for statement in tree.body if (name := _made(statement))]
    if len(made) != 1:
        return None
    # Settings, and the extensions that Genvoris may look for, come first.
    last = max(_end(each) for each in tree.body if _concerns(each, made[0]))
    return [(_imports(tree, absolute=True), IMPORT), (last, f"{NAME} = GenvorisFlask({made[0]})")]


def _in_factory(tree: ast.Module) -> list[Insertion] | None:
    """Return what to insert if one function makes an app and returns it."""
    places = [
        (statement, name)
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        and (name := next(filter(None, map(_made, function.body)), None))
        for statement in function.body
        if isinstance(statement, ast.Return)
        and isinstance(statement.value, ast.Name)
        and statement.value.id == name
    ]
    if len(places) != 1:
        return None
    statement, name = places[0]
    indent = " " * statement.col_offset
    return [
        (_imports(tree, absolute=True), IMPORT),
        (_imports(tree), f"\n{NAME} = GenvorisFlask()"),
        (statement.lineno - 1, f"{indent}{NAME}.init_app({name})"),
    ]


def _made(statement: ast.stmt) -> str | None:
    """Return the name of the app that a statement makes."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=function)):
            pass
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call(func=function)):
            pass
        case _:
            return None
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
    return name if called == "Flask" else None


def _concerns(statement: ast.stmt, name: str) -> bool:
    """Return whether a statement makes an app, sets it up, or gives it to an extension."""
    if _made(statement) == name:
        return True
    if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr):
        return False
    return any(_sets_up(node, name) for node in ast.walk(statement))


def _sets_up(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id=owner), attr="config" | "secret_key"):
            return owner == name
        case ast.Call(args=[ast.Name(id=first), *_]):
            return first == name
    return False


def _imports(tree: ast.Module, *, absolute: bool = False) -> int:
    """Return the last line of the first block of imports; 0 if the module begins with none.

    Args:
        tree: The module.
        absolute: Whether to stop before those of the shop's own package.
    """
    last = 0
    for statement in tree.body:
        relative = isinstance(statement, ast.ImportFrom) and statement.level > 0
        if not (isinstance(statement, ast.Import | ast.ImportFrom) or _is_docstring(statement)):
            break
        if absolute and relative:
            break
        last = _end(statement)
    return last


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _end(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


def _inserted(text: str, insertions: Sequence[Insertion]) -> str:
    return "".join(_lines(text, insertions))


def _lines(text: str, insertions: Sequence[Insertion]) -> Iterator[str]:
    end = newline(text)
    added: dict[int, str] = {}
    for line, more in insertions:
        added[line] = added.get(line, "") + more.replace("\n", end) + end
    yield added.get(0, "")
    for number, line in enumerate(re.findall(r".*\n|.+$", text), 1):
        yield line if line.endswith("\n") else line + end
        yield added.get(number, "")
