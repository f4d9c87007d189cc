"""The settings of Genvoris itself, of Redis and the database, and of operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """Where Genvoris is, where records are kept, and how the shop is run.

    Attributes:
        api_key: The shop's server key, ``gvk_live_…`` or ``gvk_test_…``. Required.
        enabled: Whether try-on is enabled. Default true. When false, no other setting is read,
            the tags are empty, and calls of the extension do nothing.
        api_url: Where the REST API is. Default ``https://genvoris.org/api/v1``.
        tryon_url: Where try-ons are made. Default ``https://api.genvoris.org``.
        issuer: Who must have issued a session token. Default ``https://genvoris.org``.
        jwks_url: Where the keys are that verify tokens. Default: ``/.well-known/jwks.json`` at the
            origin of ``api_url``.
        store_url: Where processes share sessions: ``redis://…``, ``rediss://…``, ``unix://…``,
            ``redis+sentinel://…`` or ``redis+cluster://…``. Default: each process keeps its own.
        database_url: The SQLAlchemy URL of the database of the ledger, such as
            ``postgresql+psycopg://…``. Default: no ledger; Genvoris's plans decide who may try on.
        database: The shop's own Flask-SQLAlchemy object or engine, in place of ``database_url``.
        store_namespace: Names the shop's records in Redis. Default: a name that belongs to the
            shop's account at Genvoris, so that records survive a new ``api_key``.
        holdout: With a ledger, the share of visitors who see no button, to be compared with the
            others, 0 to 0.5. Default 0.
        result_hosts: Hosts that finished pictures may be fetched from over https, besides that of
            ``tryon_url``: a list, or a string with commas; ``*.example.com`` is all subdomains.
            Default ``*.genvoris.org``.
        webhook_secret: What deliveries from Genvoris are signed with: a string, or several (a list,
            or with commas between them) while one replaces another. Default: none; deliveries are
            refused.
        alert_url: Where the owner is told by a POST that credits are being spent fast, such as a
            webhook of Slack or Mattermost. Default: only in the log, and by a signal.
        metrics: Where Prometheus's metrics are: a ``CollectorRegistry`` of the shop's, or true for
            prometheus-client's own. Default: none.
        metrics_token: Whoever sends this string of 16 characters or more as a Bearer token may read
            ``GET metrics``. Default: none; there is no such route.
        console_attribute: The attribute or method of Flask-Login's user that says whether they may
            use the console, such as ``is_admin``. Default: the console is off.
        console_role: The role of Flask-Login's user that may use the console, as Flask-Security's
            ``has_role`` knows it, such as ``admin``. Default: the console is off.
    """

    api_key: str
    enabled: bool = True
    api_url: str = "https://genvoris.org/api/v1"
    tryon_url: str = "https://api.genvoris.org"
    issuer: str = "https://genvoris.org"
    jwks_url: str = ""
    store_url: str | None = None
    database_url: str | None = None
    database: Any = None
    store_namespace: str | None = None
    holdout: float = 0.0
    result_hosts: tuple[str, ...] = ("*.genvoris.org",)
    webhook_secret: tuple[str, ...] = ()
    alert_url: str | None = None
    metrics: Any = None
    metrics_token: str | None = None
    console_attribute: str | None = None
    console_role: str | None = None
