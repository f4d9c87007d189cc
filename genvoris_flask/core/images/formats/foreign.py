"""Tells whether bytes also open as a web page, a PHP script, a PDF document or a ZIP archive.

Compressed pixels may hold any few bytes by chance. Each pattern here is so long that it turns up
by chance in fewer than one of a million photos.
"""

from __future__ import annotations

import re

_TAGS = ("script", "html", "!doctype")
# Shorter names need text behind them: "<svg" and a space do occur in pixels.
_SHORT_TAGS = ("svg", "img", "body", "iframe", "object", "embed")
_SPACE = rb"[\t-\r ]"


def _any_case(*words: str) -> bytes:
    """Return a pattern for the words in either case.

    The IGNORECASE flag would make the search ten times slower: it has no literal to look for.
    """
    spelled = ("".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in word) for word in words)
    return b"(?:" + "|".join(spelled).encode() + b")"


_TAG = re.compile(
    rb"<(?:"
    + _any_case(*_TAGS)
    + rb"(?:[/>]|"
    + _SPACE
    + rb")|"
    + _any_case(*_SHORT_TAGS)
    + rb"(?:[/>]|"
    + _SPACE
    + rb")[\t-\r -~]{8}|\?"
    + _any_case("php")
    + _SPACE
    + rb")"
)
_PHP_INPUT = re.compile(rb"\$_(?:GET|POST|REQUEST|COOKIE|SERVER|FILES)" + _SPACE + rb"*[\[{]")
_PDF = re.compile(rb"%PDF-[0-9]")
_ZIP_END, _ZIP_ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_ONE_DISK = bytes(4)


def reads_as_something_else(data: bytes) -> bool:
    """Return whether ``data`` holds what other programs recognise their own files by."""
    return any(pattern.search(data) for pattern in (_TAG, _PHP_INPUT, _PDF)) or _is_zip(data)


def _is_zip(data: bytes) -> bool:
    """Return whether there is an archive's end, and an entry that it could list."""
    if _ZIP_END not in data:
        return False
    return _ZIP_ENTRY in data or _ZIP_END + _ONE_DISK in data
