"""The workflows of GitHub Actions: what they promise is what they do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_permissions(path: Path) -> None:
    """A job may do what it says, and nothing more; no checkout leaves a token behind."""
    workflow = load(path)
    assert workflow["permissions"] == {}
    assert all("permissions" in job for job in workflow["jobs"].values())
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_targets(path: Path) -> None:
    """Each target of make that a workflow runs is there."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    matrix = {"${{ matrix.releases }}": ["latest", "lowest"]}
    for step in steps(load(path)):
        for line in re.findall(r"^make (.+)$", step.get("run", ""), re.MULTILINE):
            for word in matrix.get(line, line.split()):
                assert word in targets or "=" in word, line


def test_pythons() -> None:
    """Every supported Python is tested, on Linux and on macOS, with lowest and latest releases."""
    matrix = load(ROOT / ".github/workflows/tests.yml")["jobs"]["fast"]["strategy"]["matrix"]
    classified = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert matrix["python"] == classified
    assert PROJECT["requires-python"] == f">={classified[0]}"
    runs = [{"os": matrix["os"][0], "releases": matrix["releases"][0]}, *matrix["include"]]
    assert {run["releases"] for run in runs} == {"latest", "lowest"}
    assert {run["os"].partition("-")[0] for run in runs} == {"ubuntu", "macos"}


def test_release() -> None:
    """A release is built once, attested with what it contains, and published without a password."""
    jobs = load(ROOT / ".github/workflows/release.yml")["jobs"]
    commands = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    assert sum("make dist" in command for command in commands) == 1
    used = {name: [step.get("uses", "") for step in job["steps"]] for name, job in jobs.items()}
    assert any(each.startswith("actions/attest-build-provenance@") for each in used["build"])
    assert any(each.startswith("actions/attest-sbom@") for each in used["build"])
    assert used["publish"][-1].startswith("pypa/gh-action-pypi-publish@")
    assert "with" not in jobs["publish"]["steps"][-1]
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert jobs["publish"]["environment"]["name"] == "pypi"


def test_issue_forms() -> None:
    """The forms can be read, and blank issues lead to the right place."""
    folder = ROOT / ".github/ISSUE_TEMPLATE"
    for path in folder.glob("*.yml"):
        form = load(path)
        if path.stem == "config":
            assert form["blank_issues_enabled"] is False
            assert any("security/advisories" in link["url"] for link in form["contact_links"])
        else:
            assert {"name", "description", "body"} <= set(form)
            assert all(part["type"] in ("markdown", "textarea", "input") for part in form["body"])


def test_pre_commit() -> None:
    """The hooks run what `make check` runs, from the same environment."""
    hooks = load(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    entries = [hook["entry"] for hook in hooks]
    assert all(entry.startswith(".venv/bin/") for entry in entries)
    for command in ("ruff check", "ruff format", "mypy"):
        assert any(command in entry for entry in entries)
