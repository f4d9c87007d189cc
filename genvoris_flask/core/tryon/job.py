"""One try-on as a job: what is known of it, and how that is written down for other processes.

A photo is never part of it, and a picture is kept apart.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from ..images.pictures import Picture, Quota
from ..products import Product
from .outcomes import Failure, Outcome
from .paywall import Refusal

State = Literal["queued", "running", "done", "failed", "refused"]
INTERRUPTED = Failure("interrupted")


@dataclass(frozen=True)
class Done:
    """A job ended with a picture, which is fetched apart."""

    mimetype: str
    quota: Quota | None = None


JobResult = Done | Failure | Refusal


@dataclass(frozen=True)
class Job:
    """One try-on of one owner.

    Attributes:
        id: Its name, which cannot be guessed.
        owner: Who alone may see it, as a digest.
        product: What is tried on.
        created_at: In Unix seconds.
        worker: The process that makes it.
        state: ``queued`` or ``running``, until it has an ending.
        ending: How it ended.
    """

    id: str
    owner: str = field(repr=False)
    product: Product
    created_at: float
    worker: str
    state: State = "queued"
    ending: JobResult | None = None

    def ended(self, ending: JobResult) -> Job:
        """Give it with its ending. What is read elsewhere of a refusal lacks its product."""
        match ending:
            case Done():
                return replace(self, state="done", ending=ending)
            case Failure():
                return replace(self, state="failed", ending=ending)
            case Refusal():
                refusal = replace(ending, product=self.product)
                return replace(self, state="refused", ending=refusal)


def ending_of(outcome: Outcome) -> JobResult:
    """Give how a job ends with an outcome."""
    return Done(outcome.mimetype, outcome.quota) if isinstance(outcome, Picture) else outcome


def dump_job(job: Job) -> bytes:
    """Write a job without its ending."""
    fields = asdict(replace(job, ending=None))
    del fields["id"], fields["ending"]
    return json.dumps(fields).encode()


def load_job(job_id: str, raw: bytes) -> Job | None:
    """Read a job; what another version wrote otherwise counts as nothing."""
    try:
        fields: dict[str, Any] = json.loads(raw)
        product = fields.pop("product")
        images = tuple(product.pop("images", ()))  # JSON knows no tuples
        return Job(id=job_id, product=Product(**product, images=images), **fields)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def dump_ending(ending: JobResult) -> bytes:
    """Write an ending. Of a refused shopper only the numbers are written, not who it is."""
    fields: dict[str, Any]
    match ending:
        case Done():
            fields = {"state": "done", **asdict(ending)}
        case Failure():
            fields = {"state": "failed", **asdict(ending)}
        case Refusal():
            numbers = {"used": ending.used, "limit": ending.limit}
            fields = {"state": "refused", "reason": ending.reason, **numbers}
    return json.dumps(fields).encode()


def load_ending(raw: bytes) -> JobResult | None:
    """Read an ending; None for a job that was deleted, or that another version wrote."""
    try:
        fields: dict[str, Any] = json.loads(raw)
        match fields.pop("state"):
            case "done":
                quota = fields.pop("quota")
                return Done(quota=Quota(**quota) if quota else None, **fields)
            case "failed":
                return Failure(**fields)
            case "refused":
                return Refusal(**fields)
    except (ValueError, TypeError, KeyError):
        pass
    return None
