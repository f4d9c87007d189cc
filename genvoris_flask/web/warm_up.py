"""Imports what serving needs and a command does not, before the first page needs it.

httpx and PyJWT with cryptography take longer to import than Flask, so ``init_app`` leaves them
out: ``flask db upgrade`` should not wait for them. A process that serves imports them when its app
is set up, without a thread, so that a server that forks afterwards shares them among its workers.
Servers are recognized by their modules. Under any other, the first call that needs one of these
modules imports it; if that is a page, it waits no longer than GENVORIS_PAGE_BUDGET.
"""

from __future__ import annotations

import sys
from importlib import import_module

import click
from flask.cli import ScriptInfo

from ..settings import Settings
from .wiring import check_environment

SERVERS = (
    "apig_wsgi",
    "bjoern",
    "cheroot",
    "eventlet.wsgi",
    "gevent.pywsgi",
    "granian",
    "gunicorn",
    "hypercorn",
    "mangum",
    "meinheld",
    "mod_wsgi",
    "passenger_wsgi",
    "serverless_wsgi",
    "tornado.wsgi",
    "twisted.web.wsgi",
    "uvicorn",
    "uwsgi",
    "waitress",
)
HEAVY_MODULES = (
    "genvoris_flask.core.api.connections",
    "jwt",
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "genvoris_flask.core.images.formats.detection",
    "genvoris_flask.web.routes.proxy.forwarding",
)
STRIPE_MODULES = ("genvoris_flask.core.billing.stripe.events", "stripe")


def warm_up(settings: Settings) -> None:
    """Import what serving needs, if this process serves, and load the trusted certificates."""
    if is_serving():
        with_stripe = STRIPE_MODULES if settings.stripe_webhook_secret else ()
        for name in (*HEAVY_MODULES, *with_stripe):
            import_module(name)
        check_environment(settings, load=True)


def is_serving() -> bool:
    """Return whether a server runs this process, as far as that can be seen at set-up."""
    return any(name in sys.modules for name in SERVERS) or _is_flask_run()


def _is_flask_run() -> bool:
    context = click.get_current_context(silent=True)
    if context is None or context.find_object(ScriptInfo) is None:
        return False
    is_top_level = context.parent is not None and context.parent.parent is None
    return is_top_level and context.command.name == "run"
