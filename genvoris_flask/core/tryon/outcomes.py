"""How a try-on may end."""

from __future__ import annotations

from dataclasses import dataclass

from ..images.pictures import Picture
from .paywall import Refusal


@dataclass(frozen=True)
class Failure:
    """Why a try-on failed: a code of docs/http.md, whose sentence is in ``languages``."""

    error: str


Outcome = Picture | Failure | Refusal
