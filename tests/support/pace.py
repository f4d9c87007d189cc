"""Settings of shops that make as many calls to Genvoris as their tests like."""

from __future__ import annotations

from genvoris_flask.core.rates import PACE

UNPACED = {f"GENVORIS_PACE_{calls.upper()}": "100000/minute" for calls in PACE}
