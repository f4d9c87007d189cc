"""One sandbox process for each module of contract tests, spoken to over a real socket."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from genvoris_flask.api.client import GenvorisClient
from tests.support.sandbox_process import KEY, sandbox_process

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of the module's sandbox."""
    with sandbox_process(tmp_path_factory.mktemp("sandbox"), "--credits", "90") as url:
        yield url


@pytest.fixture(scope="module")
def client(sandbox_url: str) -> GenvorisClient:
    """Give the typed client of that sandbox."""
    return GenvorisClient(KEY, f"{sandbox_url}/api/v1")


@pytest.fixture
def new_name() -> Callable[[], str]:
    """Give names that no other test of the module has used."""
    return lambda: f"shopper/{next(_numbers)} ü?#"
