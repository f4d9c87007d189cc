"""The shopper's own data on the account page, and the receipt that it shows once."""

from __future__ import annotations

import json
import logging
import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Request

from ..core.privacy.erasure import Receipt
from ..core.privacy.own_data import TROUBLES, OwnData
from ..errors import GenvorisError
from .state import AppState

log: logging.Logger = logging.getLogger("genvoris_flask.privacy")

RECEIPT, TROUBLE = "genvoris_receipt", "genvoris_trouble"
ANCHOR = "genvoris-data"
SHOWN_SECONDS = 3600.0
_ID = re.compile(r"[0-9a-f]{32}")


def own_data_of(state: AppState, page: Request, language: str) -> OwnData:
    """Return what the account page shows of the shopper's data."""
    base = f"{page.script_root}{state.settings.url_prefix}/account"
    trouble = next((each for each in TROUBLES if page.args.get(TROUBLE) == each), None)
    return OwnData(
        language,
        f"{base}/erase",
        f"{base}/data",
        without_answers(f"{page.script_root}{page.full_path}"),
        trouble,
        _read_receipt(state, page.args.get(RECEIPT, "")),
        retries=state.database is not None,
    )


def keep_receipt(state: AppState, receipt: Receipt) -> None:
    """Keep a receipt for the page that the shopper is led back to. It does not say whose it is."""
    try:
        fields = json.dumps(receipt.fields()).encode()
        state.store.set(_key(receipt.id), fields, SHOWN_SECONDS)
    except GenvorisError as error:
        log.warning("A receipt cannot be shown: %s", error)


def with_answer(page: str, name: str, value: str) -> str:
    """Return the address of a page that shows a receipt or a trouble."""
    parts = urlsplit(without_answers(page))
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), (name, value)])
    return parts._replace(query=query, fragment=ANCHOR).geturl()


def without_answers(page: str) -> str:
    """Return the address of a page without what earlier answers have added."""
    parts = urlsplit(page)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [pair for pair in pairs if pair[0] not in (RECEIPT, TROUBLE)]
    return parts._replace(query=urlencode(kept)).geturl()


def _read_receipt(state: AppState, receipt_id: str) -> Receipt | None:
    if not _ID.fullmatch(receipt_id):
        return None
    try:
        found = state.store.get(_key(receipt_id))
        return Receipt.read(json.loads(found)) if found else None
    except (GenvorisError, ValueError, TypeError, KeyError):
        return None


def _key(receipt_id: str) -> str:
    return f"receipt:{receipt_id}"
