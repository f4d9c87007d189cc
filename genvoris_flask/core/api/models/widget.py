"""The hosted widget's file, and the design of its button."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ....errors import ConfigurationError
from ...button_design import FIELDS, ButtonDesign, read_design
from ..parsing import Json, as_text, need_text

_HEX_DIGEST = re.compile(r"[0-9a-fA-F]{96}")


@dataclass(frozen=True)
class WidgetHash:
    """Which widget Genvoris hosts now.

    Attributes:
        version: Its version, where Genvoris says it.
        sha384: The digest of the file, as Genvoris writes it.
    """

    version: str | None
    sha384: str

    @classmethod
    def read(cls, payload: Json) -> WidgetHash:
        """Read the answer to a call for the widget's hash."""
        version = payload.get("version")
        return cls(
            version=str(version) if isinstance(version, int | float) else as_text(version),
            sha384=need_text(payload, "sha384", "a call for the widget's hash"),
        )

    @property
    def integrity(self) -> str:
        """The digest as browsers check it: the value of GENVORIS_WIDGET_INTEGRITY."""
        digest = self.sha384.removeprefix("sha384-")
        if _HEX_DIGEST.fullmatch(digest):
            digest = base64.b64encode(bytes.fromhex(digest)).decode()
        return f"sha384-{digest}"


def read_button_design(payload: Mapping[str, Any]) -> ButtonDesign:
    """Read the button's design; fields that are unknown or out of range are left out."""
    good: dict[str, Any] = {}
    for name in FIELDS.keys() & payload.keys():
        try:
            read_design(name, {name: payload[name]})
        except ConfigurationError:
            continue
        good[name] = payload[name]
    return read_design("Genvoris's button design", good)
