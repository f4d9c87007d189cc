"""Marks finished pictures, so that people and machines can tell that a model made them.

A visible mark is drawn first, since it changes pixels; then the metadata is written, which does
not; the signature is last, since it covers both.
"""

from __future__ import annotations

import logging
import struct
from dataclasses import dataclass, replace

from .embedding import open_picture
from .photos import Picture
from .signing import PictureSigner
from .visible import VisibleMark
from .xmp import Credit, write_packet

log: logging.Logger = logging.getLogger("genvoris_flask.tryon")

DEFAULT_CREDIT = "Virtual try-on, made with AI"
# Ends the names of both source types that say so, in a manifest as elsewhere.
_SAYS_AI = b"rainedAlgorithmicMedia"


@dataclass(frozen=True)
class PictureMark:
    """How a shop's pictures are marked.

    A picture has been charged when it is marked, so what fails is logged and left out.

    Attributes:
        credit: The credit line; by default one of ours, unless the picture has one.
        visible: What is drawn into the picture, if anything.
        signer: Signs it, if the shop has a certificate.
    """

    credit: str | None = None
    visible: VisibleMark | None = None
    signer: PictureSigner | None = None

    def apply(self, picture: Picture) -> Picture:
        """Return a picture with the mark.

        One that cannot be taken apart is returned as it is; `photos.read_picture` lets none of
        that kind through.
        """
        drawn = self._draw(picture)
        if self.signer is not None:
            try:
                return self.signer.sign(self._write(drawn), original=picture)
            except Exception as error:  # noqa: BLE001  (its text might contain what it was given)
                log.error(  # noqa: TRY400  (for the same reason)
                    "A picture could not be signed (%s): run `flask genvoris check`.",
                    type(error).__name__,
                )
        if drawn is picture and _is_marked_by_signer(picture):
            return picture  # a changed file would no longer match its signature
        return self._write(drawn)

    def _draw(self, picture: Picture) -> Picture:
        if self.visible is None:
            return picture
        try:
            return self.visible.draw(picture)
        except Exception:
            log.exception("The visible mark could not be drawn into a picture")
            return picture

    def _write(self, picture: Picture) -> Picture:
        """Return a picture whose metadata has the mark."""
        credit = Credit(self.credit or DEFAULT_CREDIT, replaces=self.credit is not None)
        try:
            opened = open_picture(picture.data, picture.mimetype)
            try:
                data = opened.join(write_packet(opened.xmp, credit))
            except ValueError:  # what the picture says of itself leaves no place for it
                data = opened.join(write_packet(None, credit))
        except (ValueError, LookupError, struct.error):
            log.exception("A finished picture could not be marked as made by a model")
            return picture
        return replace(picture, data=data)


def _is_marked_by_signer(picture: Picture) -> bool:
    """Return whether a picture's own manifest says that a model made it."""
    try:
        manifest = open_picture(picture.data, picture.mimetype).manifest
    except (ValueError, LookupError, struct.error):
        return False
    return manifest is not None and _SAYS_AI in manifest
