"""Writes what the health checks have found in the language of the page."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from ...core.locales import DEFAULT
from ...core.locales.checks import AND, read_sentences
from ..health_checks.finding import Finding, joined

# What others than this package have written is in English.
FOREIGN = ("error", "fault")


def finding_text(finding: Finding, language: str) -> Markup:
    """Return what a check has found as HTML.

    A sentence that is not known in the language, such as one of another version in the shared
    store, is in English.
    """
    sentences = read_sentences(language)
    if language != DEFAULT and finding.sentence not in sentences:
        return Markup('<span lang="en" dir="ltr">{}</span>').format(finding.text)
    sentence = sentences.get(finding.sentence, finding.sentence or finding.text)
    code = r'<code dir="ltr">\1</code>'
    html = Markup(re.sub("`([^`]+)`", code, str(escape(sentence))))  # noqa: S704  (it is escaped)
    if not finding.values:
        return html
    separator = sentences.get(AND, AND)
    own, foreign = Markup("<bdi>{}</bdi>"), Markup('<bdi lang="en">{}</bdi>')
    values = {
        name: (foreign if name in FOREIGN else own).format(joined(value, separator))
        for name, value in finding.values.items()
    }
    return html.format(**values)
