"""Fuzzes readers with Hypothesis, which is guided towards inputs that cost the most.

Usage: ``python -m tests.fuzz.run --seconds 60 [TARGET…]``. An input that breaks a reader is
minimized and written into the target's folder of the corpus.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from collections.abc import Sequence

from hypothesis import HealthCheck, given, seed, settings, target

from tests.fuzz.inputs import changed
from tests.fuzz.targets import BY_NAME, CORPUS, TARGETS, Target

ROUND = 100  # inputs per target in each round


def fuzz(reader: Target, how: settings, started_with: int | None = None) -> None:
    """Read generated inputs, and raise the error of the smallest that breaks the reader.

    Args:
        reader: The reader to fuzz.
        how: Hypothesis's settings, including the number of inputs.
        started_with: The seed; defaults to a random one.

    Raises:
        Exception: An unexpected error of the reader, or AssertionError if it exceeded its budget.
    """

    @settings(how, suppress_health_check=list(HealthCheck))
    @given(data=changed(reader.seeds(), reader.words))
    def read(data: bytes) -> None:
        try:
            cost = reader.check(data)
        except Exception as error:
            error.data = data  # type: ignore[attr-defined]
            raise
        target(reader.share(cost, len(data)))

    (read if started_with is None else seed(started_with)(read))()


def keep(reader: Target, data: bytes) -> str:
    """Write an input into the corpus, and return its path."""
    file = CORPUS / reader.name / f"found-{hashlib.sha256(data).hexdigest()[:12]}"
    file.write_bytes(data)
    return str(file)


def fuzz_for(seconds: float, readers: Sequence[Target]) -> list[str]:
    """Fuzz all readers in rounds, and return the names of those that broke."""
    end = time.monotonic() + seconds
    broken: list[str] = []
    rounds = 0
    while time.monotonic() < end and len(broken) < len(readers):
        for reader in readers:
            if reader.name in broken or (rounds and time.monotonic() >= end):
                continue
            number = random.getrandbits(64)
            try:
                fuzz(reader, settings(max_examples=ROUND, deadline=None, database=None), number)
            except Exception as error:  # noqa: BLE001
                broken.append(reader.name)
                kept = keep(reader, getattr(error, "data", b""))
                print(f"{reader.name}: {type(error).__name__}: {error}\n  kept as {kept}")
        rounds += 1
        print(f"{rounds * ROUND:,} inputs for each of {len(readers) - len(broken)} readers")
    return broken


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("targets", nargs="*", choices=[[], *BY_NAME], metavar="TARGET")
    asked = parser.parse_args()
    readers = [BY_NAME[name] for name in asked.targets] or TARGETS
    sys.exit(1 if fuzz_for(asked.seconds, readers) else 0)


if __name__ == "__main__":
    main()
