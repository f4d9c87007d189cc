"""The widget's public types, from its TypeScript."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

PUBLIC_TYPES = Path(__file__).parents[2] / "static/widget/src/widget/public.ts"


def attributes() -> str:
    """Return a table of the tag's attributes."""
    return table(
        "attribute",
        (
            (f"data-{dashed(name)}", kind, said)
            for name, kind, said in members("Settings")
            if "=>" not in kind  # a function is for scripts alone
        ),
    )


def events() -> str:
    """Return a table of the widget's events."""
    return table("event", ((f"genvoris:{name}", *rest) for name, *rest in members("Events")))


def calls() -> str:
    """Return a table of the members of ``window.Genvoris``."""
    return table("member", members("GenvorisApi"))


def options() -> str:
    """Return a table of the options of ``open``."""
    return table("option", members("TryOnOptions"))


def members(interface: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, type and comment of each member of one of the widget's public interfaces."""
    source = PUBLIC_TYPES.read_text()
    found = re.search(rf"export interface {interface} \{{\n(.*?)\n\}}", source, re.DOTALL)
    assert found, interface
    # A member begins two spaces in, and so does the comment before it.
    for member in re.split(r"\n(?=  [\w\"/])(?<!\*/\n)", found[1]):
        declared = re.fullmatch(
            r'  (?:/\*\* (.*?) \*/\s+)?(?:readonly )?"?([\w-]+)"?\??(?:: )?(.*);', member, re.DOTALL
        )
        assert declared, member
        kind = re.sub(r"\s+", " ", re.sub(r"/\*\*.*?\*/", "", declared[3]))
        yield declared[2], kind, declared[1] or ""


def table(head: str, rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table of names, types and comments."""
    lines = [
        f"| `{name}` | `{kind.replace('|', chr(92) + '|')}` | {said} |" for name, kind, said in rows
    ]
    return f"| {head} | type | |\n| --- | --- | --- |\n" + "\n".join(lines)


def dashed(name: str) -> str:
    """Return a name in camel case as an attribute has it."""
    return re.sub("[A-Z]", lambda found: f"-{found[0].lower()}", name)
