"""The typed REST client: ``GenvorisClient``."""

from .core.api.client import GenvorisClient

__all__ = ["GenvorisClient"]
