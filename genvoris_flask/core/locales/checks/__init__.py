"""What the health checks find, in the languages of the console but English.

The English sentences are in the checks themselves, and the keys of these files.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path

from .. import LANGUAGES

AND = " and "


@functools.cache
def read_sentences(language: str) -> Mapping[str, str]:
    """Return a language's sentences by the English ones; none for English."""
    path = Path(__file__).with_name(f"{language}.json")
    if language not in LANGUAGES or not path.is_file():
        return {}
    sentences: Mapping[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return sentences
