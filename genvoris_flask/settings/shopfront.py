"""The settings of pages, of the widget and of privacy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..core import button_design as button
from ..core.products import CATEGORIES
from ..core.texts import Texts

if TYPE_CHECKING:  # few commands handle pictures
    from ..core.images.signing import SignFunction
    from ..core.images.visible import VisibleMark


@dataclass(frozen=True, kw_only=True)
class ShopfrontSettings:
    """What shoppers see and agree to, and what is kept of them.

    Attributes:
        url_prefix: The path below which this extension's routes are. Default ``/genvoris``.
        widget_url: The URL of another widget script. Default: the one in this package.
        widget_integrity: The ``sha256-…``, ``sha384-…`` or ``sha512-…`` of ``widget_url``.
        widget_api_key: A publishable key for the tag's ``data-api-key``. Never the server key.
        session_ttl: The lifetime of a new token in seconds, 120 to 3600. Default 900.
        page_budget: Seconds that a page may wait for a token, 0.05 to 10. Default 0.8.
        inline_session: Whether pages contain the token. Default true. When false the widget asks
            for one, and pages can be cached. With a ledger it is always false.
        max_shoppers: How many shoppers' sessions a process caches, 100 to 10,000,000. Default
            10,000.
        privacy_url: The shop's privacy policy, which shoppers are asked to agree to before their
            photo is sent. Default: none; the question has no link.
        require_consent: Whether a try-on is refused unless its shopper's consent is on record.
            Default: true if there is a database for it, and one of ``privacy_url``, ``minimum_age``
            and ``@genvoris.consent_text``.
        minimum_age: The age that shoppers have to state before their photo is read, 1 to 99.
            Default: none.
        keep_consents_days: Days that consents and receipts of erasures are kept after they were
            given, withdrawn or done, 1 to 3650. Default 1095.
        keep_books_days: Days that the ledger's journal is kept after try-ons have ended, and the
            audit log after each line, 365 to 36,500. Default 3653.
        erase_on_logout: Whether a log-out by Flask-Login deletes the shopper's try-ons and
            pictures. Default false.
        erase_deleted_users: Whether deleting a user by SQLAlchemy, as Flask-Security does, erases
            all that is known of them. Default false.
        support_url: Where shoppers can tell the shop about a failed try-on: a page, or a mailto or
            tel address. Default: none.
        shop_name: The name that shoppers know the shop by, for sentences about their photo.
            Default: the host name of the page.
        picture_credit: The credit line in the metadata of finished pictures. Default: a line that
            says that a model made them, unless they already have one.
        visible_mark: What is drawn into a corner of finished pictures: a few words such as ``AI``,
            or a dict of ``text``, ``corner`` and ``font``. Default: nothing.
        c2pa_certificate: The certificate chain with which finished pictures are signed: PEM, or
            the path of a file. Default: none; they are not signed.
        c2pa_private_key: Its private key: PEM, the path of a file, or a function that signs.
        c2pa_timestamp_url: The time-stamping authority that confirms the time of each signature.
            Default: none; signatures have no confirmed time.
        button: The button's design: a dict of the fields that docs/widget.md lists, such as
            ``borderRadius``, or a function that returns one for each request. Default: none; the
            shop's own style sheet applies.
        texts: The shop's own wording of texts that shoppers read, by language and key:
            ``{"de": {"title": "Jetzt anprobieren"}}``. docs/texts.md lists the keys. Default: none.
        preview_page: The path of a product's page, on which the console shows a design of the
            button before it is saved. Default: the last one that showed the button.
        categories: The categories whose products can be tried on: a list, or a string with commas,
            of ``apparel``, ``home``, ``object`` and ``other``. Default: all.
        trusted_origins: Further origins whose pages may use the routes, such as
            ``https://m.shop.example``: a list, or a string with commas. Default: only the
            shop's own.
        keep_pictures_days: Days that a shopper's pictures are kept on their own device, sealed for
            their account, 1 to 365; a guest's for one. 0: they are not kept. Default 30.
        csp_nonce: A callable that returns the current request's nonce, for the script tag.
    """

    url_prefix: str = "/genvoris"
    widget_url: str | None = None
    widget_integrity: str | None = None
    widget_api_key: str | None = None
    session_ttl: int = 900
    page_budget: float = 0.8
    inline_session: bool = True
    max_shoppers: int = 10_000
    privacy_url: str | None = None
    require_consent: bool | None = None
    minimum_age: int | None = None
    keep_consents_days: int = 1095
    keep_books_days: int = 3653
    erase_on_logout: bool = False
    erase_deleted_users: bool = False
    support_url: str | None = None
    shop_name: str | None = None
    picture_credit: str | None = None
    visible_mark: VisibleMark | None = None
    c2pa_certificate: str | None = None
    c2pa_private_key: str | SignFunction | None = None
    c2pa_timestamp_url: str | None = None
    button: button.ButtonDesign | button.DesignFunction = button.PLAIN
    texts: Texts = field(default_factory=dict, hash=False)
    preview_page: str | None = None
    categories: tuple[str, ...] = CATEGORIES
    trusted_origins: frozenset[str] = frozenset()
    keep_pictures_days: int = 30
    csp_nonce: Callable[[], str] | None = None
