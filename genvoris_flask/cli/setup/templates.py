"""The two lines of a product page, and the template that they belong in.

Templates are read as text: to change one, its own spelling has to stay. So a proposal is a guess,
which is shown before it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader

from ..output import Failure
from .changes import Change, newline, read_text, shown

BUTTON = "genvoris_button"
WIDGET = "genvoris_widget"
BY_HAND = """\
Put these two lines below the picture on your product page:
    {{ genvoris_button(image=product.image_url, title=product.title, id=product.sku) }}
    {{ genvoris_widget() }}"""

_ENDINGS = {".html", ".htm", ".jinja", ".jinja2", ".j2"}
_COMMENT = re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL)
_SHOWN = r"\{\{(?:(?!\}\}).)*\}\}"  # an expression, in which quotes and signs mean nothing
_OTHER = r"\{(?!\{)"
_PICTURE = re.compile(rf"<img\b(?:{_SHOWN}|[^>{{]|{_OTHER})*>", re.DOTALL | re.IGNORECASE)
_DOUBLE, _SINGLE = (rf"{q}((?:{_SHOWN}|[^{q}{{]|{_OTHER})*){q}" for q in "\"'")
_VALUE = rf"\s*=\s*(?:{_DOUBLE}|{_SINGLE})"
_SOURCE = re.compile(rf"\bsrc{_VALUE}", re.DOTALL | re.IGNORECASE)
_ALTERNATIVE = re.compile(rf"\balt{_VALUE}", re.DOTALL | re.IGNORECASE)
_HEADING = re.compile(r"<h1\b[^>]*>\s*(.*?)\s*</h1>", re.DOTALL | re.IGNORECASE)
_EXPRESSION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
# The product that an expression is about, outside of strings: product.image, product["image"].
_OWNER = re.compile(r"(?<![\w.])(?!(?:loop|config|request)\b)([A-Za-z_]\w*)[.[]")
# What a product's own id is usually called, the likeliest first.
_IDS = ("sku", "id", "pk", "slug")
# What a button must not be in, the innermost first.
_AROUND = ("picture", "a", "button", "figure")
_LIKELY = 3  # the score of a page that shows one product


@dataclass(frozen=True)
class Template:
    """A template of the shop's own."""

    path: Path
    text: str

    @property
    def score(self) -> int:
        """How likely it is the page of one product."""
        name = self.path.as_posix().lower()
        score = _LIKELY if re.search(r"product(?!s\.|_?(list|card))", self.path.stem.lower()) else 0
        score += any(word in name for word in ("product", "item", "detail", "article"))
        picture = _picture(self.text)
        score += bool(_HEADING.search(self.text)) + bool(picture and "{{" in picture[0])
        before = self.text[: picture.start()] if picture else ""
        in_loop = len(re.findall(r"\{%-?\s*for\b", before)) > before.count("endfor")
        return score - 3 * in_loop


def propose(app: Flask, chosen: Path | None) -> Change | None:
    """Return the change that adds the missing lines, or None if both are there or none is likely.

    Args:
        app: The shop.
        chosen: The template of the product page. Default: the likeliest.

    Raises:
        Failure: The chosen template shows no picture to try on.
    """
    found = list(own_templates(app))
    missing = [name for name in (BUTTON, WIDGET) if not any(f"{name}(" in t.text for t in found)]
    if not missing:
        return None
    if chosen is not None:
        template = Template(chosen, read_text(chosen) or "")
        after = _with_lines(template, missing)
        if after is None:
            raise Failure(f"{shown(chosen)} shows no picture of a product. {BY_HAND}")
        return Change(chosen, template.text, after)
    shown_by = sorted((t for t in found if _picture(t.text)), key=lambda t: -t.score)
    for template in shown_by[:1]:
        if template.score >= _LIKELY or (len(shown_by) == 1 and template.score > 0):
            after = _with_lines(template, missing)
            return Change(template.path, template.text, after) if after else None
    return None


def has_lines(app: Flask) -> bool:
    """Return whether the templates have both lines."""
    texts = [template.text for template in own_templates(app)]
    return all(any(f"{name}(" in text for text in texts) for name in (BUTTON, WIDGET))


def own_templates(app: Flask) -> Iterator[Template]:
    """Yield the templates in the app's own folders, not those of installed packages."""
    loaders = [app.jinja_loader, *(blueprint.jinja_loader for blueprint in app.blueprints.values())]
    seen: set[Path] = set()
    for folder in (each for loader in loaders for each in _folders(loader)):
        if "site-packages" in folder.parts or "genvoris_flask" in folder.parts:
            continue
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in _ENDINGS and path.is_file() and path not in seen:
                seen.add(path)
                yield Template(path, read_text(path) or "")


def _folders(loader: BaseLoader | None) -> Iterator[Path]:
    if isinstance(loader, ChoiceLoader):
        for each in loader.loaders:
            yield from _folders(each)
    elif isinstance(loader, FileSystemLoader):
        yield from (Path(folder).resolve() for folder in loader.searchpath)


def _picture(text: str) -> re.Match[str] | None:
    # Comments become spaces, so that positions stay.
    return _PICTURE.search(_COMMENT.sub(lambda found: " " * len(found[0]), text))


def _with_lines(template: Template, names: list[str]) -> str | None:
    """Return a template's text with lines below its picture, or None if it shows none."""
    text = template.text
    picture = _picture(text)
    source = _SOURCE.search(picture[0]) if picture else None
    if picture is None or source is None:
        return None
    image = _as_expression(source[1] or source[2] or "")
    if image is None:
        return None
    lines = {BUTTON: _button(text, picture[0], image), WIDGET: "{{ genvoris_widget() }}"}
    at = _end_of_line(text, _outside(text, picture.end()))
    end = newline(text)
    before = text[:at] if text[:at].endswith("\n") else text[:at] + end
    line = before.splitlines()[-1]
    indent = line[: len(line) - len(line.lstrip())]
    return before + "".join(f"{indent}{lines[name]}{end}" for name in names) + text[at:]


def _button(text: str, picture: str, image: str) -> str:
    heading, alternative = _HEADING.search(text), _ALTERNATIVE.search(picture)
    titles = [heading[1]] if heading else []
    titles += [alternative[1] or alternative[2] or ""] if alternative else []
    title = next(filter(None, map(_as_expression, titles)), None) or '"…"'
    arguments = [f"image={image}", f"title={title}"]
    # In url_for('static', filename=product.image), the product follows a name of Jinja's.
    if owner := _OWNER.search(re.sub(r"""'[^']*'|"[^"]*\"""", "", image)):
        names = (name for name in _IDS if re.search(rf"\b{owner[1]}\.{name}\b", text))
        arguments.append(f"id={owner[1]}.{next(names, 'id')}")
    return "{{ " + f"{BUTTON}({', '.join(arguments)})" + " }}"


def _as_expression(text: str) -> str | None:
    """Return what a piece of a template shows as an expression; None if it is not that simple."""
    if "{%" in text or "{#" in text or "<" in _EXPRESSION.sub("", text):
        return None
    parts: list[str] = []
    position = 0
    for found in _EXPRESSION.finditer(text):
        parts += [_literal(text[position : found.start()]), found[1]]
        position = found.end()
    parts = [part for part in (*parts, _literal(text[position:])) if part]
    if len(parts) == 1:
        return parts[0]
    # A filter or a condition binds less than the sign that joins texts.
    return (
        " ~ ".join(p if re.fullmatch(r"""[\w.]+|"[^"]*"|'[^']*'""", p) else f"({p})" for p in parts)
        or None
    )


def _literal(text: str) -> str:
    quote = "'" if '"' in text else '"'
    return f"{quote}{text}{quote}" if text else ""


def _outside(text: str, position: int) -> int:
    """Return the position behind the links and figures that a position is in."""
    for name in _AROUND:
        opened = len(re.findall(rf"<{name}\b", text[:position], re.IGNORECASE))
        closing = re.compile(rf"</{name}\s*>", re.IGNORECASE)
        if opened > len(closing.findall(text[:position])) and (
            end := closing.search(text, position)
        ):
            position = end.end()
    return position


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1
