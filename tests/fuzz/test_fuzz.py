"""Whatever comes is read or refused, at a cost that its length bounds."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.fuzz.run import fuzz
from tests.fuzz.targets import BY_NAME, CORPUS, TARGETS, Target, good_token

EXAMPLES = 40


@pytest.mark.parametrize("name", BY_NAME)
def test_kept_inputs_stay_within_their_budget(name: str) -> None:
    """What was once found, and what is ordinary, costs no more than its length allows."""
    target = BY_NAME[name]
    for data in target.seeds():
        target.check(data)


@pytest.mark.parametrize("name", BY_NAME)
def test_changed_inputs_are_read_or_refused_within_the_budget(name: str) -> None:
    """A few of those that ``make fuzz`` tries for as long as it is told."""
    fuzz(BY_NAME[name], settings(max_examples=EXAMPLES, deadline=None))


def test_a_good_token_is_read_within_the_budget() -> None:
    """Its signature cannot be kept, since each process has keys of its own."""
    data = good_token()
    BY_NAME["token"].check(data)
    BY_NAME["token"].read(data)


def test_every_target_has_kept_inputs_and_no_others_are_kept() -> None:
    """The corpus is small, and nothing in it is left unread."""
    assert {folder.name for folder in CORPUS.iterdir() if folder.is_dir()} == BY_NAME.keys()
    assert all(target.seeds() for target in TARGETS)
    assert sum(len(data) for target in TARGETS for data in target.seeds()) < 200_000


@pytest.mark.parametrize("cost", ["steps", "bytes", "an error"])
def test_the_fuzzer_finds_what_costs_too_much(cost: str) -> None:
    """A reader that squares its input, holds a thousand times as much, or fails."""

    def read(data: bytes) -> object:
        if cost == "steps":
            return [1 for _ in range(len(data)) for _ in range(len(data))]
        if cost == "bytes":
            return bytes(10_000 * len(data))
        return data.decode("ascii")

    target = Target("signature", read, (), 4)
    with pytest.raises((AssertionError, UnicodeDecodeError)):
        fuzz(target, settings(max_examples=EXAMPLES, deadline=None, database=None))
