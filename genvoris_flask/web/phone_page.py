"""The page that a shopper's phone opens by a QR code, and whether the code can be offered."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Request, Response
from markupsafe import Markup

from ..core import locales
from ..core.texts import for_phone
from .errors import page_language
from .html import page_nonce, write_attributes
from .state import AppState
from .texts import as_attribute

HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(self)",
}
POLICY = (
    "default-src 'none'; script-src {script}; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
PAGE = Markup("""<!doctype html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<script{texts}></script>
<script{script}></script>
</head>
<body>
<noscript>{no_script}</noscript>
</body>
</html>
""")


def is_handover_possible(state: AppState, page: Request) -> bool:
    """Return whether a photo from a phone reaches the dialog that waits for it.

    Without Redis it does if this process is the shop's only one, as far as the server says.
    """
    if not state.settings.phone_handover:
        return False
    return state.settings.store_url is not None or not page.environ.get("wsgi.multiprocess")


def phone_page(state: AppState, page: Request) -> Response:
    """Return the page, which is the same for all links: its script reads the link's token.

    The token is in the link's fragment, which browsers send neither to the server nor to others in
    a Referer header.
    """
    wanted = page.args.get("lang", "")
    language = wanted if wanted in locales.LANGUAGES else page_language()
    shop = state.settings.shop_name or page.host
    nonce = page_nonce(state)
    own = for_phone(state.settings.texts, language)
    prefix = page.script_root + state.settings.url_prefix
    common = {"nonce": nonce, "defer": True}
    body = PAGE.format(
        language=language,
        direction=locales.direction(language),
        title=locales.translate("phone.title", language, shop=shop),
        no_script=locales.translate("phone.no_script", language),
        texts=_attributes(common, src=_url(state, prefix, f"phone-{language}.js")),
        script=_attributes(
            common,
            src=_url(state, prefix, "phone.js"),
            data_api_url=prefix,
            data_max_upload_bytes=str(state.settings.max_upload_bytes),
            data_shop_name=shop,
            data_strings=as_attribute(own),
        ),
    )
    response = Response(body, mimetype="text/html")
    response.headers.update(HEADERS)
    sources = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    response.headers["Content-Security-Policy"] = POLICY.format(script=sources)
    response.headers["Content-Language"] = language
    return response


def _url(state: AppState, prefix: str, name: str) -> str:
    return f"{prefix}/{state.assets.by_name[name].hashed_name}"


def _attributes(common: Mapping[str, object], **more: object) -> Markup:
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return Markup(write_attributes({**common, **named}))  # noqa: S704  (all of it is escaped)
