"""The console's texts: for each group of pages a JSON file in each language.

They are apart from the messages to shoppers and read when a page needs them, since only a shop's
owner sees them.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path

from .. import DEFAULT, LANGUAGES

FOLDER = Path(__file__).parent


def groups() -> list[str]:
    """Return the names of the groups."""
    return sorted(path.name.split(".")[0] for path in FOLDER.glob(f"*.{DEFAULT}.json"))


@functools.cache
def read_group(group: str, language: str) -> Mapping[str, str]:
    """Return the texts of a group in a language.

    Raises:
        KeyError: There is no such group.
    """
    path = FOLDER / f"{group}.{language}.json"
    if not group.isidentifier() or not path.is_file():
        raise KeyError(group)
    texts: Mapping[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return texts


def translate(key: str, language: str = DEFAULT, **values: object) -> str:
    """Return a text.

    Args:
        key: Its group and its key in the group's files, such as ``common.nav.today``.
        language: One of ``LANGUAGES``; any other returns the English text.
        values: Replace its placeholders.

    Raises:
        KeyError: There is no such text.
    """
    group, _, name = key.partition(".")
    known = language if language in LANGUAGES else DEFAULT
    return read_group(group, known)[name].format(**values)
