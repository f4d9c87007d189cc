"""Any input is read or refused, at a cost that is bounded by its length."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.fuzz.run import fuzz
from tests.fuzz.targets import BY_NAME, CORPUS, TARGETS, Target, good_token

EXAMPLES = 40


@pytest.mark.parametrize("name", BY_NAME)
def test_corpus(name: str) -> None:
    """Every input of the corpus is read within the budget."""
    target = BY_NAME[name]
    for data in target.seeds():
        target.check(data)


@pytest.mark.parametrize("name", BY_NAME)
def test_generated_inputs(name: str) -> None:
    """A few of the inputs that ``make fuzz`` generates are read within the budget."""
    fuzz(BY_NAME[name], settings(max_examples=EXAMPLES, deadline=None))


def test_valid_token() -> None:
    """A valid token, which differs in every process, is read within the budget."""
    data = good_token()
    BY_NAME["token"].check(data)
    BY_NAME["token"].read(data)


def test_corpus_matches_targets() -> None:
    """Every target has a small corpus, and every folder of the corpus has a target."""
    assert {folder.name for folder in CORPUS.iterdir() if folder.is_dir()} == BY_NAME.keys()
    assert all(target.seeds() for target in TARGETS)
    assert sum(len(data) for target in TARGETS for data in target.seeds()) < 200_000


@pytest.mark.parametrize("cost", ["steps", "bytes", "an error"])
def test_fuzzer_finds_faults(cost: str) -> None:
    """The fuzzer finds quadratic time, excessive memory and unexpected errors."""

    def read(data: bytes) -> object:
        if cost == "steps":
            return [1 for _ in range(len(data)) for _ in range(len(data))]
        if cost == "bytes":
            return bytes(10_000 * len(data))
        return data.decode("ascii")

    target = Target("signature", read, (), 4)
    with pytest.raises((AssertionError, UnicodeDecodeError)):
        fuzz(target, settings(max_examples=EXAMPLES, deadline=None, database=None))
