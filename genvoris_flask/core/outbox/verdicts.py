"""What comes of a message after an attempt that failed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import ApiError, MalformedAnswerError, UnreachableError
from ..api.http import RetryPolicy, may_repeat
from .messages import KINDS, Message, UndeliverableError

# Seconds before each further attempt; the last one is repeated.
DELAYS = (1.0, 10.0, 60.0, 300.0, 900.0, 1800.0, 3600.0)
# However long Genvoris asks to wait.
LONGEST_WAIT = 24 * 3600.0
# Refusals of the shop's key or account, or of the moment, rather than of the message.
_PASSING = {401, 402, 403, 408, 425, 429, 503}
_CODE = re.compile(r"[a-z0-9_]{1,48}")


@dataclass(frozen=True)
class Verdict:
    """What comes of a message.

    Attributes:
        code: Why the attempt failed, in a word that holds no secrets.
        is_final: Whether another attempt would fail too, or might deliver it twice.
        is_outage: Whether other messages to Genvoris would fail as well at the moment.
        retry_after: Seconds that Genvoris asks to wait.
    """

    code: str
    is_final: bool = False
    is_outage: bool = False
    retry_after: float = 0.0


def judge(error: Exception, message: Message) -> Verdict:
    """Return what comes of a message whose delivery raised an error."""
    kind = KINDS.get(message.kind)
    is_repeatable = kind is not None and kind.is_repeatable
    if isinstance(error, UndeliverableError):
        return Verdict(error.code, is_final=True)
    if kind is not None and kind.lane == "handlers":
        return Verdict(type(error).__name__)
    if isinstance(error, ApiError):
        return _judge_answer(error, is_repeatable=is_repeatable)
    if isinstance(error, UnreachableError):
        if may_repeat(error, RetryPolicy.ALWAYS if is_repeatable else RetryPolicy.IF_UNSENT):
            return Verdict("unreachable", is_outage=True)
        return Verdict("outcome_unknown", is_final=True)
    if isinstance(error, MalformedAnswerError):
        return Verdict("malformed_answer", is_final=not is_repeatable, is_outage=is_repeatable)
    return Verdict(type(error).__name__, is_final=not is_repeatable)


def _judge_answer(error: ApiError, *, is_repeatable: bool) -> Verdict:
    wait = min(error.retry_after or 0.0, LONGEST_WAIT)
    code = error.code if _CODE.fullmatch(error.code) else f"http_{error.status}"
    if error.status in _PASSING:
        return Verdict(code, is_outage=True, retry_after=wait)
    if error.status < 500:
        return Verdict(code, is_final=True)
    if is_repeatable:
        return Verdict(code, is_outage=True, retry_after=wait)
    return Verdict("outcome_unknown", is_final=True)


def delay_after(attempts: int) -> float:
    """Return the seconds until the next attempt, before they are jittered."""
    return DELAYS[min(attempts, len(DELAYS)) - 1]
