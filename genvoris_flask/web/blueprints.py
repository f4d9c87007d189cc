"""Makes the blueprints of all routes, which the rest of the shop's app does not affect.

- They are served on every host. The widget calls the host that its page is on, but with
  ``Flask(host_matching=True)`` a rule without a host matches none, and with
  ``subdomain_matching=True`` one without a subdomain matches only the bare host.
- They are exempt from Flask-WTF's CSRFProtect, which reads whole uploads to find its token: these
  routes check where a request comes from, and deliveries from Genvoris and Stripe are signed.
- They are exempt from Flask-Limiter, which counts the polls of a try-on like page views: these
  routes have limits of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from flask import Blueprint, Flask, Response, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import RequestRedirect

from .compat import get_app
from .cookies import leave_session
from .errors import HttpError, answer_error, answer_http_error, harden
from .hosts import refuse_other_sites, share_with_trusted
from .state import get_state

View = Callable[..., Any]

CONSOLE = "/console"
_HOST = "genvoris_host"
_SUBDOMAIN = "genvoris_subdomain"


def browser_blueprint(name: str, import_name: str) -> Blueprint:
    """Return a blueprint of routes that browsers call, protected against other sites' pages."""
    blueprint = server_blueprint(name, import_name)
    blueprint.before_request(refuse_other_sites)
    blueprint.after_request(share_with_trusted)
    return blueprint


def server_blueprint(name: str, import_name: str) -> Blueprint:
    """Return a blueprint of routes that servers call, which authenticate by a signature."""
    blueprint = EveryHostBlueprint(name, import_name)
    blueprint.register_error_handler(HttpError, answer_error)
    blueprint.register_error_handler(HTTPException, answer_http_error)
    blueprint.after_request(harden)
    return blueprint


def lazy_view(package: str, path: str) -> View:
    """Return a view that is imported when it is called.

    Args:
        package: The package that its module is in.
        path: Its module and its name, such as ``tryons.session``.
    """
    module, name = f"{package}.{path}".rsplit(".", 1)

    def call(**values: Any) -> Any:
        get_state().outbox.start()  # only in a process that serves, and after a server has forked
        return getattr(import_module(module), name)(**values)

    # Flask names an endpoint, and Flask-WTF an exemption, after these.
    call.__name__ = call.__qualname__ = name
    call.__module__ = module
    return call


def answer_unknown_paths(app: Flask, url_prefix: str) -> None:
    """Answer paths below the prefix that no route has in the same JSON."""

    def refuse(endpoint: str | None, _values: dict[str, Any] | None) -> None:
        if endpoint is not None:  # checked first, since this runs for every page
            return
        error = request.routing_exception
        if error is None or isinstance(error, RequestRedirect):
            return
        if f"{request.path}/".startswith(f"{url_prefix}{CONSOLE}/"):
            error = NotFound()  # also for a wrong method, which would tell strangers what there is
        if request.path.startswith(f"{url_prefix}/"):
            raise UnknownPathError(error)

    app.url_value_preprocessor(refuse)
    app.register_error_handler(UnknownPathError, _answer_unknown_path)


class UnknownPathError(Exception):
    """No route has this path below the prefix.

    Attributes:
        error: What Flask would answer.
    """

    def __init__(self, error: HTTPException) -> None:
        self.error = error
        super().__init__(str(error))


def _answer_unknown_path(unknown: UnknownPathError) -> Response | HTTPException:
    answer = answer_http_error(unknown.error)
    return harden(answer) if isinstance(answer, Response) else answer


class EveryHostBlueprint(Blueprint):
    """A blueprint on every host and subdomain of the shop, exempt from CSRFProtect and Limiter.

    Its routes do not rewrite the shop's session.

    Args:
        name: The name.
        import_name: The module that it is in.
        public: Whether shared caches may keep the answers.
        template_folder: Where its templates are, beside the module; a shop's own come before them.
    """

    def __init__(
        self,
        name: str,
        import_name: str,
        *,
        public: bool = False,
        template_folder: str | None = None,
    ) -> None:
        super().__init__(name, import_name, template_folder=template_folder)
        self._public = public
        self.url_value_preprocessor(_drop_host)
        # Flask calls this before every other hook of a request, those that the shop registered
        # earlier included, and it costs the shop's other routes nothing.
        self.url_value_preprocessor(self._set_apart)

    def make_setup_state(
        self, app: Any, options: Any, first_registration: bool = False
    ) -> BlueprintSetupState:
        """Return what registers each route of this blueprint."""
        return _EveryHostState(self, app, options, first_registration)

    def _set_apart(self, endpoint: str | None, _values: dict[str, Any] | None) -> None:
        app = get_app()
        leave_session(app, even_changed=self._public)
        extensions = app.extensions
        if protection := extensions.get("csrf"):
            protection.exempt(app.view_functions[endpoint or ""])
            _skip_protect(protection, self.name)
        limiters = extensions.get("limiter", ())
        for limiter in limiters if isinstance(limiters, set) else (limiters,):
            if limiter:
                limiter.exempt(self)


class _EveryHostState(BlueprintSetupState):
    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: Any = None, **options: Any
    ) -> None:
        name = endpoint or view_func.__name__
        add_rule(self.app, f"{self.url_prefix}{rule}", f"{self.name}.{name}", view_func, **options)


def add_rule(app: Any, rule: str, endpoint: str, view: Any = None, **options: Any) -> None:
    """Register a URL rule, as ``app.add_url_rule`` does, on every host and subdomain.

    Args:
        app: The shop, or what Flask calls it while blueprints are registered.
        rule: The path.
        endpoint: An endpoint of an ``EveryHostBlueprint``, which removes the host from the
            arguments of the view.
        view: The view function, unless the endpoint has one.
        options: Further options of ``app.add_url_rule``.
    """
    if app.url_map.host_matching:
        app.add_url_rule(rule, endpoint, view, **{**options, "host": f"<{_HOST}>"})
        return
    app.add_url_rule(rule, endpoint, view, **options)
    if app.subdomain_matching:
        app.add_url_rule(rule, endpoint, view, **{**options, "subdomain": f"<{_SUBDOMAIN}>"})


def _drop_host(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    for name in (_HOST, _SUBDOMAIN):
        (values or {}).pop(name, None)


class _SelectiveProtect:
    """Wraps ``CSRFProtect.protect`` to skip these blueprints when a hook of the shop calls it."""

    def __init__(self, protect: Callable[..., None]) -> None:
        self._protect = protect
        self.skipped: set[str] = set()

    def __call__(self, *args: Any, **options: Any) -> None:
        if request.blueprint not in self.skipped:
            self._protect(*args, **options)


def _skip_protect(protection: Any, name: str) -> None:
    """Have ``protection.protect()`` skip a blueprint, which ``exempt`` alone does not."""
    protect = getattr(protection, "protect", None)
    if protect is None:  # another extension of that name
        return
    if not isinstance(protect, _SelectiveProtect):
        protect = protection.protect = _SelectiveProtect(protect)
    protect.skipped.add(name)
