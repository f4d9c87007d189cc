"""Preview pictures of try-ons, made with Pillow alone.

In short (docs/pictures.md explains it in detail): ``loading`` opens the pictures and cuts out the
product. ``silhouette`` separates the person from the background. ``body`` locates neck, shoulders
and hips by the outline, else by the face, else at their usual positions; ``garment`` locates the
same lines on the product. ``compose`` brings the two together, and ``light`` adapts the product
to the photo's light.
"""

from .compose import MAX_VARIATIONS, make_pictures
from .loading import PictureError

__all__ = ["MAX_VARIATIONS", "PictureError", "make_pictures"]
