"""Marks finished pictures, so that machines can tell that a model made them.

The mark is metadata: pixels stay as they are, and nothing is decoded.
"""

from __future__ import annotations

import logging
import struct
from dataclasses import dataclass, replace

from .embedding import open_picture
from .photos import Picture
from .xmp import Credit, write_packet

log = logging.getLogger("genvoris_flask.tryon")

DEFAULT_CREDIT = "Virtual try-on, made with AI"
# Ends the names of both source types that say so, in a manifest as elsewhere.
_SAYS_AI = b"rainedAlgorithmicMedia"


@dataclass(frozen=True)
class PictureMark:
    """How a shop's pictures are marked.

    Attributes:
        credit: The credit line; by default one of ours, unless the picture has one.
    """

    credit: str | None = None

    def apply(self, picture: Picture) -> Picture:
        """Return a picture with the mark.

        One that cannot be taken apart is returned as it is, since it has been charged. It is
        logged; `photos.read_picture` lets none of that kind through.
        """
        try:
            return replace(picture, data=self._mark(picture.data, picture.mimetype))
        except (ValueError, LookupError, struct.error):
            log.exception("A finished picture could not be marked as made by a model")
            return picture

    def _mark(self, data: bytes, mimetype: str) -> bytes:
        opened = open_picture(data, mimetype)
        if opened.manifest and _SAYS_AI in opened.manifest:
            return data  # signed, and marked already: a changed file would no longer match
        credit = Credit(self.credit or DEFAULT_CREDIT, replaces=self.credit is not None)
        try:
            return opened.join(write_packet(opened.xmp, credit))
        except ValueError:  # what the picture says of itself leaves no place for it
            return opened.join(write_packet(None, credit))
