"""Which messages of an outbox are about a shopper, for an export and an erasure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..outbox.messages import FoundMessage, Message

_ID_KEYS = ("external_id", "externalId")
# Genvoris does not document all that its events say.
_SECRET = re.compile(r"(token|secret|password|api[_-]?key|authorization|signature)$", re.IGNORECASE)
# That a token is void has to be told, or it could be used until it expires.
_KEPT = "revocation"


class WaitingMessages(Protocol):
    """The messages of an outbox."""

    def undelivered(self) -> list[FoundMessage]:
        """Return all messages that were not delivered yet, oldest first."""

    def drop(self, ids: Sequence[int]) -> int:
        """Delete messages; return how many."""


@dataclass(frozen=True)
class Person:
    """Tells what is about a shopper.

    Attributes:
        external_id: The shop's id of the shopper, which may be a number that others have too.
        known_as: The same as Genvoris knows it, with GENVORIS_EXTERNAL_ID_PREFIX; None if it
            could be another shopper's there.
        names: Texts that name nobody else, in lower case: Genvoris's id, and the e-mail address.
    """

    external_id: str
    known_as: str | None
    names: frozenset[str]

    def is_in(self, message: Message) -> bool:
        """Return whether a message names the shopper."""
        return self._is_in(message.body, self._id_in(message))

    def part_of(self, message: Message) -> Any:
        """Return what a message says, without secrets and what its lists say of other people."""
        return self._part_of(message.body, self._id_in(message))

    def _id_in(self, message: Message) -> str | None:
        # Only a shopper's state has the shop's own id; all else has Genvoris's form of it.
        return self.external_id if message.kind == "customer" else self.known_as

    def _is_in(self, value: Any, external_id: str | None, key: str = "") -> bool:
        if isinstance(value, Mapping):
            return any(self._is_in(each, external_id, name) for name, each in value.items())
        if isinstance(value, list | tuple):
            return any(self._is_in(each, external_id, key) for each in value)
        if not isinstance(value, str):
            return False
        return value.lower() in self.names or (key in _ID_KEYS and value == external_id)

    def _part_of(self, value: Any, external_id: str | None, key: str = "") -> Any:
        if isinstance(value, Mapping):
            return {
                name: self._part_of(each, external_id, name)
                for name, each in value.items()
                if not _SECRET.search(name)
            }
        if isinstance(value, list | tuple):
            theirs = [each for each in value if self._is_in(each, external_id, key)]
            return [self._part_of(each, external_id, key) for each in theirs or value]
        return value


class OwnMessages:
    """The messages about a shopper that were not delivered yet.

    Args:
        messages: Those of an outbox that outlasts the process; None if there is none.
    """

    def __init__(self, messages: WaitingMessages | None) -> None:
        self._messages = messages

    def export(self, person: Person) -> list[dict[str, Any]]:
        """Return what is yet to be told of a shopper, as JSON can represent it."""
        return [
            {
                "kind": each.message.kind,
                "body": person.part_of(each.message),
                "queued_at": each.queued_at.isoformat(),
                "given_up": each.is_given_up,
            }
            for each in self._find(person)
        ]

    def drop(self, person: Person) -> int:
        """Delete what is yet to be told of a shopper; return how many messages there were."""
        ids = [each.id for each in self._find(person) if each.message.kind != _KEPT]
        # By default all that were given up would be dropped.
        return self._messages.drop(ids) if self._messages and ids else 0

    def _find(self, person: Person) -> list[FoundMessage]:
        """Return messages that name a shopper, and those of the same order, which need not."""
        if self._messages is None:
            return []
        found = self._messages.undelivered()
        subjects = {each.message.subject for each in found if person.is_in(each.message)} - {None}
        return [
            each for each in found if each.message.subject in subjects or person.is_in(each.message)
        ]
