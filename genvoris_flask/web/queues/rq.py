"""Sends try-ons to RQ's workers, through the Redis of GENVORIS_STORE_URL."""

from __future__ import annotations

import redis
from rq import Queue, Worker

from ...core.storage.redis_connection import RedisConnection
from ...core.tryon.jobs.durable import WAITING_SECONDS

# By name, since it imports the app that imports this.
FUNCTION = "genvoris_flask.rq.make_tryon"
# RQ's own limit must not end an attempt before ours does, which tells the shopper.
TIMEOUT_MARGIN = 60


class RqBroker:
    """A ``Broker`` for RQ.

    Args:
        connection: The connection to Redis.
        name: The name of the queue.
        max_runtime: Seconds after which a try-on has failed.
    """

    def __init__(self, connection: RedisConnection, name: str, max_runtime: float) -> None:
        self._connection = connection
        self._name = name
        self._timeout = int(max_runtime) + TIMEOUT_MARGIN

    def send(self, job_id: str) -> None:
        """Put a job into the queue."""

        def enqueue(client: redis.Redis) -> None:
            Queue(self._name, connection=client).enqueue_call(
                FUNCTION,
                (job_id,),
                timeout=self._timeout,
                ttl=int(WAITING_SECONDS),
                result_ttl=0,
                failure_ttl=int(WAITING_SECONDS),
                description="Genvoris try-on",
            )

        self._connection.run(enqueue, retry=False)

    def has_worker(self) -> bool:
        """Return whether any worker listens to the queue."""

        def count(client: redis.Redis) -> int:
            return Worker.count(queue=Queue(self._name, connection=client))

        return self._connection.run(count) > 0
