"""MkDocs hooks: the site is made of the same pages that GitHub shows.

The README is the home page, links out of docs/ lead to the repository, and the reference of the
Python API is generated from the code.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
REFERENCES = {
    "python.md": (
        "The Python API",
        [
            "genvoris_flask.GenvorisFlask",
            "genvoris_flask.genvoris_button",
            "genvoris_flask.genvoris_widget",
            "genvoris_flask.Shopper",
            "genvoris_flask.Product",
            "genvoris_flask.Photo",
            "genvoris_flask.Picture",
            "genvoris_flask.Refusal",
            "genvoris_flask.Paywall",
            "genvoris_flask.PaywallOption",
            "genvoris_flask.Pack",
            "genvoris_flask.Order",
            "genvoris_flask.OrderItem",
            "genvoris_flask.OrderLine",
        ],
    ),
    "errors.md": ("Errors", ["genvoris_flask.errors"]),
    "signals.md": ("Signals", ["genvoris_flask.signals"]),
}
# A link's target that is neither a URL nor a heading of the same page.
LINK = re.compile(r"\]\((?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the home page and the generated reference."""
    readme = LINK.sub(_from_root, (ROOT / "README.md").read_text())
    files.append(File.generated(config, "index.md", content=readme))
    for name, (title, objects) in REFERENCES.items():
        entries = "\n\n".join(f"::: {each}" for each in objects)
        files.append(File.generated(config, name, content=f"# {title}\n\n{entries}\n"))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs names them
    """Let links out of docs/ lead to the repository, and links to the README to the home page."""
    return LINK.sub(_from_docs, markdown)


def _from_root(link: re.Match[str]) -> str:
    """Return a link of the README as a page in docs/ would write it."""
    target, anchor = link[1], link[2] or ""
    if target.startswith("docs/"):
        return f"]({target.removeprefix('docs/')}{anchor})"
    return f"](../{target}{anchor})"


def _from_docs(link: re.Match[str]) -> str:
    target, anchor = link[1], link[2] or ""
    if not target.startswith("../"):
        return link[0]
    path = target.removeprefix("../")
    if path == "README.md":
        return f"](index.md{anchor})"
    kind = "tree" if (ROOT / path).is_dir() else "blob"
    return f"](https://github.com/genvoris/genvoris-flask/{kind}/main/{path}{anchor})"
