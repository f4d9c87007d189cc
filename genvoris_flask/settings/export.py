"""Writes settings that were changed while the shop runs as configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pprint import pformat
from typing import Any, Literal

from .changeable import CHANGEABLE, in_order

Format = Literal["python", "env", "json"]


def export_settings(changes: Mapping[str, Any], form: Format) -> str:
    """Return changed settings as configuration that has the same effect.

    Only settings that may be changed are written, so no key or secret ever is.

    Args:
        changes: The values by key, as in ``app.config``.
        form: ``python`` for ``app.config``, ``env`` for an environment file, or ``json``.
    """
    values = {key: changes[key] for key in in_order(changes) if key in CHANGEABLE}
    if form == "json":
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    if form == "env":
        return "".join(f"{key}={_quoted(value)}\n" for key, value in values.items())
    lines = "".join(f"    {key}={_literal(value)},\n" for key, value in values.items())
    return f"app.config.update(\n{lines})\n" if lines else "# Nothing was changed.\n"


def _literal(value: Any) -> str:
    return pformat(value, width=88, sort_dicts=False).replace("\n", "\n    ")


def _quoted(value: Any) -> str:
    """Return a value for the environment, where None is an empty value, which counts as unset."""
    if value is None:
        return ""
    plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        plain = ",".join(value)
    return "'" + plain.replace("'", "'\\''") + "'"
