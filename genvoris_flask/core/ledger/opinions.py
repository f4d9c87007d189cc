"""What shoppers think of their pictures, in the ledger's database: a row for each try-on."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Column, Connection, Select, func, select
from sqlalchemy.dialects import mysql, postgresql, sqlite

from ..figures.recorder import Opinion
from ..figures.report import DISLIKED, LIKED
from .figures_schema import figure_opinions as table

# On one day. Opinions about further try-ons, which anybody can report, are dropped.
MAX_OPINIONS_A_DAY = 5_000


def write_opinions(connection: Connection, opinions: Iterable[Opinion]) -> None:
    """Write opinions, each of which replaces an earlier one about its try-on."""
    # In one order in all processes, so that none waits for another in a circle.
    ordered = sorted(opinions, key=lambda each: each.digest)
    rows = [
        {
            "digest": each.digest,
            "day": each.day,
            "product": each.product,
            "is_liked": each.is_liked,
            "reasons": " ".join(sorted(set(each.reasons))),
        }
        for each in _allowed(connection, ordered)
    ]
    if rows:
        connection.execute(_replace_statement(connection.dialect.name), rows)


def opinion_sums(by: Column[Any], first: date, last: date) -> Select[Any]:
    """Return a query of how many opinions of some days there are of each kind.

    Args:
        by: The column whose values they are counted by: the day, or the product.
        first: The first day.
        last: The last day.
    """
    kind = (by, table.c.is_liked, table.c.reasons)
    days = table.c.day.between(first, last)
    found = select(by.label("key"), *kind[1:], func.count().label("count"))
    return found.where(days, by.is_not(None)).group_by(*kind)


def add_opinions(counts: dict[Any, dict[str, int]], rows: Iterable[Any]) -> None:
    """Add the rows of ``opinion_sums`` to counts by name, such as ``disliked:quality``."""
    for row in rows:
        names = [LIKED] if row.is_liked else [DISLIKED]
        if not row.is_liked:
            names += [f"{DISLIKED}:{reason}" for reason in row.reasons.split()]
        of_key = counts.setdefault(row.key, {})
        for name in names:
            of_key[name] = of_key.get(name, 0) + row.count


def _allowed(connection: Connection, opinions: Sequence[Opinion]) -> list[Opinion]:
    """Return the opinions that are kept, as long as they are not too many for their day."""
    kept: list[Opinion] = []
    for day in sorted({each.day for each in opinions}):
        of_day = [each for each in opinions if each.day == day]
        counted = select(func.count()).where(table.c.day == day)
        room = MAX_OPINIONS_A_DAY - connection.execute(counted).scalar_one()
        if room < len(of_day):
            digests = [each.digest for each in of_day]
            query = select(table.c.digest).where(table.c.digest.in_(digests))
            known = set(connection.execute(query).scalars())
            new = [each for each in of_day if each.digest not in known]
            of_day = [each for each in of_day if each.digest in known] + new[: max(0, room)]
        kept += of_day
    return kept


@functools.cache  # building a statement takes longer than running it
def _replace_statement(dialect: str) -> Any:
    names = [column.name for column in table.columns if not column.primary_key]
    if dialect in ("mysql", "mariadb"):
        adding = mysql.insert(table)
        return adding.on_duplicate_key_update({name: adding.inserted[name] for name in names})
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    added = insert(table)
    return added.on_conflict_do_update(
        index_elements=["digest"], set_={name: added.excluded[name] for name in names}
    )
