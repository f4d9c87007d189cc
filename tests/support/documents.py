"""The code blocks of the documents."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "examples/README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
# A comment above a block says why it can only be compiled.
FENCE = re.compile(
    r"^(?: *<!-- only compiled: ([^\n]+) -->\n)?( *)```(\w+)\n(.*?)^\2```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A code block of a page."""

    page: Path
    kind: str
    code: str
    line: int
    reason: str | None  # why it can only be compiled

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(*kinds: str) -> list[Block]:
    """Return all blocks of these kinds, page by page."""
    return [block for page in PAGES for block in blocks_of(page) if block.kind in kinds]


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for found in FENCE.finditer(text):
        reason, indent, kind, code = found.groups()
        code = re.sub(f"^{indent}", "", code, flags=re.MULTILINE)
        yield Block(page, kind, code, text[: found.start()].count("\n") + 1, reason)


def commands_of(block: Block) -> list[list[str]]:
    """Return the command lines of a shell block, without prompts, comments and output."""
    code = block.code.replace("\\\n", " ")
    if block.kind == "console":
        typed = re.findall(r"^\$ ((?:[^'\n]|'[^']*')*)$", code, re.MULTILINE)
        code = "\n".join(typed)
    commands: list[list[str]] = [[]]
    words = shlex.shlex(code, posix=True, punctuation_chars="&\n")
    words.whitespace, words.whitespace_split = " \t", True
    for word in words:
        if set(word) <= {"&", "\n"}:
            commands.append([])
        else:
            commands[-1].append(word)
    return [command for command in commands if command]
