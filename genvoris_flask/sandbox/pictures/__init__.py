"""Preview pictures of try-ons, made with Pillow alone.

How the place of a product is found, in short (docs/pictures.md says it whole):

``silhouette`` finds the person against the background, ``body`` reads neck, shoulders and hips off
the outline, or off the face where there is no clear outline, or takes the usual places;
``garment`` reads the same lines off the product; ``compose`` brings the two together.
"""

from .compose import MAX_VARIATIONS, make_pictures
from .loading import PictureError

__all__ = ["MAX_VARIATIONS", "PictureError", "make_pictures"]
