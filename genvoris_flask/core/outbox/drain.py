"""Delivers what waits in a table, one message after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ...errors import GenvorisError
from ..jitter import jitter
from .messages import KINDS, Claim, Deliver, Lane, Message, UndeliverableError
from .verdicts import Verdict, delay_after, judge

log: logging.Logger = logging.getLogger("genvoris_flask.outbox")

GIVE_UP_AFTER = timedelta(days=3)
# While Genvoris does not answer, one message tries it after 2 s, then 4, up to a minute.
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
LONGEST_OUTAGE_DELAY = 300.0
# For how long a process has a message to itself. A call to Genvoris takes seconds.
LEASES: dict[Lane, timedelta] = {
    "calls": timedelta(minutes=2),
    "handlers": timedelta(minutes=15),
}


class MessageTable(Protocol):
    """The messages that all processes share."""

    def claim(self, lane: Lane, now: datetime, until: datetime) -> Claim | None:
        """Return a message that is due, which is this process's until a time; None if none is."""

    def mark_sent(self, claim: Claim, now: datetime) -> None:
        """Note that a message was delivered."""

    def mark_failed(self, claim: Claim, code: str, due_at: datetime) -> None:
        """Note why a message could not be delivered, and when to try again."""

    def give_up(self, claim: Claim, code: str, now: datetime) -> None:
        """Note why a message is not tried again."""

    def postpone(self, lane: Lane, until: datetime) -> None:
        """Try no message of a lane before a time."""

    def next_due(self, lane: Lane) -> datetime | None:
        """Return when the next message of a lane is due; None if none waits."""


@dataclass
class Round:
    """What came of the messages that were due.

    Attributes:
        sent: How many were delivered.
        failed: How many are tried again later.
        given_up: How many are not.
        is_outage: Whether it ended since Genvoris did not answer.
    """

    sent: int = 0
    failed: int = 0
    given_up: int = 0
    is_outage: bool = False


class Drain:
    """Delivers messages in the order in which they became due.

    Args:
        table: The messages.
        deliver: Delivers one.
        clock: Returns the time in Unix seconds.
        jitter: Returns a number between two others, so that processes do not try all at once.
    """

    def __init__(
        self,
        table: MessageTable,
        deliver: Deliver,
        *,
        clock: Callable[[], float],
        jitter: Callable[[float, float], float] = jitter,
    ) -> None:
        self._table = table
        self._deliver = deliver
        self._clock = clock
        self._jitter = jitter
        self._outages = 0

    def run(self, lane: Lane, goes_on: Callable[[], bool] = lambda: True) -> Round:
        """Deliver what is due, until nothing is or Genvoris does not answer.

        Args:
            lane: Which messages.
            goes_on: Returns whether to take another message.

        Raises:
            LedgerUnavailableError: The database cannot be used.
            StoreUnavailableError: So is the Redis that the messages are in.
        """
        done = Round()
        while goes_on():
            now = self._now()
            claim = self._table.claim(lane, now, now + LEASES[lane])
            if claim is None:
                break
            verdict = self._attempt(claim)
            if verdict is None:
                self._outages = 0
                self._table.mark_sent(claim, self._now())
                done.sent += 1
                continue
            self._settle(claim, verdict, done)
            if verdict.is_outage:
                self._pause(lane, verdict)
                done.is_outage = True
                break
        return done

    def _attempt(self, claim: Claim) -> Verdict | None:
        message = claim.message
        if claim.was_interrupted and not KINDS[message.kind].is_repeatable:
            return Verdict("outcome_unknown", is_final=True)
        try:
            self._deliver(message)
        except Exception as error:  # the shop's own code may raise anything
            if not isinstance(error, GenvorisError | UndeliverableError):
                log.exception("%s failed", message)
            return judge(error, message)
        return None

    def _settle(self, claim: Claim, verdict: Verdict, done: Round) -> None:
        now = self._now()
        if verdict.is_final or now - claim.queued_at >= GIVE_UP_AFTER:
            self._table.give_up(claim, verdict.code, now)
            done.given_up += 1
            hint = _hint_of(claim.message)
            log.error("%s: given up (%s); %s", claim.message, verdict.code, hint)
            return
        delay = delay_after(claim.attempts)
        if verdict.is_outage:  # which is not the message's own fault, and has a pause of its own
            delay = min(delay, LONGEST_OUTAGE_DELAY)
        delay *= self._jitter(0.5, 1.0)
        until = min(now + timedelta(seconds=delay), claim.queued_at + GIVE_UP_AFTER)
        until = max(until, now + timedelta(seconds=verdict.retry_after))
        self._table.mark_failed(claim, verdict.code, until)
        done.failed += 1
        seconds = (until - now).total_seconds()
        log.warning("%s: %s; trying again in %.0f s", claim.message, verdict.code, seconds)

    def _pause(self, lane: Lane, verdict: Verdict) -> None:
        """Let one message at a time find out whether Genvoris answers again."""
        seconds = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self._outages)
        self._outages += 1
        pause = max(verdict.retry_after, self._jitter(0.5, 1.0) * seconds)
        self._table.postpone(lane, self._now() + timedelta(seconds=pause))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _hint_of(message: Message) -> str:
    """Return what can be done about a message that was given up, and until when."""
    keep = KINDS[message.kind].keep_given_up
    hint = "`flask genvoris outbox retry` sends it again"
    return hint if keep is None else f"{hint} within {keep.days} days, after which it is deleted"
