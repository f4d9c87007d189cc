"""The texts that a shop can write in its own words, by their keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from genvoris_flask.core.locales import LANGUAGES
from genvoris_flask.core.texts import BACKEND, Text

WIDGET = Path(__file__).parents[2] / "static/widget/src/locales"


def backend() -> str:
    """Return a table of the backend's texts."""
    return table((key, text) for key, text in LANGUAGES["en"].items() if BACKEND.fullmatch(key))


def dialog() -> str:
    """Return a table of the dialog's texts."""
    return table(sentences(WIDGET / "en.json").items())


def phone() -> str:
    """Return a table of the texts of the phone's page that the dialog doesn't have."""
    return table(sentences(WIDGET / "phone/en.json").items())


def sentences(path: Path) -> Mapping[str, Text]:
    """Return the texts of a file of the widget's."""
    found: Mapping[str, Text] = json.loads(path.read_text())
    return found


def table(texts: Iterable[tuple[str, Text]]) -> str:
    """Return a table of keys and English texts."""
    forms = ((key, [text] if isinstance(text, str) else text.values()) for key, text in texts)
    rows = [f"| `{key}` | {' / '.join(dict.fromkeys(each))} |" for key, each in forms]
    return "| key | in English |\n| --- | --- |\n" + "\n".join(rows)
