"""What all tests share: the apps of a process compile each of their URL rules once."""

from __future__ import annotations

from flask import Flask
from hypothesis import Phase, settings

from tests.support.compiled_rules import CompiledOnceRule

Flask.url_rule_class = CompiledOnceRule

# A failure is found as it is without being shrunk, which takes minutes.
settings.register_profile("unshrunk", phases=[Phase.explicit, Phase.reuse, Phase.generate])
