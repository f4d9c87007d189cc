"""Fixtures for the tests of a shop: a local Genvoris, its clock, its faults, and a shopper.

A pytest plugin that is there once genvoris-flask is installed; docs/testing.md shows it at work. It
needs the sandbox extra (``pip install "genvoris-flask[sandbox]"``) in tests that use it; for all
others it imports nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import pytest

from .sandbox import Sandbox, start_sandbox
from .shopper import SandboxShopper
from .switches import Clock, Faults

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
    """Add the setting that says how long a sandbox lives."""
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
    """Give a folder for the signing key, so that it is made once and not for each test."""
    return tmp_path_factory.mktemp("genvoris-keys")


@pytest.fixture(scope=_scope)
def genvoris_sandbox(
    _genvoris_keys: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandbox]:
    """Give a local Genvoris that listens on a free port, with nothing in it.

    It lives for one test, or for as long as the setting ``genvoris_sandbox_scope`` says.
    """
    with start_sandbox(tmp_path_factory.mktemp("genvoris"), _genvoris_keys) as sandbox:
        yield sandbox


@pytest.fixture
def genvoris_clock(genvoris_sandbox: Sandbox) -> Iterator[Clock]:
    """Give the sandbox's clock; after the test it is the machine's again."""
    clock = Clock(genvoris_sandbox.url)
    yield clock
    clock.reset()


@pytest.fixture
def genvoris_faults(genvoris_sandbox: Sandbox) -> Iterator[Faults]:
    """Give what makes the sandbox fail; after the test all is well again."""
    faults = Faults(genvoris_sandbox.url)
    yield faults
    faults.clear()


@pytest.fixture
def genvoris_shopper(genvoris_sandbox: Sandbox) -> SandboxShopper:
    """Give a shopper with five try-ons a month, of whom none is used."""
    return genvoris_sandbox.shopper()
