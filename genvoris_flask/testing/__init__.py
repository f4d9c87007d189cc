"""The pytest plugin: fixtures for a local Genvoris, its clock, its faults, and a shopper.

pytest loads it when genvoris-flask is installed (docs/testing.md). Tests that use it need the
sandbox extra (``pip install "genvoris-flask[sandbox]"``), which is not imported before.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import pytest

from .controls import Clock, Faults, SandboxShopper
from .sandbox import Sandbox, start_sandbox

__all__ = [
    "Clock",
    "Faults",
    "Sandbox",
    "SandboxShopper",
    "genvoris_clock",
    "genvoris_faults",
    "genvoris_sandbox",
    "genvoris_shopper",
    "start_sandbox",
]

SCOPE = "genvoris_sandbox_scope"
Scope = Literal["function", "class", "module", "package", "session"]
SCOPES: tuple[Scope, ...] = get_args(Scope)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option ``genvoris_sandbox_scope``."""
    about = f"how long a genvoris_sandbox lives: {', '.join(SCOPES)}"
    parser.addini(SCOPE, about, default="function")


def _scope(fixture_name: str, config: pytest.Config) -> Scope:  # noqa: ARG001 - pytest names both
    given = str(config.getini(SCOPE))
    for scope in SCOPES:
        if scope == given:
            return scope
    raise pytest.UsageError(f"{SCOPE} is {given!r}; it must be one of {', '.join(SCOPES)}.")


@pytest.fixture(scope="session")
def _genvoris_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that stores the signing key, so that it is only generated once."""
    return tmp_path_factory.mktemp("genvoris-keys")


@pytest.fixture(scope=_scope)
def genvoris_sandbox(
    _genvoris_keys: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandbox]:
    """Yield an empty local Genvoris that listens on a free port.

    It lives for one test, unless the option ``genvoris_sandbox_scope`` sets another scope.
    """
    with start_sandbox(tmp_path_factory.mktemp("genvoris"), _genvoris_keys) as sandbox:
        yield sandbox


@pytest.fixture
def genvoris_clock(genvoris_sandbox: Sandbox) -> Iterator[Clock]:
    """Yield the sandbox's clock, which is reset after the test."""
    clock = Clock(genvoris_sandbox.url)
    yield clock
    clock.reset()


@pytest.fixture
def genvoris_faults(genvoris_sandbox: Sandbox) -> Iterator[Faults]:
    """Yield the faults of the sandbox, which are removed after the test."""
    faults = Faults(genvoris_sandbox.url)
    yield faults
    faults.clear()


@pytest.fixture
def genvoris_shopper(genvoris_sandbox: Sandbox) -> SandboxShopper:
    """Return a shopper with five unused try-ons a month."""
    return genvoris_sandbox.shopper()
