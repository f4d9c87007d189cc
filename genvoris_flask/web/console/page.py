"""Renders the console's pages: language, navigation, links and forms."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from ...core.locales import direction
from ...core.locales.console import translate
from ...core.locales.numbers import localize
from ...errors import GenvorisError, LedgerUnavailableError
from ..blueprints import CONSOLE
from ..errors import page_language
from ..hosts import own_path
from ..state import get_state
from .assets import load_asset
from .findings import finding_text
from .urls import NAVIGATION, NavItem

Text = Callable[..., str]


@dataclass(frozen=True)
class Console:
    """What every template of the console has as ``console``.

    Attributes:
        language: The page's language.
        shop: The name of the shop.
        current: The name of the page's entry in the navigation; empty if it has none.
        has_database: Whether the shop has a database for the ledger.
    """

    language: str
    shop: str
    current: str
    has_database: bool

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``."""
        return direction(self.language)

    @property
    def navigation(self) -> tuple[NavItem, ...]:
        """The pages that the navigation links to."""
        return NAVIGATION

    @property
    def shop_path(self) -> str:
        """The path of the shop's first page."""
        return f"{request.script_root}/"

    @property
    def style(self) -> str:
        """The address of the style sheet."""
        return link(f"/assets/{load_asset('console.css').hashed_name}")

    @property
    def script(self) -> str:
        """The address of the script."""
        return link(f"/assets/{load_asset('console.js').hashed_name}")

    def token(self) -> str:
        """Return a new token for a form: sending the form twice then changes something once."""
        return secrets.token_hex(16)


def render(
    template: str, title: str, current: str = "", heading: str | None = None, **values: Any
) -> str:
    """Return a page of the console.

    Its template extends ``genvoris/console/layout.html`` and has ``console``, ``t(key, …)`` for
    texts, ``label(key, name)`` for those that there may not be, ``said(finding)`` for what a check
    has found, ``number(value)`` for numbers, ``link(path, …)`` for the console's addresses, and
    ``day(at)`` and ``minute(at)`` for times.

    Args:
        template: The template's name in ``genvoris/console/``.
        title: The key of the page's title.
        current: The name of its entry in the navigation.
        heading: The title itself, if it is no text of the console's.
        values: What else the template has.
    """
    state, language = get_state(), page_language()
    t: Text = functools.partial(translate, language=language)
    shop = state.settings.shop_name or request.host
    console = Console(language, shop, current, state.database is not None)
    return render_template(
        f"genvoris/console/{template}",
        **{"title": heading or t(title), "notice": notice(t), **values},
        console=console,
        t=t,
        label=functools.partial(label, t),
        said=functools.partial(finding_text, language=language),
        number=number,
        link=link,
        day=day,
        minute=minute,
    )


def show_database_error(error: GenvorisError) -> tuple[str, int]:
    """Say that the database cannot be used now, and that nothing was changed."""
    if _are_tables_outdated(error):
        return render("outdated_tables.html", "common.error.tables"), 503
    return render("error.html", "common.error.database"), 503


def _are_tables_outdated(error: GenvorisError) -> bool:
    """Return whether an error is due to tables that a migration has yet to make or change."""
    spending = get_state().spending
    # Without a statement the database was not reached, and is not to be waited for once more.
    if spending is None or getattr(error.__cause__, "statement", None) is None:
        return False
    try:
        return spending.is_outdated()
    except LedgerUnavailableError:
        return False


def link(path: str, **query: object) -> str:
    """Return the address of a page of the console.

    Args:
        path: Its path below the console's, such as ``/shoppers``.
        query: The query's parameters; those that are None or empty are left out.
    """
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return own_path(CONSOLE + path) + (f"?{urlencode(given)}" if given else "")


def label(t: Text, key: str, name: str, **values: object) -> str:
    """Return the text of a key, or the name that it stands for if there is none."""
    try:
        return t(key, **values)
    except KeyError:
        return name


def go_to(path: str, **query: object) -> Response:
    """Return a redirect to a page of the console, as after a form was handled."""
    return redirect(link(path, **query), 303)


def notice(t: Text) -> str | None:
    """Return what a redirect has to tell: the text ``common.done.NAME`` of its parameter ``done``.

    Others can write the parameter into a link as well, but only choose among these texts.
    """
    name = request.args.get("done")
    try:
        return t(f"common.done.{name}") if name else None
    except KeyError:
        return None


def number(value: float, form: str = ",") -> str:
    """Return a number as it is written in the page's language.

    Args:
        value: The number.
        form: How Python's ``format`` writes it.
    """
    return localize(format(value, form), page_language())


def day(at: datetime) -> Markup:
    """Return a date as HTML."""
    return _time(at, "%Y-%m-%d")


def minute(at: datetime) -> Markup:
    """Return a date and a time of day as HTML, in UTC."""
    return _time(at, "%Y-%m-%d", "%H:%M UTC")


def _time(at: datetime, *forms: str) -> Markup:
    utc = at.astimezone(UTC)
    parts = (Markup("<span>{}</span>").format(utc.strftime(form)) for form in forms)
    written = Markup('<time datetime="{}"><bdi dir="ltr">{}</bdi></time>')
    return written.format(utc.isoformat(), Markup(" ").join(parts))
