"""Addresses that may be linked to."""

from __future__ import annotations

import pytest

from genvoris_flask.core.addresses import is_link


@pytest.mark.parametrize(
    "url",
    [
        "/plans",
        "plans?from=a:b",
        "https://shop.example/plans",
        "HTTP://shop.example",
        "mailto:help@shop.example",
        "tel:+441632960000",
        "//shop.example/plans",
        "#plans",
        "",
    ],
)
def test_links(url: str) -> None:
    """Pages, mail and telephone are places to go to."""
    assert is_link(url)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "\x01javascript:alert(1)",
        "java\nscript:alert(1)",
        "\tj\na\rvascript\t:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "blob:https://shop.example/1",
    ],
)
def test_scripts_are_no_links(url: str) -> None:
    """A scheme that runs as the shop is refused in every spelling that browsers accept."""
    assert not is_link(url)
