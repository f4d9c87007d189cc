"""Writing RESULTS.md, which has a part for each program in the order of their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import machine

RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = """# What was measured

By `make bench`, each part by a program of its own. Absolute times belong to the machine; ratios
within one run and counts are what to look at.
"""


def write_part(
    program: str, title: str, how: str, sections: Sequence[str], file: Path = RESULTS
) -> None:
    """Replace a program's part of the results.

    Args:
        program: The program's name without ``.py``.
        title: The heading.
        how: The conditions, in a sentence or two; the machine is added.
        sections: Tables made by ``section``.
        file: The file of all results.
    """
    parts = read_parts(file.read_text()) if file.exists() else {}
    text = "\n".join([f"## {title}", "", f"`{program}.py` on {machine()}. {how}", "", *sections])
    parts[program] = text.strip() + "\n"
    marked = [f"<!-- {name} -->\n{parts[name]}" for name in sorted(parts)]
    file.write_text("\n".join([HEAD, *marked]))
    print(text)


def read_parts(text: str) -> dict[str, str]:
    """Return the parts of a results file by program."""
    _head, *pieces = re.split(r"^<!-- (\w+) -->\n", text, flags=re.MULTILINE)
    return {name: part.strip() + "\n" for name, part in zip(pieces[::2], pieces[1::2], strict=True)}


def section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> str:
    """Return a heading, a table and a note as Markdown."""
    lines = [f"### {title}", "", f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", *([note, ""] if note else [])])
