"""The floors of the test coverage only rise."""

from __future__ import annotations

import pytest

from tests.coverage_floor import raised


@pytest.mark.parametrize(
    ("measured", "floor"), [(93.9, 93), (94.0, 94), (99.99, 99), (12.0, 93), (100.0, 100)]
)
def test_floor_rises(measured: float, floor: int) -> None:
    """A floor becomes what was measured in whole percents, unless it is higher already."""
    assert raised("fail_under = 93\n", "fail_under", measured) == f"fail_under = {floor}\n"
    assert raised("{ lines: 93 },", "lines", measured) == f"{{ lines: {floor} }},"


@pytest.mark.parametrize("text", ["", "lines: 1, lines: 2"])
def test_floor_is_found(text: str) -> None:
    """A configuration without the floor, or with two, is an error."""
    with pytest.raises(ValueError, match="one floor named lines"):
        raised(text, "lines", 50.0)
