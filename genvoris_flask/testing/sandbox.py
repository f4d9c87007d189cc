"""A local Genvoris in the test process, which listens on a free port of this machine."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .controls import SandboxShopper, call

if TYPE_CHECKING:
    from ..core.api.client import GenvorisClient

API_KEY = "gvk_test_in_a_test_run"
KEY_FILES = "*.pem"


class Sandbox:
    """A running sandbox.

    Args:
        url: Its URL, without a trailing slash.
        api_key: The key that it accepts.

    Attributes:
        config: The settings with which a shop uses it, for ``app.config``.
        client: A client of its REST API.
    """

    def __init__(self, url: str, api_key: str = API_KEY) -> None:
        from ..core.api.client import GenvorisClient

        self.url = url
        self.api_key = api_key
        self.client: GenvorisClient = GenvorisClient(api_key, f"{url}/api/v1", url)
        self.config: dict[str, Any] = {
            "GENVORIS_API_KEY": api_key,
            "GENVORIS_API_URL": f"{url}/api/v1",
            "GENVORIS_TRYON_URL": url,
        }
        self._numbers = itertools.count(1)

    def plan(self, name: str = "Test plan", try_ons: int = 5) -> str:
        """Create a plan and return its id."""
        return self.client.plans.create(name=name, monthly_try_ons=try_ons).id

    def shopper(
        self,
        external_id: str | None = None,
        *,
        email: str | None = None,
        try_ons: int | None = 5,
        plan_id: str | None = None,
    ) -> SandboxShopper:
        """Register a shopper.

        Args:
            external_id: The shop's id of the shopper; defaults to a new one.
            email: The shopper's address; defaults to one made of the id.
            try_ons: Try-ons a month, for which a plan is created; None for no plan.
            plan_id: An existing plan, instead of ``try_ons``.
        """
        external_id = external_id or f"shopper-{next(self._numbers)}"
        email = email or f"{external_id}@example.com"
        if plan_id is None and try_ons is not None:
            plan_id = self.plan(try_ons=try_ons)
        customer = self.client.customers.upsert(
            external_id=external_id, email=email, plan_id=plan_id
        )
        return SandboxShopper(
            self.client,
            self.url,
            external_id=external_id,
            email=email,
            customer_id=customer.id,
            plan_id=plan_id,
        )

    def calls(self, path: str = "*", method: str | None = None) -> list[dict[str, Any]]:
        """Return the requests that it received, oldest first, without keys, tokens and photos.

        Args:
            path: Only those whose path matches, in which ``*`` matches anything.
            method: Only those with this method.
        """
        found: list[dict[str, Any]] = call(self.url, "GET", "/sandbox/calls")["data"]
        return [
            each
            for each in found
            if fnmatchcase(each["path"], path) and method in (None, each["method"])
        ]

    def deliveries(self, wait: float = 5.0) -> list[dict[str, Any]]:
        """Return its webhook deliveries, newest first, after sending those that are due.

        Args:
            wait: The longest time for that, in seconds; 30 at most.
        """
        answer = call(self.url, "GET", f"/sandbox/deliveries?wait={wait}")
        found: list[dict[str, Any]] = answer["data"]
        return found

    def enforce_safety_switches(self) -> None:
        """Suspend the account from now on when Genvoris would: 501 new shoppers in an hour, say."""
        call(self.url, "PATCH", "/sandbox/settings", {"safetySwitches": True})

    @property
    def suspension(self) -> str | None:
        """Why the account is suspended, or None."""
        found = call(self.url, "GET", "/sandbox/safety")["suspension"]
        return None if found is None else str(found["reason"])

    def empty_credits(self) -> None:
        """Remove the shop's credits: every try-on is refused with ``credit_limit_reached``."""
        call(self.url, "DELETE", "/sandbox/credits")

    def top_up(self, count: int = 1000) -> None:
        """Buy credits for the shop."""
        call(self.url, "POST", "/sandbox/credits", {"credits": count})


@contextmanager
def start_sandbox(folder: Path, keys: Path, **options: Any) -> Iterator[Sandbox]:
    """Run a sandbox in a thread until the block ends.

    Args:
        folder: Stores its data.
        keys: Stores the signing key for further sandboxes, since generating one takes a while.
        options: Passed to ``genvoris_flask.sandbox.app.create_app``; ``safety_switches`` is false
            unless it is given, since tests make many shoppers in an hour.
    """
    _copy_keys(keys, folder)
    try:
        from ..sandbox.app import create_app
        from ..sandbox.http.server import SandboxServer

        options.setdefault("safety_switches", False)
        app = create_app(folder, api_key=API_KEY, **options)
    except ImportError as error:
        pytest.fail(f"genvoris_sandbox cannot start. {error}", pytrace=False)
    try:
        with SandboxServer(app) as server:
            yield Sandbox(server.url)
    finally:
        _copy_keys(folder, keys)


def _copy_keys(source: Path, target: Path) -> None:
    for key in source.glob(KEY_FILES):
        if not (target / key.name).exists():
            shutil.copy2(key, target)
