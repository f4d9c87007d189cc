"""What is tried on, and what becomes of it: requests, which may be cancelled, jobs and results."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from ...errors import GenvorisError, StoreUnavailableError
from ..images.photos import Photo, Picture, Quota
from ..products import Product
from ..sessions import Shopper
from .daily_limit import CountedTryon
from .paywall import Refusal

JobState = Literal["queued", "running", "done", "failed", "refused"]


class TryOnCancelledError(GenvorisError):
    """The shopper cancelled the try-on before anything was charged. Its picture is not wanted."""


class TryOnDiscardedError(TryOnCancelledError):
    """The shopper cancelled while the shop's own engine ran, which may have cost the shop."""


class TryOnPostponedError(GenvorisError):
    """Genvoris asks to wait, and nothing was charged. Run the try-on again, without a thread idle.

    Attributes:
        seconds: After how many seconds.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"Genvoris makes no try-on in the next {seconds:.0f} s.")


class Cancellation:
    """What the owner and the engine of one try-on agree on: cancelled, or begun to be charged.

    Whichever comes first decides, once and for all. A queue of jobs binds it to what all processes
    share; unbound, it decides within this process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_cancelled = False
        self._is_charging = False
        self._record: Callable[[], bool] | None = None
        self._is_recorded = False
        self._undo: Callable[[], object] | None = None

    def __reduce__(self) -> tuple[type[Cancellation], tuple[()]]:
        """Pickle as a new one, since another process binds it to what all of them share."""
        return Cancellation, ()

    def bind(self, record: Callable[[], bool]) -> None:
        """Set what records that charging begins; it returns False if that is too late.

        It may raise ``StoreUnavailableError``. Then this process decides by itself.
        """
        self._record = record

    @property
    def is_charging(self) -> bool:
        """Whether charging has begun."""
        return self._is_charging

    def is_cancelled(self) -> bool:
        """Return whether nobody waits for the picture any more. It may have been charged."""
        return self._is_cancelled

    def check(self) -> None:
        """Raise TryOnCancelledError if the try-on was cancelled."""
        if self._is_cancelled:
            raise TryOnCancelledError("The try-on was cancelled.")

    def cancel(self) -> bool:
        """Cancel, and return whether nothing is charged."""
        with self._lock:
            self._is_cancelled = True
            return not self._is_charging

    def begin_charging(self) -> None:
        """Rule out that cancelling is free; call it before a request that may be charged.

        Raises:
            TryOnCancelledError: The try-on was cancelled before, so do not make it.
        """
        with self._lock:
            if self._is_charging:
                return
            if self._is_cancelled:
                raise TryOnCancelledError("The try-on was cancelled.")
            self._is_charging = True
        with suppress(StoreUnavailableError):
            if not self.record():
                self._is_charging, self._is_cancelled = False, True
                raise TryOnCancelledError("The try-on was cancelled.")

    def on_unseen(self, undo: Callable[[], object]) -> None:
        """Set what takes the charge back if nobody gets to see the picture."""
        self._undo = undo

    def report_unseen(self) -> None:
        """Take the charge back, once: the shopper was told that the try-on had failed."""
        undo, self._undo = self._undo, None
        if undo is not None:
            undo()

    def record(self) -> bool:
        """Record, unless it is recorded, that charging has begun. Return whether that was in time.

        Raises:
            StoreUnavailableError: Call it again later.
        """
        if self._is_charging and not self._is_recorded and self._record is not None:
            in_time = self._record()
            self._is_recorded = True
            return in_time
        return True


@dataclass(frozen=True)
class Rerun:
    """What is known of earlier attempts at a try-on, by processes that died.

    Attributes:
        may_be_charged: Whether one of them may have been charged.
    """

    may_be_charged: bool


@dataclass(frozen=True)
class TryOnRequest:
    """One try-on that somebody asked for. It is plain data, so that another process may make it.

    Attributes:
        photo: The shopper's photo, without the metadata of its camera.
        product: What to put on; its ``image`` is known.
        shopper: Who is charged. None for a guest, whom the shop pays for.
        origin: The shop's own address, such as ``https://shop.example``.
        key: Tells a repeat of this request from a new one.
        counted: What it counts against in a guest's day.
        cancellation: Whether it may still be made and charged.
        rerun: Set if it was begun before and its process died.
    """

    photo: Photo = field(repr=False)
    product: Product
    shopper: Shopper | None
    origin: str
    key: str
    counted: CountedTryon | None = None
    cancellation: Cancellation = field(default_factory=Cancellation, repr=False, compare=False)
    rerun: Rerun | None = None


@dataclass(frozen=True)
class Done:
    """The job ended with a picture, which is fetched separately."""

    mimetype: str
    quota: Quota | None = None


@dataclass(frozen=True)
class Failure:
    """The job failed.

    Attributes:
        error: A code of docs/http.md; its sentences are in ``core.locales``.
        charged: Whether the shopper was charged all the same; None if that is unknown.
        until: When there is room for another attempt, in Unix seconds, if it had to wait for that.
    """

    error: str
    charged: bool | None = field(default=None, compare=False)
    until: float | None = None


Outcome = Picture | Failure | Refusal
JobResult = Done | Failure | Refusal

INTERRUPTED = Failure("interrupted")


def came_too_late(until: float) -> Failure:
    """Return the failure of a try-on that would have to wait for too long, until a time."""
    return Failure("shop_budget", charged=False, until=until)


@dataclass(frozen=True)
class Job:
    """What is known of one try-on. It never contains the photo or the picture.

    Attributes:
        id: A random name.
        owner: A digest of who may see the job.
        product: What is tried on.
        created_at: In Unix seconds.
        worker: The process that runs the job.
        state: ``queued`` or ``running`` until there is a result.
        result: How the job ended.
        charging: Whether it may have been charged already, so that cancelling may not be free.
    """

    id: str
    owner: str = field(repr=False)
    product: Product
    created_at: float
    worker: str
    state: JobState = "queued"
    result: JobResult | None = None
    charging: bool = False

    @property
    def charged(self) -> bool | None:
        """Whether the shopper was charged; None if they may be, or that is unknown."""
        match self.result:
            case None:
                return None if self.charging else False
            case Failure(charged=charged):
                return charged
            case result:
                return isinstance(result, Done)

    def with_result(self, result: JobResult) -> Job:
        """Return the job as it is once it has ended.

        The product of a refusal is not stored, so it is set here.
        """
        match result:
            case Done():
                return replace(self, state="done", result=result)
            case Failure():
                return replace(self, state="failed", result=result)
            case Refusal():
                refusal = replace(result, product=self.product)
                return replace(self, state="refused", result=refusal)


def result_of(outcome: Outcome) -> JobResult:
    """Return the result of a job with this outcome."""
    return Done(outcome.mimetype, outcome.quota) if isinstance(outcome, Picture) else outcome


def dump_job(job: Job) -> bytes:
    """Serialize a job without its result."""
    fields = asdict(replace(job, result=None))
    del fields["id"], fields["result"], fields["charging"]  # earlier versions do not know it
    return json.dumps(fields).encode()


def load_job(job_id: str, raw: bytes) -> Job | None:
    """Deserialize a job. Return None for a format of another version."""
    try:
        fields: dict[str, Any] = json.loads(raw)
        product = fields.pop("product")
        images = tuple(product.pop("images", ()))  # JSON has no tuples
        return Job(id=job_id, product=Product(**product, images=images), **fields)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def dump_result(result: JobResult) -> bytes:
    """Serialize a result. Of a refusal only the numbers are written, never the shopper."""
    fields: dict[str, Any]
    match result:
        case Done():
            fields = {"state": "done", **asdict(result)}
        case Failure():
            fields = {"state": "failed", "error": result.error}  # all that earlier versions know
            if result.until is not None:
                fields["until"] = result.until
        case Refusal():
            numbers = {"used": result.used, "limit": result.limit}
            fields = {"state": "refused", "reason": result.reason, **numbers}
    return json.dumps(fields).encode()


def load_result(raw: bytes) -> JobResult | None:
    """Deserialize a result. Return None for a removed job and for a format of another version."""
    with suppress(ValueError, TypeError, KeyError):
        fields: dict[str, Any] = json.loads(raw)
        match fields.pop("state"):
            case "done":
                quota = fields.pop("quota")
                return Done(quota=Quota(**quota) if quota else None, **fields)
            case "failed":
                return Failure(**fields)
            case "refused":
                return Refusal(**fields)
    return None
