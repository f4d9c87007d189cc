"""The documentation's site: `make docs`.

It is made of the pages that GitHub shows, so links are written for both: the README is the home
page, and links out of docs/ lead to the repository.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
REPOSITORY = "https://github.com/genvoris/genvoris-flask"
# A link's target that is neither a URL nor a heading of the same page.
LINK = re.compile(r"\]\((?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?\)")

project = "genvoris-flask"
author = "Genvoris"
copyright = "Genvoris"  # noqa: A001 - Sphinx names it
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["upstream", "pictures", "parts"]
myst_heading_anchors = 4
myst_enable_extensions = ["smartquotes"]
smartquotes = False  # MyST's own knows which quotes are to stay as they are
suppress_warnings = ["misc.highlighting_failure"]  # examples leave out parts with an ellipsis
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_use_ivar = True
add_module_names = False
nitpicky = True
# Names of other projects, whose inventories a build without a network does not have, and words of
# docstrings that napoleon takes for types.
nitpick_ignore_regex = [
    (r"py:.*", r"(collections|datetime|markupsafe|flask|typing|decimal|pathlib|httpx)\..*"),
    (r"py:.*", r"Flask|Transport|ConversionPlatform|Callable\[.*|.*Priority|screen|The kind"),
]
html_theme = "furo"
html_title = "genvoris-flask"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_theme_options = {
    "source_repository": REPOSITORY,
    "source_branch": "main",
    "source_directory": "docs/",
}
linkcheck_ignore = [r"http://(127\.0\.0\.1|localhost)"]


def rewrite_links(_app: Sphinx, name: str, source: list[str]) -> None:
    """Let the README's links lead into docs/, and links out of docs/ to the repository."""
    if name == "index":
        readme = LINK.sub(_from_root, (ROOT / "README.md").read_text())
        source[0] = source[0].replace("<!-- README -->", readme)
    source[0] = LINK.sub(_from_docs, source[0])


def _from_root(link: re.Match[str]) -> str:
    """Return a link of the README as a page in docs/ would write it."""
    target, anchor = link[1], link[2] or ""
    path = target.removeprefix("docs/") if target.startswith("docs/") else f"../{target}"
    return f"]({path}{anchor})"


def _from_docs(link: re.Match[str]) -> str:
    target, anchor = link[1], link[2] or ""
    if target.startswith("upstream/"):  # notes for other projects
        target = f"../docs/{target}"
    if not target.startswith("../"):
        return link[0]
    path = target.removeprefix("../")
    if path == "README.md":
        return f"](index.md{anchor})"
    kind = "tree" if (ROOT / path).is_dir() else "blob"
    return f"]({REPOSITORY}/{kind}/main/{path}{anchor})"


def setup(app: Sphinx) -> None:
    """Register what Sphinx calls."""
    app.connect("source-read", rewrite_links)
