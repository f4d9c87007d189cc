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
        api_url: The URL of the REST API. Default ``https://genvoris.org/api/v1``.
        tryon_url: The URL of the server that makes try-ons. Default ``https://api.genvoris.org``.
        issuer: The issuer that session tokens must have. Default ``https://genvoris.org``.
        jwks_url: The URL of the keys that verify tokens. Default: ``/.well-known/jwks.json`` at the
            origin of ``api_url``.
        store_url: The Redis that processes share: ``redis://…``, ``rediss://…``, ``unix://…``,
            ``redis+sentinel://…`` or ``redis+cluster://…``. Default: none; a single process keeps
            everything in its memory.
        database_url: The SQLAlchemy URL of the database of the ledger, such as
            ``postgresql+psycopg://…``. Default: no ledger; Genvoris's plans decide who may try on.
        database: The shop's own Flask-SQLAlchemy object or engine, in place of ``database_url``.
        store_namespace: The namespace of the shop's records in Redis. Default: one that belongs to
            the shop's account at Genvoris, so that records survive a new ``api_key``.
        holdout: With a ledger, the share of visitors who see no button and are compared with the
            others, 0 to 0.5. Default 0.
        result_hosts: Hosts that finished pictures may be fetched from over https, besides that of
            ``tryon_url``: a list, or a string with commas; ``*.example.com`` means all subdomains.
            Default ``*.genvoris.org``.
        webhook_secret: The secret that deliveries from Genvoris are signed with, or several (a
            list, or a string with commas) while one replaces another. Default: none; deliveries
            are refused.
        alert_url: A URL that gets a POST when credits are being spent fast, such as a webhook of
            Slack or Mattermost. Default: none; it is only logged and sent as a signal.
        metrics: Where metrics for Prometheus are registered: a ``CollectorRegistry``, or true for
            prometheus-client's default one. Default: nowhere, unless there is a ``metrics_token``.
        metrics_token: The Bearer token, of 16 characters or more, that ``GET metrics`` asks for.
            Default: none; there is no such route.
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
