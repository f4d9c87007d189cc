"""The typed REST client: ``GenvorisClient``."""

from .core.api import GenvorisClient

__all__ = ["GenvorisClient"]
