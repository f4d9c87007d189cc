"""One sandbox for each module of contract tests, spoken to over a real socket."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from genvoris_flask.core.api.client import GenvorisClient
from genvoris_flask.testing import Sandbox, start_sandbox

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, _genvoris_keys: Path) -> Iterator[Sandbox]:
    """Return the module's sandbox."""
    folder = tmp_path_factory.mktemp("sandbox")
    with start_sandbox(folder, _genvoris_keys, credits_at_start=90) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def sandbox_url(sandbox: Sandbox) -> str:
    """Return the URL of the module's sandbox."""
    return sandbox.url


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> GenvorisClient:
    """Return a typed client of that sandbox."""
    return sandbox.client


@pytest.fixture
def new_name() -> Callable[[], str]:
    """Return names that no other test of the module has used."""
    return lambda: f"shopper/{next(_numbers)} ü?#"
