"""Serves our routes on every host of a shop that tells hosts or subdomains apart.

The widget asks the host that its page is on. With ``Flask(host_matching=True)`` a rule without a
host matches none, and with ``subdomain_matching=True`` one without a subdomain only the bare host.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.blueprints import BlueprintSetupState

from .state import get_state

_HOST = "genvoris_host"
_SUBDOMAIN = "genvoris_subdomain"


def add_rule(app: Any, rule: str, endpoint: str, view: Any = None, **options: Any) -> None:
    """Register a URL rule, as ``app.add_url_rule`` does, on every host and subdomain.

    Args:
        app: The shop, or what Flask calls it while blueprints are registered.
        rule: The path.
        endpoint: Its endpoint; one of an ``EveryHostBlueprint``, which takes the host away before
            the view is called.
        view: The view function, unless the endpoint has one.
        options: Further options of ``app.add_url_rule``.
    """
    if app.url_map.host_matching:
        app.add_url_rule(rule, endpoint, view, **{**options, "host": f"<{_HOST}>"})
        return
    app.add_url_rule(rule, endpoint, view, **options)
    if app.subdomain_matching:
        app.add_url_rule(rule, endpoint, view, **{**options, "subdomain": f"<{_SUBDOMAIN}>"})


class EveryHostBlueprint(Blueprint):
    """A blueprint whose routes are on every host and subdomain of the shop."""

    def __init__(self, name: str, import_name: str) -> None:
        super().__init__(name, import_name)
        self.url_value_preprocessor(_drop_host)

    def make_setup_state(
        self, app: Any, options: Any, first_registration: bool = False
    ) -> BlueprintSetupState:
        """Return what registers each route of this blueprint."""
        return _EveryHostState(self, app, options, first_registration)


class _EveryHostState(BlueprintSetupState):
    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Any = None, **options: Any
    ) -> None:
        name = endpoint or view_func.__name__
        add_rule(self.app, f"{self.url_prefix}{rule}", f"{self.name}.{name}", view_func, **options)


def _drop_host(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    for name in (_HOST, _SUBDOMAIN):
        (values or {}).pop(name, None)


def own_path(path: str) -> str:
    """Return the path of a route of ours on the host of this request, such as ``/tryons/ID``."""
    return f"{request.script_root}{get_state().settings.url_prefix}{path}"
