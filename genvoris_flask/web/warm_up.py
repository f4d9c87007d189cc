"""Imports what serving needs and a command does not, before the first page needs it.

``init_app`` imports little, since ``flask db upgrade`` should not wait for httpx, PyJWT with
cryptography, and our own routes. A process that serves imports them when its app is set up, without
a thread, so that a server that forks afterwards shares them among its workers. Servers are
recognized by their modules. Under any other, the first call that needs one of these modules imports
it; if that is a page, it waits no longer than GENVORIS_PAGE_BUDGET for Genvoris.

A server that leaves SIGTERM to the system would lose the try-ons that it runs, so there SIGTERM
ends it as Ctrl-C does.
"""

from __future__ import annotations

import functools
import logging
import signal
import sys
import threading
from importlib import import_module

import click
from flask import Flask
from flask.cli import ScriptInfo

from ..errors import see
from ..settings import Settings
from .state import get_state

log: logging.Logger = logging.getLogger("genvoris_flask")

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
# Those that a SIGTERM would end at once. Others have handlers of their own, perhaps not in Python.
WITHOUT_SIGTERM = ("cheroot", "waitress")
MODULES = (
    "genvoris_flask.core.api.connections",
    "genvoris_flask.core.images.formats",
    "genvoris_flask.core.images.marking",
    "genvoris_flask.core.images.signing",
    "genvoris_flask.web.attribution",
    "genvoris_flask.web.routes.widget",
    "genvoris_flask.web.routes.handovers",
    "genvoris_flask.web.routes.health",
    "genvoris_flask.web.routes.proxy.forwarding",
    "genvoris_flask.web.routes.tryons",
    "genvoris_flask.web.routes.webhooks",
    "jwt",
    "cryptography.hazmat.primitives.asymmetric.rsa",
)
LEDGER_MODULES = ("genvoris_flask.web.routes.claims", "genvoris_flask.web.routes.checkout")
STRIPE_MODULES = ("genvoris_flask.core.billing.stripe.events", "stripe")


def warm_up(app: Flask) -> None:
    """Import what serving needs, make the app's state, and load the trusted certificates."""
    settings = get_state(app).settings
    with_ledger = LEDGER_MODULES if settings.has_ledger else ()
    with_stripe = STRIPE_MODULES if settings.stripe_webhook_secret else ()
    for name in (*MODULES, *with_ledger, *with_stripe):
        import_module(name)
    check_environment(settings, load=True)
    if not (settings.has_durable_outbox or app.debug or app.testing or _is_flask_run()):
        warn_of_memory()


@functools.cache  # once
def warn_of_memory() -> None:
    """Log that a killed process loses what it has yet to tell Genvoris."""
    log.warning(
        "Orders, returns and events for functions with background=True wait in the memory of this "
        "process until they are delivered, and are lost if it is killed. With a ledger "
        "(GENVORIS_DATABASE_URL), they wait in its database, and with GENVORIS_QUEUE in Redis: "
        "see %s.",
        see("attribution.md"),
    )


def finish_on_sigterm() -> None:
    """Let SIGTERM end the server as Ctrl-C does, so that try-ons and reports are finished first.

    A handler that the server or the shop has is left alone, and one that is set later replaces
    this one.
    """
    owners = set(SERVERS) - set(WITHOUT_SIGTERM)
    if any(name in sys.modules for name in owners):
        return
    if not _is_flask_run() and not any(name in sys.modules for name in WITHOUT_SIGTERM):
        return
    is_main = threading.current_thread() is threading.main_thread()  # no other may set handlers
    if is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def check_environment(settings: Settings, *, load: bool) -> None:
    """Log what keeps this machine from reaching Genvoris. The shop's own pages work without it."""
    from ..core.api.environment import find_fault  # slow to import

    for url in (settings.api_url, settings.tryon_url, settings.jwks_url):
        if fault := find_fault(url, load=load):
            _log_environment_fault(fault)


@functools.cache  # once
def _log_environment_fault(fault: str) -> None:
    log.error("Genvoris cannot be reached from this machine, so nobody can try on. %s", fault)


def is_serving() -> bool:
    """Return whether a server runs this process, as far as that can be seen at set-up."""
    return any(name in sys.modules for name in SERVERS) or _is_flask_run()


def _is_flask_run() -> bool:
    context = click.get_current_context(silent=True)
    if context is None or context.find_object(ScriptInfo) is None:
        return False
    is_top_level = context.parent is not None and context.parent.parent is None
    return is_top_level and context.command.name == "run"
