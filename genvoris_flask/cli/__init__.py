"""``flask genvoris …``: see docs/cli.md."""

from __future__ import annotations

from .check import check
from .customers import customers
from .failures import GenvorisGroup
from .plans import plans
from .sandbox import sandbox
from .sessions import sessions
from .usage import usage
from .webhook_test import webhook_test
from .widget_hash import widget_hash

genvoris = GenvorisGroup("genvoris", help="Virtual try-on by Genvoris.")
for command in (
    check,
    plans,
    customers,
    usage,
    sessions,
    webhook_test,
    widget_hash,
    sandbox,
):
    genvoris.add_command(command)
