"""What all tests share: the apps of a process compile each of their URL rules once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from hypothesis import Phase, settings

from tests.support.compiled_rules import CompiledOnceRule

Flask.url_rule_class = CompiledOnceRule

# A failure is found as it is without being shrunk, which takes minutes.
settings.register_profile("unshrunk", phases=[Phase.explicit, Phase.reuse, Phase.generate])


@pytest.fixture(autouse=True)
def records_of_this_test(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Keep what threads of earlier tests log out of this one's records.

    Their apps go on for a while, and complain of servers that are gone.
    """
    earlier = {*threading.enumerate()} - {threading.current_thread()}

    def is_of_this_test(_record: object) -> bool:
        return threading.current_thread() not in earlier

    caplog.handler.addFilter(is_of_this_test)
    yield
    caplog.handler.removeFilter(is_of_this_test)
