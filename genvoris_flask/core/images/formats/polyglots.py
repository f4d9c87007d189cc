"""Detects bytes that also open as a web page, a PHP script, a PDF document or a ZIP archive.

Compressed pixels may contain any short sequence by chance. Each pattern here is long enough to
occur by chance in fewer than one photo in a million.
"""

from __future__ import annotations

import re

_TAGS = ("script", "html", "!doctype")
# Shorter names need text after them: "<svg" and a space do occur in pixels.
_SHORT_TAGS = ("svg", "img", "body", "iframe", "object", "embed")
_SPACE = rb"[\t-\r ]"


def _any_case(*words: str) -> bytes:
    """Return a pattern that matches any of the words in upper or lower case.

    With the IGNORECASE flag the search would be ten times slower, as it has no literal prefix.
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
_SINGLE_DISK = bytes(4)


def is_polyglot(data: bytes) -> bool:
    """Return whether ``data`` contains what other programs recognise their own files by."""
    return any(pattern.search(data) for pattern in (_TAG, _PHP_INPUT, _PDF)) or _is_zip(data)


def _is_zip(data: bytes) -> bool:
    """Return whether there is the end of an archive, and an entry that it could list."""
    if _ZIP_END not in data:
        return False
    return _ZIP_ENTRY in data or _ZIP_END + _SINGLE_DISK in data
