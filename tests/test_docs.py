"""What the documents say is what the code does."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from blinker import NamedSignal
from flask import Flask

from docs import reference
from docs.parts import settings
from examples.demo_shop import security
from genvoris_flask import GenvorisFlask, Paywall, Product, Refusal, Shopper, errors, signals
from genvoris_flask.core.api.models import Customer, Plan, Usage
from genvoris_flask.core.setting_checks import CHECKS
from genvoris_flask.core.tryon.paywall import Reason
from genvoris_flask.errors import see
from genvoris_flask.settings import Settings
from genvoris_flask.web.errors import STATUSES
from tests.support.scripted_shop import POLICY

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_required_settings() -> None:
    """The API key is the one setting that is called required."""
    text = (ROOT / "docs/settings.md").read_text()
    assert re.findall(r"^\| `(\w+)` .* \| required \|$", text, re.MULTILINE) == ["GENVORIS_API_KEY"]


def test_settings_are_documented() -> None:
    """docs/settings.md lists every setting and no other."""
    text = (ROOT / "docs/settings.md").read_text()
    assert set(re.findall(r"^\| `(GENVORIS_\w+)`", text, re.MULTILINE)) == set(CHECKS)


@pytest.mark.parametrize("name", sorted(reference.PARTS))
def test_reference_is_current(name: str) -> None:
    """What repeats the code is as the code is now: `make reference` writes it."""
    text = (ROOT / "docs" / name).read_text()
    assert text == reference.written(name), f"docs/{name} is outdated: run make reference"


def test_documented_defaults() -> None:
    """The default that a setting's docstring names is the one that it has."""
    meanings = settings.setting_meanings()
    checked = 0
    for field in dataclasses.fields(Settings):
        said = settings.default_of(field, meanings[field.name]).split(":")[0].replace(",", "")
        if isinstance(field.default, bool):
            assert said == str(field.default).lower(), field.name
        elif isinstance(field.default, int | float):
            number, _space, unit = said.partition(" ")
            assert float(number) * {"": 1, "MiB": 1024**2}[unit] == field.default, field.name
        elif isinstance(field.default, str) and field.default:
            assert said.startswith(f"`{field.default.split(':')[0]}"), field.name
        else:
            continue
        checked += 1
    assert checked > 30


def test_readme_is_short() -> None:
    """The README is two screens, and shows a picture that is quickly there."""
    assert len(README.splitlines()) < 90
    picture = re.search(r"!\[[^\]]{40,}\]\(([\w/.]+)\)", README)
    assert picture
    assert (ROOT / picture[1]).stat().st_size < 150_000
    assert "$ make demo\n$ make test\n" in README


def test_troubleshooting_has_errors() -> None:
    """docs/troubleshooting.md has a section for each public error."""
    text = (ROOT / "docs/troubleshooting.md").read_text()
    public = {
        name
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.GenvorisError)
    }
    assert len(public) > 25
    assert set(re.findall(r"^### `(\w+Error)`$", text, re.MULTILINE)) == public


def test_troubleshooting_quotes_the_log() -> None:
    """The headings of "In the log" are words of a message in the code."""
    text = (ROOT / "docs/troubleshooting.md").read_text()
    section = text.partition("\n## In the log\n")[2].partition("\n## ")[0]
    headings = re.findall(r"^### (.+)$", section, re.MULTILINE)
    messages = {
        re.sub(r"\s+", " ", str(node.value))
        for file in (ROOT / "genvoris_flask").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert len(headings) > 8
    unknown = [head for head in headings if not any(head in message for message in messages)]
    assert unknown == []


def test_http_errors_are_documented() -> None:
    """docs/http.md has every code that a browser may get."""
    text = (ROOT / "docs/http.md").read_text().partition("\n## Errors\n")[2].partition("\n## ")[0]
    assert [code for code in STATUSES if f"`{code}`" not in text] == ["interrupted"]


def test_signals_are_documented() -> None:
    """The table of the signals, which is on the site, has each of them."""
    names = {name for name, each in vars(signals).items() if isinstance(each, NamedSignal)}
    table = re.findall(r"^(\w+) +``", signals.__doc__ or "", re.MULTILINE)
    assert sorted(names) == sorted(table)


DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "examples/README.md",
    ROOT / ".github/pull_request_template.md",
]
REASONS = [reason for each in get_args(Reason) for reason in get_args(each) or (each,)]


def paywall_examples() -> dict[str, str]:
    """Return each document's Python examples that register a paywall, by the document's name."""
    return {
        document.name: block
        for document in DOCUMENTS
        for block in re.findall(r"```python\n(.*?)```", document.read_text(), re.DOTALL)
        if "@genvoris.paywall" in block
    }


def load_paywall(source: str) -> Callable[[Refusal], Paywall | None]:
    """Run an example in a shop of its own and return its paywall function."""
    names: dict[str, Any] = {
        "genvoris": GenvorisFlask(),
        "url_for": lambda endpoint, **_values: f"/{endpoint}",
    }
    source = re.sub(r"^from flask import url_for\n", "", source, flags=re.MULTILINE)
    exec(source, names)
    found: Callable[[Refusal], Paywall | None] = names["paywall"]
    return found


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("counts", [(None, None), (3, 3)], ids=["uncounted", "counted"])
@pytest.mark.parametrize("document", sorted(paywall_examples()))
def test_paywall_examples_read_well(
    document: str, counts: tuple[int | None, int | None], reason: Any
) -> None:
    """An example that merchants copy has words for every reason, with and without counts."""
    hook = load_paywall(paywall_examples()[document])
    product = Product(page_url="https://shop.example/product/1")
    for refusal in (
        Refusal(reason, *counts, Shopper("42"), product),
        Refusal(reason, *counts),
    ):
        answer = hook(refusal)
        if answer is not None:
            assert answer.title
            assert "None" not in f"{answer.title} {answer.message} {answer.action_url}"


def test_reasons_are_documented() -> None:
    """The reference has a row for every reason."""
    text = (ROOT / "docs/paywall.md").read_text()
    assert [reason for reason in REASONS if f"\n| `{reason}` |" not in text] == []


@pytest.mark.parametrize(
    ("document", "cls"),
    [
        ("paywall.md", Refusal),
        ("paywall.md", Paywall),
        ("api.md", Customer),
        ("api.md", Usage),
        ("api.md", Plan),
    ],
)
def test_fields_are_documented(document: str, cls: type) -> None:
    """The reference names every field of the objects that merchants read."""
    text = (ROOT / "docs" / document).read_text()
    names = [field.name for field in dataclasses.fields(cls)]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_routes_are_documented() -> None:
    """docs/http.md has every route, and the console's pages as one."""
    app = Flask("shop")
    app.config["GENVORIS_API_KEY"] = "gvk_test_1"
    GenvorisFlask(app)
    text = (ROOT / "docs/http.md").read_text()
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/genvoris/")]
    assert rules
    for rule in rules:
        path = rule.rule.removeprefix("/genvoris/").lstrip("/").replace("<job_id>", "ID")
        path = path.replace("<handover_id>", "ID").replace("<name>.js", "widget.js")
        if path.startswith("console/"):
            path = "console"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            heading = rf"^## .*`({method} )?{re.escape(path)}`"
            assert re.search(heading, text, re.MULTILINE), f"{method} {path} is not written down"


def test_links() -> None:
    """Links between documents lead to a file."""
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_security_page_names_files() -> None:
    """A reviewer starts from that page, and modules and tests are moved now and then."""
    page = (ROOT / "docs" / "security.md").read_text()
    rows = [line.split(" | ") for line in page.splitlines() if line.count(" | ") == 3]
    rows = [row for row in rows if row[2] not in ("where", "---")]
    cited = [re.findall(r"`([\w./-]+?)/?`", cell) for row in rows for cell in row[2:]]
    assert len(rows) > 20
    assert all(cited)
    roots = (ROOT / "genvoris_flask", ROOT / "tests", ROOT)
    missing = {name for names in cited for name in names if "/" in name or "." in name}
    missing -= {name for name in missing if any((root / name).exists() for root in roots)}
    assert missing == set()


@pytest.mark.parametrize("page", ["architecture.md", "contributing.md", "genvoris-api.md"])
def test_pages_name_files_that_exist(page: str) -> None:
    """Paths in the pages for contributors lead somewhere."""
    text = (ROOT / "docs" / page).read_text()
    named = set(re.findall(r"`((?:\w[\w-]*/)+(?:[\w-]+\.\w+)?)`", text))
    roots = (ROOT, ROOT / "genvoris_flask", ROOT / "genvoris_flask/web", ROOT / "static/widget/src")
    assert named
    assert {name for name in named if not any((root / name).exists() for root in roots)} == set()


def test_site_has_all_pages() -> None:
    """The site's contents name each page once."""
    text = (ROOT / "docs/index.md").read_text()
    lists = re.findall(r"```{toctree}\n(.*?)```", text, re.DOTALL)
    named = re.findall(r"^[a-z-]+$", "".join(lists), re.MULTILINE)
    pages = [page.stem for page in (ROOT / "docs").glob("*.md") if page.stem != "index"]
    assert sorted(named) == sorted(pages)


def test_links_lead_to_headings() -> None:
    """A link to a part of a page names a heading that is there."""
    broken = set()
    for page in DOCUMENTS:
        for target, anchor in re.findall(r"\]\(([\w./-]*\.md)?#([\w-]+)\)", page.read_text()):
            text = (page.parent / target if target else page).read_text()
            headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in headings}
            if anchor not in anchors:
                broken.add(f"{page.name}: {target}#{anchor}")
    assert broken == set()


def test_messages_cite_urls() -> None:
    """A path within the repository means nothing to a user of the installed package."""
    cited = []
    for file in sorted((ROOT / "genvoris_flask").rglob("*.py")):
        tree = ast.parse(file.read_text())
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
        docstrings = {
            node.body[0].value
            for node in ast.walk(tree)
            if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
        }
        cited += [
            f"{file.name}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and node not in docstrings
            and re.search(r"(?<!/)docs/[a-z-]+\.md", str(node.value))
        ]
    assert cited == []


def test_cited_pages_exist() -> None:
    """Each page that a message names is there."""
    source = "\n".join(file.read_text() for file in (ROOT / "genvoris_flask").rglob("*.py"))
    pages = set(re.findall(r"\bsee\([\"']([\w.-]+)[\"']\)", source))
    assert pages
    assert [page for page in pages if not (ROOT / "docs" / page).exists()] == []
    assert see("billing.md").startswith("https://")


def test_content_security_policy() -> None:
    """The policy of docs/csp.md is the one that the browser tests enforce."""
    page = (ROOT / "docs/csp.md").read_text()
    written = re.search(r"^script-src 'nonce-….*$", page, re.MULTILINE)
    assert written
    enforced = POLICY.replace("nonce-n'", "nonce-…'").removeprefix("default-src 'none'; ")
    assert written[0] == enforced
    assert enforced.replace("nonce-…", "nonce-{nonce}") in security.POLICY


WIDGET = (ROOT / "docs/widget.md").read_text()
SOURCE = ROOT / "static/widget/src"


def interface(name: str) -> list[str]:
    """Return the members of one of the widget's public interfaces."""
    found = re.search(
        rf"export interface {name} \{{\n(.*?)\n\}}",
        (SOURCE / "widget/public.ts").read_text(),
        re.DOTALL,
    )
    assert found
    return re.findall(
        r"^  (?:readonly )?\"?([\w-]+)\"?[?]?(?:<[^(]*>)?[:(]", found[1], re.MULTILINE
    )


def test_attributes_are_documented() -> None:
    """docs/widget.md has every attribute of the tag."""
    names = [
        re.sub("([A-Z])", lambda match: f"-{match[1].lower()}", name)
        for name in interface("Settings")
    ]
    assert len(names) > 15
    by_scripts_alone = {"get-token"}
    assert [name for name in names if f"`data-{name}`" not in WIDGET] == sorted(by_scripts_alone)


def test_events_and_calls_are_documented() -> None:
    """docs/widget.md has every event and call of the widget."""
    assert len(interface("Events")) >= 7
    for name in interface("Events"):
        assert re.search(rf"^\| .*`{name}`", WIDGET, re.MULTILINE), name
    for name in set(interface("GenvorisApi")) - {"push"}:
        assert re.search(rf"`{name}[(`]", WIDGET), name


def test_parts_are_documented() -> None:
    """docs/widget.md has every part and custom property."""
    source = "\n".join(file.read_text() for file in SOURCE.rglob("*.ts"))
    parts = {
        part
        for found in re.findall(r"part: \"([^\"]+)\"|part\.add\(\"([^\"]+)\"\)", source)
        for part in " ".join(found).split()
    }
    assert len(parts) > 15
    assert {part for part in parts if f"`{part}`" not in WIDGET} == set()
    properties = set(re.findall(r"setting\(\"([a-z]+)\"", source))
    assert {each for each in properties if f"--genvoris-{each}:" not in WIDGET} == set()
    assert properties


def test_advice_for_gunicorn_is_whole() -> None:
    """A worker that finishes try-ons is killed after --timeout, whatever its grace is."""
    pages = README + "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    advice = re.findall(r"--graceful-timeout (\d+)( --timeout \1\b)?", pages)
    assert len(advice) >= 3
    assert all(timeout for _, timeout in advice)
    assert "With `--max-requests`, run at least two workers" in pages


@pytest.mark.parametrize("half", ["core", "web"])
def test_architecture_names_packages(half: str) -> None:
    """The tables of both halves have their packages, and nothing that is not there."""
    text = (ROOT / "docs/architecture.md").read_text()
    section = text.split(f"### `{half}`\n")[1].split("\n#")[0]
    folder = ROOT / "genvoris_flask" / half
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    rows = "\n".join(re.findall(r"^\|([^|]*)\|", section, re.MULTILINE))
    listed = set(re.findall(r"`(\w+)/?`", rows))
    assert packages <= listed <= packages | modules
    if half == "core":
        assert modules <= listed | set(re.findall(r"`(\w+)\.py`", section))
