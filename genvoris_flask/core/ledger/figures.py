"""The shop's figures in the ledger's database: counts by day, and orders without their buyers."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import date, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    case,
    delete,
    distinct,
    func,
    select,
    union,
    update,
)
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from ..figures.recorder import Count, Opinion
from ..figures.report import OrderFigures, ProductFigures, ReportedOrder
from ..figures.trial import GroupOrders
from .database import Database, insert_if_absent, unavailable
from .figures_schema import figure_opinions, figures, product_figures
from .figures_schema import figure_orders as orders
from .figures_schema import figure_products as products
from .opinions import add_opinions, opinion_sums, write_opinions

KEEP_DAYS = 800  # two years, to compare with the year before
# On one day. Products of further ids, which anybody can report, count for the shop only.
MAX_PRODUCTS_A_DAY = 5_000
BATCH = 1_000  # ids in a query


class FigureTable:
    """Counts and orders in the ledger's database.

    Args:
        database: Runs transactions.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # Writing

    def add(
        self,
        counts: Mapping[Count, int],
        titles: Mapping[str, str],
        opinions: Sequence[Opinion] = (),
    ) -> None:
        """Add to counts; see ``CountStore``."""
        # In one order in all processes, so that none waits for another in a circle.
        shop = [
            _row(count, number) for count, number in sorted(counts.items()) if not count.product
        ]
        by_product = [count for count in sorted(counts) if count.product]

        def work(connection: Connection) -> None:
            _add(connection, figures, shop)
            allowed = _allowed_products(connection, by_product)
            known = [count for count in by_product if count.product in allowed[count.day]]
            rows = [{**_row(each, counts[each]), "product": each.product} for each in known]
            _add(connection, product_figures, rows)
            write_opinions(connection, opinions)
            named = {each.product for each in known}
            named |= {each.product for each in opinions if each.product}
            for product in sorted(named & titles.keys()):
                insert_if_absent(connection, products, {"id": product, "title": titles[product]})

        self._database.run(work, "fast")

    def add_order(self, order: ReportedOrder, connection: Connection | None = None) -> None:
        """Count an order, unless it was counted before.

        Args:
            order: The order.
            connection: A transaction to join; by default it has one of its own.

        Raises:
            LedgerUnavailableError: It cannot be written.
        """
        mark = order.mark
        values = {
            "digest": order_digest(order.platform, order.id),
            "day": order.day,
            "currency": order.currency,
            "amount": order.amount,
            "returned": 0,
            "product": order.product,
            "is_attributed": order.is_attributed,
            "visitor": mark and mark.digest,
            "first_day": mark and mark.first_day,
            "share": mark and mark.share,
            "is_held": mark and mark.is_held,
        }
        self._join(connection, lambda each: insert_if_absent(each, orders, values))

    def add_return(
        self, platform: str, order_id: str, amount: int, connection: Connection | None = None
    ) -> None:
        """Count what was paid back of an order, if that was counted; see ``add_order``."""
        digest = order_digest(platform, order_id)
        counted = update(orders).where(orders.c.digest == digest)
        more = counted.values(returned=orders.c.returned + amount)
        self._join(connection, lambda each: each.execute(more))

    def prune(self, today: date) -> int:
        """Delete what is older than ``KEEP_DAYS``; return how many rows."""
        return self._database.run(lambda connection: prune_figures(connection, today))

    def _join(self, connection: Connection | None, work: Callable[[Connection], object]) -> None:
        if connection is None:
            self._database.run(work, "fast")
            return
        try:
            # An error must not cost the shop its own transaction, as it would in PostgreSQL.
            is_fragile = connection.dialect.name == "postgresql"
            with connection.begin_nested() if is_fragile else nullcontext():
                work(connection)
        except SQLAlchemyError as error:
            raise unavailable(error) from error

    # Reading. Ranges include their last day.

    def counts(self, first: date, last: date) -> dict[date, dict[str, int]]:
        """Return the counts of each day that has any, by name."""
        query = select(figures).where(figures.c.day.between(first, last))
        found: dict[date, dict[str, int]] = {}
        for row in self._read(query):
            found.setdefault(row.day, {})[row.name] = row.count
        add_opinions(found, self._read(opinion_sums(figure_opinions.c.day, first, last)))
        return found

    def product_counts(self, first: date, last: date) -> list[ProductFigures]:
        """Return the counts and orders of each product."""
        table = product_figures
        summed = select(table.c.product, table.c.name, func.sum(table.c.count).label("count"))
        within = summed.where(table.c.day.between(first, last))
        counts: dict[str, dict[str, int]] = {}
        for row in self._read(within.group_by(table.c.product, table.c.name)):
            counts.setdefault(row.product, {})[row.name] = int(row.count)
        for row in self._read(
            select(orders.c.product, *_SUMS[:2])
            .where(_attributed(first, last), orders.c.product.is_not(None))
            .group_by(orders.c.product)
        ):
            counts.setdefault(row.product, {}).update(ordered=row.orders, returned=int(row.returns))
        add_opinions(counts, self._read(opinion_sums(figure_opinions.c.product, first, last)))
        titles = self._titles(list(counts))
        return [
            ProductFigures(product, titles.get(product, ""), each)
            for product, each in counts.items()
        ]

    def _titles(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the titles of products, as far as they are known."""
        parts = (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))
        rows = (self._read(select(products).where(products.c.id.in_(part))) for part in parts)
        return {row.id: row.title for row in chain.from_iterable(rows)}

    def orders(self, first: date, last: date) -> list[OrderFigures]:
        """Return the orders that followed a try-on, by day and currency."""
        query = select(orders.c.day, orders.c.currency, *_SUMS).where(_attributed(first, last))
        return [
            OrderFigures(
                row.day, row.currency, row.orders, int(row.amount), int(row.returns), int(row.back)
            )
            for row in self._read(query.group_by(orders.c.day, orders.c.currency))
        ]

    def group_orders(self, share: int, first: date, last: date) -> list[GroupOrders]:
        """Return the orders of visitors whose first day is in a range; see ``TrialStore``."""
        group = (orders.c.is_held, orders.c.currency)
        visitors = (
            select(*group, *_SUMS)
            .where(_of_trial(share, first, last))
            .group_by(*group, orders.c.visitor)
            .subquery()
        )
        paid = visitors.c.amount
        query = select(
            visitors.c.is_held,
            visitors.c.currency,
            *(func.sum(visitors.c[name]).label(name) for name in _SUM_NAMES),
            # Not as integers, whose sum could be too large for one.
            func.sum(paid * 1.0 * paid).label("squares"),
        ).group_by(visitors.c.is_held, visitors.c.currency)
        return [
            GroupOrders(
                is_held=bool(row.is_held),
                currency=row.currency,
                orders=int(row.orders),
                returns=int(row.returns),
                amount=int(row.amount),
                squares=float(row.squares),
                returned=int(row.back),
            )
            for row in self._read(query)
        ]

    def buyers(self, share: int, first: date, last: date) -> dict[bool, int]:
        """Return how many visitors ordered, by whether they see no button."""
        query = (
            select(orders.c.is_held, func.count(distinct(orders.c.visitor)).label("count"))
            .where(_of_trial(share, first, last))
            .group_by(orders.c.is_held)
        )
        return {bool(row.is_held): row.count for row in self._read(query)}

    def _read(self, query: Select[Any]) -> Sequence[Any]:
        return self._database.run(lambda connection: connection.execute(query).all(), "read")


def prune_figures(connection: Connection, today: date) -> int:
    """Delete what is older than ``KEEP_DAYS``; return how many rows."""
    before = today - timedelta(days=KEEP_DAYS)
    old = [delete(table).where(table.c.day < before) for table in _DATED]
    counted = union(
        select(product_figures.c.product),
        select(figure_opinions.c.product).where(figure_opinions.c.product.is_not(None)),
    )
    old.append(delete(products).where(products.c.id.not_in(counted)))
    return sum(connection.execute(each).rowcount for each in old)


_DATED = (figures, product_figures, orders, figure_opinions)
# Of a group of orders.
_SUMS = (
    func.count().label("orders"),
    func.sum(case((orders.c.returned > 0, 1), else_=0)).label("returns"),
    func.sum(orders.c.amount).label("amount"),
    func.sum(orders.c.returned).label("back"),
)
_SUM_NAMES = ("orders", "returns", "amount", "back")


def _attributed(first: date, last: date) -> ColumnElement[bool]:
    return and_(orders.c.is_attributed, orders.c.day.between(first, last))


def _of_trial(share: int, first: date, last: date) -> ColumnElement[bool]:
    return and_(orders.c.share == share, orders.c.first_day.between(first, last))


def order_digest(platform: str, order_id: str) -> str:
    """Return what an order is called in the database, whose keys have a limit."""
    return hashlib.sha256(f"{platform}:{order_id}".encode()).hexdigest()


def _row(count: Count, number: int) -> dict[str, Any]:
    return {"day": count.day, "name": count.name, "count": number}


def _add(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add to counts, of which other processes may write the same ones."""
    if rows:
        connection.execute(_add_statement(connection.dialect.name, table), rows)


@functools.cache  # building a statement takes longer than running it
def _add_statement(dialect: str, table: Table) -> Any:
    if dialect in ("mysql", "mariadb"):
        adding = mysql.insert(table)
        return adding.on_duplicate_key_update(count=table.c.count + adding.inserted.count)
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    added = insert(table)
    key = [column.name for column in table.primary_key.columns]
    more = {"count": table.c.count + added.excluded.count}
    return added.on_conflict_do_update(index_elements=key, set_=more)


def _allowed_products(connection: Connection, counts: Sequence[Count]) -> dict[date, set[str]]:
    """Return the products of each day that are counted, as long as these are not too many."""
    table, allowed = product_figures, {}
    for day in {count.day for count in counts}:
        wanted = {count.product for count in counts if count.day == day}
        of_day = select(func.count(distinct(table.c.product))).where(table.c.day == day)
        room = MAX_PRODUCTS_A_DAY - connection.execute(of_day).scalar_one()
        if room >= len(wanted):
            allowed[day] = wanted
            continue
        known = select(table.c.product).where(table.c.day == day).distinct()
        kept = wanted & set(connection.execute(known).scalars())
        allowed[day] = kept | set(sorted(wanted - kept)[: max(0, room)])
    return allowed
