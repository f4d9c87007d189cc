"""A strict Content Security Policy, CSRF tokens, and redirects that stay in the shop."""

from __future__ import annotations

import hmac
import secrets

from flask import Flask, Response, abort, g, request, session

POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
FORM_TOKEN = "form_token"  # noqa: S105  (a field's name)
# The try-on routes check the origin of requests themselves.
GUARDED_ELSEWHERE = "/genvoris/"


def init_app(app: Flask) -> None:
    """Add the policy, the CSRF tokens and their template functions."""
    app.before_request(check_form_token)
    app.after_request(add_policy)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.jinja_env.globals["form_token"] = form_token


def csp_nonce() -> str:
    """Return the nonce of this request's scripts."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def add_policy(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY.format(nonce=csp_nonce()))
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response


def form_token() -> str:
    """Return the CSRF token of this visitor's forms."""
    if FORM_TOKEN not in session:
        session[FORM_TOKEN] = secrets.token_urlsafe(16)
    token: str = session[FORM_TOKEN]
    return token


def check_form_token() -> None:
    if request.method != "POST" or request.path.startswith(GUARDED_ELSEWHERE):
        return
    if not hmac.compare_digest(request.form.get(FORM_TOKEN, ""), form_token()):
        abort(400, "This form is too old. Please go back, reload the page and try once more.")


def safe_next(default: str) -> str:
    """Return the path to redirect to: one of this shop, or the default."""
    target = request.values.get("next", "")
    # Browsers drop tabs and line ends and read a backslash as a slash, so the rest may begin
    # another host.
    plain = target.isprintable() and "\\" not in target and " " not in target
    within = target.startswith("/") and not target.startswith("//")
    return target if plain and within else default
