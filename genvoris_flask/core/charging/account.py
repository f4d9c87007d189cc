"""What a shopper reads on their account page: what they have, until when, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..api.models import Usage
from ..ledger.models import FREE_SOURCE, Balance, JournalLine
from ..locales import DEFAULT, Translate, direction, translate
from ..privacy.own_data import OwnData
from ..tryon.paywall import PaywallOption

# What happens to try-ons that came from one place, rather than to a picture.
OF_LOTS = ("added", "ended", "taken_back")


@dataclass(frozen=True)
class AccountLot:
    """Try-ons that came from one place.

    Attributes:
        title: Where they came from, in the shopper's language.
        available: How many are left.
        granted: How many there were.
        expires_at: When they end; None if they do not.
        is_held: Whether a pause or a dispute keeps them back.
    """

    title: str
    available: int
    granted: int
    expires_at: datetime | None = None
    is_held: bool = False


@dataclass(frozen=True)
class AccountLine:
    """One thing that happened.

    Attributes:
        at: When.
        text: What, in the shopper's language.
        change: By how many try-ons it changed what they have left.
    """

    at: datetime
    text: str
    change: int


@dataclass(frozen=True)
class Account:
    """What the template ``genvoris/account.html`` shows.

    Attributes:
        language: Of its texts.
        available: How many try-ons are left; None if that could not be read.
        held: How many more a pause or a dispute keeps back.
        next_expiry: When the next of the available ones end, or the period of a plan.
        lots: What they consist of, in the order in which they are used.
        history: What happened lately, the newest first; empty without a ledger.
        options: How to get more.
        data: What the shopper can do with their data.
        say: Returns its texts.
    """

    language: str = DEFAULT
    available: int | None = None
    held: int = 0
    next_expiry: datetime | None = None
    lots: Sequence[AccountLot] = ()
    history: Sequence[AccountLine] = ()
    options: Sequence[PaywallOption] = ()
    data: OwnData | None = None
    say: Translate = translate

    @property
    def direction(self) -> str:
        """``rtl`` if its language is written from right to left, else ``ltr``."""
        return direction(self.language)

    def text(self, key: str, **values: object) -> str:
        """Return a text in its language, such as ``text("title")``."""
        return self.say(f"account.{key}", self.language, **values)


def lots_of(balance: Balance, language: str, say: Translate = translate) -> Iterator[AccountLot]:
    """Yield what a balance consists of. What is used up is left out."""
    for lot in balance.lots:
        if left := lot.available or lot.held:
            title = _title(lot.source, lot.kind, language, say)
            yield AccountLot(title, left, lot.granted, lot.expires_at, bool(lot.held))


def plan_of(usage: Usage, language: str, say: Translate = translate) -> Iterator[AccountLot]:
    """Yield what a plan at Genvoris brings in its current period."""
    if usage.limit:
        title = usage.plan_name or say("account.lot.allowance", language)
        yield AccountLot(title, usage.remaining or 0, usage.limit, usage.period_end)


def history_of(
    journal: Sequence[JournalLine], language: str, say: Translate = translate
) -> Iterator[AccountLine]:
    """Yield what a shopper should know of a journal, in its order."""
    for line in journal:
        if kind := _kind(line):
            text = say(f"account.history.{kind}", language)
            if kind in OF_LOTS:
                text += f" · {_title(line.lot, line.lot_kind, language, say)}"
            yield AccountLine(line.at, text, line.allowed - line.used)


def _title(source: str, kind: str, language: str, say: Translate) -> str:
    """Return where try-ons came from, in words."""
    is_free = source.startswith(f"{FREE_SOURCE}:")
    return say(f"account.lot.{'free' if is_free else kind}", language)


def _kind(line: JournalLine) -> str | None:
    if line.kind in ("fail", "unseen"):
        return "failed"
    if line.used > 0:
        return "made"
    if line.allowed > 0:
        return "added"
    if line.allowed < 0:
        return "ended" if line.kind == "expired" else "taken_back"
    return None
