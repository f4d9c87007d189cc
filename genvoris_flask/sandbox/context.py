"""What a request of the sandbox works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from flask import current_app, request

from .api_keys import is_good
from .clock import SandboxClock
from .faults import Faults
from .keys import KeyRing
from .limits import Limiter
from .lock import FolderLock
from .refusal import RefusalError
from .request_log import CallLog
from .settings import require_active
from .store import Store
from .webhook_dispatcher import Courier

EXTENSION_KEY = "genvoris-sandbox"


@dataclass(frozen=True)
class Context:
    """The parts of one sandbox.

    Attributes:
        lock: What keeps its folder from other processes, if anything.
        store: Its data.
        keys: What signs its tokens.
        issuer: What its tokens say in ``iss``.
        clock: Its time.
        courier: What takes news to the shop.
        calls: What was asked of it.
        allow_hosts: Where product pictures may be, beside this machine.
        faults: What shall go wrong.
        limiter: How much was asked lately.
        delay: Seconds that a try-on takes at least.
        sleep: Waits so many seconds.
    """

    lock: FolderLock | None
    store: Store
    keys: KeyRing
    issuer: str
    clock: SandboxClock
    courier: Courier
    calls: CallLog
    allow_hosts: tuple[str, ...]
    delay: float
    sleep: Callable[[float], None]
    faults: Faults = field(default_factory=Faults)
    limiter: Limiter = field(default_factory=Limiter)


def context() -> Context:
    """Give the parts of the sandbox that this request is for."""
    found: Context = current_app.extensions[EXTENSION_KEY]
    return found


def admit(key: str | None, refusal: RefusalError) -> None:
    """Refuse a key that is not good, or whose account is suspended.

    Args:
        key: What came.
        refusal: What to say when it is not good.
    """
    with context().store.transaction() as db:
        if not is_good(db, key, context().clock()):
            raise refusal
        require_active(db)


def require_key(schemes: tuple[str, ...]) -> None:
    """Raise a refusal if no good key comes in any of these ways.

    Args:
        schemes: Security schemes of the document. What is missing is told by the first; where
            several keys come, the last decides.
    """
    came = [(scheme, key) for scheme in schemes if (key := _key_of(scheme)) is not None]
    if not came:
        raise _KEY_MISSING[schemes[0]]()
    scheme, key = came[-1]
    code = "invalid_key" if scheme == "serverKey" else "invalid_api_key"
    admit(key, RefusalError(401, code, "This API key is not the sandbox's."))


def _key_of(scheme: str) -> str | None:
    if scheme == "tryonKey":
        return request.headers.get("X-API-Key")
    if scheme == "queryKey":
        return request.args.get("api_key")
    credentials = request.authorization
    if credentials is None or credentials.type != "bearer":
        return None
    return credentials.token or None


_KEY_MISSING = {
    "serverKey": partial(
        RefusalError, 401, "unauthorized", "Send Authorization: Bearer and your API key."
    ),
    "tryonKey": partial(RefusalError, 401, "invalid_api_key", "Send the API key as X-API-Key."),
    "queryKey": partial(RefusalError, 401, "invalid_api_key", "Send the API key as api_key."),
}


def require_local() -> None:
    """Refuse what is neither a program nor a page of this machine.

    The sandbox's own switches need no key. A page from elsewhere could still make a browser on this
    machine call them. ``Front`` has refused those that used a name of their own for it.
    """
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")  # of browsers that say nothing of the site
    own = origin is None or urlsplit(origin).netloc == request.host
    if site not in ("none", "same-origin") or not own:
        raise RefusalError(403, "cross_origin", "Call this from the machine that it runs on.")
