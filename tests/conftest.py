"""What all tests share: the apps of a process compile each of their URL rules once."""

from __future__ import annotations

from flask import Flask

from tests.support.compiled_rules import CompiledOnceRule

Flask.url_rule_class = CompiledOnceRule
