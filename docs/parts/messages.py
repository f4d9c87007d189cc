"""The sentences that people read, from where the code has them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from genvoris_flask.web.errors import STATUSES, SUBJECTS

ROOT = Path(__file__).parents[2]


def configuration_errors() -> str:
    """Return the sentences of all ``ConfigurationError``s that are written in one piece."""
    sentences = {
        sentence
        for file in sorted((ROOT / "genvoris_flask").rglob("*.py"))
        for function, call in calls(file, {"ConfigurationError"})
        if call.args and says_something(sentence := text_of(call.args[0], function))
    }
    return "\n".join(f"- {quoted(each)}" for each in sorted(sentences, key=str.lower))


def check_findings() -> str:
    """Return the sentences of what ``flask genvoris check`` finds wrong or warns of."""
    rows = [
        f"| {ast.literal_eval(call.args[0])} | {'`warn`' if call.func.id == 'warn' else ''} "  # type: ignore[attr-defined]
        f"| {quoted(finding_of(call, function))} |"
        for file in sorted((ROOT / "genvoris_flask/web/health_checks").glob("*.py"))
        for function, call in calls(file, {"wrong", "warn"})
        if says_something(finding_of(call, function))
    ]
    return "| about | | |\n| --- | --- | --- |\n" + "\n".join(rows)


def finding_of(call: ast.Call, function: ast.FunctionDef) -> str:
    """Return the sentence of a finding, with what is known of its values."""
    sentence = text_of(call.args[1], function)
    for each in call.keywords:
        sentence = sentence.replace(f"{{{each.arg}}}", text_of(each.value, function))
    return sentence


def says_something(sentence: str) -> bool:
    """Return whether a text has words of its own, and not just what is put into it."""
    return len(re.findall(r"\b[a-z]{2,}\b", sentence.partition("(the page")[0])) > 2


def calls(file: Path, names: set[str]) -> Iterator[tuple[ast.FunctionDef, ast.Call]]:
    """Yield the calls of functions of these names, each with the function that it stands in."""
    for function in ast.walk(ast.parse(file.read_text())):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) in names:
                yield function, node


def text_of(node: ast.expr, function: ast.FunctionDef) -> str:
    """Return a text as it is written, with an ellipsis for what is known only when it runs."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(text_of(part, function) for part in parts)
        case ast.FormattedValue(value=value):
            return text_of(value, function)
        case ast.Call(func=ast.Name(id="see"), args=[page]):
            return f"the page [{text_of(page, function)}]({text_of(page, function)})"
        case ast.Name(id=name):
            written = [
                each.value
                for each in ast.walk(function)
                if isinstance(each, ast.Assign)
                and isinstance(each.targets[0], ast.Name)
                and each.targets[0].id == name
                and each.lineno < node.lineno
            ]
            return text_of(written[-1], function) if written else "…"
    return "…"


def quoted(sentence: str) -> str:
    """Return a sentence for a list or a table, whose quotes stay as they are typed."""
    text = re.sub(r"\s+", " ", sentence).replace("|", "\\|").replace("<", "&lt;").strip()
    parts = text.split("`")  # every second one is code
    parts[::2] = [re.sub("([\"'])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def sentences() -> str:
    """Return a table of what shoppers read, with the error and what it is about."""
    english = json.loads((ROOT / "genvoris_flask/core/locales/en.json").read_text())
    rows = [
        f"| {quoted(english[error])} | `{error}` | {SUBJECTS.get(error, 'service')} |"
        for error in STATUSES
        if error in english
    ]
    return "| sentence | `error` | about |\n| --- | --- | --- |\n" + "\n".join(rows)
