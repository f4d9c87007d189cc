"""The typed REST client; knows nothing of Flask."""

from .client import GenvorisClient

__all__ = ["GenvorisClient"]
