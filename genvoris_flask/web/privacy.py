"""``genvoris.privacy``: exports and erases what is known of a shopper, and calls it by itself."""

from __future__ import annotations

import functools
import logging
import sys
import weakref
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from flask import Flask, has_app_context, request_started

from ..core.outbox.messages import Message
from ..core.privacy.erasure import ErasureRecords, Erasures, Holder, NoErasureRecords, Receipt
from ..core.privacy.holders import GenvorisHolder, JobHolder, SessionHolder, owner_of
from ..core.privacy.own_jobs import OwnJobs
from ..core.privacy.own_messages import OwnMessages
from ..errors import GenvorisError, QueueFullError
from ..signals import shopper_erased
from .compat import get_app
from .shopper import user_id
from .state import AppState, get_state

log: logging.Logger = logging.getLogger("genvoris_flask.privacy")

MESSAGE_KIND = "erasure"


class AppPrivacy:
    """The calls of ``genvoris.privacy``.

    Args:
        state: The app's state.
    """

    def __init__(self, state: AppState) -> None:
        self._state = state

    def export(self, external_id: str) -> dict[str, Any]:
        """Return all that the extension and Genvoris know of a shopper, for them to have.

        Args:
            external_id: The shop's own id of the shopper.

        Raises:
            GenvorisError: A place cannot be asked now. Call it again later.
        """
        return erasures_of(self._state).export(external_id)

    def erase(self, external_id: str) -> Receipt:
        """Erase all that the extension and Genvoris know of a shopper.

        It covers tokens, try-ons with their pictures, what is left of plans and credits, consents,
        and e-mail and metadata at Genvoris. Money's journal stays, under a random name, with the
        numbers of orders and payments. Calling it again does no harm. What could not be erased now
        is tried again if the shop has a database; else call it again.

        Args:
            external_id: The shop's own id of the shopper.

        Returns:
            What was deleted where, and what has to be kept and why.

        Raises:
            LedgerUnavailableError: The database cannot be used, so nothing was erased.
        """
        return erasures_of(self._state).erase(external_id)

    def retry(self) -> list[Receipt]:
        """Continue the erasures that are not done, and return their receipts."""
        return erasures_of(self._state).retry()

    def sweep(self) -> dict[str, int]:
        """Delete messages and rows that are older than their period; return how many of what.

        Everything else in Redis, and all in memory, expires by itself.
        """
        from ..core.outbox.durable import DurableOutbox  # as few shops have one

        counts = {"erasures continued": len(self.retry())}
        outbox = self._state.outbox
        if self._state.database is None:
            if isinstance(outbox, DurableOutbox):  # in Redis
                counts["messages"] = outbox.table.prune()
            return counts
        from ..core.ledger.retention import Sweep, sweep_tables  # imports SQLAlchemy, an extra

        settings = self._state.settings
        periods = Sweep(
            datetime.fromtimestamp(self._state.clock(), UTC),
            consents=timedelta(days=settings.keep_consents_days),
            books=timedelta(days=settings.keep_books_days),
        )
        swept = self._state.database.run(lambda connection: sweep_tables(connection, periods))
        self._state.database.empty_log()
        return counts | swept


def own_jobs_of(state: AppState) -> OwnJobs:
    """Return what knows which try-ons are whose."""
    return OwnJobs(state.store, state.jobs, state.settings.result_ttl)


def erasures_of(state: AppState) -> Erasures:
    """Return what exports and erases in an app."""
    from ..core.outbox.durable import DurableOutbox  # as few shops have one
    from ..core.privacy.own_records import RecordHolder  # slow to import

    outbox = state.outbox
    holders: list[Holder] = [
        JobHolder(own_jobs_of(state), state.handovers),
        SessionHolder(state.broker, state.store),
        GenvorisHolder(
            state.client,
            state.broker,
            lambda external_id, event: state.billing.reset_account(
                external_id, event, starts_anew=False
            ),
            OwnMessages(outbox.table if isinstance(outbox, DurableOutbox) else None),
        ),
        RecordHolder(state.store, state.daily_limit),  # after the account is closed
    ]
    records: ErasureRecords = NoErasureRecords(state.clock)
    if state.database is not None:
        from ..core.ledger.persons import DatabaseErasures, LedgerHolder  # an extra, as above
        from .ledger import AppLedgerBilling

        assert isinstance(state.billing, AppLedgerBilling)  # noqa: S101  (as there is a database)
        own_jobs, close = own_jobs_of(state), state.billing.void_account
        holders.append(LedgerHolder(state.database, state.clock, close, own_jobs.ids))
        records = DatabaseErasures(state.database, state.clock)
    return Erasures(
        holders,
        records,
        state.clock,
        functools.partial(_try_again, state),
        functools.partial(_announce, state),
    )


def _try_again(state: AppState, erasure_id: str) -> None:
    if state.database is None:
        return
    try:
        state.outbox.put(Message(MESSAGE_KIND, f"{MESSAGE_KIND}:{erasure_id}", {"id": erasure_id}))
    except QueueFullError:
        log.warning("An erasure is not done: run `flask genvoris privacy retry`.")


def _announce(state: AppState, external_id: str, receipt: Receipt) -> None:
    if state.remaining is not None:  # or the shop's header had the old number for a moment
        state.remaining.forget(external_id)
    try:
        shopper_erased.send(state.app, external_id=external_id, receipt=receipt)
    except Exception:  # the shop's own code must not undo what is done
        log.exception("A receiver of shopper_erased failed")


def erase_when_asked(app: Flask, *, on_logout: bool, deleted_users: bool) -> None:
    """Erase by itself, as the settings ask for.

    Args:
        app: The shop.
        on_logout: Whether a log-out deletes the shopper's try-ons and pictures.
        deleted_users: Whether deleting a user by SQLAlchemy erases all that is known of them.
    """

    # By the first request the shop has imported Flask-Login and SQLAlchemy, if it uses them.
    def listen(sender: Flask, **_: object) -> None:
        request_started.disconnect(listen, sender)
        if on_logout and (flask_login := sys.modules.get("flask_login")):
            flask_login.user_logged_out.connect(_forget_pictures, sender, weak=False)

    if on_logout:
        request_started.connect(listen, app, weak=False)
    if deleted_users:
        _watch_deletions(app)


def _forget_pictures(app: Flask, user: Any = None, **_: object) -> None:
    state = get_state(app)
    external_id = user_id(user, state.settings.user_id_attribute) if user is not None else None
    if external_id is None:
        return
    try:
        owner = owner_of(external_id)
        state.handovers.close_latest(owner)
        own_jobs_of(state).remove_all(owner)
    except GenvorisError as error:  # they expire by themselves
        log.warning("Pictures could not be deleted at a log-out: %s", error)


def _watch_deletions(app: Flask) -> None:
    """Erase shoppers whose user is deleted, once the shop's transaction is committed.

    SQLAlchemy tells of savepoints as of transactions, so an id is kept with what it was deleted in.
    """
    event, orm = import_module("sqlalchemy.event"), import_module("sqlalchemy.orm")
    mixin = import_module("flask_login").UserMixin
    key = f"genvoris_deleted_{id(app)}"  # sessions belong to no app
    found = weakref.ref(app)  # listeners of all sessions are never freed

    def collect(session: Any, _context: object) -> None:
        users = [each for each in session.deleted if isinstance(each, mixin)]
        if not users or not has_app_context() or get_app() is not found():
            return
        attribute = get_state(get_app()).settings.user_id_attribute
        ids = [external_id for each in users if (external_id := user_id(each, attribute))]
        within = session.get_nested_transaction() or session.get_transaction()
        session.info.setdefault(key, []).extend((within, external_id) for external_id in ids)

    def erase(session: Any) -> None:
        shop, transaction = found(), session.get_transaction()
        if shop is None or session.in_nested_transaction():  # which may still be rolled back
            return
        for within, external_id in session.info.pop(key, []):
            if not _is_part_of(within, transaction):  # of one that was closed without an end
                continue
            try:
                erasures_of(get_state(shop)).erase(external_id)
            except GenvorisError:
                log.exception("A deleted user could not be erased: call genvoris.privacy.erase")

    def drop(session: Any, transaction: Any) -> None:
        if deleted := session.info.get(key):
            session.info[key] = [each for each in deleted if not _is_part_of(each[0], transaction)]

    event.listen(orm.Session, "after_flush", collect)
    event.listen(orm.Session, "after_commit", erase)
    event.listen(orm.Session, "after_soft_rollback", drop)


def _is_part_of(transaction: Any, other: Any) -> bool:
    """Return whether a transaction or savepoint of SQLAlchemy's is another one, or within it."""
    while transaction is not None and transaction is not other:
        transaction = transaction.parent
    return transaction is not None
