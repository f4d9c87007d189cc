"""Every code block of the documents runs, in a shop with a ledger and a local Genvoris.

The tutorial's run in test_examples, those of docs/csp.md in test_csp_nonce, those of
docs/testing.md in tests/pytest_plugin. The recipes of docs/billing.md run in test_recipes as well,
which looks at what comes of them.
"""

from __future__ import annotations

import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import httpx
import pytest
import yaml
from flask import render_template_string

from genvoris_flask.cli import genvoris as commands
from genvoris_flask.settings import read_settings
from genvoris_flask.testing import Sandbox
from tests.support.cli import run_command
from tests.support.documents import PAGES, ROOT, Block, blocks, blocks_of, commands_of
from tests.support.snippets import Snippets

ELSEWHERE = {"tutorial.md", "csp.md", "testing.md"}
PYTHON = sorted({block.page for block in blocks("python") if block.page.name not in ELSEWHERE})
# Other programs, which the tests of their own pages start where they can.
PROGRAMS = {
    "cd",
    "cp",
    "docker",  # tests/integration/test_celery_example.py runs its services
    "mkdir",
    "python",  # docs/contributing.md and docs/upgrading.md: the reader's own
    "python3",
    "stripe",  # needs an account at Stripe
    "rq",  # started by tests/support/queue_workers.py
    "celery",
    "git",
    "pre-commit",
    ".",
}
# TypeScript is compiled in tests/test_widget_build.py. The style sheet and pytest's settings are
# those of docs/widget.md and docs/testing.md.
NOT_CODE = {"text", "css", "ini", "ts"}
SHELLS = ("console", "shell", "sh", "bash")
RUNNABLE = {"python", *SHELLS, "jinja", "html", "json", "js", "yaml", "procfile", "dockerfile"}


def test_kinds_of_blocks() -> None:
    """Every kind of block is either run here or known to be no code."""
    assert {block.kind for page in PAGES for block in blocks_of(page)} <= RUNNABLE | NOT_CODE


@pytest.mark.parametrize("document", PYTHON, ids=lambda document: document.name)
def test_python(
    document: Path, genvoris_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Python blocks of a page run in their order, and leave settings that can be read."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setenv("METRICS_TOKEN", "a-token-of-a-scraper")
    monkeypatch.setenv("GENVORIS_WEBHOOK_SECRET", "whsec_of_deliveries")
    genvoris_sandbox.shopper("user_42")
    found = [block for block in blocks_of(document) if block.kind == "python"]
    sets_up = any("GenvorisFlask(app)" in block.code for block in found)
    shop = Snippets(genvoris_sandbox, tmp_path, set_up=not sets_up)
    for block in found:
        shop.run(block)
        declared = {key: value for key, value in shop.names.items() if key.startswith("GENVORIS_")}
        read_settings({**shop.app.config, **declared}, {})


@pytest.mark.parametrize("block", blocks("jinja"), ids=str)
def test_jinja(block: Block, genvoris_sandbox: Sandbox, tmp_path: Path) -> None:
    """A block of a template renders, and its tags are not empty."""
    shop = Snippets(genvoris_sandbox, tmp_path, set_up=True)
    products: dict[str, Any] = {
        name: SimpleNamespace(image_url=f"/{name}.png", title=name, sku=name)
        for name in ("product", "tee", "scarf")
    }
    with shop.app.test_request_context("/products/shirt"):
        page = render_template_string(block.code, **products, csp_nonce=lambda: "n")
    assert "<" in page


@pytest.mark.parametrize("block", blocks(*SHELLS), ids=str)
def test_shell(block: Block, genvoris_sandbox: Sandbox, tmp_path: Path) -> None:
    """A command line names what exists: our commands and options, extras, and targets of make."""
    found = commands_of(block)
    assert found, "a block of output has the kind text"
    for words in found:
        while words and re.match(r"[A-Z_]+=", words[0]):
            words = words[1:]
        words = words[: words.index(">")] if ">" in words else words
        check_command(words, genvoris_sandbox, tmp_path)


def check_command(words: list[str], sandbox: Sandbox, folder: Path) -> None:
    line = " ".join(words)
    if not words:
        return
    program = words[0].rpartition("/")[2]
    if program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {word for word in words[1:] if "=" not in word} <= set(targets), line
    elif program == "pip":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
            "optional-dependencies"
        ]
        named = re.findall(r"genvoris-flask\[([\w,]+)\]", line)
        assert {each for group in named for each in group.split(",")} <= set(extras), line
    elif program == "curl":
        options = dict(pairwise(words))
        path = re.search(r"localhost:8787(/\S+)", line)
        assert path
        answer = httpx.request(
            options["-X"], f"{sandbox.url}{path[1]}", json=json.loads(options["-d"])
        )
        assert answer.is_success, line
    elif program == "export":
        for name in re.findall(r"\b(GENVORIS_\w+)=", line):
            assert name in {f"GENVORIS_{key.upper()}" for key in known_settings()}, name
    elif "genvoris" in words and program == "flask":
        run_flask(words[words.index("genvoris") + 1 :], sandbox, folder)
    else:
        assert program in PROGRAMS | {"flask"}, line


def known_settings() -> set[str]:
    from genvoris_flask.settings import Settings

    return set(Settings.__dataclass_fields__)


def run_flask(arguments: list[str], sandbox: Sandbox, folder: Path) -> None:
    """Run one of our commands in a shop; one that waits is only read."""
    if "…" in " ".join(arguments) or not arguments:
        return
    if arguments[0] == "sandbox":
        command = commands.get_command(click.Context(commands), "sandbox")
        assert command
        return
    if arguments[0] == "init":  # changes the files of the folder that it is run in
        command = commands.get_command(click.Context(commands), "init")
        assert command
        known = {option for each in command.params for option in each.opts}
        assert {word for word in arguments if word.startswith("--")} <= known, arguments
        return
    shop = Snippets(sandbox, folder, set_up=True)
    sandbox.shopper("user_42")
    done = run_command(shop.app, *arguments)
    assert done.exit_code in (0, 1), done.output  # 2 is a command or an option that is unknown


@pytest.mark.parametrize("block", blocks("json", "yaml"), ids=str)
def test_data(block: Block) -> None:
    """JSON and YAML can be read, and name settings that exist."""
    if block.kind == "json":
        json.loads(block.code)
    else:
        assert yaml.safe_load(block.code)
    named = {name.lower() for name in re.findall(r"\bGENVORIS_(\w+)", block.code)}
    assert named <= known_settings()


@pytest.mark.parametrize("block", blocks("procfile"), ids=str)
def test_procfile(block: Block) -> None:
    """A line of a Procfile has a name and a command, whose worker class can be imported."""
    for line in block.code.splitlines():
        name, command = line.split(": ", 1)
        assert name in ("web", "worker")
        for path in re.findall(r"--worker-class (\S+)", command):
            assert pkgutil.resolve_name(path)


@pytest.mark.parametrize("block", blocks("dockerfile"), ids=str)
def test_dockerfile(block: Block) -> None:
    """Instructions are Docker's, and the command starts a server that is installed."""
    lines = [line.split(" ", 1) for line in block.code.splitlines() if line[0] != "#"]
    assert {name for name, _rest in lines} <= {
        "FROM",
        "WORKDIR",
        "COPY",
        "RUN",
        "USER",
        "EXPOSE",
        "CMD",
    }
    command = json.loads(dict(lines)["CMD"])
    server = [command[0], "--check-config", *command[1:]]
    subprocess.run(
        [sys.executable, "-m", *server],
        check=True,
        cwd=ROOT / "examples/five_lines",
        env={**os.environ, "GENVORIS_API_KEY": "gvk_test_docker"},
    )


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not here")
def test_javascript(tmp_path: Path) -> None:
    """Blocks of JavaScript, and the scripts in blocks of HTML, are whole programs."""
    scripts = [
        (block, script)
        for block in blocks("html")
        for script in re.findall(r"<script[^>]*>(.*?)</script>", block.code, re.DOTALL)
    ]
    found = [(block, block.code) for block in blocks("js")] + scripts
    assert scripts
    for number, (block, code) in enumerate(found):
        file = tmp_path / f"{number}.mjs"
        file.write_text(code)
        done = subprocess.run(["node", "--check", file], capture_output=True, text=True)
        assert done.returncode == 0, f"{block}: {done.stderr}"
