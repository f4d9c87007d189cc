"""The messages of an outbox in Redis, for shops with an engine for try-ons and without a ledger.

The engine's own queue is not used: it would have to hold a message for three days, and could not
show what was given up. Messages are about orders and people, so what they say is sealed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import redis

from ...errors import QueueFullError
from ..concurrency.per_process import PerProcess
from ..storage.interface import Sealer, digest
from ..storage.namespace import PREFIX
from ..storage.redis_connection import RedisConnection
from . import redis_scripts as scripts
from .messages import (
    KEEP,
    KEEP_GIVEN_UP,
    KINDS,
    Claim,
    FoundMessage,
    Lane,
    Message,
    State,
    StoredMessage,
)

log: logging.Logger = logging.getLogger("genvoris_flask.outbox")

MAX_WAITING = 10_000
_SUBJECT = "outbox-subject"


class RedisTable:
    """The messages of all processes in Redis.

    Args:
        connection: The connection to Redis.
        name: Returns what tells this shop's keys from those of others.
        sealer: Keeps what messages say from others who can read Redis.
        clock: Returns the time in Unix seconds.
        max_waiting: How many messages may wait.
    """

    def __init__(
        self,
        connection: RedisConnection,
        name: Callable[[redis.Redis], str],
        sealer: Sealer,
        clock: Callable[[], float],
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._connection = connection
        self._name = name
        self._sealer = sealer
        self._clock = clock
        self._max_waiting = max_waiting
        self._owner = PerProcess(lambda: secrets.token_hex(8))

    def put(self, message: Message, connection: Any = None) -> bool:  # noqa: ARG002
        """Write a message; return whether there is something to deliver that was not told before.

        Raises:
            StoreUnavailableError: It cannot be written.
            QueueFullError: Too many messages wait.
        """
        key, text = digest(message.key), json.dumps(dict(message.body), sort_keys=True)
        whole = {"key": message.key, "subject": message.subject, "body": message.body}
        fields = {
            "kind": message.kind,
            "key": key,
            "subject": digest(message.subject) if message.subject else "",
            "about": self._seal_subject(message.subject),
            "digest": hashlib.sha256(text.encode()).hexdigest(),
        }
        body = self._sealer.seal(_body_name(key), json.dumps(whole).encode())
        state = "1" if message.is_state else "0"
        # A repeat after a lost reply finds the message, whose key is known.
        done = self._run(
            scripts.PUT, json.dumps(fields), body, self._clock(), state, self._max_waiting
        )
        if done < 0:
            raise QueueFullError(f"{message}: {self._max_waiting} messages wait already.")
        return bool(done)

    # Delivering

    def claim(self, lane: Lane, now: datetime, until: datetime) -> Claim | None:
        """Return a message that is due, which is this process's until a time; None if none is."""
        while True:
            times = (now.timestamp(), until.timestamp())
            owner = self._owner.get()
            found = self._run(scripts.CLAIM, lane, *times, owner, *_kinds(lane), retry=False)
            if found is None:
                return None
            fields, sealed = json.loads(found[0]), found[1]
            if claim := self._read_claim(fields, sealed):
                return claim
            log.error(
                "A message of the outbox cannot be opened: it was sealed with another SECRET_KEY, "
                "so it is given up. List the former key in SECRET_KEY_FALLBACKS, then run `flask "
                "genvoris outbox retry`."
            )
            self._end(int(fields["id"]), fields["version"], "given_up", now, "other_secret_key")

    def mark_sent(self, claim: Claim, now: datetime) -> None:
        """Note that a message was delivered, and forget what it said."""
        self._end(claim.id, claim.version, "sent", now)

    def mark_failed(self, claim: Claim, code: str, due_at: datetime) -> None:
        """Note why a message could not be delivered, and when to try again."""
        self._end(claim.id, claim.version, "waiting", due_at, code)

    def give_up(self, claim: Claim, code: str, now: datetime) -> None:
        """Note why a message is not tried again."""
        self._end(claim.id, claim.version, "given_up", now, code)

    def postpone(self, lane: Lane, until: datetime) -> None:
        """Try no message of a lane before a time."""
        milliseconds = max(1, int((until.timestamp() - self._clock()) * 1000))
        self._run(scripts.PAUSE, lane, until.timestamp(), milliseconds)

    def next_due(self, lane: Lane) -> datetime | None:
        """Return when the next message of a lane is due; None if none waits."""
        found = self._run(scripts.NEXT_DUE, lane, *_kinds(lane))
        return None if found is None else datetime.fromtimestamp(float(found), UTC)

    def prune(self) -> int:
        """Forget what was delivered or given up long ago; return how many there were."""
        now = self._clock()
        times = [now - each.total_seconds() for each in (KEEP, KEEP_GIVEN_UP)]
        return int(self._run(scripts.PRUNE, *times))

    # For the shop's staff

    def messages(self, states: Sequence[State], limit: int) -> list[StoredMessage]:
        """Return the oldest messages in some states."""

        def read(client: redis.Redis) -> list[bytes | None]:
            base, ids = self._base(client), list[bytes]()
            for state in states:
                ids += cast("list[bytes]", client.zrange(f"{base}:{state}", 0, limit - 1))
            if not ids:
                return []
            return cast("list[bytes | None]", client.hmget(f"{base}:messages", sorted(ids)[:limit]))

        found = self._connection.run(read)
        return [self._read_stored(json.loads(raw)) for raw in found if raw is not None]

    def undelivered(self) -> list[FoundMessage]:
        """Return all messages that were not delivered yet, oldest first."""

        def read(client: redis.Redis) -> Iterator[tuple[bytes | None, bytes | None]]:
            base = self._base(client)
            ids = [
                each
                for state in ("waiting", "given_up")
                for each in cast("list[bytes]", client.zrange(f"{base}:{state}", 0, -1))
            ]
            if not ids:
                return iter(())
            ids.sort()
            found = client.hmget(f"{base}:messages", ids), client.hmget(f"{base}:bodies", ids)
            return zip(*cast("tuple[list[bytes | None], ...]", found), strict=True)

        def open_all() -> Iterator[FoundMessage]:
            for raw, sealed in self._connection.run(read):
                if raw is None or sealed is None:  # it was delivered at this moment
                    continue
                fields = json.loads(raw)
                if claim := self._read_claim(fields, sealed):
                    is_given_up = fields["state"] == "given_up"
                    yield FoundMessage(claim.id, claim.message, claim.queued_at, is_given_up)

        return list(open_all())

    def retry(self, ids: Sequence[int] | None = None) -> int:
        """Have messages that were given up, or that wait, sent now; return how many."""
        return self._change("retry", ids)

    def drop(self, ids: Sequence[int] | None = None) -> int:
        """Delete messages that were given up, or the given ones; return how many."""
        return self._change("drop", ids)

    def _change(self, what: str, ids: Sequence[int] | None) -> int:
        return int(self._run(scripts.CHANGE, what, self._clock(), *map(_number, ids or ())))

    def _end(self, number: int, version: int, state: State, at: datetime, error: str = "") -> None:
        """End an attempt of this process.

        Args:
            number: The message's number.
            version: The version that was attempted.
            state: The message's state from now on.
            at: When it is due again, or since when it is in that state.
            error: Why the attempt failed.
        """
        mine, time = self._owner.get(), at.timestamp()
        self._run(scripts.END, _number(number), mine, version, state, time, error)

    def _run(self, script: str, *arguments: Any, retry: bool = True) -> Any:
        def run(client: redis.Redis) -> Any:
            return client.eval(script, 1, self._base(client), *arguments)

        return self._connection.run(run, retry=retry)

    def _base(self, client: redis.Redis) -> str:
        name = self._name(client)
        return f"{PREFIX}:{name}:outbox:{{{name}}}"

    def _seal_subject(self, subject: str | None) -> str:
        return b64encode(self._sealer.seal(_SUBJECT, (subject or "").encode())).decode()

    def _read_subject(self, fields: dict[str, Any]) -> str | None:
        raw = self._sealer.unseal(_SUBJECT, b64decode(fields["about"]))
        return raw.decode() if raw else None

    def _read_claim(self, fields: dict[str, Any], sealed: bytes) -> Claim | None:
        """Return what was taken; None if it cannot be opened."""
        raw = self._sealer.unseal(_body_name(fields["key"]), sealed)
        if raw is None:
            return None
        whole = json.loads(raw)
        return Claim(
            id=int(fields["id"]),
            version=fields["version"],
            message=Message(fields["kind"], whole["key"], whole["body"], whole["subject"]),
            queued_at=_time(fields["queued_at"]),
            attempts=fields["attempts"] + 1,
            was_interrupted=fields["owner"] != "",
        )

    def _read_stored(self, fields: dict[str, Any]) -> StoredMessage:
        state: State = fields["state"]
        return StoredMessage(
            id=int(fields["id"]),
            kind=fields["kind"],
            subject=self._read_subject(fields),
            state=state,
            attempts=fields["attempts"],
            queued_at=_time(fields["queued_at"]),
            due_at=_time(fields["due_at"]) if state == "waiting" else None,
            error=fields["error"] or None,
        )


def _kinds(lane: Lane) -> list[str]:
    # A kind that is not known here is one of a later version, which will deliver it.
    return [name for name, kind in KINDS.items() if kind.lane == lane]


def _body_name(key: str) -> str:
    return f"outbox:{key}"


def _number(number: int) -> str:
    return f"{number:012d}"  # so that the order of texts is that of numbers


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
