"""Writes the parts of the documentation that repeat the code: `make reference`.

A page has the parts between ``<!-- NAME: made by docs/reference.py -->`` and ``<!-- end NAME -->``.
tests/test_docs.py compares them with what this makes.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path

import click
from flask import Flask

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))

from genvoris_flask import GenvorisFlask
from genvoris_flask.cli import genvoris as commands
from genvoris_flask.settings import Settings
from genvoris_flask.web.errors import STATUSES, SUBJECTS

PUBLIC_TYPES = ROOT / "static/widget/src/widget/public.ts"

# The settings of each group in docs/settings.md. One that is in no list stands with the setting
# before it in `Settings`.
GROUPS: dict[str, str] = {
    "Genvoris": "enabled api_key api_url tryon_url issuer jwks_url result_hosts",
    "Pages and the widget": "url_prefix widget_url widget_integrity widget_api_key session_ttl "
    "page_budget inline_session max_shoppers button csp_nonce trusted_origins shop_name "
    "support_url categories",
    "Shoppers": "external_id_prefix user_id_attribute email_verified_attribute allow_guests "
    "login_url",
    "Charging": "charging plans default_plan upgrade_url packs single_hours free_tryons credits "
    "credit_days grace_days roll_over prorate_units downgrade_at_once stripe_webhook_secret "
    "stripe_api_key stripe_metadata_only",
    "Redis and the database": "store_url store_namespace database_url database",
    "Try-ons": "max_upload_bytes upload_timeout phone_handover tryon_concurrency "
    "tryons_per_shopper tryon_timeout result_ttl queue queue_name queue_size "
    "passthrough_concurrency",
    "Limits": "guest_tryons_per_day tryons_per_day shop_tryons_per_day limit_session limit_tryons "
    "limit_events limit_webhook pace_mints pace_registrations pace_new_shoppers pace_tryons "
    "burn_guard",
    "Privacy": "privacy_url require_consent minimum_age keep_consents_days keep_pictures_days "
    "erase_on_logout erase_deleted_users picture_credit visible_mark c2pa_certificate "
    "c2pa_private_key c2pa_timestamp_url",
    "Operation": "webhook_secret metrics metrics_token holdout console_attribute console_role",
}
PAGES = {
    "Genvoris": "[Genvoris's API](genvoris-api.md), [the sandbox](sandbox.md)",
    "Pages and the widget": "[the widget](widget.md), [caching](caching.md), [CSP](csp.md)",
    "Shoppers": "[identifying shoppers](shoppers.md)",
    "Charging": "[selling try-ons](billing.md), [paywalls](paywall.md)",
    "Redis and the database": "[Redis](redis.md), [the ledger](billing.md#a-ledger)",
    "Try-ons": "[the routes](http.md), [RQ and Celery](queues.md)",
    "Limits": "[pacing](pacing.md), [rate limits](http.md#origin-checks-and-rate-limits)",
    "Privacy": "[privacy](privacy.md)",
    "Operation": "[webhooks](webhooks.md), [metrics](production.md#metrics), "
    "[figures](figures.md), [the console](console.md)",
}


def settings() -> str:
    """Return a table of the settings of each group."""
    meanings = setting_meanings()
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    parts = []
    for group, names in setting_groups(list(meanings)).items():
        rows = [
            f"| `GENVORIS_{name.upper()}` | {without_default(meanings[name])} "
            f"| {default_of(fields[name], meanings[name])} |"
            for name in names
        ]
        parts.append(
            f"### {group}\n\nMore in {PAGES[group]}.\n\n| setting | | default |\n"
            "| --- | --- | --- |\n" + "\n".join(rows)
        )
    return "\n\n".join(parts)


def setting_groups(names: list[str]) -> dict[str, list[str]]:
    """Return the names of each group; one without a group joins that of the name before it."""
    group_of = {name: group for group, listed in GROUPS.items() for name in listed.split()}
    current = next(iter(GROUPS))
    for name in names:
        current = group_of.setdefault(name, current)
    order = [name for listed in GROUPS.values() for name in listed.split() if name in names]
    order += [name for name in names if name not in order]
    return {group: [name for name in order if group_of[name] == group] for group in GROUPS}


def setting_meanings() -> dict[str, str]:
    """Return what the docstrings of ``Settings`` and its bases say of each, in Markdown."""
    docs = [inspect.getdoc(each) or "" for each in reversed(Settings.__mro__)]
    lines = "\n".join(doc.partition("Attributes:\n")[2] for doc in docs)
    found = re.findall(r"^    (\w+): (.*(?:\n        .*)*)", lines, re.MULTILINE)
    return {name: full_names(markdown(re.sub(r"\s+", " ", meaning))) for name, meaning in found}


def full_names(text: str) -> str:
    """Return a text with other settings' names as a shop writes them."""
    names = {field.name for field in dataclasses.fields(Settings) if "_" in field.name}
    return re.sub(
        "`([a-z_]+)`",
        lambda found: f"`GENVORIS_{found[1].upper()}`" if found[1] in names else found[0],
        text,
    )


# "Default 900." or "Default: no ledger; …", to the end of the sentence.
DEFAULT = re.compile(r" ?Default:? ((?:`[^`]*`|[^.`]|\.(?=\S))+)\. ?")


def default_of(field: dataclasses.Field[object], meaning: str) -> str:
    """Return a setting's default as its docstring says it, or else as its field has it."""
    if field.default is dataclasses.MISSING:
        return "required"
    if said := DEFAULT.search(meaning):
        return said[1]
    return f"`{field.default}`" if field.default else "–"


def without_default(meaning: str) -> str:
    """Return a meaning without the clause about the default."""
    text = DEFAULT.sub(" ", meaning, count=1).replace("|", "\\|")
    return text.strip().removesuffix(" Required.")


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
        said = (inspect.getdoc(view) or "").partition("\n")[0]
        rows[f"{path} {method}"] = f"| `{method} {path}` | {markdown(said)} `{rule.endpoint}` |"
    head = "| route | what it does, and its endpoint |\n| --- | --- |\n"
    return head + "\n".join(rows[key] for key in sorted(rows))


def widget_attributes() -> str:
    """Return a table of the tag's attributes."""
    return table(
        "attribute",
        (
            (f"data-{dashed(name)}", kind, said)
            for name, kind, said in members("Settings")
            if "=>" not in kind  # a function is for scripts alone
        ),
    )


def widget_events() -> str:
    """Return a table of the widget's events."""
    return table("event", ((f"genvoris:{name}", *rest) for name, *rest in members("Events")))


def widget_calls() -> str:
    """Return a table of the members of ``window.Genvoris``."""
    return table("member", members("GenvorisApi"))


def widget_options() -> str:
    """Return a table of the options of ``open``."""
    return table("option", members("TryOnOptions"))


def members(interface: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, type and comment of each member of one of the widget's public interfaces."""
    source = PUBLIC_TYPES.read_text()
    found = re.search(rf"export interface {interface} \{{\n(.*?)\n\}}", source, re.DOTALL)
    assert found, interface
    # A member begins two spaces in, and so does the comment before it.
    for member in re.split(r"\n(?=  [\w\"/])(?<!\*/\n)", found[1]):
        declared = re.fullmatch(
            r'  (?:/\*\* (.*?) \*/\s+)?(?:readonly )?"?([\w-]+)"?\??(?:: )?(.*);', member, re.DOTALL
        )
        assert declared, member
        kind = re.sub(r"\s+", " ", re.sub(r"/\*\*.*?\*/", "", declared[3]))
        yield declared[2], kind, declared[1] or ""


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
        f"| {quoted(text_of(call.args[1], function))} |"
        for file in sorted((ROOT / "genvoris_flask/web/health_checks").glob("*.py"))
        for function, call in calls(file, {"wrong", "warn"})
        if says_something(text_of(call.args[1], function))
    ]
    return "| about | | |\n| --- | --- | --- |\n" + "\n".join(rows)


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
        case ast.FormattedValue(value=ast.Name() as name):
            return text_of(name, function)
        case ast.FormattedValue(value=ast.Call(func=ast.Name(id="see"), args=[page])):
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
    """Return a sentence for a list or a table."""
    return re.sub(r"\s+", " ", sentence).replace("|", "\\|").replace("<", "&lt;").strip()


def sentences() -> str:
    """Return a table of what shoppers read, with the error and what it is about."""
    english = json.loads((ROOT / "genvoris_flask/core/locales/en.json").read_text())
    rows = [
        f"| {quoted(english[error])} | `{error}` | {SUBJECTS.get(error, 'service')} |"
        for error in STATUSES
        if error in english
    ]
    return "| sentence | `error` | about |\n| --- | --- | --- |\n" + "\n".join(rows)


def table(head: str, rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table of names, types and comments."""
    lines = [
        f"| `{name}` | `{kind.replace('|', chr(92) + '|')}` | {said} |" for name, kind, said in rows
    ]
    return f"| {head} | type | |\n| --- | --- | --- |\n" + "\n".join(lines)


def dashed(name: str) -> str:
    """Return a name in camel case as an attribute has it."""
    return re.sub("[A-Z]", lambda found: f"-{found[0].lower()}", name)


def markdown(text: str) -> str:
    """Return a docstring's text with Markdown's code marks."""
    return text.replace("``", "`")


PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "settings.md": {"settings": settings},
    "commands.md": {"commands": command_pages},
    "http.md": {"routes": routes},
    "troubleshooting.md": {
        "configuration": configuration_errors,
        "check": check_findings,
        "sentences": sentences,
    },
    "widget-api.md": {
        "attributes": widget_attributes,
        "events": widget_events,
        "members": widget_calls,
        "options": widget_options,
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
