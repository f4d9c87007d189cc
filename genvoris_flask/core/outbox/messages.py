"""Messages, their kinds, and the protocol by which they are put into an outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

Lane = Literal["calls", "handlers"]
State = Literal["waiting", "sent", "given_up"]
LANES: tuple[Lane, ...] = ("calls", "handlers")
# For how long a message that was delivered is known by its key, and statistics are kept.
KEEP = timedelta(days=30)
# For how long one that was given up can be sent again. It may name people.
KEEP_GIVEN_UP = timedelta(days=90)


@dataclass(frozen=True)
class Kind:
    """What messages of a kind have in common.

    Attributes:
        lane: Messages of one lane wait for each other. The shop's own functions, which may take
            long, are apart from calls to Genvoris.
        is_repeatable: Whether delivering one twice does no more than delivering it once.
        keep_given_up: For how long one that was given up can be sent again; None as long as the
            shopper's account.
    """

    lane: Lane = "calls"
    is_repeatable: bool = True
    keep_given_up: timedelta | None = KEEP_GIVEN_UP


KINDS: Mapping[str, Kind] = {
    "conversion": Kind(),
    "return": Kind(is_repeatable=False),
    "events": Kind(is_repeatable=False, keep_given_up=KEEP),
    "customer": Kind(keep_given_up=None),
    "revocation": Kind(),
    "webhook": Kind("handlers"),
    "erasure": Kind("handlers"),
    "alert": Kind("handlers"),
}


@dataclass(frozen=True)
class Message:
    """Something that is delivered later.

    Attributes:
        kind: One of ``KINDS``, which says how it is delivered.
        key: Identifies it: what was put before under its key is not put again.
        body: What is delivered, as JSON can represent it. It holds no photos and no secrets.
        subject: Messages of one subject are delivered in the order in which they were put.
        is_state: Whether it is the current state of its subject. A later one under its key takes
            its place, and is delivered even if the earlier one was.
    """

    kind: str
    key: str
    body: Mapping[str, Any]
    subject: str | None = None
    is_state: bool = False

    def __str__(self) -> str:
        """Return its name for the log, without ids of shoppers."""
        body = self.body
        match self.kind:
            case "conversion" | "return":
                return f"The {self.kind} of order {body.get('order_id')}"
            case "events":
                return f"{len(body.get('events', ()))} events of the widget"
            case "customer":
                return "The state of a shopper"
            case "revocation":
                return "The revocation of a token"
            case "erasure":
                return "An erasure"
            case "alert":
                return "An alert for the owner"
        return f"Handler {body.get('handler')} of {body.get('type')} {body.get('id')}"


# Delivers a message, or raises an error.
Deliver = Callable[[Message], object]


class UndeliverableError(Exception):
    """A message can never be delivered.

    Attributes:
        code: Why, in a word.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Outbox(Protocol):
    """Delivers messages in the background."""

    def put(self, message: Message, session: Any = None) -> None:
        """Have a message delivered soon.

        Args:
            message: The message.
            session: The shop's SQLAlchemy session. An outbox in the shop's database writes the
                message in its transaction; others ignore it.

        Raises:
            QueueFullError: Too many messages wait.
        """

    def start(self) -> None:
        """Deliver what other processes have left behind, from now on."""

    def flush(self, seconds: float) -> bool:
        """Wait until nothing is left to deliver. Return False if that took longer."""


@dataclass(frozen=True)
class Claim:
    """A message that one process has taken from a table to deliver it.

    Attributes:
        id: The number of its row.
        version: How often its body has changed.
        message: The message.
        queued_at: When it was put.
        attempts: How often it has been attempted, this time included.
        was_interrupted: Whether the last attempt did not live to say how it ended.
    """

    id: int
    version: int
    message: Message
    queued_at: datetime
    attempts: int
    was_interrupted: bool


@dataclass(frozen=True)
class FoundMessage:
    """A message that was not delivered yet, with what it says.

    Attributes:
        id: Its number.
        message: The message.
        queued_at: When it was put.
        is_given_up: Whether it is not tried again by itself.
    """

    id: int
    message: Message
    queued_at: datetime
    is_given_up: bool


@dataclass(frozen=True)
class StoredMessage:
    """A row of an outbox, as the shop's staff see it.

    Attributes:
        id: Its number.
        kind: What it is.
        subject: Whom or what it is about.
        state: Whether it waits, was sent, or was given up.
        attempts: How often it was attempted.
        queued_at: When it was put.
        due_at: When it is attempted next; None if it is not.
        error: Why the last attempt failed.
    """

    id: int
    kind: str
    subject: str | None
    state: State
    attempts: int
    queued_at: datetime
    due_at: datetime | None
    error: str | None
