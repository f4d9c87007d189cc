"""Writes the parts of the documentation that repeat the code: `make reference`.

A page has the parts between ``<!-- NAME: made by docs/reference.py -->`` and ``<!-- end NAME -->``.
tests/test_docs.py compares them with what this makes.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import click
from flask import Flask

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))

from docs.parts import messages, settings, texts, widget
from genvoris_flask import GenvorisFlask
from genvoris_flask.cli import genvoris as commands


def command_pages() -> str:
    """Return a section for each command."""
    return "\n\n".join(command_section(name, command) for name, command in walk(commands, ""))


def walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yield each command and its full name."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for each in command.list_commands(context):
        found = command.get_command(context, each)
        assert found
        yield from walk(found, f"{name} {each}".strip())


def command_section(name: str, command: click.Command) -> str:
    """Return the usage, the help and the options of a command."""
    context = click.Context(command, info_name=f"flask genvoris {name}")
    usage = " ".join([f"flask genvoris {name}", *command.collect_usage_pieces(context)])
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    helped = "\n\n".join(re.sub(r"\s+", " ", each).strip() for each in paragraphs)
    rows = [
        f"| `{names}` | {said.replace('|', chr(92) + '|')} |"
        for parameter in command.params
        if isinstance(parameter, click.Option)
        if (record := parameter.get_help_record(context))
        for names, said in [record]
    ]
    table = "\n\n| option | |\n| --- | --- |\n" + "\n".join(rows) if rows else ""
    return f"## {name}\n\n```text\n{usage}\n```\n\n{helped}{table}"


def routes() -> str:
    """Return a table of the routes, with all that settings add, but without the console's."""
    app = Flask("shop")
    app.config.update(
        SECRET_KEY="reference",  # noqa: S106
        GENVORIS_API_KEY="gvk_test_reference",
        GENVORIS_METRICS_TOKEN="reference-reference",  # noqa: S106
        GENVORIS_STRIPE_WEBHOOK_SECRET="whsec_reference",  # noqa: S106
        GENVORIS_DATABASE_URL="sqlite://",
        GENVORIS_CHARGING="pay_per_use",
        GENVORIS_PACKS=[{"try_ons": 1, "price": "1 €"}],
    )
    GenvorisFlask(app)
    rows = {}
    for rule in app.url_map.iter_rules():
        is_ours = rule.endpoint.startswith("genvoris") and "//" not in rule.rule
        if not is_ours or rule.endpoint.startswith("genvoris_console."):
            continue
        method = ", ".join(sorted(set(rule.methods or ()) - {"HEAD", "OPTIONS"}))
        path = re.sub(r"<\w+_id>", "ID", rule.rule.removeprefix("/genvoris/"))
        path = path.replace("<token>", "TOKEN").replace("<name>.js", "widget.js")
        stub = app.view_functions[rule.endpoint]  # imports its view when it is called
        view = getattr(import_module(stub.__module__), stub.__name__)
        said = (inspect.getdoc(view) or "").partition("\n")[0].replace("``", "`")
        rows[f"{path} {method}"] = f"| `{method} {path}` | {said} `{rule.endpoint}` |"
    head = "| route | what it does, and its endpoint |\n| --- | --- |\n"
    return head + "\n".join(rows[key] for key in sorted(rows))


def example_file(name: str, kind: str) -> Callable[[], str]:
    """Return a function that returns a file of the example in Docker Compose as a block."""

    def block() -> str:
        return f"```{kind}\n{(ROOT / 'examples/celery_compose' / name).read_text().rstrip()}\n```"

    return block


PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "settings.md": {"settings": settings.tables},
    "commands.md": {"commands": command_pages},
    "http.md": {"routes": routes},
    "docker.md": {
        "image": example_file("Dockerfile", "dockerfile"),
        "requirements": example_file("requirements.txt", "text"),
        "compose": example_file("compose.yaml", "yaml"),
    },
    "texts.md": {"backend": texts.backend, "dialog": texts.dialog, "phone": texts.phone},
    "troubleshooting.md": {
        "configuration": messages.configuration_errors,
        "check": messages.check_findings,
        "sentences": messages.sentences,
    },
    "widget-api.md": {
        "attributes": widget.attributes,
        "events": widget.events,
        "members": widget.calls,
        "options": widget.options,
    },
}


def written(page: str) -> str:
    """Return a page with its parts as the code has them now."""
    text = (DOCS / page).read_text()
    for name, make in PARTS[page].items():
        begin, end = f"<!-- {name}: made by docs/reference.py -->", f"<!-- end {name} -->"
        before, found, rest = text.partition(begin)
        _old, ended, after = rest.partition(end)
        if not found or not ended:
            raise ValueError(f"docs/{page} has no part {begin} … {end}.")
        text = f"{before}{begin}\n\n{make()}\n\n{end}{after}"
    return text


if __name__ == "__main__":
    for each in PARTS:
        (DOCS / each).write_text(written(each))
