"""The settings of a shop: ``Settings`` (``model``), and how they are read (``reading``)."""

from __future__ import annotations

from .model import Settings as Settings
from .reading import is_enabled as is_enabled
from .reading import read_settings as read_settings
